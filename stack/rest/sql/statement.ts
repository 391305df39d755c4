/** An SQL statement in the making: its text refers to the values by `$1 …`. */
export class Statement {
  readonly values: string[] = [];

  /** PostgreSQL infers the value's type from where it stands. */
  bind(value: string): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const qualified = ({ schema, name }: { schema: string; name: string }): string =>
  `${identifier(schema)}.${identifier(name)}`;

/** Values as PostgreSQL's array input reads them. */
export const arrayLiteral = (values: readonly string[]): string =>
  `{${values.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
