import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Problem } from "../../supabase/functions/_shared/problems.ts";
import {
  createBan,
  createCreate,
  createDelete,
  createInvite,
  type UsersPorts,
} from "../../supabase/functions/_shared/users/users.ts";
import { post } from "./documents.ts";

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => vi.restoreAllMocks());

const userId = "6f1c0f0e-9a52-4b7e-8c59-2f5d1f0e7a11";

const ports = (over: Partial<UsersPorts> = {}): UsersPorts => ({
  checkAccountChange: async () => undefined,
  create: async () => userId,
  invite: async () => userId,
  ban: async ({ user_id }) => user_id,
  delete: async ({ user_id }) => user_id,
  ...over,
});

const endpoints = [
  ["create", createCreate, { email: "ada@example.test" }, null],
  ["invite", createInvite, { email: "ada@example.test" }, null],
  ["ban", createBan, { user_id: userId, hours: 24 }, userId],
  ["delete", createDelete, { user_id: userId }, userId],
] as const;

describe.each(endpoints)("users/%s", (_, endpoint, body, target) => {
  test("asks the database as the caller before it acts", async () => {
    const asked: unknown[] = [];
    const checkAccountChange: UsersPorts["checkAccountChange"] = async (...question) => {
      asked.push(question);
    };
    const { status, body: answer } = await post(endpoint(ports({ checkAccountChange })), body);
    expect(status).toBe(200);
    expect(answer).toEqual({ user_id: userId });
    expect(asked).toEqual([[target, "Bearer ada"]]);
  });

  test("does nothing for who may not", async () => {
    const never = vi.fn();
    const refused = ports({
      checkAccountChange: async () => {
        throw new Problem("forbidden");
      },
      create: never,
      invite: never,
      ban: never,
      delete: never,
    });
    expect((await post(endpoint(refused), body)).status).toBe(403);
    expect((await post(endpoint(refused), body, {})).status).toBe(401);
    expect(never).not.toHaveBeenCalled();
  });

  test("refuses a body with fields of its own", async () => {
    const { status, body: answer } = await post(endpoint(ports()), { ...body, role: "admin" });
    expect(status).toBe(422);
    expect(answer).toMatchObject({ code: "invalid_input" });
  });

  test("tells what Auth refuses", async () => {
    const fail = async () => {
      throw new Problem("user_exists");
    };
    const refusing = ports({ create: fail, invite: fail, ban: fail, delete: fail });
    expect((await post(endpoint(refusing), body)).status).toBe(409);
  });
});
