/**
 * Where everything is in a picture. The way of an entry goes from left to right; what is before the network is above,
 * what AWS keeps for us is below. Places are fixed, so a part that a deployment lacks leaves no other part elsewhere.
 */
import type { Part, PartName } from './parts-shown.ts';
import type { Way } from './ways.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedPart extends Part, Box {
  /** What it hands to whom without a line of its own. */
  readonly also: readonly string[];
}

export interface PlacedWay extends Way {
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Layout {
  readonly parts: readonly PlacedPart[];
  readonly ways: readonly PlacedWay[];
  /** Around the parts in the network of the deployment. */
  readonly network: Box | undefined;
  readonly width: number;
  /** Without what stands around. */
  readonly height: number;
}

const WIDTH = 168;
const HEIGHT = 76;
const MARGIN = 24;
const PADDING = 18;
/** For its title and what stands around. */
const LEAST_WIDTH = 900;
/** Left edges: callers, front, api, queue, persister, queue behind it, dead letters. */
const COLUMNS = [MARGIN, 232, 452, 646, 840, 1_034, 1_228] as const;
/** Top edges: what is above, functions, queues, stores. */
const ROWS = [92, 206, 330, 446] as const;

const PLACES: Readonly<Record<PartName, readonly [column: number, row: number]>> = {
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

/** The table reaches below the persister, and the dead letters from there to the end; without a queue it is beside the API. */
const SHARED = 84;

export function layOut(parts: readonly Part[], ways: readonly Way[]): Layout {
  const boxes = new Map(parts.map((part) => [part.name, boxOf(part.name, parts)]));
  const routed = ways.flatMap((way) => {
    const points = route(way, boxes);
    return points === undefined ? [] : [{ ...way, points }];
  });
  const placed = parts.map((part) => {
    const also = ways
      .filter(
        (way) => way.from === part.name && !routed.some(({ from, to }) => from === way.from && to === way.to),
      )
      .map(({ to }) => parts.find(({ name }) => name === to)?.title.toLowerCase() ?? to);
    return { ...part, ...(boxes.get(part.name) as Box), also };
  });
  const inside = placed.filter((part) => part.inside);
  const network = inside.length > 0 ? around(inside) : undefined;
  const boxesShown = [...placed, ...(network ? [network] : [])];
  return {
    parts: placed,
    ways: routed,
    network,
    width: Math.max(LEAST_WIDTH, ...boxesShown.map(({ x, width }) => x + width + MARGIN)),
    height: Math.max(...boxesShown.map(({ y, height }) => y + height)) + MARGIN,
  };
}

function boxOf(name: PartName, parts: readonly Part[]): Box {
  const [column, row] = PLACES[name];
  const x = COLUMNS[column] ?? 0;
  const box = { x, y: ROWS[row] ?? 0, width: WIDTH, height: HEIGHT };
  const hasPersister = parts.some((part) => part.name === 'persister');
  if (name === 'table')
    return hasPersister
      ? { ...box, width: COLUMNS[4] + SHARED - 8 - x }
      : { ...box, x: COLUMNS[3] + 34, y: ROWS[1] };
  if (name === 'objects') return { ...box, x: x + SHARED + 8, width: COLUMNS[6] + WIDTH - x - SHARED - 8 };
  return box;
}

function around(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x)) - PADDING;
  const y = Math.min(...boxes.map((box) => box.y)) - PADDING - 14;
  const right = Math.max(...boxes.map((box) => box.x + box.width)) + PADDING;
  const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + PADDING;
  return { x, y, width: right - x, height: bottom - y };
}

type Point = readonly [x: number, y: number];

/** @returns undefined for a way that is told in words. */
function route({ from, to }: Way, boxes: ReadonlyMap<PartName, Box>): Point[] | undefined {
  const a = boxes.get(from);
  const b = boxes.get(to);
  if (a === undefined || b === undefined) return undefined;
  const middle = (box: Box): number => box.y + box.height / 2;
  const right = (box: Box): number => box.x + box.width;
  const bottom = (box: Box): number => box.y + box.height;
  switch (`${from} ${to}`) {
    case 'callers front':
    case 'front api':
    case 'main crashed':
      return [
        [right(a), middle(a) + (from === 'main' ? 14 : 0)],
        [b.x, middle(a) + (from === 'main' ? 14 : 0)],
      ];
    case 'front authorizer':
      return [
        [a.x + 110, a.y],
        [a.x + 110, bottom(b)],
      ];
    case 'probe front':
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
      return [
        [a.x + WIDTH / 2, bottom(a)],
        [a.x + WIDTH / 2, middle(b)],
        [b.x, middle(b)],
      ];
    case 'cdn front':
      return [
        [a.x + WIDTH / 2, a.y],
        [a.x + WIDTH / 2, bottom(b)],
      ];
    case 'cdn files':
      return [
        [a.x + WIDTH / 2, bottom(a)],
        [a.x + WIDTH / 2, b.y],
      ];
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
      return [
        [right(a), middle(a)],
        [b.x + 40, middle(a)],
        [b.x + 40, bottom(b)],
      ];
    case 'api table':
      return b.y === a.y
        ? [
            [right(a), middle(a)],
            [b.x, middle(a)],
          ]
        : down(a, b, 50);
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
      return down(a, b, 110);
    default:
      return undefined;
  }
}

function down(a: Box, b: Box, dx: number): Point[] {
  return [
    [a.x + dx, a.y + a.height],
    [a.x + dx, b.y],
  ];
}
