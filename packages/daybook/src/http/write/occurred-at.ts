/**
 * The time that a client claims, from the field of the payload that the register names. Absent when it is no date: an
 * intake does not lose a webhook for its clock, and does not guess one either.
 */
import { formatStamp } from '../../id.ts';
import type { Register } from '../../register.ts';
import { parseRfc3339 } from '../rfc3339.ts';

/** As mail and HTTP write dates (RFC 5322 §3.3, RFC 9110 §5.6.7), with an offset. */
const MAIL_DATE =
  /^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}(?::\d{2})? (?:GMT|UTC|UT|[+-]\d{4})$/;

/** @returns the claim in UTC with six digits, like a stamp. Numbers are Unix milliseconds. */
export function occurredAtOf({ occurredAtFrom }: Register, json: unknown): string | undefined {
  if (occurredAtFrom === undefined || typeof json !== 'object' || json === null) return undefined;
  if (Array.isArray(json) || !Object.hasOwn(json, occurredAtFrom)) return undefined;
  const micros = claimedMicros((json as Record<string, unknown>)[occurredAtFrom]);
  // Microseconds are whole numbers from 1684 to 2255; a claim further away is a mistake.
  return micros !== undefined && Number.isSafeInteger(micros) ? formatStamp(micros) : undefined;
}

function claimedMicros(claimed: unknown): number | undefined {
  if (typeof claimed === 'number') return Math.round(claimed * 1000);
  if (typeof claimed !== 'string') return undefined;
  return MAIL_DATE.test(claimed) ? Date.parse(claimed) * 1000 : parseRfc3339(claimed);
}
