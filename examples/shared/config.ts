/** What a page must know about the project behind it; served next to the page as `config.json`. */
export interface PageConfig {
  url: string;
  publishableKey: string;
  /** The local mail inbox; absent on a hosted project. */
  mailUrl: string | undefined;
}

/** Reads `config.json` from the page's own folder. Throws when it is missing or incomplete. */
export const loadConfig = async (): Promise<PageConfig> => {
  const response = await fetch(`${import.meta.env.BASE_URL}config.json`);
  if (!response.ok) throw new Error(`config.json answered ${response.status}.`);
  const body: unknown = await response.json();
  const url = textOf(body, "url");
  const publishableKey = textOf(body, "publishableKey");
  if (!url || !publishableKey) throw new Error("config.json lacks url or publishableKey.");
  return { url, publishableKey, mailUrl: textOf(body, "mailUrl") };
};

/** Whether the project runs on this machine, where demo accounts exist and nothing is real. */
export const isLocal = (config: PageConfig): boolean =>
  ["127.0.0.1", "localhost", "[::1]"].includes(new URL(config.url).hostname);

const textOf = (body: unknown, name: string): string | undefined => {
  if (typeof body !== "object" || body === null) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === "string" && value !== "" ? value : undefined;
};
