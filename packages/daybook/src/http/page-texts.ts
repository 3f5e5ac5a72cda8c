/**
 * The entries of a page as JSON texts, as many as fit: a page ends early, so that every front can carry it.
 */
import type { StoredEntry } from '../entry.ts';
import type { Register } from '../register.ts';
import { entryToJson } from './entry-json.ts';

/** ALB to Lambda carries 1 MB (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html). */
export const MAX_PAGE_BYTES = 900 * 1024;

/** @returns texts of the first entries; at least one if there is one. */
export function pageTexts(register: Register, entries: readonly StoredEntry[]): string[] {
  const texts: string[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const text = entryToJson(register, entry);
    bytes += Buffer.byteLength(text) + 1;
    if (texts.length > 0 && bytes > MAX_PAGE_BYTES) break;
    texts.push(text);
  }
  return texts;
}
