import { beforeEach, describe, expect, test } from "vitest";
import { createMail, type MailService } from "../../../stack/mail/mail.ts";

let mail: MailService;

beforeEach(async () => {
  mail = createMail(3);
  await mail.deliver({ to: "ada@example.test", subject: "Order SM-1", text: "It is on its way." });
  await mail.deliver({
    to: "bo@example.test",
    subject: "Reset Your Password",
    html: "<style>p{}</style><p>Follow <a href='http://127.0.0.1/x'>this &lt;link&gt;</a></p>",
  });
});

const ask = (path: string, init?: RequestInit) =>
  mail.fetch(new Request(`http://127.0.0.1:54324${path}`, init));

const json = async (path: string, init?: RequestInit): Promise<unknown> =>
  (await ask(path, init)).json();

describe("Mailpit's API", () => {
  test("the list shows the newest mail first and counts what is unread", async () => {
    expect(await json("/api/v1/messages")).toMatchObject({
      total: 2,
      unread: 2,
      messages_count: 2,
      messages: [
        { Subject: "Reset Your Password", To: [{ Address: "bo@example.test" }], Read: false },
        { Subject: "Order SM-1", Snippet: "It is on its way." },
      ],
    });
    expect(await json("/api/v1/messages?limit=1&start=1")).toMatchObject({
      count: 1,
      messages: [{ Subject: "Order SM-1" }],
    });
  });

  test("a message has both bodies, and reading it marks it read", async () => {
    expect(await json("/api/v1/message/latest")).toMatchObject({
      Subject: "Reset Your Password",
      HTML: expect.stringContaining("<p>Follow"),
      Text: "Follow this &lt;link&gt;",
    });
    expect(await json("/api/v1/search?query=is:unread")).toMatchObject({ messages_count: 1 });
    expect((await ask("/api/v1/message/none")).status).toBe(404);
  });

  test.each([
    ["to:ada@example.test", 1],
    ["from:no-reply", 2],
    ['subject:"your password"', 1],
    ["password follow", 1],
    ["-to:ada@example.test", 1],
    ["to:ada@example.test password", 0],
    ["", 2],
  ])("search %s finds %i", async (query, count) => {
    const path = `/api/v1/search?query=${encodeURIComponent(query)}`;
    expect(await json(path)).toMatchObject({ messages_count: count, total: 2 });
  });

  test("programs can send, to several people at once", async () => {
    const sent = await ask("/api/v1/send", {
      method: "POST",
      body: JSON.stringify({
        From: { Email: "shop@example.test", Name: "Shop" },
        To: [{ Email: "cy@example.test" }, { Email: "di@example.test" }],
        Subject: "Hello",
        Text: "There",
      }),
    });
    expect(sent.status).toBe(200);
    expect(await json("/api/v1/search?query=from:shop@example.test")).toMatchObject({
      messages_count: 2,
    });
  });

  test.each(["not json", JSON.stringify({ From: { Email: "no address" }, To: [] })])(
    "what cannot be sent is refused: %s",
    async (body) => {
      expect((await ask("/api/v1/send", { method: "POST", body })).status).toBe(400);
      expect(await json("/api/v1/messages")).toMatchObject({ total: 2 });
    },
  );

  test("deleting takes the named mails, or all", async () => {
    const [first] = await ids();
    await ask("/api/v1/messages", { method: "DELETE", body: JSON.stringify({ IDs: [first] }) });
    expect(await json("/api/v1/messages")).toMatchObject({ total: 1 });
    await ask("/api/v1/messages", { method: "DELETE" });
    expect(await json("/api/v1/messages")).toMatchObject({ total: 0 });
  });

  test("a full inbox forgets the oldest mail", async () => {
    for (const subject of ["three", "four"]) await mail.deliver({ to: "x@y.test", subject });
    expect(await json("/api/v1/messages")).toMatchObject({
      total: 3,
      messages: [{ Subject: "four" }, { Subject: "three" }, { Subject: "Reset Your Password" }],
    });
  });
});

const ids = async (): Promise<string[]> => {
  const page = await (await ask("/")).text();
  return [...page.matchAll(/\/message\/(\w+)/g)].map(([, id]) => id ?? "");
};

describe("the inbox page", () => {
  test("it lists the mails and shows one in a frame without rights", async () => {
    await mail.deliver({ to: "eve@example.test", subject: "<script>alert(1)</script>" });
    const page = await (await ask("/")).text();
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).not.toContain("<script");

    const [, reset] = await ids();
    const message = await (await ask(`/message/${reset}`)).text();
    expect(message).toContain(`src="/view/${reset}.html"`);
    expect(message).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
    const view = await ask(`/view/${reset}.html`);
    expect(view.headers.get("content-security-policy")).toMatch(/^sandbox .*default-src 'none'/);
    expect(await view.text()).toContain("<p>Follow");
  });

  test("another site's page can neither read nor send", async () => {
    const foreign = { origin: "https://evil.example" };
    expect((await ask("/api/v1/messages", { headers: foreign })).status).toBe(403);
    const rebound = new Request("http://evil.example:54324/api/v1/messages");
    expect((await mail.fetch(rebound)).status).toBe(403);
    const remote = new Request("http://127.0.0.1:54324/");
    expect((await mail.fetch(remote, "192.168.1.20")).status).toBe(403);
    expect((await mail.fetch(remote, "::ffff:127.0.0.1")).status).toBe(200);
  });
});
