/**
 * Cursors: opaque to clients. A tail cursor is an epoch and a number per lane, so that it means the same in every region
 * that reads the lanes; that of a subject's own entries is the last of them per lane, because a number would tell how many
 * others there are; a page cursor is a place in a list. All are base64url of JSON with a short checksum, so that a
 * truncated or altered one is recognised.
 */
import { createHash } from 'node:crypto';

import { DaybookError } from '../errors.ts';
import { isId } from '../id.ts';

/** A place in one lane. */
export interface LanePlace {
  readonly epoch: string;
  /** Of the last entry seen. */
  readonly number: number;
  /** Where retention has come further than the number: its holder knows what it took up to here to be gone. */
  readonly expired?: number;
}

/** A place among a subject's own entries in one lane. */
export interface OwnLanePlace {
  readonly epoch: string;
  /** The last entry seen; empty before the first. */
  readonly after: string;
}

/** By the name of the lane. */
export type TailCursor = Readonly<Record<string, LanePlace>>;
export type OwnCursor = Readonly<Record<string, OwnLanePlace>>;

export interface PageCursor {
  readonly order: 'asc' | 'desc';
  /** Continue behind this id. */
  readonly after: string;
}

const CHECKSUM_CHARACTERS = 6;
/** A dozen lanes. */
const MAX_CURSOR_CHARACTERS = 2048;

export function encodeTailCursor(cursor: TailCursor): string {
  return sealLanes('t', cursor, ({ epoch, number, expired }) => [
    epoch,
    number,
    ...(expired === undefined ? [] : [expired]),
  ]);
}

export function encodeOwnCursor(cursor: OwnCursor): string {
  return sealLanes('o', cursor, ({ epoch, after }) => [epoch, after]);
}

export function encodePageCursor({ order, after }: PageCursor): string {
  return seal({ p: [order, after] });
}

/** @throws {DaybookError} CURSOR_INVALID */
export function decodeTailCursor(text: string): TailCursor {
  return unsealLanes(text, 't', (epoch, [number, expired]) => {
    if (!isNumber(number) || (expired !== undefined && !isNumber(expired))) return undefined;
    return { epoch, number, ...(expired !== undefined && { expired }) };
  });
}

/** @throws {DaybookError} CURSOR_INVALID */
export function decodeOwnCursor(text: string): OwnCursor {
  return unsealLanes(text, 'o', (epoch, [after]) =>
    typeof after === 'string' && (after === '' || isId(after)) ? { epoch, after } : undefined,
  );
}

/** An entry's id is accepted in place of a page cursor. @throws {DaybookError} CURSOR_INVALID */
export function decodePageCursor(text: string, order: 'asc' | 'desc'): PageCursor {
  if (isId(text)) return { order, after: text };
  const sealed = unseal(text, 'p');
  const [sealedOrder, after]: readonly unknown[] = Array.isArray(sealed) ? sealed : [];
  if ((sealedOrder !== 'asc' && sealedOrder !== 'desc') || typeof after !== 'string' || !isId(after))
    throw invalid(text, 'p');
  return { order: sealedOrder, after };
}

function seal(value: Record<string, unknown>): string {
  const body = Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${body}.${checksum(body)}`;
}

type Kind = 't' | 'o' | 'p';

const READ_OF: Readonly<Record<Kind, string>> = {
  t: 'a tail',
  o: "a tail of the caller's own entries",
  p: 'a list',
};

/** In the order of their names: the same place is the same text, whoever came there by which way. */
function sealLanes<Place>(
  kind: Kind,
  cursor: Readonly<Record<string, Place>>,
  membersOf: (place: Place) => readonly unknown[],
): string {
  const names = Object.keys(cursor).toSorted();
  return seal({
    [kind]: Object.fromEntries(names.map((name) => [name, membersOf(cursor[name] as Place)])),
  });
}

/** @param toPlace gives nothing for what is none. */
function unsealLanes<Place>(
  text: string,
  kind: Kind,
  toPlace: (epoch: string, members: readonly unknown[]) => Place | undefined,
): Record<string, Place> {
  const lanes = unseal(text, kind);
  if (typeof lanes !== 'object' || Array.isArray(lanes)) throw invalid(text, kind);
  const places = Object.entries(lanes).map(([name, members]) => {
    const [epoch, ...rest]: readonly unknown[] = Array.isArray(members) ? members : [];
    const place = typeof epoch === 'string' ? toPlace(epoch, rest) : undefined;
    if (place === undefined) throw invalid(text, kind);
    return [name, place] as const;
  });
  return Object.fromEntries(places);
}

function unseal(text: string, kind: Kind): object {
  const dot = text.indexOf('.');
  const body = text.slice(0, Math.max(0, dot));
  if (text.length > MAX_CURSOR_CHARACTERS || text.slice(dot + 1) !== checksum(body))
    throw invalid(text, kind);
  const members = memberOf(body, kind);
  if (typeof members === 'object' && members !== null) return members;
  throw new DaybookError(
    'CURSOR_INVALID',
    `cursor: expected one of ${READ_OF[kind]}, given one of another kind of read`,
  );
}

/** The checksum is no signature: what it covers may still be anything. */
function memberOf(body: string, kind: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[kind] : undefined;
  } catch {
    return undefined;
  }
}

function checksum(body: string): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, CHECKSUM_CHARACTERS);
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function invalid(text: string, kind: Kind): DaybookError {
  const expected = kind === 'p' ? "one that a list gave, or an entry's id" : `one that ${READ_OF[kind]} gave`;
  return new DaybookError(
    'CURSOR_INVALID',
    `cursor: expected ${expected}; given ${JSON.stringify(text.slice(0, 60))}`,
  );
}
