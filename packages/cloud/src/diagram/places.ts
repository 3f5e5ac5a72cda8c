/**
 * Where each part of a picture stands. The way of an entry goes from left to right; what is before the network is above,
 * what AWS keeps for us is below. Places are fixed, so a part that a deployment lacks leaves no other part elsewhere.
 */
import type { Part, PartName } from './part.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const MARGIN = 24;
export const WIDTH = 168;
export const HEIGHT = 76;
/** Left edges, of functions: callers, front, api, queue, persister, queue behind it, dead letters. */
const COLUMNS = [MARGIN, 232, 452, 646, 840, 1_034, 1_228] as const;
/** Top edges: what is above, functions, queues, stores. */
const ROWS = [92, 206, 330, 446] as const;

type Places = Readonly<Partial<Record<PartName, readonly [column: number, row: number]>>>;

const WITH_FUNCTIONS: Places = {
  probe: [0, 0],
  authorizer: [1, 0],
  health: [2, 0],
  callers: [0, 1],
  front: [1, 1],
  api: [2, 1],
  persister: [4, 1],
  deadLetters: [6, 1],
  cdn: [1, 2],
  files: [1, 3],
  main: [3, 2],
  crashed: [5, 2],
  table: [2, 3],
  objects: [4, 3],
};

/** CloudFront takes the place of the front, and everything behind it is a column further. */
const WITH_TIERS: Places = {
  probe: [0, 0],
  web: [3, 0],
  callers: [0, 1],
  cdn: [1, 1],
  front: [2, 1],
  api: [3, 1],
  persister: [5, 1],
  database: [6, 1],
  files: [1, 2],
  main: [4, 2],
  crashed: [6, 2],
  objects: [3, 3],
  deadLetters: [6, 3],
};

/** The table reaches below the persister, and the dead letters from there to the end; without a queue it is beside the API. */
const SHARED = 84;

/** @returns undefined for a part that such a picture has no place for. */
export function placeOf(name: PartName, parts: readonly Part[]): Box | undefined {
  const has = (other: PartName): boolean => parts.some((part) => part.name === other);
  const hasTiers = has('web') || has('database');
  const place = (hasTiers ? WITH_TIERS : WITH_FUNCTIONS)[name];
  if (place === undefined) return undefined;
  const [column, row] = place;
  const x = COLUMNS[column] ?? 0;
  const box = { x, y: ROWS[row] ?? 0, width: WIDTH, height: HEIGHT };
  if (hasTiers) return name === 'objects' ? { ...box, width: COLUMNS[5] + WIDTH - x } : box;
  if (name === 'table')
    return has('persister')
      ? { ...box, width: COLUMNS[4] + SHARED - 8 - x }
      : { ...box, x: COLUMNS[3] + 34, y: ROWS[1] };
  if (name === 'objects') return { ...box, x: x + SHARED + 8, width: COLUMNS[6] + WIDTH - x - SHARED - 8 };
  return box;
}
