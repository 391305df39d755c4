import { randomUUID } from "node:crypto";
import type { Mail } from "./message.ts";

/** A delivered mail as the inbox keeps it. */
export interface Kept {
  id: string;
  to: string;
  from: { name: string; address: string };
  subject: string;
  text: string;
  html: string;
  receivedAt: Date;
  read: boolean;
  /** Bytes of subject and both bodies. */
  size: number;
}

export interface Inbox {
  deliver(mail: Mail): Promise<Kept>;
  /** Newest first. */
  all(): Kept[];
  find(id: string): Kept | undefined;
  /** Deletes these mails, or all when none are named. */
  remove(ids?: readonly string[]): void;
}

const sender = { name: "Supamarket", address: "no-reply@supamarket.test" };

const textOf = (html: string) =>
  html
    .replace(/<(style|script)\b[\s\S]*?<\/\1>/gi, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ")
    .trim();

/** Keeps the newest mails in memory; nothing is ever sent anywhere. */
export const createInbox = (limit = 500): Inbox => {
  const mails = new Map<string, Kept>();

  return {
    deliver: async (mail) => {
      const html = mail.html ?? "";
      const text = mail.text ?? textOf(html);
      const kept: Kept = {
        id: randomUUID().replaceAll("-", "").slice(0, 22),
        to: mail.to,
        from: mail.from ?? sender,
        subject: mail.subject,
        text,
        html,
        receivedAt: new Date(),
        read: false,
        size: Buffer.byteLength(mail.subject) + Buffer.byteLength(text) + Buffer.byteLength(html),
      };
      mails.set(kept.id, kept);
      const [oldest] = mails.keys();
      if (mails.size > limit && oldest !== undefined) mails.delete(oldest);
      return kept;
    },
    all: () => [...mails.values()].reverse(),
    find: (id) => (id === "latest" ? [...mails.values()].at(-1) : mails.get(id)),
    remove: (ids) => {
      if (!ids || ids.length === 0) mails.clear();
      for (const id of ids ?? []) mails.delete(id);
    },
  };
};
