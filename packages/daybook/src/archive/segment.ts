/**
 * A segment of the archive: entries of one register and lane in stored order, as lines, compressed. Its name says what it
 * holds: everything of the register with a number above the first and up to the second. Register and day come first, so
 * that a query reads only those that it asks for.
 *
 *   entries/app/2026-11-21/eu-west-1/<epoch>/<after>-<through>.ndjson.gz
 */

/** Of positions: one lane's numbers since one creation or restore of its store. */
export interface Chain {
  readonly register: string;
  readonly lane: string;
  readonly epoch: string;
}

export interface SegmentName extends Chain {
  /** The UTC day on which it was written; never earlier than those before it in its chain. */
  readonly day: string;
  /** Numbers above this, up to and with `through`. */
  readonly after: number;
  readonly through: number;
}

/** Every safe integer fits, and names sort as their numbers do. */
const DIGITS = 16;
const NAME = /^entries\/([a-z0-9-]+)\/(\d{4}-\d{2}-\d{2})\/([^/]+)\/([^/]+)\/(\d{16})-(\d{16})\.ndjson\.gz$/;

export function segmentName({ register, lane, epoch, day, after, through }: SegmentName): string {
  const numbers = [after, through].map((number) => String(number).padStart(DIGITS, '0')).join('-');
  return `${folderOf(register, day)}/${lane}/${epoch}/${numbers}.ndjson.gz`;
}

/** @returns undefined for what is no segment. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const [whole, register = '', day = '', lane = '', epoch = '', after, through] = NAME.exec(name) ?? [];
  if (whole === undefined) return undefined;
  return { register, day, lane, epoch, after: Number(after), through: Number(through) };
}

export function registerFolder(register: string): string {
  return `entries/${register}/`;
}

export function folderOf(register: string, day: string): string {
  return `${registerFolder(register)}${day}`;
}
