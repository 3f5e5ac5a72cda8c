/**
 * Cursors: opaque to clients. A tail cursor is the store's epoch and a number per lane; a page cursor is a place in a
 * list. Both are base64url of JSON with a short checksum, so that a truncated or altered one is recognised.
 */
import { createHash } from 'node:crypto';

import { DaybookError } from '../errors.ts';
import { isId } from '../id.ts';

export interface TailCursor {
  readonly epoch: string;
  /** Lane to the number of the last entry seen. */
  readonly lanes: Readonly<Record<string, number>>;
}

export interface PageCursor {
  readonly order: 'asc' | 'desc';
  /** Continue behind this id. */
  readonly after: string;
}

const CHECKSUM_CHARACTERS = 6;
const MAX_CURSOR_CHARACTERS = 1024;

export function encodeTailCursor({ epoch, lanes }: TailCursor): string {
  return seal({ t: [epoch, lanes] });
}

export function encodePageCursor({ order, after }: PageCursor): string {
  return seal({ p: [order, after] });
}

/** @throws {DaybookError} CURSOR_INVALID */
export function decodeTailCursor(text: string): TailCursor {
  const [epoch, lanes] = unseal(text, 't');
  if (typeof epoch !== 'string' || !isLanes(lanes)) throw invalid(text);
  return { epoch, lanes };
}

/** An entry's id is accepted in place of a page cursor. @throws {DaybookError} CURSOR_INVALID */
export function decodePageCursor(text: string, order: 'asc' | 'desc'): PageCursor {
  if (isId(text)) return { order, after: text };
  const [sealedOrder, after] = unseal(text, 'p');
  if ((sealedOrder !== 'asc' && sealedOrder !== 'desc') || typeof after !== 'string' || !isId(after))
    throw invalid(text);
  return { order: sealedOrder, after };
}

function seal(value: Record<string, unknown>): string {
  const body = Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${body}.${checksum(body)}`;
}

function unseal(text: string, kind: string): readonly unknown[] {
  const [body = '', sum] = text.length <= MAX_CURSOR_CHARACTERS ? text.split('.') : [];
  if (sum === undefined || sum !== checksum(body)) throw invalid(text);
  const value = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
  const members = value[kind];
  if (!Array.isArray(members))
    throw new DaybookError(
      'CURSOR_INVALID',
      'cursor: expected one of this kind of read, given one of another kind',
    );
  return members;
}

function checksum(body: string): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, CHECKSUM_CHARACTERS);
}

function isLanes(value: unknown): value is Record<string, number> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((number) => Number.isSafeInteger(number) && (number as number) >= 0)
  );
}

function invalid(text: string): DaybookError {
  return new DaybookError(
    'CURSOR_INVALID',
    `cursor: expected one that Daybook gave, or an entry's id; given ${JSON.stringify(text.slice(0, 60))}`,
  );
}
