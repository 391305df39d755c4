import { describe, expect, test } from "vitest";
import { type Asked, ask, json, secret, serviceClient14, unique } from "./http.ts";

/** What PostgREST's own specs say of status, headers and body, request by request. */
interface Case extends Asked {
  prefer?: string;
  accept?: string;
  status?: number;
  /** Headers of the answer; null where there must be none. */
  gives?: Record<string, string | null>;
  body?: string;
  /** The answer: JSON, or part of an object. */
  answer?: unknown;
}

const check = (cases: Record<string, [path: string, expected: Case]>) =>
  test.each(Object.entries(cases))("%s", async (_name, [path, expected]) => {
    const { prefer, accept, status = 200, gives = {}, answer, headers, ...init } = expected;
    const response = await ask(path, {
      key: secret(),
      ...init,
      headers: {
        ...(init.body !== undefined && { "content-type": "application/json" }),
        ...(prefer !== undefined && { prefer }),
        ...(accept !== undefined && { accept }),
        ...headers,
      },
    });
    const text = await response.text();
    expect({ status: response.status, text }).toMatchObject({ status });
    for (const [name, value] of Object.entries(gives)) {
      expect(`${name}: ${response.headers.get(name)}`).toBe(`${name}: ${value}`);
    }
    if (answer !== undefined) {
      const given: unknown = text === "" ? "" : JSON.parse(text);
      if (typeof answer !== "object" || Array.isArray(answer)) expect(given).toEqual(answer);
      else expect(given).toMatchObject(Object(answer));
    }
  });

const post = { method: "POST" } as const;
const patch = { method: "PATCH" } as const;
const object = "application/vnd.pgrst.object+json";

describe("ranges (RangeSpec, RpcSpec)", () => {
  const ids = (...list: number[]) => list.map((id) => ({ id }));
  check({
    "the Range header narrows a limit": [
      "books?select=id&order=id&limit=3",
      { headers: { range: "0-1" }, gives: { "content-range": "0-1/*" }, answer: ids(1, 2) },
    ],
    "and a limit narrows the Range header": [
      "books?select=id&order=id&limit=1",
      { headers: { range: "0-3" }, gives: { "content-range": "0-0/*" }, answer: ids(1) },
    ],
    "ranges that do not meet": [
      "books?select=id&limit=1",
      { headers: { range: "2-3" }, status: 416, answer: { code: "PGRST103" } },
    ],
    "HEAD knows no Range header": [
      "books?select=id",
      { method: "HEAD", headers: { range: "1-1" }, gives: { "content-range": "0-4/*" } },
    ],
    "nor does a function called by POST": [
      "rpc/count_to",
      { ...post, body: '{"last": 3}', headers: { range: "1-1" }, answer: [1, 2, 3] },
    ],
    "a page past the end says how many there are": [
      "books?offset=100",
      {
        prefer: "count=exact",
        status: 416,
        gives: { "content-range": "*/5" },
        answer: {
          code: "PGRST103",
          message: "Requested range not satisfiable",
          details: "An offset of 100 was requested, but there are only 5 rows.",
        },
      },
    ],
    "a single value counts as one": [
      "rpc/add_up?a=3&b=4",
      { prefer: "count=exact", gives: { "content-range": "0-0/1" } },
    ],
    "nothing found": ["books?id=eq.0", { gives: { "content-range": "*/*" }, answer: [] }],
  });
});

