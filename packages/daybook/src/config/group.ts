/**
 * Objects of the configuration: they have the keys that they have and no other, because an unknown one is most likely
 * misspelt, and what it was to say would be passed over in silence.
 */
import * as z from 'zod';

/** A slip of the finger: a letter too many, one missing, one wrong, or two that changed places. */
const MAX_DISTANCE = 2;

/** An object with these keys alone. An unknown one is told with the nearest of them. */
export function group<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? unknownKey(issue.keys[0] ?? '', Object.keys(shape)) : undefined,
  });
}

function unknownKey(given: string, known: readonly string[]): string {
  const [nearest] = known
    .map((key) => ({ key, distance: distanceOf(given.toLowerCase(), key.toLowerCase()) }))
    .filter(({ key, distance }) => distance <= MAX_DISTANCE && distance <= key.length / 2)
    .toSorted((a, b) => a.distance - b.distance);
  const hint = nearest === undefined ? '' : `; the nearest is ${nearest.key}`;
  return `expected a key of docs/config.md, given an unknown one${hint}`;
}

/** Letters to add, to take away or to replace (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, letter] of Array.from(a).entries()) {
    const line = [row + 1];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (above[column - 1] ?? 0) + (b[column - 1] === letter ? 0 : 1);
      line.push(Math.min(replaced, (above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}
