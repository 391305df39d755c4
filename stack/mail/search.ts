import type { Kept } from "./inbox.ts";

const fields: Readonly<Record<string, (mail: Kept) => string>> = {
  to: (mail) => mail.to,
  addressed: (mail) => `${mail.to} ${mail.from.address}`,
  from: (mail) => `${mail.from.name} ${mail.from.address}`,
  subject: (mail) => mail.subject,
  is: (mail) => (mail.read ? "read" : "unread"),
};

const everywhere = (mail: Kept) =>
  [mail.to, mail.from.name, mail.from.address, mail.subject, mail.text].join("\n");

/**
 * A test for Mailpit's search language: words that must all occur, `"phrases"`, `to:`, `from:`,
 * `subject:`, `is:read`, and a leading `-` or `!` for what must not.
 */
export const matcher = (query: string): ((mail: Kept) => boolean) => {
  const terms = [...query.matchAll(/([-!]?)(?:(\w+):)?(?:"([^"]*)"|(\S+))/g)].map(
    ([whole, negation, field = "", phrase, word = ""]) => {
      const known = fields[field.toLowerCase()];
      const wanted = (
        known ? (phrase ?? word) : (phrase ?? whole.slice(negation?.length))
      ).toLowerCase();
      const read = known ?? everywhere;
      const exact = field.toLowerCase() === "is";
      return (mail: Kept) => {
        const value = read(mail).toLowerCase();
        return (exact ? value === wanted : value.includes(wanted)) !== Boolean(negation);
      };
    },
  );
  return (mail) => terms.every((term) => term(mail));
};
