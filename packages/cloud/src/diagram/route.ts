/**
 * The line of a way between two boxes: by right angles, along the gaps that the places leave.
 */
import type { PartName } from './part.ts';
import type { Box } from './places.ts';
import { HEIGHT, WIDTH } from './places.ts';
import type { Way } from './ways.ts';

export type Point = readonly [x: number, y: number];

const middle = ({ y, height }: Box): number => y + height / 2;
const right = ({ x, width }: Box): number => x + width;
const bottom = ({ y, height }: Box): number => y + height;

/** @returns undefined for a way that is told in words. */
export function route({ from, to }: Way, boxes: ReadonlyMap<PartName, Box>): Point[] | undefined {
  const a = boxes.get(from);
  const b = boxes.get(to);
  if (a === undefined || b === undefined) return undefined;
  return ofFunctions(`${from} ${to}`, a, b) ?? ofTiers(`${from} ${to}`, a, b);
}

function ofFunctions(way: string, a: Box, b: Box): Point[] | undefined {
  switch (way) {
    case 'callers front':
    case 'front api':
      return across(a, b, 0);
    case 'main crashed':
      return across(a, b, 14);
    case 'front authorizer':
      return [
        [a.x + 110, a.y],
        [a.x + 110, bottom(b)],
      ];
    case 'probe front':
    case 'probe cdn':
      return [
        [right(a), middle(a) + 16],
        [right(a) + 18, middle(a) + 16],
        [right(a) + 18, middle(b) - 20],
        [b.x, middle(b) - 20],
      ];
    case 'front health':
      return [
        [right(a), middle(a) - 20],
        [right(a) + 20, middle(a) - 20],
        [right(a) + 20, middle(b)],
        [b.x, middle(b)],
      ];
    case 'callers cdn':
      return b.y === a.y
        ? across(a, b, 0)
        : [
            [a.x + WIDTH / 2, bottom(a)],
            [a.x + WIDTH / 2, middle(b)],
            [b.x, middle(b)],
          ];
    case 'cdn front':
      return b.y === a.y
        ? across(a, b, 0)
        : [
            [a.x + WIDTH / 2, a.y],
            [a.x + WIDTH / 2, bottom(b)],
          ];
    case 'cdn files':
      return down(a, b, WIDTH / 2);
    case 'api main':
      return [
        [a.x + 130, bottom(a)],
        [a.x + 130, middle(b)],
        [b.x, middle(b)],
      ];
    case 'main persister':
      return [
        [right(a), middle(a) - 14],
        [b.x + 30, middle(a) - 14],
        [b.x + 30, bottom(b)],
      ];
    case 'crashed deadLetters':
      return b.y > a.y
        ? down(a, b, WIDTH / 2)
        : [
            [right(a), middle(a)],
            [b.x + 40, middle(a)],
            [b.x + 40, bottom(b)],
          ];
    case 'api table':
      return b.y === a.y ? across(a, b, 0) : down(a, b, 50);
    case 'health table':
      return b.y > bottom(a) + HEIGHT
        ? undefined
        : [
            [right(a), middle(a)],
            [b.x + WIDTH / 2, middle(a)],
            [b.x + WIDTH / 2, b.y],
          ];
    case 'persister table':
      return down(a, b, 60);
    case 'persister objects':
      return down(a, b, 124);
    case 'deadLetters objects':
      return b.y > a.y
        ? down(a, b, 110)
        : [
            [a.x, middle(a)],
            [right(b), middle(a)],
          ];
    default:
      return undefined;
  }
}

function ofTiers(way: string, a: Box, b: Box): Point[] | undefined {
  switch (way) {
    // Out above the balancer, and back within that bend.
    case 'front web':
      return [
        [a.x + 60, a.y],
        [a.x + 60, middle(b) - 14],
        [b.x, middle(b) - 14],
      ];
    case 'web front':
      return [
        [a.x, middle(a) + 16],
        [b.x + 120, middle(a) + 16],
        [b.x + 120, b.y],
      ];
    case 'crashed persister':
      return [
        [a.x, middle(a) - 14],
        [b.x + 150, middle(a) - 14],
        [b.x + 150, bottom(b)],
      ];
    case 'persister database':
      return across(a, b, 0);
    // Over the persister, which is between them.
    case 'api database':
      return [
        [right(a), middle(a) - 20],
        [right(a) + 13, middle(a) - 20],
        [right(a) + 13, a.y - 20],
        [b.x + WIDTH / 2, a.y - 20],
        [b.x + WIDTH / 2, b.y],
      ];
    // With functions there is a table in this place, and the bucket is told in words.
    case 'api objects':
      return b.x === a.x ? down(a, b, 40) : undefined;
    default:
      return undefined;
  }
}

/** @param dy below the middle of the first. */
function across(a: Box, b: Box, dy: number): Point[] {
  return [
    [right(a), middle(a) + dy],
    [b.x, middle(a) + dy],
  ];
}

function down(a: Box, b: Box, dx: number): Point[] {
  return [
    [a.x + dx, bottom(a)],
    [a.x + dx, b.y],
  ];
}
