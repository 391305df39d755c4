/** What every user of PGlite's session finds; it applies no settings of database or role by itself. */
export const sessionDefaults =
  "set search_path = \"$user\", public, extensions; set timezone = 'UTC'";
