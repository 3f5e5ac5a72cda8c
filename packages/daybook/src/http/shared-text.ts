/**
 * One string for what many requests have in common, such as their media type and their host. Two strings that are one
 * are compared by their address; two that only look alike cost a call out of compiled code each time, and every write
 * compares half a dozen of them.
 */

const MAX_SHARED = 1_000;
const MAX_SHARED_CHARACTERS = 200;
const shared = new Map<string, string>();

/** @param text nothing secret or personal: it may be kept for as long as the process runs. @returns an equal text. */
export function sharedText(text: string): string {
  const known = shared.get(text);
  if (known !== undefined) return known;
  if (text.length > MAX_SHARED_CHARACTERS || !text.isWellFormed()) return text;
  if (shared.size === MAX_SHARED) shared.clear();
  // A part of a longer text would keep the whole of it.
  const own = Buffer.from(text, 'utf8').toString('utf8');
  shared.set(own, own);
  return own;
}