describe("a single object (SingularSpec)", () => {
  const refused = (count: number) => ({
    status: 406,
    gives: { "content-type": "application/json; charset=utf-8" },
    answer: {
      code: "PGRST116",
      message: "Cannot coerce the result to a single JSON object",
      details: `The result contains ${count} rows`,
    },
  });
  check({
    "of no rows": ["books?id=eq.0", { accept: object, ...refused(0) }],
    "of no rows changed, though none are shown": [
      "stock?code=eq.none",
      { ...patch, body: '{"amount": 2}', prefer: "return=minimal", accept: object, ...refused(0) },
    ],
    "of no rows inserted": ["stock", { ...post, body: "[]", accept: object, ...refused(0) }],
    "of no rows deleted": [
      "stock?code=eq.none",
      { method: "DELETE", accept: object, ...refused(0) },
    ],
  });

  test("two rows are not inserted, though none are shown", async () => {
    const code = unique("two");
    const rows = [
      { place: "a", code },
      { place: "b", code },
    ];
    const response = await ask("stock", {
      ...post,
      ...json(rows),
      headers: { "content-type": "application/json", accept: object, prefer: "return=minimal" },
      key: secret(),
    });
    expect(response.status).toBe(406);
    const { data } = await serviceClient14().from("stock").select("code").eq("code", code);
    expect(data).toEqual([]);
  });
});

describe("preferences that were applied (PreferencesSpec, UpsertSpec)", () => {
  const all =
    "max-affected=5, timezone=Asia/Tokyo, handling=strict, count=exact, return=minimal, missing=null, resolution=ignore-duplicates";
  const shared = "count=exact, handling=strict, timezone=Asia/Tokyo";
  check({
    "by a read": ["books", { prefer: all, gives: { "preference-applied": shared } }],
    "by an insert": [
      "stock",
      {
        ...post,
        body: "[]",
        prefer: all,
        status: 201,
        gives: {
          "preference-applied": `resolution=ignore-duplicates, missing=null, return=minimal, ${shared}`,
        },
      },
    ],
    "by an insert without a key": [
      "jottings",
      {
        ...post,
        body: '{"body": "x"}',
        prefer: "resolution=merge-duplicates, return=minimal",
        status: 201,
        gives: { "preference-applied": "return=minimal" },
      },
    ],
    "by an update": [
      "stock?code=eq.none",
      {
        ...patch,
        body: '{"amount": 2}',
        prefer: all,
        status: 204,
        gives: {
          "preference-applied": `missing=null, return=minimal, ${shared}, max-affected=5`,
        },
      },
    ],
    "by a delete": [
      "stock?code=eq.none",
      {
        method: "DELETE",
        prefer: "handling=lenient, max-affected=10",
        status: 204,
        gives: { "preference-applied": "handling=lenient" },
      },
    ],
    "by a call": [
      "rpc/count_to?last=1",
      { prefer: all, gives: { "preference-applied": `${shared}, max-affected=5` } },
    ],
    "the first of two counts": [
      "stock",
      {
        ...post,
        body: "[]",
        prefer: "return=representation, return=minimal",
        status: 201,
        gives: { "preference-applied": "return=representation" },
        answer: [],
      },
    ],
    none: ["books", { gives: { "preference-applied": null } }],
    "a transaction's end is no unknown preference": [
      "books",
      {
        prefer: "handling=strict, tx=rollback",
        gives: { "preference-applied": "handling=strict" },
      },
    ],
  });
});

