import { expect } from "vitest";
import type { Actor } from "./actors.ts";

export interface Heard {
  event: string;
  payload: Record<string, unknown>;
}

/** A private channel somebody listens to, and all that came so far. */
export interface Listener {
  heard: Heard[];
  /** Resolves with the first message of this event that fits. */
  next(event: string, part?: Record<string, unknown>): Promise<Record<string, unknown>>;
  close(): Promise<unknown>;
}

/** Joins a private channel; rejects with the server's reason when it is not for this actor. */
export const listen = async ({ client }: Actor, topic: string): Promise<Listener> => {
  await client.realtime.setAuth();
  const heard: Heard[] = [];
  const channel = client.channel(topic, { config: { private: true } });
  channel.on("broadcast", { event: "*" }, ({ event, payload }) => heard.push({ event, payload }));
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve();
      if (status === "CHANNEL_ERROR") reject(error ?? new Error("refused"));
    });
  }).catch(async (error) => {
    await client.removeChannel(channel);
    throw error;
  });
  return {
    heard,
    next: async (event, part = {}) => {
      const found = () =>
        heard.find(
          (message) =>
            message.event === event &&
            Object.entries(part).every(([key, value]) => message.payload[key] === value),
        );
      await expect
        .poll(found, { timeout: 10_000, interval: 20, message: `${event} on ${topic}` })
        .toBeDefined();
      return found()?.payload ?? {};
    },
    close: () => client.removeChannel(channel),
  };
};
