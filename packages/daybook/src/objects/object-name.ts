/**
 * What every driver checks before it talks to its storage, so that all of them refuse the same.
 */
import type { ListObjects } from './objects.ts';
import { MAX_PAGE_OBJECTS } from './objects.ts';

const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,255}$/;
const CHARACTERS = /^[A-Za-z0-9._/-]*$/;
/** With room for a prefix below the 1024 bytes of an S3 key. */
const MAX_NAME_CHARACTERS = 512;

export function isObjectName(text: string): boolean {
  return text.length <= MAX_NAME_CHARACTERS && text.split('/').every((segment) => SEGMENT.test(segment));
}

/** @throws {TypeError} */
export function assertObjectName(name: string): void {
  if (isObjectName(name)) return;
  throw new TypeError(
    `object name: expected 1 to ${MAX_NAME_CHARACTERS} of A-Z a-z 0-9 . _ - in segments with / between them, given ${JSON.stringify(name.slice(0, 100))}`,
  );
}

/** @throws {TypeError} for a prefix or a place that no name could have. @throws {RangeError} for the limit. */
export function assertListQuery({ prefix, after = '', limit }: ListObjects): void {
  if (!CHARACTERS.test(prefix) || !CHARACTERS.test(after))
    throw new TypeError('list: expected prefix and after in the characters of names');
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_OBJECTS)
    throw new RangeError(`list: expected a limit from 1 to ${MAX_PAGE_OBJECTS}, given ${limit}`);
}
