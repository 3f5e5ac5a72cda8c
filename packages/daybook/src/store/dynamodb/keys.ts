/**
 * Where everything is in the table: the keys of each kind of item, and how a position is packed into a number. Every
 * key holds the lane, so that no item is ever written by two regions. See docs/decisions/0011-dynamodb-layout.md.
 */
import { createHash } from 'node:crypto';

import { formatStamp, idToMicros } from '../../id.ts';

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

export const itemName = ({ pk, sk }: ItemKey): string => `${pk} ${sk}`;

/** All keys are text: numbers are padded so that their order is that of the text. 2^53 has 16 digits. */
const DIGITS = 16;
/** A transaction has at most 100 actions, so at most 99 entries beside its log item. */
const ENTRIES_PER_LOG_ITEM = 128;

export const pad = (number: number): string => String(number).padStart(DIGITS, '0');

/** The UTC day of the stamp, `2026-11-21`. */
export function dayOf(id: string): string {
  return formatStamp(idToMicros(id)).slice(0, 10);
}

/** The last 32 bits of an id are random. */
export function shardOf(id: string, shards: number): number {
  return Number.parseInt(id.slice(-8), 16) % shards;
}

/** Order holds: log numbers first, then the index of the entry in its log item. */
export function toPosition(log: number, index: number): number {
  return log * ENTRIES_PER_LOG_ITEM + index;
}

/** The log item that holds a position. */
export function logOf(position: number): number {
  return Math.floor(position / ENTRIES_PER_LOG_ITEM);
}

export interface Shard {
  readonly lane: string;
  readonly register: string;
  readonly day: string;
  readonly shard: number;
}

export const shardKey = ({ lane, register, day, shard }: Shard): string =>
  `${lane}#entry#${register}#${day}#${shard}`;

export function toShard(pk: string): Shard {
  const [lane = '', , register = '', day = '', shard] = pk.split('#');
  return { lane, register, day, shard: Number(shard) };
}

/** Subjects and keys of clients have any length and any characters; a key has 2048 bytes. */
function hash(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64url');
}

export interface PointerShard {
  readonly lane: string;
  readonly register: string;
  readonly subject: string;
  readonly shard: number;
}

export const pointerShardKey = ({ lane, register, subject, shard }: PointerShard): string =>
  `${lane}#subject#${register}#${hash(subject)}#${shard}`;

/** The lane of any item but the lanes' own. */
export const laneOf = (pk: string): string => pk.slice(0, pk.indexOf('#'));

/** Short: within a log item it only has to tell subjects apart, and whoever reads by it compares the subject as well. */
const OWNER_CHARACTERS = 16;

/** What the log calls a subject. */
export const ownerOf = (subject: string): string => hash(subject).slice(0, OWNER_CHARACTERS);

/** Says that a log item lists entries of the subject in this register. */
export function ownKey(lane: string, register: string, owner: string, n: number): ItemKey {
  return { pk: `${lane}#own#${register}#${owner}`, sk: pad(n) };
}

export interface KeyName {
  readonly region: string;
  readonly register: string;
  readonly subject: string;
  readonly key: string;
}

export function idempotencyKey(lane: string, { region, register, subject, key }: KeyName): ItemKey {
  return { pk: `${lane}#key#${register}#${hash(subject, key)}`, sk: region };
}

export const logKey = (lane: string): string => `${lane}#log`;
export const batchKey = (lane: string, source: string): string => `${lane}#batch#${source}`;
export const gapKey = (lane: string): string => `${lane}#gap`;
export const bucketKey = (lane: string, register: string): string => `${lane}#bucket#${register}`;
export const ledgerKey = (lane: string, register: string): string => `${lane}#ledger#${register}`;
export const retentionKey = (lane: string, register: string): ItemKey => ({
  pk: `${lane}#retention`,
  sk: register,
});
export const voucherKey = (lane: string): string => `${lane}#voucher`;
export const probeKey = (lane: string): ItemKey => ({ pk: `${lane}#probe`, sk: 'probe' });
export const laneKey = (lane: string): ItemKey => ({ pk: 'lane', sk: lane });
