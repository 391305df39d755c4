const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long" });
const momentFormat = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const clockFormat = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** "24 November". */
export const day = (instant: string): string => dayFormat.format(new Date(instant));

/** "21 Nov, 09:27". */
export const moment = (instant: string): string => momentFormat.format(new Date(instant));

/** "09:27:12". */
export const clock = (instant: string): string => clockFormat.format(new Date(instant));
