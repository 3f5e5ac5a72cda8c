/**
 * The leaves of the configuration: each knows in words what it expects, so that a bad value is answered with one line
 * that says what was expected and what was given.
 */
import * as z from 'zod';

const SHOWN_CHARACTERS = 80;

export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** @param expected in words, after "expected". */
export function leaf<T>(expected: string, accepts: (value: unknown) => boolean) {
  return z
    .custom<T>(accepts, { error: (issue) => `expected ${expected}, given ${show(issue.input)}` })
    .describe(expected);
}

export function wholeNumber(from: number, to: number) {
  const accepts = (value: unknown): boolean =>
    Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to;
  return leaf<number>(`a whole number from ${from} to ${to}`, accepts);
}

export function oneOf<const T extends string>(...values: readonly T[]) {
  return leaf<T>(`one of ${values.join(', ')}`, (value) => values.includes(value as T));
}

export function textLike(expected: string, pattern: RegExp) {
  return leaf<string>(expected, (value) => typeof value === 'string' && pattern.test(value));
}

export function listOf(expected: string, accepts: (item: string) => boolean) {
  const all = (value: unknown): boolean =>
    Array.isArray(value) && value.every((item) => typeof item === 'string' && accepts(item));
  return leaf<readonly string[]>(expected, all);
}
