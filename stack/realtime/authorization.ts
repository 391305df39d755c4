import { z } from "zod";
import type { Database } from "../database/database.ts";
import type { Access } from "./access.ts";

/** What a policy on `realtime.messages` can tell apart by the column of this name. */
export type Extension = "broadcast" | "presence";

export interface Question {
  access: Access;
  /** Without the client's `realtime:`. */
  topic: string;
  /** The `x-…` headers of the caller's request, for policies that read `request.headers`. */
  headers: Record<string, string>;
  read: readonly Extension[];
  write: readonly Extension[];
}

export interface Answer {
  readable: ReadonlySet<string>;
  writable: ReadonlySet<string>;
  /** Why nothing is allowed, when a policy failed rather than said no. */
  problem: string | null;
}

export interface Authorization {
  /** What the policies on `realtime.messages` allow; rejects when the database cannot say. */
  ask(question: Question): Promise<Answer>;
}

interface Pending {
  /** Equal questions have equal text and share an answer. */
  text: string;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

const batchSize = 50;

const Rows = z.array(
  z.object({
    readable: z.array(z.string()),
    writable: z.array(z.string()),
    problem: z.string().nullable(),
  }),
);

const statement = `
  select a.readable, a.writable, a.problem
  from jsonb_array_elements($1::text::jsonb) with ordinality as q (question, position)
  cross join lateral realtime.authorize(
    q.question ->> 'role', q.question ->> 'topic', q.question ->> 'claims',
    q.question ->> 'headers',
    array(select jsonb_array_elements_text(q.question -> 'read')),
    array(select jsonb_array_elements_text(q.question -> 'write'))
  ) as a
  order by q.position`;

/**
 * Asks the policies in batches: questions that arrive while others are being answered go together
 * in the next transaction, which is what makes a thousand joins at once cheap.
 */
export const createAuthorization = (database: Database): Authorization => {
  const waiting: Pending[] = [];
  let runners = 0;
  const maximumRunners = database.kind === "pglite" ? 1 : 4;

  const query = (texts: readonly string[]): Promise<Answer[]> =>
    database.rehearse(
      async (session) => {
        const { rows } = await session.query(statement, [`[${texts.join(",")}]`]);
        return Rows.parse(rows).map(({ readable, writable, problem }) => ({
          readable: new Set(readable),
          writable: new Set(writable),
          problem,
        }));
      },
      { statement_timeout: "5s" },
    );

  const answer = async (batch: readonly Pending[]): Promise<void> => {
    const texts = [...new Set(batch.map((pending) => pending.text))];
    try {
      const answers = await query(texts);
      for (const pending of batch) {
        const found = answers[texts.indexOf(pending.text)];
        if (found) pending.resolve(found);
        else pending.reject(new Error("The database gave no answer on a topic's policies."));
      }
    } catch (error) {
      if (texts.length === 1) for (const pending of batch) pending.reject(error);
      // A policy that runs into the timeout ends the transaction of everyone it was batched with.
      else for (const text of texts) await answer(batch.filter((each) => each.text === text));
    }
  };

  const run = async () => {
    runners++;
    while (waiting.length > 0) await answer(waiting.splice(0, batchSize));
    runners--;
  };

  return {
    ask: ({ access, topic, headers, read, write }) =>
      new Promise((resolve, reject) => {
        const text = JSON.stringify({
          role: access.role,
          topic,
          claims: JSON.stringify(access.claims),
          headers: JSON.stringify(headers),
          read,
          write,
        });
        waiting.push({ text, resolve, reject });
        // Later in this turn of the event loop, so that joins read from many sockets go together.
        if (runners < maximumRunners) setImmediate(() => runners < maximumRunners && void run());
      }),
  };
};
