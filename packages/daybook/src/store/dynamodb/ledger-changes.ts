/**
 * What a transaction changes in the ledger, gathered row by row: an entry that moves leaves one counter for another, and
 * one that is new is accepted in the same step, so every change keeps a row balanced.
 */
import { idToMicros } from '../../id.ts';
import type { Write } from './item.ts';
import { keyItem, number } from './item.ts';
import { ledgerKey, pad } from './keys.ts';
import type { LedgerChange } from './log.ts';
import type { Mark } from './place-item.ts';

const MINUTE_MICROS = 60_000_000;
const SECOND_MICROS = 1_000_000;
export const COUNTERS = [
  'accepted',
  'stored',
  'duplicate',
  'dead',
  'discarded',
  'expired',
  'retrying',
] as const;

interface Move {
  readonly id: string;
  readonly register: string;
  readonly region: string;
  /** Undefined: it is accepted now. */
  readonly from: Mark | 'stored' | undefined;
  readonly to: Mark | 'stored' | 'expired';
}

type Counters = Map<string, number>;

/** What a transaction changes, gathered row by row. */
export interface LedgerChanges {
  /** Whether the row is among the changes already: else it is one more write. */
  has(move: Move): boolean;
  move(move: Move): void;
  changes(): LedgerChange[];
  writes(tableName: string, lane: string): Write[];
}

/** `s0` to `s59`: entries that were stored with a stamp in that second of the minute. */
const secondName = (micros: number): string => `s${Math.floor((micros % MINUTE_MICROS) / SECOND_MICROS)}`;

function nameOf({ id, register, region }: Move): string {
  return `${Math.floor(idToMicros(id) / MINUTE_MICROS)} ${region} ${register}`;
}

export function createLedgerChanges(): LedgerChanges {
  const rows = new Map<string, { minute: number; region: string; register: string; counters: Counters }>();

  function add(counters: Counters, name: string, change: number): void {
    counters.set(name, (counters.get(name) ?? 0) + change);
  }

  return {
    has: (move) => rows.has(nameOf(move)),
    move(move) {
      const { id, register, region, from, to } = move;
      const micros = idToMicros(id);
      const minute = Math.floor(micros / MINUTE_MICROS);
      const row = rows.get(nameOf(move)) ?? { minute, region, register, counters: new Map<string, number>() };
      rows.set(nameOf(move), row);
      add(row.counters, from ?? 'accepted', from === undefined ? 1 : -1);
      add(row.counters, to, 1);
      if (to === 'stored') add(row.counters, secondName(micros), 1);
      if (from === 'stored') add(row.counters, secondName(micros), -1);
    },
    changes: () =>
      [...rows.values()].map(({ minute, region, register, counters }) => ({
        minute,
        region,
        register,
        ...Object.fromEntries(
          COUNTERS.flatMap((name) => (counters.get(name) ? [[name, counters.get(name)]] : [])),
        ),
      })),
    writes: (tableName, lane) =>
      [...rows.values()].map(({ minute, region, register, counters }) => {
        const names = [...counters.keys()];
        return {
          Update: {
            TableName: tableName,
            Key: keyItem({ pk: ledgerKey(lane, register), sk: `${pad(minute)}#${region}` }),
            UpdateExpression: `ADD ${names.map((_, index) => `#${index} :${index}`).join(', ')}`,
            ExpressionAttributeNames: Object.fromEntries(names.map((name, index) => [`#${index}`, name])),
            ExpressionAttributeValues: Object.fromEntries(
              names.map((name, index) => [`:${index}`, number(counters.get(name) ?? 0)]),
            ),
          },
        };
      }),
  };
}
