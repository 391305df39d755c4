import { z } from "zod";

/** Body of every failed answer of a function: `application/problem+json` (RFC 9457). */
export const ProblemBody = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  /** Stable; the same codes that SQL commands raise as `message`. */
  code: z.string(),
  detail: z.string().optional(),
  details: z.record(z.string(), z.unknown()),
  request_id: z.string(),
});
export type ProblemBody = z.infer<typeof ProblemBody>;
