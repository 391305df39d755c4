import { z } from "zod";
import { refuseForeign } from "../studio/loopback.ts";
import { createInbox, type Kept } from "./inbox.ts";
import type { Deliver } from "./message.ts";
import { inboxPage, messageDocument, messagePage } from "./page.ts";
import { matcher } from "./search.ts";

export interface MailService {
  /** Puts a mail into the inbox; what Auth and the functions call. */
  deliver: Deliver;
  /** Serves the inbox page and Mailpit's API on a port of its own; `peer` is the client's address. */
  fetch(request: Request, peer?: string): Promise<Response>;
}

const Address = z.looseObject({ Email: z.email(), Name: z.string().default("") });

const Outgoing = z.looseObject({
  From: Address,
  To: z.array(Address).min(1),
  Subject: z.string().default(""),
  Text: z.string().optional(),
  HTML: z.string().optional(),
});

const Selection = z.looseObject({ IDs: z.array(z.string()).default([]) });

const address = (text: string, name = "") => ({ Name: name, Address: text });

const summary = (mail: Kept) => ({
  ID: mail.id,
  MessageID: `${mail.id}@supamarket.test`,
  Read: mail.read,
  From: address(mail.from.address, mail.from.name),
  To: [address(mail.to)],
  Cc: [],
  Bcc: [],
  ReplyTo: [],
  Subject: mail.subject,
  Created: mail.receivedAt.toISOString(),
  Username: "",
  Tags: [],
  Size: mail.size,
  Attachments: 0,
  Snippet: mail.text.replace(/\s+/g, " ").slice(0, 250),
});

const full = (mail: Kept) => ({
  ID: mail.id,
  MessageID: `${mail.id}@supamarket.test`,
  From: address(mail.from.address, mail.from.name),
  To: [address(mail.to)],
  Cc: [],
  Bcc: [],
  ReplyTo: [],
  ReturnPath: mail.from.address,
  Subject: mail.subject,
  ListUnsubscribe: { Header: "", Links: [], Errors: "", HeaderPost: "" },
  Date: mail.receivedAt.toISOString(),
  Tags: [],
  Username: "",
  Text: mail.text,
  HTML: mail.html,
  Size: mail.size,
  Inline: [],
  Attachments: [],
});

const page = (mails: Kept[], matching: Kept[], url: URL) => {
  const start = Math.max(0, Number(url.searchParams.get("start")) || 0);
  const limit = Math.max(0, Number(url.searchParams.get("limit") ?? 50) || 0);
  const shown = matching.slice(start, start + limit);
  return Response.json({
    total: mails.length,
    unread: mails.filter((mail) => !mail.read).length,
    count: shown.length,
    messages_count: matching.length,
    messages_unread: matching.filter((mail) => !mail.read).length,
    start,
    tags: [],
    messages: shown.map(summary),
  });
};

const problem = (status: 400 | 404, message: string) =>
  Response.json({ Error: message }, { status });

/** Pages show mail of any origin: no script, nothing loaded from elsewhere. */
const html = (document: string, policy: string) =>
  new Response(document, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });

const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'";
const mailPolicy =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; " +
  "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/** The inbox that stands in for the outside world's mail, with the part of Mailpit's API that clients use. */
export const createMail = (limit = 500): MailService => {
  const inbox = createInbox(limit);

  const body = async (request: Request): Promise<unknown> => {
    const text = await request.text();
    return text === "" ? {} : JSON.parse(text);
  };

  const send = async (request: Request) => {
    const parsed = Outgoing.safeParse(await body(request));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return problem(400, `${issue?.path.join(".")}: ${issue?.message}`);
    }
    const { From, To, Subject, Text, HTML } = parsed.data;
    let id = "";
    for (const { Email } of To) {
      const kept = await inbox.deliver({
        from: { name: From.Name, address: From.Email },
        to: Email,
        subject: Subject,
        ...(Text !== undefined && { text: Text }),
        ...(HTML !== undefined && { html: HTML }),
      });
      id = kept.id;
    }
    return Response.json({ ID: id });
  };

  const remove = async (request: Request) => {
    const selection = Selection.safeParse(await body(request));
    if (!selection.success) return problem(400, "IDs must be a list of message ids");
    inbox.remove(selection.data.IDs);
    return new Response("ok");
  };

  const showMail = (id: string, show: (mail: Kept) => Response) => {
    const mail = inbox.find(id);
    if (!mail) return problem(404, "message not found");
    mail.read = true;
    return show(mail);
  };

  const route = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const [, area = "", id = ""] = /^\/([\w-]*)\/?([\w-]+)?/.exec(url.pathname) ?? [];
    switch (`${request.method} ${url.pathname}`) {
      case "GET /":
        return html(inboxPage(inbox.all()), pagePolicy);
      case "POST /clear":
        inbox.remove();
        return new Response(null, { status: 303, headers: { location: "/" } });
      case "GET /api/v1/messages":
        return page(inbox.all(), inbox.all(), url);
      case "DELETE /api/v1/messages":
        return remove(request);
      case "GET /api/v1/search": {
        const matches = matcher(url.searchParams.get("query") ?? "");
        return page(inbox.all(), inbox.all().filter(matches), url);
      }
      case "POST /api/v1/send":
        return send(request);
    }
    if (request.method === "GET" && url.pathname.startsWith("/api/v1/message/")) {
      return showMail(url.pathname.slice("/api/v1/message/".length), (mail) =>
        Response.json(full(mail)),
      );
    }
    if (request.method === "GET" && area === "message") {
      return showMail(id, (mail) => html(messagePage(mail), pagePolicy));
    }
    if (request.method === "GET" && area === "view") {
      return showMail(id, (mail) => html(messageDocument(mail), mailPolicy));
    }
    return problem(404, "There is nothing here");
  };

  return {
    deliver: async (mail) => {
      await inbox.deliver(mail);
    },
    fetch: async (request, peer) => {
      const refusal = refuseForeign(request, peer);
      if (refusal) return refusal;
      try {
        return await route(request);
      } catch (error) {
        if (error instanceof SyntaxError) return problem(400, "The body is not valid JSON");
        throw error;
      }
    },
  };
};
