import type { Operation } from "../query/filter.ts";

/** An operation that compares with a value of the request. */
export type Operand = Exclude<Operation, { kind: "is" }>;

/** An SQL statement in the making: its text refers to the values by `$1 …`. */
export class Statement {
  /** Texts, and operations that have one. */
  readonly bound: (string | Operand)[] = [];

  /** PostgreSQL infers the value's type from where it stands. */
  bind(value: string | Operand): string {
    this.bound.push(value);
    return `$${this.bound.length}`;
  }

  get values(): string[] {
    return this.bound.map((value) => (typeof value === "string" ? value : operandText(value)));
  }
}

/** The value as PostgreSQL reads it. */
export const operandText = (operand: Operand): string => {
  if (operand.kind === "in") return arrayLiteral(operand.values);
  const isPattern =
    operand.kind === "compare" && (operand.operator === "like" || operand.operator === "ilike");
  return isPattern ? operand.value.replaceAll("*", "%") : operand.value;
};

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const qualified = ({ schema, name }: { schema: string; name: string }): string =>
  `${identifier(schema)}.${identifier(name)}`;

/** Values as PostgreSQL's array input reads them. */
export const arrayLiteral = (values: readonly string[]): string =>
  `{${values.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
