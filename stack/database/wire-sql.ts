// What the wire server must know of the SQL that passes through it, because PGlite's one session is
// shared by all clients. It reads words, not grammar: literals and comments are taken out first.

const quoted = /\$(\w*)\$[\s\S]*?\$\1\$|'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"/g;

/** The statements with blanks for what stands in quotes and comments, each in its place; quoted names stay. */
export const bare = (sql: string): string =>
  sql.replace(quoted, (text) => (text.startsWith('"') ? text : " ".repeat(text.length)));

export interface CopyIn {
  isBinary: boolean;
}

/** Whether the statements wait for data of the client's, and in which format. */
export const copyInOf = (sql: string): CopyIn | undefined => {
  if (!/\bcopy\b/i.test(sql)) return undefined;
  const [statement] = /(?:^|;)\s*copy\b[^;]*?\bfrom\s+stdin\b[^;]*/i.exec(bare(sql)) ?? [];
  return statement === undefined ? undefined : { isBinary: /\bbinary\b/i.test(statement) };
};

/** Whether the statements end what belongs to every client of the session. */
export const endsForAll = (sql: string): boolean => /\b(unlisten|discard|deallocate)\b/i.test(sql);

/** Whether the statements may make temporary tables. */
export const makesTemporary = (sql: string): boolean => /\btemp(orary)?\b/i.test(sql);

/** Whether the statements may change settings without saying so in their tags. */
export const callsSetConfig = (sql: string): boolean => /\bset_config\b/i.test(sql);

const settingName = /^[a-z_][\w$]*(\.[a-z_][\w$]*)+$/i;

/** Names of custom settings, such as `request.jwt.claims`, that the texts may set. */
export const customSettings = (texts: readonly string[]): string[] => {
  const names = texts.flatMap((text) => {
    if (settingName.test(text)) return [text];
    const calls = text.matchAll(/\bset_config\s*\(\s*'([^']+)'/gi);
    const sets = text.matchAll(/\bset\s+(?:session\s+)?([\w$".]+)\s*(?:=|\bto\b)/gi);
    return [...calls, ...sets].map(([, name = ""]) => name.replaceAll('"', ""));
  });
  return names.filter((name) => settingName.test(name));
};

const channelOf = (name: string): string =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();

/** Channels that the statements listen to. */
export const listensTo = (sql: string): string[] =>
  [...bare(sql).matchAll(/(?:^|;)\s*listen\s+("(?:[^"]|"")+"|[\w$]+)/gi)].map(([, name = ""]) =>
    channelOf(name),
  );

/** Channels that the statements no longer listen to. */
export const unlistens = (sql: string): string[] | "all" => {
  const text = bare(sql);
  if (/(?:^|;)\s*(unlisten\s*\*|discard\s+all\b)/i.test(text)) return "all";
  return [...text.matchAll(/(?:^|;)\s*unlisten\s+("(?:[^"]|"")+"|[\w$]+)/gi)].map(([, name = ""]) =>
    channelOf(name),
  );
};

/** Whether the text is one `prepare` and nothing else, so that it may be run again. */
export const isOnePrepare = (sql: string): boolean => /^\s*prepare\b[^;]*;?\s*$/i.test(bare(sql));
