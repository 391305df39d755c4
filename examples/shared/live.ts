import type { SupabaseClient } from "@supabase/supabase-js";

export type LiveState = "connecting" | "live" | "offline";

export interface LiveOptions {
  /** Private topic, such as `order:{id}`. */
  topic: string;
  /** What to do with the payload of each event. */
  events: Readonly<Record<string, (payload: unknown) => void>>;
  /**
   * Called on every join, the first and those after a lost connection. Events are hints and those of
   * the gap are gone, so this is where the page reads the truth again.
   */
  onJoin(): void;
  onState?(state: LiveState): void;
}

/** Listens to a private Realtime channel until the returned function is called. */
export const listen = (client: SupabaseClient, options: LiveOptions): (() => void) => {
  const { topic, events, onJoin, onState } = options;
  const channel = client.channel(topic, { config: { private: true } });
  for (const [event, act] of Object.entries(events)) {
    channel.on("broadcast", { event }, ({ payload }) => act(payload));
  }
  let isEnded = false;
  const begin = async () => {
    // The channel joins with the visitor's own token, not with the publishable key.
    await client.realtime.setAuth();
    if (isEnded) return;
    onState?.("connecting");
    channel.subscribe((status) => {
      if (isEnded) return;
      onState?.(status === "SUBSCRIBED" ? "live" : "offline");
      if (status === "SUBSCRIBED") onJoin();
    });
  };
  void begin();
  return () => {
    isEnded = true;
    void client.removeChannel(channel);
  };
};
