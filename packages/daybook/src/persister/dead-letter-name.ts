/** Where dead letters are in the object storage. */

export const LETTERS_PREFIX = 'dead-letters/';
const SUFFIX = '.json';

export function letterName(id: string): string {
  return `${LETTERS_PREFIX}${id}${SUFFIX}`;
}

/** The id in a name; undefined for an object that is there for another reason. */
export function letterIdOf(name: string): string | undefined {
  return name.startsWith(LETTERS_PREFIX) && name.endsWith(SUFFIX)
    ? name.slice(LETTERS_PREFIX.length, -SUFFIX.length)
    : undefined;
}
