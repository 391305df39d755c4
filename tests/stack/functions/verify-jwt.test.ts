import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aProject, type FunctionsProject } from "./harness.ts";

const secret = new TextEncoder().encode("a secret of at least thirty-two characters");
const publishable = "sb_publishable_known";

let project: FunctionsProject;
let symmetric: string;
let asymmetric: string;
let foreign: string;
beforeAll(async () => {
  const ours = await generateKeyPair("ES256");
  const theirs = await generateKeyPair("ES256");
  const sign = (key: Uint8Array | CryptoKey, alg: string) =>
    new SignJWT({ role: "authenticated" }).setProtectedHeader({ alg }).sign(key);
  symmetric = await sign(secret, "HS256");
  asymmetric = await sign(ours.privateKey, "ES256");
  foreign = await sign(theirs.privateKey, "ES256");
  expect((await exportJWK(ours.publicKey)).kty).toBe("EC");
  project = await aProject(
    {
      "guarded/index.ts": `
        Deno.serve(
          { onListen: ({ port }) => console.log("port", port) },
          (request) => new Response(request.headers.get("authorization") ?? "nobody"),
        );`,
    },
    {
      config: {},
      verifyToken: (token) =>
        jwtVerify(token, ({ alg }) => (alg === "HS256" ? secret : ours.publicKey)),
    },
  );
});
afterAll(() => project.end());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe("verify_jwt, on unless the block says otherwise,", () => {
  it("lets tokens of both kinds of key pass, and hands them on", async () => {
    for (const token of [symmetric, asymmetric]) {
      const response = await project.call("guarded", { headers: bearer(token) });
      expect([response.status, await response.text()]).toEqual([200, `Bearer ${token}`]);
    }
  });

  it("lets a preflight pass, since browsers send no credentials with it", async () => {
    expect((await project.call("guarded", { method: "OPTIONS" })).status).toBe(200);
  });

  it("cannot be passed by on the function's own port", async () => {
    await project.call("guarded", { headers: bearer(symmetric) });
    const [, port] = /port (\d+)/.exec(project.logged.join("\n")) ?? [];
    expect((await fetch(`http://127.0.0.1:${port}/guarded`)).status).toBe(403);
  });

  const unsigned = (header: object) => `${btoa(JSON.stringify(header))}.e30.x`;
  it.each([
    ["no header", () => ({}), "UNAUTHORIZED_NO_AUTH_HEADER", "Missing authorization header"],
    [
      "a publishable key, which is no token",
      () => ({ apikey: publishable, ...bearer(publishable) }),
      "UNAUTHORIZED_INVALID_JWT_FORMAT",
      "Invalid JWT format",
    ],
    [
      "a key alone",
      () => ({ apikey: publishable }),
      "UNAUTHORIZED_NO_AUTH_HEADER",
      "Missing authorization header",
    ],
    [
      "a good API key beside a bad token",
      () => ({ apikey: publishable, ...bearer(`${symmetric}x`) }),
      "UNAUTHORIZED_LEGACY_JWT",
      "Invalid JWT",
    ],
    [
      "no token at all",
      () => bearer("nonsense"),
      "UNAUTHORIZED_INVALID_JWT_FORMAT",
      "Invalid JWT format",
    ],
    [
      "a scheme that is not written as Bearer",
      () => ({ authorization: `bearer ${symmetric}` }),
      "UNAUTHORIZED_INVALID_JWT_FORMAT",
      "Invalid JWT format",
    ],
    [
      "a token without algorithm",
      () => bearer(unsigned({ typ: "JWT" })),
      "UNAUTHORIZED_INVALID_JWT_FORMAT",
      "Invalid JWT format",
    ],
    [
      "another project's token",
      () => bearer(foreign),
      "UNAUTHORIZED_ASYMMETRIC_JWT",
      "Invalid JWT",
    ],
    [
      "an unsigned token",
      () => bearer(unsigned({ alg: "none" })),
      "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM",
      "Unsupported JWT algorithm none",
    ],
  ])("refuses %s", async (_what, headers, code, message) => {
    const response = await project.call("guarded", { headers: headers() });
    expect(response.status).toBe(401);
    expect(response.headers.get("sb-error-code")).toBe(code);
    expect(response.headers.get("access-control-expose-headers")).toBe("sb-error-code");
    expect(response.headers.get("access-control-allow-headers")).toBe(
      "authorization, x-client-info, apikey",
    );
    expect(await response.json()).toEqual({ code, message, msg: message });
  });
});
