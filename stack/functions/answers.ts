/** Answers that come from the platform instead of a function: codes and words as Supabase has them. */
const answers = {
  NOT_FOUND: [404, "Requested function was not found"],
  UNAUTHORIZED_NO_AUTH_HEADER: [401, "Missing authorization header"],
  UNAUTHORIZED_INVALID_JWT_FORMAT: [401, "Invalid JWT format"],
  UNAUTHORIZED_LEGACY_JWT: [401, "Invalid JWT"],
  UNAUTHORIZED_ASYMMETRIC_JWT: [401, "Invalid JWT"],
  UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM: [401, "Unsupported JWT algorithm"],
  WORKER_ERROR: [500, "Function exited due to an error (please check logs)"],
  INVALID_RESPONSE_STATUS_CODE: [500, "Function answered with a status outside 200 to 599"],
  /** Ours: the process was ended from outside, or the stack stops. */
  WORKER_TERMINATED: [502, "Function was ended before it answered; try again"],
  BOOT_ERROR: [503, "Function failed to start (please check logs)"],
  IDLE_TIMEOUT: [504, "Function did not answer within the time limit (please check logs)"],
  WORKER_RESOURCE_LIMIT: [
    546,
    "Function failed due to not having enough compute resources (please check logs)",
  ],
} as const;

export type AnswerCode = keyof typeof answers;

export interface AnswerDetails {
  /** The function's name. */
  function?: string;
  /** Takes the place of the code's own words. */
  message?: string;
  /** Seconds after which the same request may succeed. */
  retryAfter?: number;
}

export const platformAnswer = (code: AnswerCode, details: AnswerDetails = {}): Response => {
  const [status, words] = answers[code];
  const message = details.message ?? words;
  return Response.json(
    {
      code,
      message,
      // As the CLI's runtime repeats it for older clients.
      ...(status === 401 ? { msg: message } : {}),
      ...(details.function ? { function: details.function } : {}),
    },
    {
      status,
      headers: {
        "access-control-allow-origin": "*",
        "access-control-allow-headers": "authorization, x-client-info, apikey",
        "access-control-expose-headers": "sb-error-code",
        "sb-error-code": code,
        ...(details.retryAfter ? { "retry-after": String(details.retryAfter) } : {}),
      },
    },
  );
};
