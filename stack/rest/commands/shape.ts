import type { Condition } from "../query/filter.ts";
import type { Query } from "../query/query.ts";
import type { Operand } from "../sql/statement.ts";

/** What a query asks, and apart from it the values that it compares with. */
export interface Shaped {
  /** The same text for queries that differ in those values alone. */
  shape: string;
  operands: Operand[];
}

export const shapeOf = ({ selectText, scopes }: Query): Shaped => {
  const operands: Operand[] = [];
  const levels = [...scopes].map(([path, scope]) => [
    path,
    { ...scope, conditions: withoutValues(scope.conditions, operands) },
  ]);
  return { shape: JSON.stringify([selectText, levels]), operands };
};

const withoutValues = (conditions: readonly Condition[], operands: Operand[]): unknown[] =>
  conditions.map((condition) => {
    if (condition.kind === "logic") {
      return { ...condition, conditions: withoutValues(condition.conditions, operands) };
    }
    const { operation } = condition;
    if (operation.kind === "is") return condition;
    operands.push(operation);
    return { ...condition, operation: { ...operation, value: undefined, values: undefined } };
  });