describe("bodies (InsertSpec, UpdateSpec)", () => {
  const uniform = {
    status: 400,
    answer: { code: "PGRST102", message: "All object keys must match" },
  };
  const broken = { status: 400, answer: { code: "PGRST102", message: "Empty or invalid json" } };
  check({
    "a list of more than objects": ["stock", { ...post, body: '[{"code": "x"}, 1]', ...uniform }],
    "no json": ["stock", { ...post, body: "}{ x = 2", ...broken }],
    "none at all": ["stock", { ...post, body: "", ...broken }],
    "a mere value is no rows": [
      "stock",
      { ...post, body: "3", prefer: "return=representation", status: 201, answer: [] },
    ],
    "blanks around": [
      "stock?select=place",
      {
        ...post,
        body: `\t \n {"place": "blank", "code": "${unique("blank")}"} \r\n`,
        prefer: "return=representation",
        status: 201,
        answer: [{ place: "blank" }],
      },
    ],
    "columns that are none": [
      "stock?columns=helicopter",
      {
        ...post,
        body: "[{}]",
        status: 400,
        answer: {
          code: "PGRST204",
          message: "Could not find the 'helicopter' column of 'stock' in the schema cache",
        },
      },
    ],
    "a content that cannot be read": [
      "stock",
      {
        ...post,
        body: "<x/>",
        headers: { "content-type": "text/xml" },
        status: 400,
        answer: { code: "PGRST102", message: "Content-Type not acceptable: text/xml" },
      },
    ],
    "csv with a line that is too short": [
      "stock",
      {
        ...post,
        body: "place,code\na,b\nc",
        headers: { "content-type": "text/csv" },
        status: 400,
        answer: { code: "PGRST102", message: "All lines must have same number of fields" },
      },
    ],
    "nothing to change, and no filter": [
      "stock",
      {
        ...patch,
        body: "{}",
        status: 204,
        gives: { "content-range": "*/*" },
      },
    ],
    "nothing to change, shown": [
      "stock",
      { ...patch, body: "[]", prefer: "return=representation", answer: [] },
    ],
  });
});

describe("PUT (UpsertSpec)", () => {
  const keysOnly = {
    status: 405,
    answer: {
      code: "PGRST105",
      message: "Filters must include all and only primary key columns with 'eq' operators",
    },
  };
  const put = { method: "PUT", body: '[{"place": "p", "code": "c"}]' } as const;
  check({
    "with part of the key": ["stock?place=eq.p", { ...put, ...keysOnly }],
    "with another operator": ["stock?place=eq.p&code=in.(c)", { ...put, ...keysOnly }],
    "with a tree": ["stock?and=(place.eq.p)&code=eq.c", { ...put, ...keysOnly }],
    "without a key to name": [
      "jottings?page=eq.1",
      { method: "PUT", body: '{"page": 1}', ...keysOnly },
    ],
    "with a limit": [
      "stock?place=eq.p&code=eq.c&limit=1",
      {
        ...put,
        status: 400,
        answer: {
          code: "PGRST114",
          message: "limit/offset querystring parameters are not allowed for PUT",
        },
      },
    ],
    "of another row": [
      "stock?place=eq.p&code=eq.other",
      {
        ...put,
        status: 400,
        answer: {
          code: "PGRST115",
          message: "Payload values do not match URL in primary key column(s)",
          details: null,
        },
      },
    ],
  });

  test("writes the first of several rows, once new and once changed", async () => {
    const code = unique("put");
    const rows = [
      { place: "put", code, amount: 1 },
      { place: "put", code: "second", amount: 2 },
    ];
    const write = () =>
      ask(`stock?place=eq.put&code=eq.${code}&select=amount`, {
        method: "PUT",
        ...json(rows),
        headers: {
          "content-type": "application/json",
          accept: object,
          prefer: "return=representation",
        },
        key: secret(),
      });
    const first = await write();
    expect([first.status, await first.json()]).toEqual([201, { amount: 1 }]);
    expect(first.headers.get("content-range")).toBeNull();
    expect((await write()).status).toBe(200);
  });
});

