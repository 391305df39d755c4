import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { aProject, type FunctionsProject, open } from "./harness.ts";

let project: FunctionsProject;
let server: Server;
let address: string;
beforeAll(async () => {
  project = await aProject(
    {
      "chats/index.ts": `
        Deno.serve((request) => {
          if (request.headers.get("upgrade") !== "websocket") return new Response("no", { status: 426 });
          const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "chat" });
          socket.onopen = () => socket.send("hello from " + new URL(request.url).pathname);
          socket.onmessage = ({ data }) => data === "bye" ? socket.close(4000, "bye") : socket.send(data);
          return response;
        });`,
      "declines/index.ts": `Deno.serve(() => Response.json({ reason: "not today" }, { status: 403 }));`,
      "dies/index.ts": `
        Deno.serve((request) => {
          const { socket, response } = Deno.upgradeWebSocket(request);
          socket.onopen = () => socket.send(String(Deno.pid));
          return response;
        });`,
      "guarded/index.ts": `Deno.serve(() => new Response("in"));`,
    },
    { config: { chats: open, declines: open, dies: open } },
  );
  server = createServer();
  server.on("upgrade", project.runtime.handleUpgrade);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const bound = server.address();
  address = `ws://127.0.0.1:${typeof bound === "object" ? bound?.port : 0}/functions/v1`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await project.end();
});

const opened = async (path: string, protocol?: string) => {
  const socket = new WebSocket(`${address}/${path}`, protocol ? [protocol] : []);
  const [first] = await once(socket, "message");
  return { socket, first: String(first) };
};

const refused = async (path: string) => {
  const socket = new WebSocket(`${address}/${path}`);
  socket.on("error", () => undefined);
  const [, answer] = await once(socket, "unexpected-response");
  let text = "";
  for await (const chunk of answer) text += chunk;
  return { status: answer.statusCode, body: JSON.parse(text) };
};

describe("a WebSocket", () => {
  it("is the function's, in both directions, until one of them closes it", async () => {
    const { socket, first } = await opened("chats/room", "chat");
    expect([first, socket.protocol]).toEqual(["hello from /chats/room", "chat"]);
    socket.send("x".repeat(200_000));
    const [echo] = await once(socket, "message");
    expect(String(echo)).toHaveLength(200_000);
    socket.send("bye");
    const [code, reason] = await once(socket, "close");
    expect([code, String(reason)]).toEqual([4000, "bye"]);
  });

  it("that the function declines gets its answer", async () => {
    expect(await refused("declines")).toEqual({ status: 403, body: { reason: "not today" } });
  });

  it("to no function, or without a token, is refused as a request would be", async () => {
    expect(await refused("nothing")).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    expect(await refused("guarded")).toMatchObject({
      status: 401,
      body: { code: "UNAUTHORIZED_NO_AUTH_HEADER" },
    });
  });

  it("closes when the function's process dies", async () => {
    const { socket, first } = await opened("dies");
    process.kill(Number(first), "SIGKILL");
    const [code] = await once(socket, "close");
    expect(code).toBe(1006);
    expect(Number((await opened("dies")).first)).not.toBe(Number(first));
  });
});
