/**
 * Where everything is in a picture of one region: its parts in their places, the ways between them, and a frame around
 * what is in the network.
 */
import type { Part } from './part.ts';
import type { Box } from './places.ts';
import { MARGIN, placeOf } from './places.ts';
import type { Point } from './route.ts';
import { route } from './route.ts';
import type { Way } from './ways.ts';

export interface PlacedPart extends Part, Box {
  /** What it hands to whom without a line of its own. */
  readonly also: readonly string[];
}

export interface PlacedWay extends Pick<Way, 'main'> {
  readonly points: readonly Point[];
}

export interface Frame extends Box {
  readonly kind: 'network' | 'region';
  /** In its corner. */
  readonly name: string;
}

export interface Layout {
  readonly parts: readonly PlacedPart[];
  readonly ways: readonly PlacedWay[];
  /** The outer ones first. */
  readonly frames: readonly Frame[];
  readonly width: number;
  /** Without what stands around. */
  readonly height: number;
}

const PADDING = 18;
/** Of a frame, for its name. */
const HEAD = 14;
/** For its title and what stands around. */
const LEAST_WIDTH = 900;

/** @param network what is said of it, such as "10.0.0.0/16, 2 zones". */
export function layOut(parts: readonly Part[], ways: readonly Way[], network: string): Layout {
  const boxes = new Map(
    parts.flatMap((part) => {
      const box = placeOf(part.name, parts);
      return box === undefined ? [] : [[part.name, box] as const];
    }),
  );
  const routed = ways.flatMap((way) => {
    const points = route(way, boxes);
    return points === undefined ? [] : [{ ...way, points }];
  });
  const placed = parts.flatMap((part): PlacedPart[] => {
    const box = boxes.get(part.name);
    if (box === undefined) return [];
    const also = ways
      .filter(
        (way) => way.from === part.name && !routed.some(({ from, to }) => from === way.from && to === way.to),
      )
      .map(({ to }) => parts.find(({ name }) => name === to)?.title.toLowerCase() ?? to);
    return [{ ...part, ...box, also }];
  });
  const inside = placed.filter((part) => part.inside);
  const frames: Frame[] =
    inside.length > 0 ? [{ kind: 'network', name: `Network ${network}`, ...around(inside) }] : [];
  return { parts: placed, ways: routed, frames, ...sizeOf([...placed, ...frames]) };
}

/** A box around others, with room for a name at its top. */
export function around(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x)) - PADDING;
  const y = Math.min(...boxes.map((box) => box.y)) - PADDING - HEAD;
  const right = Math.max(...boxes.map((box) => box.x + box.width)) + PADDING;
  const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + PADDING;
  return { x, y, width: right - x, height: bottom - y };
}

export function sizeOf(boxes: readonly Box[]): Pick<Layout, 'width' | 'height'> {
  return {
    width: Math.max(LEAST_WIDTH, ...boxes.map(({ x, width }) => x + width + MARGIN)),
    height: Math.max(...boxes.map(({ y, height }) => y + height)) + MARGIN,
  };
}
