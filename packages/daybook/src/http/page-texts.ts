/**
 * The entries of a page as JSON texts, as many as fit: a page ends early, so that every front can carry it.
 */
import type { StoredEntry } from '../entry.ts';
import type { Register } from '../register.ts';
import { entryToJsonWithin } from './entry-json.ts';
import type { Front } from './front.ts';

const MAX_PAGE_BYTES = 900 * 1024;
/** Of an answer, what stands around the entries: the cursors of a tail's 500 have 45 KB. */
const FRAME_BYTES = 64 * 1024;

/** How many bytes the entries of one page may have. */
export function pageBytes({ maxAnswerBytes }: Pick<Front, 'maxAnswerBytes'>): number {
  return Math.min(MAX_PAGE_BYTES, maxAnswerBytes - FRAME_BYTES);
}

/** @returns texts of the first entries; at least one if there is one. */
export function pageTexts(
  front: Pick<Front, 'maxAnswerBytes'>,
  register: Register,
  entries: readonly StoredEntry[],
): string[] {
  const maxBytes = pageBytes(front);
  const texts: string[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const text = entryToJsonWithin(front.maxAnswerBytes - FRAME_BYTES, register, entry);
    bytes += Buffer.byteLength(text) + 1;
    if (texts.length > 0 && bytes > maxBytes) break;
    texts.push(text);
  }
  return texts;
}
