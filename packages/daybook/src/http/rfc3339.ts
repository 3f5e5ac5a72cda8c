/**
 * Times as RFC 3339 writes them, to the microsecond; what the calendar does not have is no time.
 */

const TIME = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** A time with its offset, or a date alone (midnight UTC). @returns Unix microseconds, finer digits cut off. */
export function parseRfc3339(text: string): number | undefined {
  const [, day = '', time = '', fraction = '', offset = ''] =
    TIME.exec(DATE.test(text) ? `${text}T00:00:00Z` : text) ?? [];
  const ms = Date.parse(`${day}T${time}${offset.toUpperCase()}`);
  if (Number.isNaN(ms) || !isCalendarDate(day)) return undefined;
  return ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** `Date.parse` takes 30 February for 2 March. */
function isCalendarDate(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
