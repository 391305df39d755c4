/**
 * What a page of ours may do: its own scripts, and the project's API. Uploaded pictures come from
 * the API, previews from memory; a QR code for two factors is a data address.
 */
export const pagePolicy = (apiUrl: string): string => {
  const socketUrl = apiUrl.replace(/^http/, "ws");
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    `img-src 'self' data: blob: ${apiUrl}`,
    `media-src 'self' blob: ${apiUrl}`,
    "font-src 'self'",
    "manifest-src 'self'",
    `connect-src 'self' ${apiUrl} ${socketUrl}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
};
