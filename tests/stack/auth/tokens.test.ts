import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeProtectedHeader, exportJWK, generateKeyPair } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { createDoorkeeper, legacyKeys, signedKeys } from "../../../stack/auth/api-keys.ts";
import { localSigningKeys, readSigningKeys } from "../../../stack/auth/signing-keys.ts";
import { createTokens, TokenRefused, type Tokens } from "../../../stack/auth/tokens.ts";
import { localKeys } from "../../../stack/keys.ts";

const secret = "a-secret-that-has-at-least-32-characters";

const reasonOf = async (tokens: Tokens, token: Promise<string> | string) =>
  tokens
    .verify(await token)
    .catch((error: unknown) => error instanceof TokenRefused && error.reason);

/** A file as `supabase gen signing-key` writes it. */
const keyFile = async (...algorithms: ("ES256" | "RS256")[]) => {
  const folder = await mkdtemp(join(tmpdir(), "signing-keys-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const keys = await Promise.all(
    algorithms.map(async (alg, at) => {
      const { privateKey } = await generateKeyPair(alg, { extractable: true });
      const jwk = await exportJWK(privateKey);
      return { ...jwk, kid: `key-${at}`, alg, use: "sig", key_ops: ["sign", "verify"], ext: true };
    }),
  );
  const path = join(folder, "signing_keys.json");
  await writeFile(path, JSON.stringify(keys));
  return path;
};

test("verifying says what is wrong with a token", async () => {
  const tokens = createTokens(secret);
  expect(await reasonOf(tokens, "rubbish")).toBe("malformed");
  expect(await reasonOf(tokens, tokens.sign({ role: "anon" }, -10))).toBe("expired");
  const other = createTokens("some-other-secret-of-32-characters!");
  expect(await reasonOf(tokens, other.sign({ role: "anon" }))).toBe("bad_signature");
  const early = tokens.sign({ role: "anon", nbf: Math.floor(Date.now() / 1000) + 60 });
  expect(await reasonOf(tokens, early)).toBe("not_yet_valid");
  expect(await reasonOf(tokens, tokens.sign({ sub: "somebody" }))).toBe("no_role");
  const stranger = createTokens(secret, await localSigningKeys());
  expect(await reasonOf(tokens, stranger.sign({ role: "anon" }))).toBe("bad_signature");
  expect(await tokens.verify(await tokens.sign({ role: "anon" }, 60))).toMatchObject({
    role: "anon",
  });
});

test("a remembered token still ends when its time is over", async () => {
  const tokens = createTokens(secret);
  const exp = Math.floor(Date.now() / 1000) + 1;
  const token = await tokens.sign({ role: "anon", exp });
  expect(await tokens.verify(token)).toMatchObject({ role: "anon" });
  await expect.poll(() => reasonOf(tokens, token), { interval: 100 }).toBe("expired");
});

test.each(["ES256", "RS256"] as const)(
  "%s keys of the project's own sign and verify",
  async (alg) => {
    const tokens = createTokens(secret, await readSigningKeys(await keyFile(alg)));
    const token = await tokens.sign({ role: "authenticated", sub: "x" }, 60);
    expect(decodeProtectedHeader(token)).toEqual({ alg, kid: "key-0", typ: "JWT" });
    expect(await tokens.verify(token)).toMatchObject({ sub: "x" });
    expect(tokens.jwks().keys).toEqual([
      expect.objectContaining({ kid: "key-0", alg, key_ops: ["verify"] }),
    ]);
    expect(tokens.jwks().keys[0]).not.toHaveProperty("d");
    expect(await tokens.verify(await tokens.signWithSecret({ role: "anon" }))).toEqual({
      role: "anon",
    });
  },
);

test("a file without keys is a mistake in config.toml, said so", async () => {
  const folder = await mkdtemp(join(tmpdir(), "signing-keys-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "empty.json"), "[]");
  for (const name of ["empty.json", "missing.json"]) {
    await expect(readSigningKeys(join(folder, name))).rejects.toThrow(/^auth\.signing_keys_path: /);
  }
});

test("after a rotation the first key signs, and what the older one signed stays valid", async () => {
  const [older] = await readSigningKeys(await keyFile("ES256"));
  if (!older) throw new Error("There is no key.");
  const before = createTokens(secret, [{ ...older, kid: "older" }]);
  const token = await before.sign({ role: "authenticated" }, 60);
  const [newer] = await localSigningKeys();
  const after = createTokens(secret, [
    ...(newer ? [newer] : []),
    { ...older, kid: "older", privateKey: null },
  ]);
  expect(await after.verify(token)).toMatchObject({ role: "authenticated" });
  const next = await after.sign({ role: "anon" }, 60);
  expect(decodeProtectedHeader(next).kid).toBe(newer?.kid);
});

test("the older API keys are those that the CLI prints for every local project", async () => {
  const keys = await legacyKeys(createTokens(localKeys.jwtSecret, await localSigningKeys()));
  expect(keys.anon).toBe(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzdXBhYmFzZS1kZW1vIiwicm9sZSI6ImFub24iLCJleHAiOjE5ODM4MTI5OTZ9.CRXP1A7WOeoJeXxjNni43kdQwgnWNReilDMblYTn_I0",
  );
});

test("with signing keys of its own a project's JWT keys are signed by them", async () => {
  const tokens = createTokens(secret, await readSigningKeys(await keyFile("ES256")));
  const jwtKeys = await signedKeys(tokens);
  expect(decodeProtectedHeader(jwtKeys.anon).alg).toBe("ES256");
  const doorkeeper = createDoorkeeper({ ...localKeys, ...jwtKeys }, tokens);
  const request = new Request("http://127.0.0.1", { headers: { apikey: jwtKeys.serviceRole } });
  expect(await doorkeeper.identify(request)).toMatchObject({ role: "service_role", key: "secret" });
});
