import { Agent, request } from "node:http";

export interface HttpCall {
  method?: "GET" | "POST";
  path: string;
  headers: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
}

export interface HttpAnswer {
  status: number;
  body: string;
}

export interface HttpClient {
  send(call: HttpCall): Promise<HttpAnswer>;
  close(): void;
}

/** A bare HTTP client over a fixed number of kept-alive connections. */
export const httpClient = (base: string, connections: number): HttpClient => {
  const { hostname, port } = new URL(base);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    send: ({ method = "GET", path, headers, body }) =>
      new Promise((resolve, reject) => {
        const payload = body === undefined ? undefined : JSON.stringify(body);
        const sent = request(
          {
            hostname,
            port,
            path,
            method,
            agent,
            headers: {
              ...headers,
              ...(payload === undefined
                ? {}
                : {
                    "content-type": "application/json",
                    "content-length": Buffer.byteLength(payload),
                  }),
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on("data", (chunk: Buffer) => chunks.push(chunk));
            response.on("error", reject);
            response.on("end", () =>
              resolve({
                status: response.statusCode ?? 0,
                body: Buffer.concat(chunks).toString("utf8"),
              }),
            );
          },
        );
        sent.setTimeout(60_000, () => sent.destroy(new Error("no answer within a minute")));
        sent.on("error", reject);
        sent.end(payload);
      }),
    close: () => agent.destroy(),
  };
};
