const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

/** The outcome of a file operation, or null when the file is not there. */
export const ignoringMissing = async <T>(operation: Promise<T>): Promise<T | null> => {
  try {
    return await operation;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};
