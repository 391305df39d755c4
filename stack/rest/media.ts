import { restError } from "./rest-error.ts";

/** The form of an answer. */
export interface Media {
  kind: "array" | "object" | "csv";
  /** As the answer's Content-Type has it. */
  type: string;
  /** Keys whose value is null are left out. */
  isStripped: boolean;
}

const array: Media = { kind: "array", type: "application/json; charset=utf-8", isStripped: false };

/** The first media type of `Accept` that can be given. */
export const negotiate = (accept: string | null): Media => {
  if (!accept || accept === "*/*" || accept === "application/json") return array;
  const wanted = byQuality(accept);
  for (const one of wanted) {
    const found = mediaOf(one);
    if (found) return found;
  }
  throw restError(406, "PGRST107", `None of these media types are available: ${wanted.join(", ")}`);
};

/** The types as they are wished, `;q=` apart; of equally wished ones the first comes first. */
const byQuality = (accept: string): string[] =>
  accept
    .split(",")
    .map((one) => {
      const [, quality] = /;\s*q=([\d.]+)/i.exec(one) ?? [];
      return { type: one.replace(/;\s*q=[\d.]+/i, "").trim(), quality: Number(quality ?? 1) };
    })
    .sort((one, other) => other.quality - one.quality)
    .map(({ type }) => type);

const mediaOf = (wanted: string): Media | undefined => {
  const [type = "", ...parameters] = wanted.split(";").map((part) => part.trim().toLowerCase());
  const isStripped = parameters.includes("nulls=stripped");
  switch (type) {
    case "*/*":
    case "application/json":
      return array;
    case "application/vnd.pgrst.array+json":
    case "application/vnd.pgrst.array":
      return isStripped
        ? {
            kind: "array",
            type: "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8",
            isStripped,
          }
        : array;
    case "application/vnd.pgrst.object+json":
    case "application/vnd.pgrst.object":
      return {
        kind: "object",
        type: `application/vnd.pgrst.object+json${isStripped ? ";nulls=stripped" : ""}; charset=utf-8`,
        isStripped,
      };
    case "text/csv":
      return { kind: "csv", type: "text/csv; charset=utf-8", isStripped: false };
    default:
      return undefined;
  }
};
