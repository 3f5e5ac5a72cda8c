/**
 * The reads, each a short transaction of its own: an open cursor would keep the WAL from being written back. Runs in
 * the reader thread.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { StoredEntry } from '../../entry.ts';
import { microsToFirstId } from '../../id.ts';
import type {
  CountQuery,
  Found,
  LedgerRow,
  ListQuery,
  MissingBatches,
  Page,
  StampRange,
  TailPage,
  TailQuery,
} from '../store.ts';
import { VOUCH_LIFETIME_MS } from '../store.ts';
import type { MarkRow } from './marks.ts';
import type { OwnPositions } from './own-blocks.ts';
import { createOwnPositions } from './own-blocks.ts';
import type { EntryRow } from './rows.ts';
import { BLOCK_POSITIONS, blockOf, fromRow, successor, toIdBytes } from './rows.ts';

const COLUMNS = 'entry.position, entry.id, entry.register, entry.subject, entry.meta, entry.payload';
/** In the words of the partial index, or SQLite would not use it (https://www.sqlite.org/partialindex.html). */
const OWN = `subject = :subject AND subject <> ''`;
/**
 * By itself SQLite prefers the unique index of all entries, and looks into each row of others to see whose it is: the time of
 * an answer would tell how many there are, and a subject with few entries among many would wait for it.
 */
const OWN_ENTRIES = 'entry INDEXED BY entry_by_subject_id';
const MINUTE_MICROS = 60_000_000;
const LOWEST = new Uint8Array(16);
const HIGHEST = new Uint8Array(17).fill(0xff);

interface FindQuery {
  readonly register: string;
  readonly id: string;
  readonly subject: string | undefined;
}

