import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { problemFromDatabase } from "../../supabase/functions/_shared/database.ts";
import {
  checkoutEnvironment,
  stripeEnvironment,
  supabaseEnvironment,
} from "../../supabase/functions/_shared/env.ts";
import { isProblemCode, problemKind, problems } from "../../supabase/functions/_shared/problems.ts";

const project = new URL("../../", import.meta.url);
const read = (path: string) => readFile(new URL(path, project), "utf8");

describe("the table of problems", () => {
  it("knows every code that SQL raises, with the same status", async () => {
    const files = await readdir(new URL("supabase/migrations/", project));
    const raised = new Map<string, number>();
    for (const file of files.filter((name) => name.endsWith(".sql"))) {
      const sql = await read(`supabase/migrations/${file}`);
      for (const [, status, code = ""] of sql.matchAll(
        /raise_problem\(\s*(\d{3}),\s*'([a-z_]+)'/g,
      )) {
        raised.set(code, Number(status));
      }
    }
    expect(raised.size).toBeGreaterThan(10);
    const known = [...raised.keys()].map((code) => [
      code,
      isProblemCode(code) ? problemKind(code).status : "missing",
    ]);
    expect(known).toEqual([...raised]);
  });

  it("gives every code a status of its kind and a title", () => {
    for (const [code, { status, title }] of Object.entries(problems)) {
      expect([code, status >= 400 && status < 600, title.length > 0]).toEqual([code, true, true]);
    }
  });
});

describe("a failure in the database", () => {
  const failure = { code: "", message: "", details: null, hint: null };

  it("that SQL raised keeps its code, details and hint", () => {
    const problem = problemFromDatabase(
      {
        code: "PT409",
        message: "out_of_stock",
        details: '{"lines":[{"sku":"KETTLE","available":1}]}',
        hint: "Lower the quantity.",
      },
      409,
    );
    expect(problem).toMatchObject({
      code: "out_of_stock",
      details: { lines: [{ sku: "KETTLE", available: 1 }] },
      hint: "Lower the quantity.",
    });
  });

  it.each([
    [{ ...failure, code: "PT409", message: "never_heard_of" }, 409, "internal"],
    [{ ...failure, code: "42501" }, 401, "not_signed_in"],
    [{ ...failure, code: "42501" }, 403, "forbidden"],
    [{ ...failure, code: "PGRST303", message: "JWT expired" }, 401, "not_signed_in"],
    [{ ...failure, code: "22P05" }, 400, "invalid_input"],
    [{ ...failure, code: "55P03" }, 500, "busy"],
    [{ ...failure, message: "TypeError: fetch failed" }, 0, "database_unavailable"],
    [{ ...failure, code: "23514", details: "Failing row contains (secret)" }, 400, "internal"],
  ])("is told to clients in our codes: %j with %i", (given, status, code) => {
    const problem = problemFromDatabase(given, status);
    expect(problem.code).toBe(code);
    expect(JSON.stringify(problem.details)).not.toContain("secret");
  });
});

describe("the environment", () => {
  const supabase = {
    SUPABASE_URL: "http://127.0.0.1:54321",
    SUPABASE_PUBLISHABLE_KEYS: '{"web":"sb_publishable_w","default":"sb_publishable_d"}',
    SUPABASE_SECRET_KEYS: '{"default":"sb_secret_d","cron":"sb_secret_c"}',
    SUPABASE_SERVICE_ROLE_KEY: "legacy",
  };
  const stripe = { STRIPE_SECRET_KEY: "sk_test_1", STRIPE_WEBHOOK_SECRET: "whsec_1" };

  it("gives the default keys, and every key that stands for the service", () => {
    expect(supabaseEnvironment(supabase)).toEqual({
      url: "http://127.0.0.1:54321",
      publishableKey: "sb_publishable_d",
      secretKey: "sb_secret_d",
      serviceKeys: ["sb_secret_d", "sb_secret_c", "legacy"],
    });
  });

  it("takes the legacy keys where there are no others", () => {
    const keys = { SUPABASE_ANON_KEY: "anon", SUPABASE_SERVICE_ROLE_KEY: "legacy" };
    expect(supabaseEnvironment({ SUPABASE_URL: "http://x.test", ...keys })).toMatchObject({
      publishableKey: "anon",
      secretKey: "legacy",
    });
  });

  it.each([
    ["SUPABASE_URL", { ...supabase, SUPABASE_URL: "" }],
    ["SUPABASE_SECRET_KEYS", { ...supabase, SUPABASE_SECRET_KEYS: "{" }],
    ["SUPABASE_PUBLISHABLE_KEYS", { ...supabase, SUPABASE_PUBLISHABLE_KEYS: undefined }],
  ])("without a good %s stops the function with a sentence naming it", (name, source) => {
    expect(() => supabaseEnvironment(source)).toThrow(name);
  });

  it("points the SDK at the sandbox only where an address says so", () => {
    expect(stripeEnvironment(stripe).apiUrl).toBeUndefined();
    expect(
      stripeEnvironment({ ...stripe, STRIPE_API_URL: "http://127.0.0.1:54325" }).apiUrl?.port,
    ).toBe("54325");
  });

  it("never sends a live key to a sandbox", () => {
    const live = { ...stripe, STRIPE_SECRET_KEY: "sk_live_1", STRIPE_API_URL: "http://x.test" };
    expect(() => stripeEnvironment(live)).toThrow("live key");
  });

  it("has no secret of its own", () => {
    expect(() => stripeEnvironment({})).toThrow("STRIPE_SECRET_KEY");
    expect(() => stripeEnvironment({ STRIPE_SECRET_KEY: "sk_test_1" })).toThrow(
      "STRIPE_WEBHOOK_SECRET",
    );
  });

  it("reads the allowed origins as a list", () => {
    const source = { CHECKOUT_RETURN_ORIGINS: "https://shop.test/, http://localhost:3000" };
    expect(checkoutEnvironment(source).returnOrigins).toEqual([
      "https://shop.test",
      "http://localhost:3000",
    ]);
  });
});

describe("deno.json", () => {
  it("names the same exact versions as package.json", async () => {
    const { imports } = JSON.parse(await read("supabase/functions/deno.json"));
    const { devDependencies } = JSON.parse(await read("package.json"));
    for (const specifier of Object.values<string>(imports)) {
      const [, name = "", version] = /^npm:\/?(.+)@([\d.]+)\/?$/.exec(specifier) ?? [];
      expect([name, version]).toEqual([name, devDependencies[name]]);
    }
  });
});
