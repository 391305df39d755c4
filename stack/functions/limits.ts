/** What a function may use, as on Supabase; times in milliseconds. */
export interface Limits {
  /** CPU time of one request. */
  cpu: number;
  /** Memory of one worker beyond what Deno itself takes, in bytes. */
  memory: number;
  /** Life of one worker, whatever it does; nothing runs longer, background tasks included. */
  wallClock: number;
  /** Until the answer to a request must have begun. */
  answer: number;
  /** Until a worker must serve. */
  boot: number;
  /** A worker without requests for so long is let go. */
  idle: number;
  /** How long requests and background tasks may go on when the stack stops. */
  stopping: number;
}

/** https://supabase.com/docs/guides/functions/limits; the last three are the local stack's own. */
export const supabaseLimits: Limits = {
  cpu: 2_000,
  memory: 256 * 1024 * 1024,
  wallClock: 400_000,
  answer: 150_000,
  boot: 30_000,
  idle: 60_000,
  stopping: 3_000,
};
