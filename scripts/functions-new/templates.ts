import type { FunctionNames } from "./names.ts";

/** The files of a new function, by path: a working one that greets whoever is signed in. */
export const files = (names: FunctionNames): Record<string, string> => ({
  [`supabase/functions/${names.kebab}/index.ts`]: entrypoint(names),
  [`supabase/functions/_shared/${names.kebab}/${names.kebab}.ts`]: module(names),
  [`supabase/functions/_shared/${names.kebab}/live.ts`]: live(names),
  [`supabase/functions/_shared/contracts/${names.kebab}.ts`]: contract(names),
  [`tests/functions/${names.kebab}.test.ts`]: test(names),
});

export const configBlock = ({ kebab }: FunctionNames): string => `
[functions.${kebab}]
verify_jwt = true
import_map = "./functions/deno.json"
`;

const entrypoint = ({ kebab, pascal }: FunctionNames): string => `
import { create${pascal} } from "../_shared/${kebab}/${kebab}.ts";
import { live } from "../_shared/${kebab}/live.ts";

Deno.serve(create${pascal}(live(Deno.env.toObject())));
`;

const module = ({ kebab, pascal }: FunctionNames): string => `
import { type ${pascal}Answer, ${pascal}Input } from "../contracts/index.ts";
import { endpoint } from "../http.ts";
import { Problem } from "../problems.ts";

export interface ${pascal}Ports {
  /** The id of the person behind an \`Authorization\` header; throws \`not_signed_in\`. */
  callerId(authorization: string): Promise<string>;
}

/** \`POST ${kebab}\`: greets whoever is signed in. */
export const create${pascal} = (ports: ${pascal}Ports) =>
  endpoint(
    { method: "POST", body: ${pascal}Input },
    async ({ greeting }, { authorization }): Promise<${pascal}Answer> => {
      if (!authorization) throw new Problem("not_signed_in");
      return { greeting, caller_id: await ports.callerId(authorization) };
    },
  );
`;

const live = ({ kebab, pascal }: FunctionNames): string => `
import { connect } from "../database.ts";
import { type EnvironmentSource, supabaseEnvironment } from "../env.ts";
import type { ${pascal}Ports } from "./${kebab}.ts";

export const live = (source: EnvironmentSource): ${pascal}Ports => {
  const { callerId } = connect(supabaseEnvironment(source));
  return { callerId };
};
`;

const contract = ({ kebab, pascal }: FunctionNames): string => `
import { z } from "zod";
import { Uuid } from "./common.ts";

/** Body of \`POST ${kebab}\`. */
export const ${pascal}Input = z.strictObject({ greeting: z.string().min(1).max(200) });
export type ${pascal}Input = z.infer<typeof ${pascal}Input>;

/** Answer of \`POST ${kebab}\`. */
export const ${pascal}Answer = z.object({ greeting: z.string(), caller_id: Uuid });
export type ${pascal}Answer = z.infer<typeof ${pascal}Answer>;
`;

const test = ({ kebab, pascal }: FunctionNames): string => `
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ${pascal}Answer } from "../../supabase/functions/_shared/contracts/index.ts";
import { create${pascal} } from "../../supabase/functions/_shared/${kebab}/${kebab}.ts";
import { Problem } from "../../supabase/functions/_shared/problems.ts";
import { ada, post } from "./documents.ts";

const handler = create${pascal}({ callerId: async () => ada });
const input = { greeting: "Hello" };
const path = "/${kebab}";

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => vi.restoreAllMocks());

describe("${kebab}", () => {
  it("greets whoever is signed in, each time the same", async () => {
    for (let time = 0; time < 2; time++) {
      const { status, body } = await post(handler, input, undefined, path);
      expect([status, ${pascal}Answer.parse(body)]).toEqual([
        200,
        { greeting: "Hello", caller_id: ada },
      ]);
    }
  });

  it("is for people who are signed in", async () => {
    const { status, body } = await post(handler, input, {}, path);
    expect([status, body.code]).toEqual([401, "not_signed_in"]);
  });

  it.each([
    ["greeting", {}],
    ["greeting", { greeting: "" }],
    ["other", { ...input, other: 1 }],
  ])("refuses a bad %s: %j", async (field, bad) => {
    const { status, body } = await post(handler, bad, undefined, path);
    expect([status, body.code, body.details.field]).toEqual([422, "invalid_input", field]);
  });

  it("says so when the database does not answer", async () => {
    const failing = create${pascal}({
      callerId: async () => {
        throw new Problem("database_unavailable");
      },
    });
    const { status, body } = await post(failing, input, undefined, path);
    expect([status, body.code]).toEqual([503, "database_unavailable"]);
  });
});
`;