describe("embeds (EmbedDisambiguationSpec, RelatedQueriesSpec, ComputedRelsSpec, QuerySpec)", () => {
  check({
    "by the column of the key: the table, not a view over it": [
      "book_covers?select=book_id(title)&colour=eq.amber",
      { answer: [{ book_id: { title: "The Amber Tide" } }] },
    ],
    "a hint may be the column that is referred to": [
      "publishers?select=books!id(id)&id=eq.1&books.order=id",
      { answer: [{ books: [{ id: 1 }, { id: 3 }] }] },
    ],
    "an aliased embed is also called by its table": [
      "publishers?select=all:books(id)&id=eq.1&books.order=id.desc&books.id=gt.0",
      { answer: [{ all: [{ id: 3 }, { id: 1 }] }] },
    ],
    "what is not embedded is named, not its path": [
      "publishers?select=books(id,tags(id))&books.tagz.id=eq.1",
      {
        status: 400,
        answer: {
          code: "PGRST108",
          message: "'tagz' is not an embedded resource in this request",
          hint: "Verify that 'tagz' is included in the 'select' query parameter.",
        },
      },
    ],
    "a function stands in for a key under its name": [
      "shelves?select=id,authors(id)&order=id",
      {
        answer: [
          { id: 1, authors: { id: 3 } },
          { id: 2, authors: { id: 4 } },
        ],
      },
    ],
    "and rows are ordered by what it computes": [
      "shelves?select=id,authors(id)&order=authors(id).desc",
      {
        answer: [
          { id: 2, authors: { id: 4 } },
          { id: 1, authors: { id: 3 } },
        ],
      },
    ],
    "but not by what it computes many of": [
      "books?select=id,siblings(id)&order=siblings(id)",
      { status: 400, answer: { code: "PGRST118" } },
    ],
    "a filter on the column that an embed is called by": [
      "book_covers?select=colour,book_id(id)&book_id=eq.3",
      { answer: [{ colour: "copper", book_id: { id: 3 } }] },
    ],
    "empty embeds within empty embeds are not shown": [
      "publishers?select=id,books(tags())&id=eq.1",
      { answer: [{ id: 1 }] },
    ],
    "an embed that there is nothing like": [
      "books?select=id,zzz(*)",
      {
        status: 400,
        answer: {
          code: "PGRST200",
          message: "Could not find a relationship between 'books' and 'zzz' in the schema cache",
          details:
            "Searched for a foreign key relationship between 'books' and 'zzz' in the schema 'public', but no matches were found.",
          hint: null,
        },
      },
    ],
    "an embed with a slip of the pen": [
      "books?select=id,publisherz(*)",
      { status: 400, answer: { hint: "Perhaps you meant 'publishers' instead of 'publisherz'." } },
    ],
    "a key that is none, in a hint": [
      "books?select=id,publishers!space(*)",
      {
        status: 400,
        answer: {
          details:
            "Searched for a foreign key relationship between 'books' and 'publishers' using the hint 'space' in the schema 'public', but no matches were found.",
          hint: null,
        },
      },
    ],
  });
});

