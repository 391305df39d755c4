import type { Handler } from "./call.ts";
import { invalidKey } from "./errors.ts";

/**
 * Who may call: `required` needs a token or key that is believed, `optional` takes whoever comes
 * (a public bucket may be meant), `none` looks at neither, since an address or signature decides.
 */
export type Admission = "required" | "optional" | "none";

export interface Route {
  method: string;
  /** As `object/:bucket/*`: a name stands for one part, `*` for all that is left, as `key`. */
  path: string;
  /** What policies see as `storage.operation()`. */
  operation: string;
  admission: Admission;
  handle: Handler;
}

interface Compiled extends Route {
  pattern: RegExp;
  names: string[];
}

const compile = (route: Route): Compiled => {
  const names: string[] = [];
  const parts = route.path.split("/").map((part) => {
    if (part === "*") {
      names.push("key");
      return "(.+)";
    }
    if (!part.startsWith(":")) return part;
    names.push(part.slice(1));
    return "([^/]+)";
  });
  return { ...route, names, pattern: new RegExp(`^/storage/v1/${parts.join("/")}/?$`) };
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidKey(text);
  }
};

export interface Match {
  route: Route;
  params: Record<string, string>;
}

/** Finds the first route of the table that takes a request. */
export const createRouter = (routes: readonly Route[]) => {
  const compiled = routes.map(compile);
  return (method: string, path: string): Match | null => {
    for (const route of compiled) {
      const found = route.method === method ? route.pattern.exec(path) : null;
      if (!found) continue;
      const params = route.names.map((name, index) => [name, decoded(found[index + 1] ?? "")]);
      return { route, params: Object.fromEntries(params) };
    }
    return null;
  };
};
