import { type RestError, restError } from "../rest-error.ts";

/** A field's name: letters of any script, digits, and what PostgREST allows beside them. */
const bareName = /(?:[\p{L}\p{N}_ $]|-(?!>))+/uy;

/** Walks over one parameter of the query string; every failure names the parameter and the place. */
export class Scanner {
  at = 0;

  /** `what` is how PostgREST calls the parameter in its messages, e.g. `select parameter`. */
  constructor(
    readonly text: string,
    readonly what: string,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  startsWith(expected: string): boolean {
    return this.text.startsWith(expected, this.at);
  }

  /** Takes `expected` when it comes next. */
  take(expected: string): boolean {
    if (!this.startsWith(expected)) return false;
    this.at += expected.length;
    return true;
  }

  expect(expected: string): void {
    if (!this.take(expected)) throw this.failure(`expecting "${expected}"`);
  }

  /** Takes what a sticky expression matches here. */
  match(expression: RegExp): string | undefined {
    expression.lastIndex = this.at;
    const [found] = expression.exec(this.text) ?? [];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  /** A bare or double-quoted name. */
  name(): string {
    if (this.startsWith('"')) return this.quoted();
    const found = this.match(bareName)?.trim();
    if (!found) throw this.failure("expecting a field name");
    return found;
  }

  /** A double-quoted text in which backslash escapes the next character. */
  quoted(): string {
    const found = this.match(/"(?:[^"\\]|\\.)*"/sy);
    if (found === undefined) throw this.failure('expecting a closing "');
    return found.slice(1, -1).replace(/\\(.)/gs, "$1");
  }

  failure(expecting: string): RestError {
    const next = this.text[this.at];
    const found = next === undefined ? "unexpected end of input" : `unexpected "${next}"`;
    return restError(
      400,
      "PGRST100",
      `"failed to parse ${this.what} (${this.text})" (line 1, column ${this.at + 1})`,
      `${found} ${expecting}`,
    );
  }
}
