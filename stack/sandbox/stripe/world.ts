import type { Schedule } from "./schedule.ts";
import type { Store } from "./store.ts";

/** The API version whose shapes are spoken, as pinned by the SDK this was written against. */
export const API_VERSION = "2026-10-28.endive";

/** Any object with an id that an event can be about. */
export interface Subject {
  id: string;
}

/** What an operation works on. */
export interface World {
  readonly store: Store;
  readonly schedule: Schedule;
  /** Where browsers reach the hosted pages, without a slash at the end. */
  readonly publicUrl: string;
  /** Seconds since 1970, as the sandbox sees it: real time plus what it was advanced by. */
  now(): number;
  /** Records an event with the object as it is at this moment, and queues its deliveries. */
  emit(type: string, subject: Subject, previous?: object): void;
}

/** Which API request brought an event about; both null for what shoppers or time did. */
export interface Cause {
  id: string | null;
  idempotency_key: string | null;
}
