import type { OAuthSandbox } from "./oauth/sandbox.ts";
import type { Peer, StripeSandbox } from "./stripe/sandbox.ts";

/** All sandbox providers behind one address. */
export const createSandbox =
  ({ oauth, stripe }: { oauth: OAuthSandbox; stripe: StripeSandbox }) =>
  (request: Request, peer?: Peer | string): Promise<Response> =>
    new URL(request.url).pathname.startsWith("/oauth/")
      ? oauth.fetch(request)
      : stripe.fetch(request, peer);
