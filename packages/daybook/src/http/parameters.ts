/**
 * Query parameters: each route names those it knows; an unknown one, a repeated one or a bad value is answered with what
 * was expected.
 */
import { DaybookError } from '../errors.ts';
import { parseRfc3339 } from './rfc3339.ts';

/** Microseconds as JavaScript numbers are whole up to the middle of 2255. */
const MAX_MICROS = Date.UTC(2255, 0, 1) * 1000;

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
    if (given[parameter] !== undefined)
      throw new DaybookError('PARAMETER_INVALID', `${parameter}: expected one value; given several`);
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
  // A form sends every field, also those left empty.
  if (text === undefined || text === '') return undefined;
  // A plus sign that was not escaped has become a space.
  const micros = parseRfc3339(text.replace(/ (?=\d{2}:\d{2}$)/, '+'));
  if (micros === undefined || micros < 0 || micros > MAX_MICROS)
    throw invalid(name, 'a time from 1970 to 2254, such as 2026-11-21T07:55:43.368790Z', text);
  return micros;
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
