type Headings = Readonly<Record<string, string>>;

/** For whatever is served. */
export const everywhere: Headings = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** Any page may use the API, so it may embed its pictures too; who reads answers, CORS decides. */
const shared: Headings = { ...everywhere, "cross-origin-resource-policy": "cross-origin" };

/** Answers for programs: shown as a page they may do nothing at all. */
export const dataHeaders: Headings = {
  ...shared,
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
};

/** Files of users: may be framed and played, but a script in one never runs in the API's origin. */
export const fileHeaders: Headings = {
  ...shared,
  "content-security-policy": "script-src 'none'; base-uri 'none'; form-action 'none'",
};

/** Functions say themselves what their pages may do. */
export const functionHeaders: Headings = shared;

/** A year; only said to those who came over TLS. */
export const strictTransport = "max-age=31536000";

/** Pages of the stack itself, which others may not frame. */
export const pageHeaders = (policy: string, framing: "DENY" | "SAMEORIGIN" = "DENY"): Headings => ({
  ...everywhere,
  "cross-origin-opener-policy": "same-origin",
  "x-frame-options": framing,
  "content-security-policy": policy,
});

/** The answer with headers that it does not bring itself. */
export const withHeaders = (response: Response, headings: Headings): Response => {
  const answer = withOwnHeaders(response);
  for (const name in headings) {
    const value = headings[name];
    if (value !== undefined && !answer.headers.has(name)) answer.headers.set(name, value);
  }
  return answer;
};

/** The answer itself when its headers can be written to; those of `fetch` and redirects cannot. */
export const withOwnHeaders = (response: Response): Response => {
  try {
    response.headers.delete("x-powered-by");
    return response;
  } catch {
    const { status, statusText, headers, body } = response;
    return new Response(body, { status, statusText, headers: new Headers(headers) });
  }
};