describe("functions (RpcSpec)", () => {
  const text = (body: string) => ({ ...post, body, headers: { "content-type": "text/plain" } });
  const form = (body: string) => ({
    ...post,
    body,
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  const missing = (message: string, details: string, hint: string | null) => ({
    status: 404,
    answer: {
      code: "PGRST202",
      message: `Could not find the function public.${message} in the schema cache`,
      details: `Searched for the function public.${details}, but no matches were found in the schema cache.`,
      hint: hint === null ? null : `Perhaps you meant to call the function public.${hint}`,
    },
  });
  check({
    "the first of a list of arguments": [
      "rpc/add_up",
      { ...post, body: '[{"a": 1, "b": 2}, {"a": 4, "b": 6}]', answer: 3 },
    ],
    "no body is no arguments": ["rpc/absent", { ...post, body: "", answer: null }],
    "a form's repeated field for a variadic argument": [
      "rpc/join_words",
      { ...form("words=a&words=b"), answer: "a-b" },
    ],
    "the last of a repeated argument": ["rpc/add_up?a=1&a=5&b=1", { answer: 6 }],
    "GET's arguments with POST": [
      "rpc/add_up?a=1",
      { ...post, body: '{"a": 1}', status: 400, answer: { code: "PGRST100" } },
    ],
    "columns leave out the rest of the body": [
      "rpc/add_up?columns=a",
      { ...post, body: '{"a": 1, "b": 5, "c": 3}', answer: 11 },
    ],
    "a domain over a table's row is that row": [
      "rpc/first_book?select=id,publishers(name)",
      { answer: { id: 1, publishers: { name: "Aldine" } } },
    ],
    "cookies are a setting of their own": [
      "rpc/cookies",
      {
        headers: { cookie: "a=1; b=x=y;c=" },
        answer: { cookies: { a: "1", b: "x=y", c: "" }, header: null },
      },
    ],
    "no cookies": ["rpc/cookies", { answer: { cookies: {}, header: null } }],
    "an embed where the result is no table's row": [
      "rpc/genre_totals?select=genre,books(id)",
      {
        status: 400,
        answer: {
          code: "PGRST200",
          details:
            "Searched for a foreign key relationship between 'genre_totals' and 'books' in the schema 'public', but no matches were found.",
        },
      },
    ],
    "an unknown one without arguments": [
      "rpc/add_u",
      missing("add_u without parameters", "add_u without parameters", "add_up"),
    ],
    "an unknown one like no other": [
      "rpc/zzzzzz?b=1&a=2",
      missing("zzzzzz(a, b)", "zzzzzz with parameters a, b", null),
    ],
    "one more argument than it has": [
      "rpc/add_up?a=1&b=2&smthelse=x",
      missing("add_up(a, b, smthelse)", "add_up with parameters a, b, smthelse", "add_up(a, b)"),
    ],
    "a text for a function that takes none": [
      "rpc/add_up",
      { ...text("x"), ...missing("add_up", "add_up with a single unnamed text parameter", null) },
    ],
    "a text for a function without arguments": [
      "rpc/absent",
      { ...text("x"), ...missing("absent", "absent with a single unnamed text parameter", null) },
    ],
    "a code that is no status": [
      "rpc/refuse",
      {
        ...post,
        body: '{"code": "PT40A", "message": "Wrong"}',
        status: 500,
        answer: { code: "PT40A" },
      },
    ],
    "the method DELETE": [
      "rpc/add_up",
      {
        method: "DELETE",
        status: 405,
        answer: { code: "PGRST101", message: "Cannot use the DELETE method on RPC" },
      },
    ],
  });
});

describe("an answer that SQL words badly (RpcSpec)", () => {
  const written = async (status: string, headers: string) => {
    const code = unique("worded");
    const response = await ask("rpc/write_and_answer_as", {
      ...post,
      ...json({ code, status, headers }),
      key: secret(),
    });
    const { data } = await serviceClient14().from("stock").select("code").eq("code", code);
    return { response, rows: data?.length };
  };

  test.each<[status: string, headers: string, code: string, message: string]>([
    ["soon", "[]", "PGRST112", "response.status guc must be a valid status code"],
    ...["broken", '{"a": "b"}', '[{"a": "b", "c": "d"}]', '[{"a": 1}]', "[1]"].map(
      (headers): [string, string, string, string] => [
        "200",
        headers,
        "PGRST111",
        "response.headers guc must be a JSON array composed of objects with a single key and a string value",
      ],
    ),
  ])(
    "status %s, headers %s: %s, and nothing is written",
    async (status, headers, code, message) => {
      const { response, rows } = await written(status, headers);
      expect(response.status).toBe(500);
      expect(await response.json()).toEqual({ code, message, details: null, hint: null });
      expect(rows).toBe(0);
    },
  );

  test("its headers take the place of ours, and may come twice", async () => {
    const headers =
      '[{"Content-Range": "1-2/3"}, {"Set-Cookie": "a=\\"1\\"; Path=/"}, { "Set-Cookie" : "b=2" }]';
    const { response, rows } = await written("", headers);
    expect([response.status, rows]).toEqual([200, 1]);
    expect(response.headers.get("content-range")).toBe("1-2/3");
    expect(response.headers.getSetCookie()).toEqual(['a="1"; Path=/', "b=2"]);
  });
});

describe("the methods there are (OptionsSpec)", () => {
  const options = (path: string, allow: string): [string, Case] => [
    path,
    { method: "OPTIONS", gives: { allow } },
  ];
  check({
    "of a table": options("books", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"),
    "of a table without a key": options("jottings", "OPTIONS,GET,HEAD,POST,PATCH,DELETE"),
    "of a view that passes changes on": options("novels", "OPTIONS,GET,HEAD,POST,PATCH,DELETE"),
    "of a view that cannot": options("long_list", "OPTIONS,GET,HEAD"),
    "of a function that may write": options("rpc/clear_stock", "OPTIONS,POST"),
    "of one that does not": options("rpc/books_over", "OPTIONS,GET,HEAD,POST"),
    "of the root": options("", "OPTIONS,GET,HEAD"),
    "of an unknown table": ["nope", { method: "OPTIONS", status: 404 }],
  });
});

describe("places in json (JsonOperatorSpec)", () => {
  const first = (select: string, row: object): [string, Case] => [
    `books?id=eq.1&select=${select}`,
    { answer: [row] },
  ];
  check({
    "an element is named after its column": first("languages->0", { languages: "en" }),
    "or after the key before it": first("details->awards->0", {
      awards: { name: "Lantern", year: 1971 },
    }),
    "counted from the end": first("languages->>-1", { languages: "fr" }),
    "with a cast": first("details->size->>height::numeric", { height: 21.5 }),
    "an arrow after the text": [
      "books?select=details->>pages->1",
      {
        status: 404,
        answer: { code: "42883", message: "operator does not exist: text -> integer" },
      },
    ],
    "in a filter and an order": [
      "books?select=id&details->>pages=gt.2&details->pages=not.eq.null&order=details->pages.desc",
      { answer: [{ id: 1 }, { id: 3 }, { id: 2 }] },
    ],
  });
});

describe("representations (NullsStripSpec, QuerySpec)", () => {
  const stripped = (kind: string) => `application/vnd.pgrst.${kind};nulls=stripped`;
  const givesType = (type: string) => ({ gives: { "content-type": `${type}; charset=utf-8` } });
  check({
    "a list without nulls": [
      "publishers?id=eq.3",
      {
        accept: stripped("array"),
        ...givesType(stripped("array+json")),
        answer: [{ id: 3, name: "Cobalt" }],
      },
    ],
    "an object without nulls": [
      "publishers?id=eq.3",
      {
        accept: stripped("object+json"),
        ...givesType(stripped("object+json")),
        answer: { id: 3, name: "Cobalt" },
      },
    ],
    "the type that is wished most": [
      "tags",
      { accept: "application/json;q=0.5, text/csv;q=0.9", ...givesType("text/csv") },
    ],
    "anything, beside an unknown type": [
      "tags",
      { accept: "text/unknowntype, */*", ...givesType("application/json") },
    ],
    "an unknown type": [
      "tags",
      {
        accept: "text/unknowntype",
        status: 406,
        answer: {
          code: "PGRST107",
          message: "None of these media types are available: text/unknowntype",
        },
      },
    ],
  });
});

describe("schemas (MultipleSchemaSpec)", () => {
  check({
    "the one that was chosen is named": [
      "tags",
      { headers: { "accept-profile": "public" }, gives: { "content-profile": "public" } },
    ],
    "one that is not exposed": [
      "tags",
      {
        headers: { "accept-profile": "private" },
        status: 406,
        answer: { code: "PGRST106", message: "Invalid schema: private" },
      },
    ],
  });
});

describe("hints at tables (ErrorSpec)", () => {
  check({
    "for a slip of the pen": [
      "bookz",
      { status: 404, answer: { hint: "Perhaps you meant the table 'public.books'" } },
    ],
    "but not for a name that is merely alike": [
      "books_of_last_year",
      { status: 404, answer: { code: "PGRST205", hint: null } },
    ],
  });
});
