import { createClient, type RealtimeClientOptions } from "@supabase/supabase-js";
import { WebSocket } from "ws";
import { z } from "zod";

/** Node 20 has no WebSocket of its own; the types of `ws` and of the DOM's differ in detail. */
export const transport = z
  .custom<NonNullable<RealtimeClientOptions["transport"]>>((value) => value === WebSocket)
  .parse(WebSocket);

/** A client that keeps its session to itself, for any project. */
// biome-ignore lint/suspicious/noExplicitAny: supabase-js's own default for an unknown schema
export const clientAt = <Schema = any>(url: string, key: string) =>
  createClient<Schema>(url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    realtime: { transport },
  });
