import type { Call } from "./router.ts";
import type { AuthSettings } from "./settings.ts";

const special = /[.*+?^${}()|[\]\\/]/;

/**
 * An entry of `additional_redirect_urls` as an expression: `*` stands for anything but the
 * separators `.` and `/`, `**` for anything, `?` for one character that is no separator.
 */
const patternOf = (glob: string): RegExp => {
  const parts = glob.match(/\*\*|[\s\S]/g) ?? [];
  const source = parts.map((part) => {
    if (part === "**") return ".*";
    if (part === "*") return "[^./]*";
    if (part === "?") return "[^./]";
    return special.test(part) ? `\\${part}` : part;
  });
  return new RegExp(`^${source.join("")}$`, "s");
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

/** Whether the project lets links and providers lead to this address. */
export const isAllowedRedirect = (settings: AuthSettings, target: string): boolean => {
  // Clients strip what browsers do not take for a part of an address, and would then go elsewhere.
  if (target === "" || /[\0- \x7f]/.test(target)) return false;
  const [site, url] = [parsed(settings.site_url), parsed(target)];
  if (!site) return false;
  if (!url && /^https?:/i.test(target)) return false;
  if (url && site.hostname === url.hostname && site.protocol === url.protocol) {
    if (site.port === url.port || isLoopback(url.hostname)) return true;
  }
  if (url && isAddress(url.hostname) && !isLoopback(url.hostname)) return false;
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
