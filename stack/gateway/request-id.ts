import { randomUUID } from "node:crypto";

const wellFormed = /^[\w.:-]{8,128}$/;

/** The id under which logs, functions and SQL know a request: the client's own, else a new one. */
export const requestIdOf = (headers: Readonly<Record<string, string | string[] | undefined>>) => {
  const given = headers["x-request-id"] ?? headers["sb-request-id"];
  return typeof given === "string" && wellFormed.test(given) ? given : randomUUID();
};
