import { expect } from "vitest";
import { z } from "zod";
import { platform } from "./platform.ts";

const Found = z.object({ messages: z.array(z.object({ ID: z.string() })) });
const Message = z.object({ Subject: z.string(), HTML: z.string() });

/** A mail of Auth's, with what its reader acts on. */
export interface AuthMail {
  subject: string;
  html: string;
  /** Empty in mails that carry a code alone. */
  link: string;
  code: string;
}

const ask = async (path: string): Promise<unknown> => {
  const response = await fetch(new URL(path, platform().mailUrl));
  return response.json();
};

const mailsTo = async (address: string) => {
  const query = encodeURIComponent(`to:"${address}"`);
  return Found.parse(await ask(`/api/v1/search?query=${query}`)).messages;
};

export const countMailsTo = async (address: string): Promise<number> =>
  (await mailsTo(address)).length;

const unescaped = (html: string) => html.replaceAll("&amp;", "&");

/** Waits until an address has got this many mails, and reads the newest. */
export const mailTo = async (address: string, count = 1): Promise<AuthMail> => {
  await expect.poll(() => countMailsTo(address)).toBeGreaterThanOrEqual(count);
  const [newest] = await mailsTo(address);
  const { Subject, HTML } = Message.parse(await ask(`/api/v1/message/${newest?.ID}`));
  return {
    subject: Subject,
    html: HTML,
    link: unescaped(/href="([^"]+)"/.exec(HTML)?.[1] ?? ""),
    code: /code: ?(\d{6,10})/.exec(HTML)?.[1] ?? "",
  };
};
