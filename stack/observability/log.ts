import { Writable } from "node:stream";
import pino, { type DestinationStream, type Logger } from "pino";
import { z } from "zod";
import { readSettings } from "../settings.ts";
import { reportsTo } from "./error-reports.ts";

export type { Logger } from "pino";

export interface LogSettings {
  level: "silent" | "error" | "warn" | "info" | "debug";
  /** `json`: one object a line, for machines; `line`: one sentence a line, for people. */
  format: "json" | "line";
  /** Where errors are posted besides, as JSON. */
  errorWebhook?: string;
}

const Environment = z.object({
  SUPAMARKET_LOG_LEVEL: z.enum(["silent", "error", "warn", "info", "debug"]).default("info"),
  SUPAMARKET_LOG_FORMAT: z.enum(["json", "line"]).optional(),
  SUPAMARKET_ERROR_WEBHOOK: z.url({ protocol: /^https?$/ }).optional(),
});

/** What the environment asks for, else lines for people at a terminal and JSON for programs. */
export const logSettings = (environment: NodeJS.ProcessEnv, isTerminal: boolean): LogSettings => {
  const settings = readSettings(Environment, environment);
  const format = settings.SUPAMARKET_LOG_FORMAT ?? (isTerminal ? "line" : "json");
  const errorWebhook = settings.SUPAMARKET_ERROR_WEBHOOK;
  return { level: settings.SUPAMARKET_LOG_LEVEL, format, ...(errorWebhook && { errorWebhook }) };
};

/** Never written, wherever they stand in an entry. */
const secrets = ["apikey", "authorization", "token", "password", "secret", "cookie"];

/** Structured logs on stderr, unless another destination is given. */
export const createLog = (
  { level, format, errorWebhook }: LogSettings,
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Logger => {
  const written = format === "json" ? destination : linesFor(destination);
  const streams = errorWebhook
    ? pino.multistream([
        { level: "trace", stream: written },
        { level: "error", stream: reportsTo(errorWebhook) },
      ])
    : written;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), remove: true },
    },
    streams,
  );
};

export const silentLog = (): Logger => pino({ level: "silent" });

const Entry = z.looseObject({
  time: z.string(),
  level: z.string(),
  msg: z.string().default(""),
  err: z.looseObject({ stack: z.string() }).optional().catch(undefined),
});

/** `12:34:56 warn  request failed  request_id=… status=502`, and an error's stack below it. */
const linesFor = (destination: DestinationStream): Writable =>
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      destination.write(`${lineOf(chunk.toString())}\n`);
      done();
    },
  });

const lineOf = (json: string): string => {
  const { time, level, msg, err, ...rest } = Entry.parse(JSON.parse(json));
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${plain(value)}`);
  const mark = level === "info" ? "" : `${level.padEnd(5)} `;
  const line = [`${time.slice(11, 19)} ${mark}${msg}`, ...fields].join("  ");
  return err ? `${line}\n${err.stack}` : line;
};

const plain = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);
