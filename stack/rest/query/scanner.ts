import { type RestError, restError } from "../rest-error.ts";

/** A field's name: letters of any script, digits, and what PostgREST allows beside them. */
const bareName = /(?:[\p{L}\p{N}_ $]|-(?!>))+/uy;

/** What PostgREST's parser calls a name, in its messages. */
export const nameLabel = "field name (* or [a..z0..9_$])";

/**
 * Walks over one parameter of the query string; every failure names the parameter, the place, and
 * what could have stood there, in the words of PostgREST's parser.
 */
export class Scanner {
  at = 0;
  /** What could have gone on where the last thing ended: a bare name by another letter. */
  #open: { at: number; expecting: readonly string[] } = { at: -1, expecting: [] };

  /**
   * `what` is how PostgREST calls the parameter in its messages, e.g. `select parameter`; `ahead`
   * how many characters its parser sees before the text.
   */
  constructor(
    readonly text: string,
    readonly what: string,
    readonly ahead = 0,
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

  expect(expected: string, label = `"${expected}"`): void {
    if (!this.take(expected)) throw this.failure([label]);
  }

  /** Takes what a sticky expression matches here. */
  match(expression: RegExp): string | undefined {
    expression.lastIndex = this.at;
    const [found] = expression.exec(this.text) ?? [];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  /** Whether a sticky expression matches here. */
  looksAt(expression: RegExp): boolean {
    expression.lastIndex = this.at;
    return expression.test(this.text);
  }

  skipBlanks(): void {
    this.match(/[ \t]+/y);
  }

  /** What may follow here beside that which the next failure names. */
  allow(...expecting: readonly string[]): void {
    const before = this.#open.at === this.at ? this.#open.expecting : [];
    this.#open = { at: this.at, expecting: [...before, ...expecting] };
  }

  /** A bare or double-quoted name. */
  name(labels: readonly string[] = [nameLabel]): string {
    if (this.startsWith('"')) return this.quoted();
    const found = this.match(bareName)?.trim();
    if (!found) throw this.failure(labels);
    this.allow("letter", "digit", '"-"');
    return found;
  }

  /** A double-quoted text in which backslash escapes the next character. */
  quoted(): string {
    const found = this.match(/"(?:[^"\\]|\\.)*"/sy);
    if (found === undefined) {
      this.at = this.text.length;
      throw this.failure(['"\\\\"', '"\\""']);
    }
    return unquoted(found);
  }

  /** A quoted text where it is the whole value, up to a comma or a parenthesis. */
  quotedValue(): string | undefined {
    const found = this.match(/"(?:[^"\\]|\\.)*"(?=[,)]|$)/sy);
    return found === undefined ? undefined : unquoted(found);
  }

  /** `shown` is the character that did not fit, where that is not the next one. */
  failure(expecting: readonly string[], shown = this.text[this.at]): RestError {
    return this.refusal(shown === undefined ? undefined : JSON.stringify(shown), expecting);
  }

  /** The failure of words: shown is the character where the first of them goes wrong. */
  wordFailure(first: string, expecting: readonly string[]): RestError {
    return this.failure(expecting, this.text[this.at + sharedLength(first, this.text, this.at)]);
  }

  /** The failure where the end was possible: the parser then shows the character otherwise. */
  failureBeforeEnd(expecting: readonly string[]): RestError {
    return this.refusal(`'${this.text[this.at]}'`, [...expecting, "end of input"]);
  }

  private refusal(found = "end of input", expecting: readonly string[]): RestError {
    const open = this.#open.at === this.at ? this.#open.expecting : [];
    const all = [...open, ...expecting];
    const last = all.pop();
    return restError(
      400,
      "PGRST100",
      `"failed to parse ${this.what} (${this.text})" (line 1, column ${this.ahead + this.at + 1})`,
      `unexpected ${found} expecting ${all.length > 0 ? `${all.join(", ")} or ` : ""}${last}`,
    );
  }
}

/** How much of a word the text has at a place. */
export const sharedLength = (word: string, text: string, at: number): number => {
  let length = 0;
  while (length < word.length && text[at + length] === word[length]) length++;
  return length;
};

const unquoted = (text: string) => text.slice(1, -1).replace(/\\(.)/gs, "$1");
