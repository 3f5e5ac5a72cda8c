/**
 * Query parameters: each route names those it knows; an unknown one, a repeated one or a bad value is answered with what
 * was expected.
 */
import { DaybookError } from '../errors.ts';

const STAMP = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;
/** Microseconds as JavaScript numbers are whole up to the middle of 2255. */
const MAX_MS = Date.UTC(2255, 0, 1);
const DATE = /^\d{4}-\d{2}-\d{2}$/;

export type Parameters<T extends string> = Partial<Record<T, string>>;

/** @throws {DaybookError} PARAMETER_UNKNOWN, naming the known; PARAMETER_INVALID for a repeated one. */
export function readParameters<T extends string>(search: string, known: readonly T[]): Parameters<T> {
  const given: Parameters<T> = {};
  for (const [name, value] of new URLSearchParams(search)) {
    const parameter = known.find((one) => one === name);
    if (parameter === undefined) {
      throw new DaybookError(
        'PARAMETER_UNKNOWN',
        `expected ${known.length === 0 ? 'no parameters' : `parameters of ${known.join(', ')}`}; given ${shorten(name)}`,
      );
    }
    if (given[parameter] !== undefined) throw invalid(parameter, 'one value', 'several');
    given[parameter] = value;
  }
  return given;
}

export function invalid(name: string, expected: string, given: string): DaybookError {
  return new DaybookError('PARAMETER_INVALID', `${name}: expected ${expected}; given ${shorten(given)}`);
}

export function wholeNumberOf(
  name: string,
  text: string | undefined,
  { from, to, fallback }: { from: number; to: number; fallback: number },
): number {
  if (text === undefined) return fallback;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= from && value <= to)) throw invalid(name, `a whole number from ${from} to ${to}`, text);
  return value;
}

export function choiceOf<const T extends string>(
  name: string,
  text: string | undefined,
  choices: readonly T[],
  fallback: T,
): T {
  if (text === undefined) return fallback;
  const choice = choices.find((one) => one === text);
  if (choice === undefined) throw invalid(name, `one of ${choices.join(', ')}`, text);
  return choice;
}

/** RFC 3339 with up to nine digits of a second, or a date alone (midnight UTC); Unix microseconds. */
export function microsOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = STAMP.exec(DATE.test(text) ? `${text}T00:00:00Z` : text.replace(' ', '+'));
  const [, toSecond, fraction = '', zone] = match ?? [];
  const ms = Date.parse(`${toSecond}${zone}`);
  if (match === null || Number.isNaN(ms) || ms < 0 || ms > MAX_MS || !isCalendarDate(text))
    throw invalid(name, 'a time from 1970 to 2254, such as 2026-11-21T07:55:43.368790Z', text);
  return ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** `Date.parse` takes 30 February for 2 March. */
function isCalendarDate(text: string): boolean {
  const day = text.slice(0, 10);
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
