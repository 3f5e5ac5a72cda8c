/**
 * Cursors: opaque to clients. A tail cursor is the store's epoch and a number per lane; that of a subject's own entries
 * is the last of them, because a number would tell how many others there are; a page cursor is a place in a list. All are base64url of JSON with a short checksum, so that a truncated or altered one is recognised.
 */
import { createHash } from 'node:crypto';

import { DaybookError } from '../errors.ts';
import { isId } from '../id.ts';

export interface TailCursor {
  readonly epoch: string;
  /** Lane to the number of the last entry seen. */
  readonly lanes: Readonly<Record<string, number>>;
  /** Where retention has come further than the number: its holder knows what it took up to here to be gone. */
  readonly expired?: number;
}

/** Of a tail that shows a subject only its own. */
export interface OwnCursor {
  readonly epoch: string;
  /** The last entry seen; empty before the first. */
  readonly after: string;
}

export interface PageCursor {
  readonly order: 'asc' | 'desc';
  /** Continue behind this id. */
  readonly after: string;
}

const CHECKSUM_CHARACTERS = 6;
const MAX_CURSOR_CHARACTERS = 1024;

export function encodeTailCursor({ epoch, lanes, expired }: TailCursor): string {
  return seal({ t: expired === undefined ? [epoch, lanes] : [epoch, lanes, expired] });
}

export function encodeOwnCursor({ epoch, after }: OwnCursor): string {
  return seal({ o: [epoch, after] });
}

export function encodePageCursor({ order, after }: PageCursor): string {
  return seal({ p: [order, after] });
}

/** @throws {DaybookError} CURSOR_INVALID */
export function decodeTailCursor(text: string): TailCursor {
  const [epoch, lanes, expired] = unseal(text, 't');
  if (typeof epoch !== 'string' || !isLanes(lanes)) throw invalid(text, 't');
  if (expired === undefined) return { epoch, lanes };
  if (!isNumber(expired)) throw invalid(text, 't');
  return { epoch, lanes, expired };
}

/** @throws {DaybookError} CURSOR_INVALID */
export function decodeOwnCursor(text: string): OwnCursor {
  const [epoch, after] = unseal(text, 'o');
  if (typeof epoch !== 'string' || typeof after !== 'string' || (after !== '' && !isId(after)))
    throw invalid(text, 'o');
  return { epoch, after };
}

/** An entry's id is accepted in place of a page cursor. @throws {DaybookError} CURSOR_INVALID */
export function decodePageCursor(text: string, order: 'asc' | 'desc'): PageCursor {
  if (isId(text)) return { order, after: text };
  const [sealedOrder, after] = unseal(text, 'p');
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

function unseal(text: string, kind: Kind): readonly unknown[] {
  const dot = text.indexOf('.');
  const body = text.slice(0, Math.max(0, dot));
  if (text.length > MAX_CURSOR_CHARACTERS || text.slice(dot + 1) !== checksum(body))
    throw invalid(text, kind);
  const members = memberOf(body, kind);
  if (Array.isArray(members)) return members;
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

function isLanes(value: unknown): value is Record<string, number> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isNumber)
  );
}

function invalid(text: string, kind: Kind): DaybookError {
  const expected = kind === 'p' ? "one that a list gave, or an entry's id" : `one that ${READ_OF[kind]} gave`;
  return new DaybookError(
    'CURSOR_INVALID',
    `cursor: expected ${expected}; given ${JSON.stringify(text.slice(0, 60))}`,
  );
}
