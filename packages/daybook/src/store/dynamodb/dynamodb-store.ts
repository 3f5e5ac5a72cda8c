/**
 * The DynamoDB driver of the store port: one table, one lane per region that writes to it. See
 * docs/decisions/0011-dynamodb-layout.md. Needs the package `@aws-sdk/client-dynamodb` and, on the table,
 * dynamodb:DescribeTable, GetItem, BatchGetItem, Query, PutItem, UpdateItem, DeleteItem and ConditionCheckItem.
 */
import { randomId } from '../../id.ts';
import type { Store } from '../store.ts';
import { hasOtherRegions } from '../store.ts';
import { createBuckets } from './buckets.ts';
import { dynamoDbCapabilities } from './capabilities.ts';
import { namedCopies } from './copies.ts';
import { keyItem, number } from './item.ts';
import { laneKey, probeKey } from './keys.ts';
import { createLanes, openLane } from './lanes.ts';
import { countStored, readLedger } from './ledger.ts';
import { createExpire } from './expire.ts';
import { findEntry } from './find.ts';
import { listEntries } from './list.ts';
import { readLogEnd } from './log.ts';
import { countOwn } from './own-list.ts';
import { readMissing } from './batch-names.ts';
import { prepareTable } from './table-description.ts';
import type { TableOptions } from './table.ts';
import { createTable } from './table.ts';
import { readTail } from './tail.ts';
import { putVouch, readVouchedThrough, withdrawVouch } from './vouchers.ts';
import { createWriter, discardedRefusal } from './writer.ts';

export interface DynamoDbStoreOptions extends TableOptions {
  /** Daybook's name of the region that writes here, and so of its lane: unique among the regions of a global table. */
  readonly region: string;
  /** Make the table if there is none; default false. An existing one is never changed. */
  readonly createTable?: boolean;
  /** How many shards a day has, from the next day on that has no entries yet: 1 to 128, default 1. */
  readonly shards?: number;
  /** Log items stay for so long at least, although all that they listed expired; default 12 hours. */
  readonly logKeptMs?: number;
  /** For a lane that is new; default random. */
  readonly newEpoch?: string;
}

const MAX_SHARDS = 128;
const LOG_KEPT_MS = 12 * 3_600_000;

/**
 * @throws {StoreError} while the table cannot be reached.
 * @throws {StartError} when there is no table, its keys are others, or another AWS region writes the lane.
 */
export async function createDynamoDbStore(options: DynamoDbStoreOptions): Promise<Store> {
  const { table: tableName, region: lane, awsRegion, shards = 1, newEpoch = randomId() } = options;
  const { logKeptMs = LOG_KEPT_MS } = options;
  if (!Number.isInteger(shards) || shards < 1 || shards > MAX_SHARDS)
    throw new RangeError(`shards: expected a whole number from 1 to ${MAX_SHARDS}, given ${shards}`);
  const table = createTable(options);
  try {
    const description = await prepareTable(table, tableName, options.createTable ?? false);
    const opened = await openLane(table, tableName, { lane, epoch: newEpoch, awsRegion });
    const end = await readLogEnd(table, lane);
    const lanes = createLanes(table, opened);
    await lanes.read();
    const buckets = createBuckets(table);
    const registers = new Set(opened.registers);
    const capabilities = dynamoDbCapabilities(options, description);
    /** Whose keys another region writes too must write none: one of the two items would be replaced in silence. */
    const ifOwn = async <T>(write: () => Promise<T>): Promise<T> => {
      lanes.assertOwn();
      return write();
    };
    const state = { tableName, lane, shards, buckets, registers, recorded: new Map<string, number>() };

    const writer = createWriter(table, state, end);
    const expire = createExpire({ table, tableName, lane, buckets, logKeptMicros: logKeptMs * 1000 });

    return {
      capabilities,
      get lanes() {
        return lanes.known;
      },
      newestIdAtOpen: end.newestId,

      append: (batch) => ifOwn(() => writer.append(batch)),
      persist: (batches) => ifOwn(() => writer.persist(batches)),
      replay: (entry) =>
        ifOwn(async () => {
          const others = (await lanes.current()).filter((one) => one !== lane);
          const { register, id } = entry;
          const found = await findEntry({ table, buckets, lanes: others }, { register, id });
          // Another region stored it after all, or gave it up for good.
          if (found?.status === 'stored') return 'stored';
          if (found?.status === 'discarded') throw discardedRefusal(entry);
          return writer.replay(entry);
        }),
      discard: (entry) => ifOwn(() => writer.discard(entry)),
      expire: (query) => ifOwn(() => expire(query)),
      probe: () => ifOwn(() => table.put({ ...keyItem(probeKey(lane)), at: number(table.nowMicros()) })),

      async find(register, id, subject) {
        const all = await lanes.current();
        const found = await findEntry({ table, buckets, lanes: all }, { register, id, subject });
        if (found?.status === 'stored') {
          const [entry = found.entry] = await namedCopies(table, all, [found.entry]);
          return { status: 'stored', entry };
        }
        if (found?.status !== 'duplicate') return found;
        const [first = found.first] = await namedCopies(table, all, [found.first]);
        return { status: 'duplicate', first };
      },
      async list(query) {
        const all = await lanes.current();
        const of = query.lane === undefined ? all : [query.lane];
        const page = await listEntries(table, buckets, of, query);
        return { ...page, entries: await namedCopies(table, all, page.entries) };
      },
      async tail(query) {
        const page = await readTail(table, lane, query);
        return { ...page, entries: await namedCopies(table, await lanes.current(), page.entries) };
      },
      async head(of) {
        // Whoever follows asks for heads again and again, and so hears of lanes that other regions open.
        const all = await lanes.current();
        if (!all.includes(of)) await lanes.read();
        return (await readLogEnd(table, of)).head;
      },
      async count(query) {
        const [all, { subject }] = [await lanes.current(), query];
        if (subject === undefined) return countStored(table, all, query);
        return countOwn({ table, buckets, lanes: all }, { ...query, subject });
      },
      async ledger(range, limit) {
        const all = await lanes.read();
        const of = all.flatMap(({ lane, registers }) => registers.map((register) => ({ lane, register })));
        return readLedger(table, of, range, limit);
      },
      // Only our own: what another region misses may have come there long ago, and its gaps are its own to forget.
      missingBatches: () => readMissing(table, lane),
      vouch: (vouch) => putVouch(table, lane, vouch),
      withdraw: (voucher) => withdrawVouch(table, lane, voucher),
      async vouchedThrough() {
        // What another region vouches for may not have been replicated yet.
        await lanes.current();
        return hasOtherRegions({ capabilities, lanes: lanes.known })
          ? undefined
          : readVouchedThrough(table, lane);
      },
      async time() {
        await table.getMany([laneKey(lane)]);
        return table.nowMicros();
      },

      close: () => table.close(),
    };
  } catch (thrown) {
    await table.close();
    throw thrown;
  }
}
