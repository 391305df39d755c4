/** Answers that come from the platform instead of a function: codes and words as Supabase has them. */
const answers = {
  NOT_FOUND: [404, "Requested function was not found"],
  UNAUTHORIZED_NO_AUTH_HEADER: [401, "Missing authorization header"],
  UNAUTHORIZED_INVALID_JWT_FORMAT: [401, "Invalid JWT"],
  UNAUTHORIZED_LEGACY_JWT: [401, "Invalid JWT"],
  UNAUTHORIZED_ASYMMETRIC_JWT: [401, "Invalid JWT"],
  UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM: [401, "Unsupported JWT algorithm"],
  WORKER_ERROR: [502, "Function exited due to an error (please check logs)"],
  BOOT_ERROR: [503, "Function failed to start (please check logs)"],
  IDLE_TIMEOUT: [504, "The request reached the time limit of functions"],
  WORKER_LIMIT: [
    546,
    "Function failed due to not having enough compute resources (please check logs)",
  ],
} as const;

export type AnswerCode = keyof typeof answers;

export const platformAnswer = (code: AnswerCode, name?: string): Response => {
  const [status, message] = answers[code];
  return Response.json(
    { code, message, ...(name ? { function: name } : {}) },
    {
      status,
      headers: {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "sb-error-code",
        "sb-error-code": code,
      },
    },
  );
};
