/**
 * A layout as SVG, in the colours that the reader's screen is set to. It needs nothing beside itself: no script, no font,
 * no image.
 */
import type { Frame, Layout, PlacedPart, PlacedWay } from './layout.ts';
import type { Box } from './places.ts';
import type { Surrounding } from './surroundings.ts';

export interface SvgText {
  readonly title: string;
  /** What the picture shows, for those who do not see it. */
  readonly description: string;
  /** What stands around, and what that is called. */
  readonly around: readonly Surrounding[];
  readonly heading: string;
}

const CHIP = { width: 185, height: 46, gap: 12 } as const;
const MARGIN = 24;

const STYLE = `
svg { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; --ink: #1c2430; --soft: #5a6675; --paper: #ffffff; --line: #8793a3; --main: #0b62c4; --chip: #f3f5f8; --net: #f0f6f1; --netline: #4d8a5b; --caller: #eef0f3; --front: #ece6fb; --function: #fdeedb; --queue: #fbe4ee; --store: #e0edfb; }
@media (prefers-color-scheme: dark) { svg { --ink: #eef2f7; --soft: #a9b4c2; --paper: #12161c; --line: #75818f; --main: #6fb0ff; --chip: #1d232c; --net: #16231a; --netline: #6fae7e; --caller: #262c35; --front: #33294f; --function: #47341a; --queue: #4a2236; --store: #1b344f; } }
.paper { fill: var(--paper); } text { fill: var(--ink); font-size: 13px; } .soft { fill: var(--soft); }
.name { font-size: 15px; font-weight: 600; } .title { font-size: 20px; font-weight: 600; }
.box { stroke: var(--line); } .caller { fill: var(--caller); } .front { fill: var(--front); } .function { fill: var(--function); } .queue { fill: var(--queue); } .store { fill: var(--store); }
.net { fill: var(--net); stroke: var(--netline); stroke-dasharray: 7 5; } .netname { fill: var(--netline); font-weight: 600; }
.region { fill: var(--chip); stroke: var(--line); } .regionname { fill: var(--soft); font-weight: 600; }
.chip { fill: var(--chip); }
.way { fill: none; stroke: var(--line); stroke-width: 1.6; marker-end: url(#head); } .main { stroke: var(--main); stroke-width: 3; marker-end: url(#mainhead); }
.head { fill: var(--line); } .mainhead { fill: var(--main); }`;

const HEADS = `<defs>
<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerUnits="userSpaceOnUse" markerWidth="10" markerHeight="10" orient="auto"><path class="head" d="M0 0 10 5 0 10Z"/></marker>
<marker id="mainhead" viewBox="0 0 10 10" refX="9" refY="5" markerUnits="userSpaceOnUse" markerWidth="13" markerHeight="13" orient="auto"><path class="mainhead" d="M0 0 10 5 0 10Z"/></marker>
</defs>`;

export function toSvg(layout: Layout, { title, description, around, heading }: SvgText): string {
  const columns = Math.max(1, Math.floor((layout.width - 2 * MARGIN + CHIP.gap) / (CHIP.width + CHIP.gap)));
  const rows = Math.ceil(around.length / columns);
  const height = layout.height + 24 + rows * (CHIP.height + CHIP.gap) + MARGIN - CHIP.gap;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${layout.width} ${height}" width="${layout.width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="description">${escape(description)}</desc>`,
    `<style>${STYLE}\n</style>`,
    HEADS,
    `<rect class="paper" width="${layout.width}" height="${height}" rx="10"/>`,
    `<text class="title" x="${MARGIN}" y="42">${escape(title)}</text>`,
    `<text class="soft" x="${layout.width - MARGIN}" y="40" text-anchor="end">blue: the way of an entry</text>`,
    ...layout.frames.map(frame),
    // The way that every entry goes is drawn over the others.
    ...layout.ways.toSorted((one, other) => Number(one.main) - Number(other.main)).map(way),
    ...layout.parts.map(part),
    `<text class="soft" x="${MARGIN}" y="${layout.height + 12}">${escape(heading)}</text>`,
    ...around.map((one, index) =>
      chip(one, {
        x: MARGIN + (index % columns) * (CHIP.width + CHIP.gap),
        y: layout.height + 24 + Math.floor(index / columns) * (CHIP.height + CHIP.gap),
      }),
    ),
    '</svg>',
  ].join('\n')}\n`;
}

function frame({ kind, name, x, y, width, height }: Frame): string {
  const style = kind === 'network' ? 'net' : 'region';
  return [
    `<rect class="${style}" x="${x}" y="${y}" width="${width}" height="${height}" rx="12"/>`,
    `<text class="${style}name" x="${x + 14}" y="${y + 20}">${escape(name)}</text>`,
  ].join('\n');
}

function way({ points, main }: PlacedWay): string {
  const path = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join(' ');
  return `<path class="way${main ? ' main' : ''}" d="${path}"/>`;
}

function part({ kind, title, lines, also, x, y, width, height }: PlacedPart): string {
  const texts = [...lines, ...(also.length > 0 ? [`also: ${also.join(', ')}`] : [])];
  const middle = x + width / 2;
  const top = y + (height - 18 * (texts.length + 1)) / 2 + 14;
  return [
    `<rect class="box ${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="9"/>`,
    `<text class="name" x="${middle}" y="${top}" text-anchor="middle">${escape(title)}</text>`,
    ...texts.map(
      (line, index) =>
        `<text x="${middle}" y="${top + 18 * (index + 1)}" text-anchor="middle">${escape(line)}</text>`,
    ),
  ].join('\n');
}

function chip({ title, text }: Surrounding, { x, y }: Pick<Box, 'x' | 'y'>): string {
  return [
    `<rect class="chip" x="${x}" y="${y}" width="${CHIP.width}" height="${CHIP.height}" rx="7"/>`,
    `<text class="soft" x="${x + 12}" y="${y + 19}">${escape(title)}</text>`,
    `<text x="${x + 12}" y="${y + 37}">${escape(text)}</text>`,
  ].join('\n');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
