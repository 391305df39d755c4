import type { Call } from "./router.ts";
import type { AuthSettings } from "./settings.ts";

const special = /[.*+?^${}()|[\]\\/]/;

const tokens = /\\[\s\S]|\*\*|\[!?[^\]]*\]|[\s\S]/g;

/**
 * An entry of `additional_redirect_urls` as an expression: `*` stands for anything but the
 * separators `.` and `/`, `**` for anything, `?` for one character that is no separator, `[a-z]`
 * and `[!a-z]` for one of and none of these, `{a,b}` for either; `\\` takes what follows as it is.
 */
const patternOf = (glob: string): RegExp => {
  let open = 0;
  const sourceOf = (token: string): string => {
    if (token === "**") return ".*";
    if (token === "*") return "[^./]*";
    if (token === "?") return "[^./]";
    if (token.length > 1 && token.startsWith("[")) return token.replace("[!", "[^");
    if (token === "{") {
      open += 1;
      return "(?:";
    }
    if (token === "," && open > 0) return "|";
    if (token === "}" && open > 0) {
      open -= 1;
      return ")";
    }
    const plain = token.length > 1 ? token.slice(1) : token;
    return special.test(plain) ? `\\${plain}` : plain;
  };
  const source = (glob.match(tokens) ?? []).map(sourceOf).join("");
  return new RegExp(`^${source}${")".repeat(open)}$`, "s");
};

const parsed = (text: string): URL | null => {
  try {
    return new URL(text);
  } catch {
    return null;
  }
};

const isLoopback = (host: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host);

const isAddress = (host: string) => /^\d+(\.\d+){3}$|^\[.*\]$|^\d+$/.test(host);

/** The host as it is written; browsers read 2130706433 as 127.0.0.1, and Go's parser does not. */
const writtenHost = (target: string): string =>
  /^[\w+.-]+:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^:/?#]*)/.exec(target)?.[1]?.toLowerCase() ?? "";

/** Whether a page's host is a usual name, and written as browsers read it. */
const isUsual = ({ protocol, hostname }: URL, written: string): boolean =>
  !/^https?:$/.test(protocol) ||
  (written === hostname && /^[a-z\d]([a-z\d.-]*[a-z\d])?$|^\[.*\]$/.test(written));

/** Whether the project lets links and providers lead to this address. */
export const isAllowedRedirect = (settings: AuthSettings, target: string): boolean => {
  // Clients strip what browsers do not take for a part of an address, and would then go elsewhere.
  if (target === "" || /[\0- \x7f]/.test(target)) return false;
  const [site, url] = [parsed(settings.site_url), parsed(target)];
  if (!site) return false;
  if (!url && /^https?:/i.test(target)) return false;
  if (url) {
    const host = writtenHost(target);
    if (site.hostname === host && host === url.hostname && site.protocol === url.protocol) {
      if (site.port === url.port || isLoopback(host)) return true;
    }
    if (!isUsual(url, host)) return false;
    // Of addresses this machine's own are always allowed, others never.
    if (isAddress(url.hostname)) return isLoopback(url.hostname);
  }
  const [address = ""] = target.split("#");
  return settings.additional_redirect_urls.some((glob) => patternOf(glob).test(address));
};

/** Where a call's mails and redirects lead back to: what it asks for, if allowed, else the site. */
export const redirectTarget = (
  settings: AuthSettings,
  { request, url }: Pick<Call, "request" | "url">,
): string => {
  const candidates = [
    request.headers.get("redirect_to"),
    url.searchParams.get("redirect_to"),
    request.headers.get("referer"),
  ];
  return candidates.find((one) => one && isAllowedRedirect(settings, one)) ?? settings.site_url;
};
