/** The part of config.toml's `[storage]` that Storage acts on; sizes as `50MiB`. */
export interface StorageSettings {
  file_size_limit: string;
  buckets: Record<
    string,
    {
      public: boolean;
      file_size_limit?: string | undefined;
      allowed_mime_types?: string[] | undefined;
      /** Files to store at the start, relative to the project's `supabase/` folder. */
      objects_path?: string | undefined;
    }
  >;
}

const units: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  kib: 1024,
  mb: 1e6,
  mib: 1024 ** 2,
  gb: 1e9,
  gib: 1024 ** 3,
};

/** Bytes of a size such as `50MiB` or `500KB`; throws a `RangeError` that names a wrong one. */
export const parseSize = (text: string): number => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = units[(unit || "b").toLowerCase()];
  if (!amount || !factor) throw new RangeError(`"${text}" is not a size such as 50MiB.`);
  return Math.floor(Number(amount) * factor);
};
