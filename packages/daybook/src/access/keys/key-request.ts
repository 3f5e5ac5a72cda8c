/**
 * What may be asked for when a key is made: a name, scopes that mean something here, and an end.
 */
import { formatStamp } from '../../id.ts';
import type { Register } from '../../register.ts';
import { KeyError } from './key-error.ts';

export interface KeyRequest {
  readonly name: string;
  readonly scopes: readonly string[];
  /** Unix microseconds; default a year from now. */
  readonly expiresAt?: number | undefined;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const DAY_MICROS = 86_400_000_000;
const DEFAULT_DAYS = 365;
/** A key that nobody has to think of for longer than this is one that nobody remembers. */
const MAX_DAYS = 5 * 366;
const SHOWN_CHARACTERS = 80;

/** What a key can be for: nobody writes to what Daybook alone writes. */
export function scopesOf(registers: readonly Pick<Register, 'name' | 'access'>[]): readonly string[] {
  const ofRegisters = registers.flatMap(({ name, access }) =>
    access.write === 'internal' ? [`${name}.read`] : [`${name}.read`, `${name}.write`],
  );
  return [...ofRegisters, 'admin', 'metrics'];
}

/** @returns the request with nothing left open. @throws {KeyError} `invalid`. */
export function checkRequest(
  { name, scopes, expiresAt }: KeyRequest,
  { known, nowMicros }: { known: readonly string[]; nowMicros: number },
): { name: string; scopes: string[]; expiresAt: number } {
  if (!NAME.test(name))
    throw invalid(
      'name',
      '1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first',
      name,
    );
  if (scopes.length === 0) throw invalid('scopes', `at least one of ${known.join(', ')}`, 'none');
  const unknown = scopes.find((scope) => !known.includes(scope));
  if (unknown !== undefined) throw invalid('scopes', `scopes of ${known.join(', ')}`, unknown);
  const given = expiresAt ?? nowMicros + DEFAULT_DAYS * DAY_MICROS;
  // Whole milliseconds: what is read back later is the same.
  const end = given - (given % 1_000);
  const last = nowMicros + MAX_DAYS * DAY_MICROS;
  if (end <= nowMicros || end > last) {
    const expected = `a time from now on, ${formatStamp(last)} at the latest`;
    throw invalid('expiresAt', expected, formatStamp(end));
  }
  return { name, scopes: [...new Set(scopes)], expiresAt: end };
}

function invalid(member: string, expected: string, given: string): KeyError {
  const shown = given === 'none' ? given : JSON.stringify(given.slice(0, SHOWN_CHARACTERS));
  return new KeyError('invalid', `${member}: expected ${expected}; given ${shown}`);
}