export function createQueries(db: DatabaseSync) {
  const byId = db.prepare(`SELECT ${COLUMNS} FROM entry WHERE register = ? AND id = ?`);
  const ownById = db.prepare(
    `SELECT ${COLUMNS} FROM ${OWN_ENTRIES} WHERE register = :register AND ${OWN} AND id = :id`,
  );
  const markById = db.prepare('SELECT id, subject, place, first FROM mark WHERE id = ? AND register = ?');
  const lists = { all: prepareLists('entry', ''), own: prepareLists(OWN_ENTRIES, `AND ${OWN}`) };
  // Block after block, so the order is that of positions although only blocks are sorted.
  const following = db.prepare(
    `SELECT ${COLUMNS} FROM block CROSS JOIN entry NOT INDEXED
     ON position BETWEEN block * ${BLOCK_POSITIONS} AND block * ${BLOCK_POSITIONS} + ${BLOCK_POSITIONS - 1}
     WHERE block.register = :register AND block >= :firstBlock AND entry.register = :register AND position > :after
     ORDER BY block, position LIMIT :limit`,
  );
  const ownPositions = createOwnPositions(db);
  const byPosition = db.prepare(`SELECT ${COLUMNS} FROM entry WHERE position = ?`);
  const expiredThrough = db.prepare('SELECT through FROM expiry WHERE register = ?');
  // Of those that were given, whatever retention took since (https://www.sqlite.org/autoinc.html).
  const newestPosition = db.prepare(
    `SELECT coalesce(max(seq), 0) AS position FROM sqlite_sequence WHERE name = 'entry'`,
  );
  const countRange = db.prepare(
    'SELECT count(*) AS entries FROM entry WHERE register = ? AND id >= ? AND id < ?',
  );
  const countOwn = db.prepare(
    `SELECT count(*) AS entries FROM ${OWN_ENTRIES} WHERE register = :register AND ${OWN} AND id >= :lower AND id < :upper`,
  );
  const countMinutes = db.prepare(
    `SELECT CAST((minute - :first) / :length AS INTEGER) AS bucket, sum(stored) AS entries FROM ledger
     WHERE minute >= :first AND minute < :end AND register = :register GROUP BY bucket`,
  );
  const ledgerRows = db.prepare(
    `SELECT minute, region, register, accepted, stored, duplicate, dead, discarded, expired, retrying FROM ledger
     WHERE minute >= ? AND minute < ? ORDER BY minute, region, register LIMIT ?`,
  );
  const gaps = db.prepare(
    'SELECT source, first_n AS firstN, last_n AS lastN, entries, since FROM gap ORDER BY source, first_n',
  );
  const leastVouched = db.prepare(
    `SELECT min(through) AS through FROM voucher
     WHERE binding = 1 OR vouched_at > CAST(unixepoch('subsec') * 1000000 AS INTEGER) - ${VOUCH_LIFETIME_MS * 1000}`,
  );
  const now = db.prepare(`SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS micros`);

  function prepareLists(entries: string, filter: string) {
    const rows = `SELECT ${COLUMNS} FROM ${entries} WHERE register = :register ${filter} AND id >= :lower AND id < :upper`;
    return {
      asc: db.prepare(`${rows} ORDER BY id ASC LIMIT :limit`),
      desc: db.prepare(`${rows} ORDER BY id DESC LIMIT :limit`),
    };
  }

  /** Another's entry is passed over in the index: its row is not touched, so it takes no longer than one that is not there. */
  function findRow(register: string, id: Uint8Array, subject: string | undefined): EntryRow | undefined {
    const row = subject === undefined ? byId.get(register, id) : ownById.get({ register, id, subject });
    return row as EntryRow | undefined;
  }

  /** Each block has one entry at least, and the first one may have none behind the place. */
  function* followOwn(query: Parameters<OwnPositions>[0], limit: number): Generator {
    for (const position of ownPositions(query, limit + 1)) yield byPosition.get(position);
  }

  function countBetween(
    { register, subject }: Pick<CountQuery, 'register' | 'subject'>,
    start: number,
    end: number,
  ): number {
    const [lower, upper] = [toIdBytes(microsToFirstId(start)), toIdBytes(microsToFirstId(end))];
    const row =
      subject === undefined
        ? countRange.get(register, lower, upper)
        : countOwn.get({ register, subject, lower, upper });
    return Number(row?.['entries']);
  }

  return {
    find({ register, id, subject }: FindQuery): Found | undefined {
      // One snapshot: between two of them a replay may move an entry from its mark to its row.
      db.exec('BEGIN');
      try {
        const row = findRow(register, toIdBytes(id), subject);
        if (row !== undefined) return { status: 'stored', entry: fromRow(row) };
        const mark = markById.get(toIdBytes(id), register) as (MarkRow & { subject: string }) | undefined;
        if (mark === undefined || mark.place === 'retrying') return undefined;
        if (subject !== undefined && mark.subject !== subject) return undefined;
        if (mark.place !== 'duplicate') return { status: mark.place };
        const first = byId.get(register, mark.first) as EntryRow | undefined;
        return first === undefined ? { status: 'expired' } : { status: 'duplicate', first: fromRow(first) };
      } finally {
        db.exec('COMMIT');
      }
    },

    list({ register, subject, order, from, to, after, limit, maxBytes }: ListQuery): Page {
      let lower = from === undefined ? LOWEST : toIdBytes(microsToFirstId(from));
      let upper = to === undefined ? HIGHEST : toIdBytes(microsToFirstId(to));
      if (after !== undefined && order === 'asc') lower = larger(lower, successor(toIdBytes(after)));
      if (after !== undefined && order === 'desc') upper = smaller(upper, toIdBytes(after));
      const range = { register, lower, upper, limit: limit + 1 };
      const rows =
        subject === undefined
          ? lists.all[order].iterate(range)
          : lists.own[order].iterate({ ...range, subject });
      return take(rows, limit, maxBytes);
    },

    tail({ register, subject, after, limit, maxBytes }: TailQuery): TailPage {
      // All of it sees one snapshot, or an entry committed between them would be passed over.
      db.exec('BEGIN');
      try {
        const head = Number(newestPosition.get()?.['position']);
        const rows =
          subject === undefined
            ? following.iterate({ register, after, limit: limit + 1, firstBlock: blockOf(after) })
            : followOwn({ register, subject, after }, limit + 1);
        const { entries, more } = take(rows, limit, maxBytes);
        const last = entries.at(-1)?.position.number;
        return {
          entries,
          through: more && last !== undefined ? last : Math.max(after, head),
          expiredThrough: Number(expiredThrough.get(register)?.['through'] ?? 0),
        };
      } finally {
        db.exec('COMMIT');
      }
    },

    head: (): number => Number(newestPosition.get()?.['position']),

    count({ register, subject, from, bucketMicros, buckets }: CountQuery): number[] {
      if (subject !== undefined || bucketMicros % MINUTE_MICROS !== 0) {
        return Array.from({ length: buckets }, (_, index) => {
          const start = from + index * bucketMicros;
          return countBetween(
            { register, ...(subject !== undefined && { subject }) },
            start,
            start + bucketMicros,
          );
        });
      }
      const counts = Array.from({ length: buckets }, () => 0);
      const [first, length] = [from / MINUTE_MICROS, bucketMicros / MINUTE_MICROS];
      for (const row of countMinutes.all({ register, first, length, end: first + buckets * length })) {
        counts[Number(row['bucket'])] = Number(row['entries']);
      }
      return counts;
    },

    ledger({ range, limit }: { range: StampRange; limit: number }): LedgerRow[] {
      const [first, end] = [range.from, range.to].map((micros) => Math.ceil(micros / MINUTE_MICROS)) as [
        number,
        number,
      ];
      return ledgerRows.all(first, end, limit) as unknown as LedgerRow[];
    },

    missingBatches: () => gaps.all() as unknown as MissingBatches[],

    vouchedThrough(): number | undefined {
      const through = leastVouched.get()?.['through'];
      return typeof through === 'number' ? through : undefined;
    },

    time: (): number => Number(now.get()?.['micros']),
  };
}

/** Reads up to `limit` rows and `maxBytes` of payload, at least one; one row more tells whether there is more. */
function take(rows: Iterable<unknown>, limit: number, maxBytes: number): Page {
  const entries: StoredEntry[] = [];
  let bytes = 0;
  for (const row of rows) {
    const payload = (row as EntryRow).payload?.byteLength ?? 0;
    if (entries.length === limit || (entries.length > 0 && bytes + payload > maxBytes))
      return { entries, more: true };
    bytes += payload;
    entries.push(fromRow(row as EntryRow));
  }
  return { entries, more: false };
}

function larger(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.compare(a, b) > 0 ? a : b;
}

function smaller(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.compare(a, b) < 0 ? a : b;
}
