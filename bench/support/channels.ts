import { WebSocket } from "ws";
import { z } from "zod";

const Message = z.object({
  topic: z.string(),
  event: z.string(),
  ref: z.string().nullish(),
  payload: z.record(z.string(), z.unknown()),
});

const Broadcast = z.object({ event: z.string(), payload: z.record(z.string(), z.unknown()) });

/** One socket that has joined one private channel. */
export interface Channel {
  topic: string;
  /** Milliseconds from opening the socket to the joined channel. */
  joinMs: number;
  close(): void;
}

export type Heard = (
  topic: string,
  event: string,
  payload: Readonly<Record<string, unknown>>,
) => void;

/** Opens a socket and joins a private channel as the holder of the token; rejects when refused. */
export const joinChannel = (
  url: string,
  apikey: string,
  token: string,
  topic: string,
  heard: Heard,
): Promise<Channel> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    const address = `${url.replace(/^http/, "ws")}/realtime/v1/websocket?apikey=${apikey}&vsn=1.0.0`;
    const socket = new WebSocket(address, { perMessageDeflate: false });
    const send = (event: string, to: string, payload: object, ref: string) =>
      socket.send(JSON.stringify({ topic: to, event, payload, ref, join_ref: "1" }));
    const beat = setInterval(() => send("heartbeat", "phoenix", {}, "h"), 25_000);
    const timer = setTimeout(() => reject(new Error(`joining ${topic} took too long`)), 60_000);
    socket.on("open", () =>
      send(
        "phx_join",
        `realtime:${topic}`,
        {
          config: {
            broadcast: { ack: false, self: false },
            presence: { key: "" },
            postgres_changes: [],
            private: true,
          },
          access_token: token,
        },
        "1",
      ),
    );
    socket.on("message", (data) => {
      const message = Message.parse(JSON.parse(String(data)));
      if (message.event === "broadcast") {
        const { event, payload } = Broadcast.parse(message.payload);
        heard(topic, event, payload);
        return;
      }
      if (message.event !== "phx_reply" || message.ref !== "1") return;
      clearTimeout(timer);
      if (message.payload.status !== "ok") {
        reject(new Error(`${topic} refused: ${JSON.stringify(message.payload)}`));
        return;
      }
      resolve({
        topic,
        joinMs: performance.now() - began,
        close: () => {
          clearInterval(beat);
          socket.terminate();
        },
      });
    });
    socket.on("error", reject);
    socket.on("close", () => clearInterval(beat));
  });
