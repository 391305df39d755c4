import type { Form } from "./form.ts";
import type { World } from "./world.ts";

/** One request to an API operation, after authentication and decoding. */
export interface Call {
  /** The `:id` of the path; empty where there is none. */
  id: string;
  /** Parameters, without those common to all operations (`expand`, `key`). */
  form: Form;
  world: World;
  /** Made with the publishable key, as a browser does. */
  isPublic: boolean;
}

export interface Operation {
  method: "GET" | "POST" | "DELETE";
  path: string;
  /** Whether browsers may call it with the publishable key. */
  isPublic?: boolean;
  /** The answer's JSON; throws `ApiError`. */
  run(call: Call): object;
}
