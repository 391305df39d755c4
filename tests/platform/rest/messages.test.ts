import { describe, expect, test } from "vitest";
import { ask } from "./http.ts";

/** What cannot be parsed, in the words of PostgREST's parser (its QuerySpec, JsonOperatorSpec, AndOrParamsSpec, InsertSpec). */
const name = "field name (* or [a..z0..9_$])";

describe("what cannot be parsed", () => {
  test.each([
    ["id=1", "filter (1)", 1, 'unexpected "1" expecting "not" or operator (eq, gt, ...)'],
    ["id=", "filter ()", 1, 'unexpected end of input expecting "not" or operator (eq, gt, ...)'],
    ["id=eqq.1", "filter (eqq.1)", 3, 'unexpected "q" expecting operator (eq, gt, ...)'],
    ["id=eq().1", "filter (eq().1)", 4, 'unexpected ")" expecting operator (eq, gt, ...)'],
    ["id=fts().1", "filter (fts().1)", 5, 'unexpected ")" expecting operator (eq, gt, ...)'],
    ["id=is().1", "filter (is().1)", 3, 'unexpected "(" expecting operator (eq, gt, ...)'],
    [
      "id=is.not.null",
      "filter (is.not.null)",
      7,
      'unexpected "." expecting isVal: (null, not_null, true, false, unknown)',
    ],
    [
      "id=is.nul",
      "filter (is.nul)",
      7,
      "unexpected end of input expecting isVal: (null, not_null, true, false, unknown)",
    ],
    [
      "order=id.ac",
      "order (id.ac)",
      4,
      'unexpected "c" expecting "asc", "desc", "nullsfirst" or "nullslast"',
    ],
    [
      "order=id.descc",
      "order (id.descc)",
      8,
      "unexpected 'c' expecting delimiter (.), \",\" or end of input",
    ],
    [
      "order=id.nulsfist",
      "order (id.nulsfist)",
      4,
      'unexpected "n" expecting "asc", "desc", "nullsfirst" or "nullslast"',
    ],
    [
      "order=id.nullslasttt",
      "order (id.nullslasttt)",
      13,
      "unexpected 't' expecting \",\" or end of input",
    ],
    [
      "order=id.asc.nlsfst",
      "order (id.asc.nlsfst)",
      8,
      'unexpected "l" expecting "nullsfirst" or "nullslast"',
    ],
    [
      "order=id.asc.nullslasttt",
      "order (id.asc.nullslasttt)",
      17,
      "unexpected 't' expecting \",\" or end of input",
    ],
    [
      "or=()",
      "logic tree (())",
      4,
      `unexpected ")" expecting ${name}, negation operator (not) or logic operator (and, or)`,
    ],
    ["or=)(", "logic tree ()()", 3, 'unexpected ")" expecting "("'],
    [
      "or=(id.in.1,2,id.eq.3)",
      "logic tree ((id.in.1,2,id.eq.3))",
      10,
      'unexpected "1" expecting "("',
    ],
    ["columns=", "columns parameter ()", 1, `unexpected end of input expecting ${name}`],
    ["on_conflict=", "on_conflict parameter ()", 1, `unexpected end of input expecting ${name}`],
    ["order=", "order ()", 1, `unexpected end of input expecting ${name}`],
    [
      "select=details->>--34",
      "select parameter (details->>--34)",
      12,
      'unexpected "-" expecting digit',
    ],
    [
      "select=details->(a",
      "select parameter (details->(a)",
      10,
      'unexpected "(" expecting "-", digit or any non reserved character different from: .,>()',
    ],
    [
      "select=id,tags(label[])",
      "select parameter (id,tags(label[]))",
      14,
      'unexpected \'[\' expecting letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input',
    ],
    [
      "select=id::",
      "select parameter (id::)",
      5,
      "unexpected end of input expecting letter or digit",
    ],
  ])("%s", async (query, what, column, details) => {
    const response = await ask(`books?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      code: "PGRST100",
      message: `"failed to parse ${what}" (line 1, column ${column})`,
      details,
      hint: null,
    });
  });
});

describe("what is parsed all the same", () => {
  test.each([
    [
      "blanks in a tree",
      "and=( and ( id.in.( 1, 2, 3 ) , id.eq.3 ) , or ( id.eq.2 , id.eq.3 ) )",
      [3],
    ],
    ["a parenthesis too many", "and=(id.eq.1,id.neq.2))", [1]],
    ["a list of nothing", "id=in.()", []],
    ["a list of blanks", "id=in.(   )", []],
    ["a negation before the path", "select=id,tags!inner()&not.tags.or=(id.gt.1)", [1, 4, 5]],
    ["truth in capitals", "in_print=is.UnKnOwN", [4]],
    ["an order twice: the first counts", "order=id.desc&order=id.asc", [5, 4, 3, 2, 1]],
    ["a negative offset", "offset=-4", [1, 2, 3, 4, 5]],
    ["a limit that is no number", "limit=few", [1, 2, 3, 4, 5]],
    ["a name with a quote", 'title=in.(")', []],
    ["a quote within a value", 'title=in.(Copper"x",Drift)', [4]],
  ])("%s", async (_name, query, ids) => {
    const select = query.includes("select=") ? "" : "select=id&";
    const order = query.includes("order=") ? "" : "&order=id";
    const response = await ask(`books?${select}${query}${order}`);
    const rows = await response.json();
    expect(rows).toEqual(ids.map((id) => ({ id })));
  });
});
