/** An application that the provider knows. */
export interface Client {
  id: string;
  secret: string;
  /** The only addresses that a browser is sent back to; compared letter by letter. */
  redirectUris: readonly string[];
}

/** Client id and secret as a token request carries them, in a Basic header or in the form. */
export const credentialsOf = (
  request: Request,
  form: URLSearchParams,
): { id: string | null; secret: string | null } => {
  const [, encoded] = /^Basic\s+(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (encoded === undefined)
    return { id: form.get("client_id"), secret: form.get("client_secret") };
  const [id = "", ...secret] = Buffer.from(encoded, "base64").toString().split(":");
  // RFC 6749, 2.3.1: both are form-encoded before they are joined.
  const [plainId, plainSecret] = [id, secret.join(":")].map((part) =>
    new URLSearchParams(`part=${part}`).get("part"),
  );
  return { id: plainId ?? null, secret: plainSecret ?? null };
};
