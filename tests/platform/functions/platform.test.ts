import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { aGuest, anAccount } from "../support/people.ts";
import { platform, publicClient } from "../support/platform.ts";

const call = (path: string, init: RequestInit = {}) =>
  fetch(`${platform().url}/functions/v1/${path}`, init);

const { functions } = publicClient();

/** Reads what has come until the text matches. */
const readUntil = async (response: Response, wanted: RegExp) => {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  for (let text = ""; ; ) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) throw new Error(`the stream ended before ${wanted}: ${text}`);
    text += decoder.decode(value, { stream: true });
    if (wanted.test(text)) return { text, leave: () => reader?.cancel() };
  }
};

describe("verify_jwt", () => {
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

  it("is on unless the function's block says otherwise", async () => {
    const response = await call("guarded");
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      code: "UNAUTHORIZED_NO_AUTH_HEADER",
      message: "Missing authorization header",
    });
    expect((await call("echo")).status).toBe(200);
  });

  it("knows the scheme of the header only as Bearer", async () => {
    const { session } = await aGuest();
    const response = await call("guarded", {
      headers: { authorization: `bearer ${session.access_token}` },
    });
    expect(response.status).toBe(401);
    expect((await response.json()).code).toBe("UNAUTHORIZED_INVALID_JWT_FORMAT");
  });

  it("lets people and guests pass", async () => {
    const [ada, guest] = await Promise.all([anAccount(), aGuest()]);
    for (const { client } of [ada, guest]) {
      expect((await client.functions.invoke("guarded")).error).toBeNull();
    }
  });

  it("refuses tokens of others, with a code that says which kind", async () => {
    const { session } = await aGuest();
    const [header = "", payload = ""] = session.access_token.split(".");
    const unsigned = (alg: string) =>
      `${Buffer.from(JSON.stringify({ alg })).toString("base64url")}.${payload}.eA`;
    for (const [token, code] of [
      [`${header}.${payload}.eA`, /^UNAUTHORIZED_(ASYMMETRIC_|LEGACY_)?JWT$/],
      [unsigned("HS256"), /^UNAUTHORIZED_(LEGACY_)?JWT$/],
      [unsigned("ES256"), /^UNAUTHORIZED_ASYMMETRIC_JWT$/],
      [unsigned("none"), /^UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM$/],
      ["nonsense", /^UNAUTHORIZED_INVALID_JWT_FORMAT$/],
    ] as const) {
      const response = await call("guarded", bearer(token));
      expect(response.status).toBe(401);
      expect((await response.json()).code).toMatch(code);
    }
  });

  it("lets a browser's preflight pass", async () => {
    const response = await call("guarded", {
      method: "OPTIONS",
      headers: { origin: "https://shop.example.test", "access-control-request-method": "POST" },
    });
    expect(response.ok).toBe(true);
  });
});

describe("a function", () => {
  it("learns where a request came in", async () => {
    const { hostname } = new URL(platform().url);
    const { headers } = await (await call("echo/deep?x=1")).json();
    expect(headers).toMatchObject({
      "x-forwarded-host": hostname,
      "x-forwarded-proto": new URL(platform().url).protocol.slice(0, -1),
      "x-forwarded-for": expect.any(String),
    });
  });

  it("sends its own headers to the caller", async () => {
    const response = await call("echo");
    expect(response.headers.get("x-custom-answer")).toBe("yes");
    expect(response.headers.get("access-control-allow-origin")).not.toBeNull();
  });

  it("has the project's secrets and the platform's variables, which no secret replaces", async () => {
    const names = [
      ...["SUPABASE_URL", "SUPABASE_DB_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY"],
      ...["SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_SECRET_KEYS", "SUPABASE_JWKS", "SB_EXECUTION_ID"],
    ];
    const { data } = await functions.invoke("reads-secret", { body: [...names, "PATH", "HOME"] });
    expect(data).toEqual({ set: names, greeting: "hello" });
    // It acts through SUPABASE_URL, so a forged one would have failed.
    const { client, id } = await anAccount();
    expect((await client.functions.invoke("whoami")).data.id).toBe(id);
  });

  it("writes temporary files, but neither its own folder nor processes, and reads no others", async () => {
    const outcome = async (what: string) => (await (await call(`reaches/${what}`)).json()).outcome;
    expect(await outcome("temporary-file")).toBe("kept");
    for (const what of ["own-folder", "other-files", "process"]) {
      expect([what, await outcome(what)]).toEqual([what, "refused"]);
    }
  });

  it("goes on after its answer with what it waits for", async () => {
    const ada = await anAccount();
    const { data, response } = await ada.client.functions.invoke("background", { body: "later" });
    expect([data, response?.status]).toEqual(["accepted", 202]);
    await expect
      .poll(async () => (await ada.client.from("notes").select("body")).data)
      .toEqual([{ body: "later" }]);
  });

  it("speaks over a WebSocket", async () => {
    const socket = new WebSocket(
      `${platform().url.replace(/^http/, "ws")}/functions/v1/sockets?apikey=${platform().publishableKey}`,
    );
    const heard = new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.once("open", () => socket.send("hello"));
      socket.once("message", (data) => resolve(String(data)));
    });
    expect(await heard).toBe("heard hello");
    socket.close();
  });
});

describe("streams", () => {
  it("of events come as they happen", async () => {
    const { data } = await functions.invoke<Response>("streams/events");
    if (!data) throw new Error("no stream");
    const started = performance.now();
    await readUntil(data, /data: 1\n\n/).then(({ leave }) => leave());
    const again = await functions.invoke<Response>("streams/events");
    if (!again.data) throw new Error("no stream");
    expect(again.data.headers.get("content-type")).toContain("text/event-stream");
    const { text } = await readUntil(again.data, /data: 3\n\n/);
    expect(text).toBe("data: 1\n\ndata: 2\n\ndata: 3\n\n");
    expect(performance.now() - started).toBeGreaterThan(350);
  });

  it("may be left by the caller at any time", async () => {
    const { leave } = await readUntil(await call("streams/ticks"), /tick\ntick\n/);
    await leave();
    expect((await call("streams/ticks")).status).toBe(200);
  });

  it("of large bodies reach the function whole", async () => {
    const body = new Uint8Array(5 * 1024 * 1024);
    const response = await call("streams", { method: "POST", body });
    expect(await response.json()).toEqual({ size: body.byteLength });
  });
});

describe("a failure", () => {
  it("inside a handler is a 500 that says nothing of the cause", async () => {
    const response = await call("fails/inside");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("inside the handler");
  });

  it("outside of handlers costs that request, and no other", async () => {
    const response = await call("fails/outside");
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: "WORKER_ERROR" });
    expect((await call("fails/refuses")).status).toBe(422);
  });

  it("to start is a 503", async () => {
    const response = await call("unbootable");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "BOOT_ERROR" });
  });

  it("to end within the CPU time is a 546, and the next request is served", async () => {
    const response = await call("spins/forever");
    expect(response.status).toBe(546);
    expect((await response.json()).code).toMatch(/^WORKER_(RESOURCE_)?LIMIT$/);
    expect(await (await call("spins")).text()).toBe("free");
  });

  it("to stay within the memory is a 546, and the next request is served", async () => {
    const response = await call("hungry/900");
    expect(response.status).toBe(546);
    expect(await (await call("hungry/1")).text()).toBe("held 1");
  });

  it("of one function does not touch another", async () => {
    const others = Promise.all([call("waits/1500"), call("waits/500")]);
    await Promise.all([call("fails/outside"), call("unbootable")]);
    expect((await others).map(({ status }) => status)).toEqual([200, 200]);
  });
});
