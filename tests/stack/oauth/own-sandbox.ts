import { createServer } from "node:http";
import { closeServer, listenerOf, listenOn } from "../../../stack/listen.ts";
import {
  createOAuthSandbox,
  type OAuthSandbox,
  oauthSandboxClients,
} from "../../../stack/sandbox/oauth/sandbox.ts";

export const clients = oauthSandboxClients;

/** The one address that providers of these tests send browsers back to. */
export const callback = "http://127.0.0.1:54321/auth/v1/callback";

export interface RunningSandbox {
  url: string;
  stop(): Promise<void>;
}

/** The providers on a port of their own. */
export const startSandbox = async (): Promise<RunningSandbox> => {
  let sandbox: OAuthSandbox | undefined;
  const server = createServer(
    listenerOf(async (request) => sandbox?.fetch(request) ?? new Response(null, { status: 503 })),
  );
  await listenOn(server, 0);
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("The sandbox has no port");
  const url = `http://127.0.0.1:${address.port}`;
  sandbox = createOAuthSandbox({ publicUrl: url, redirectUris: [callback] });
  return { url, stop: () => closeServer(server) };
};

/** Posts a form and goes nowhere. */
export const post = (url: string | URL, fields: Record<string, string>, headers = {}) =>
  fetch(url, {
    method: "POST",
    headers,
    body: new URLSearchParams(fields),
    redirect: "manual",
  });

/** Where a response sends the browser. */
export const target = (response: Response): URL =>
  new URL(response.headers.get("location") ?? "about:blank");
