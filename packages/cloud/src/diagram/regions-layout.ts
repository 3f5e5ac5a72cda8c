/**
 * A picture of several regions: each as it is by itself, one below the other; before them the name that leads to each,
 * and between their replicas what is replicated.
 */
import type { Frame, Layout, PlacedPart, PlacedWay } from './layout.ts';
import { around, sizeOf } from './layout.ts';
import type { Part } from './part.ts';
import type { Box } from './places.ts';
import { HEIGHT, MARGIN, WIDTH } from './places.ts';
import type { Point } from './route.ts';

export interface RegionLayout {
  readonly region: string;
  /** Without callers. */
  readonly layout: Layout;
}

/** Right of callers and of what leads them. */
const FROM_X = 428;
const ROUTING_X = 232;
const FIRST_Y = 60;
const BETWEEN = 28;
/** In a table, from its left: in the gap between queue and persister above a wide one; right of what comes from above in another. */
const REPLICATION_X = { wide: 367, narrow: 118 };
/** There and back. */
const APART = 16;

/** @param routing absent where no name leads to all of them: callers know each region then. */
export function layOutRegions(
  regions: readonly RegionLayout[],
  callers: Part,
  routing: Part | undefined,
): Layout {
  const bands: Layout[] = [];
  let top = FIRST_Y;
  for (const { region, layout } of regions) {
    const outer = around([...layout.parts, ...layout.frames]);
    const frame: Frame = { kind: 'region', name: region, ...outer };
    const band = moved({ ...layout, frames: [frame, ...layout.frames] }, FROM_X, top - outer.y);
    bands.push(band);
    top += outer.height + BETWEEN;
  }
  const y = Math.round((FIRST_Y + top - BETWEEN - HEIGHT) / 2);
  const before = [callers, ...(routing ? [routing] : [])].map((part, column): PlacedPart => ({
    ...part,
    x: column === 0 ? MARGIN : ROUTING_X,
    y,
    width: WIDTH,
    height: HEIGHT,
    also: [],
  }));
  const last = before.at(-1) as PlacedPart;
  const ways: PlacedWay[] = [
    ...(routing ? [{ main: true, points: level(MARGIN + WIDTH, ROUTING_X, y + HEIGHT / 2) }] : []),
    ...bands.flatMap((band) => led(last, band)),
    ...bands.flatMap((band) => band.ways),
    ...replicated(bands),
  ];
  const parts = [...before, ...bands.flatMap((band) => band.parts)];
  const frames = bands.flatMap((band) => band.frames);
  return { parts, ways, frames, ...sizeOf([...parts, ...frames]) };
}

function moved(layout: Layout, dx: number, dy: number): Layout {
  const move = <B extends Box>(box: B): B => ({ ...box, x: box.x + dx, y: box.y + dy });
  return {
    ...layout,
    parts: layout.parts.map(move),
    frames: layout.frames.map(move),
    ways: layout.ways.map(({ main, points }) => ({
      main,
      points: points.map(([x, y]): Point => [x + dx, y + dy]),
    })),
  };
}

function level(from: number, to: number, y: number): Point[] {
  return [
    [from, y],
    [to, y],
  ];
}

/** To the front of a region. */
function led(from: Box, { parts }: Layout): PlacedWay[] {
  const front = parts.find(({ name }) => name === 'front');
  if (front === undefined) return [];
  const bend = from.x + from.width + 17;
  const [start, end] = [from.y + from.height / 2, front.y + front.height / 2];
  return [
    {
      main: true,
      points: [
        [from.x + from.width, start],
        [bend, start],
        [bend, end],
        [front.x, end],
      ],
    },
  ];
}

/** Each replica with the next one, in both directions. */
function replicated(bands: readonly Layout[]): PlacedWay[] {
  const tables = bands.flatMap(({ parts }) => parts.filter(({ name }) => name === 'table'));
  return tables.slice(1).flatMap((below, index): PlacedWay[] => {
    const above = tables[index] as Box;
    const x = above.x + (above.width > WIDTH ? REPLICATION_X.wide : REPLICATION_X.narrow);
    const bottom = above.y + above.height;
    return [
      {
        main: false,
        points: [
          [x, bottom],
          [x, below.y],
        ],
      },
      {
        main: false,
        points: [
          [x + APART, below.y],
          [x + APART, bottom],
        ],
      },
    ];
  });
}
