/**
 * Plans one transaction: as many steps of a job as fit, from what is known so far. Every assumption becomes a condition.
 * Plans only: nothing is read or written here.
 */
import type { Batch } from '../../envelope.ts';
import type { AppendException } from '../store.ts';
import { checkName, nameKey, putGap, putName, toBatchRecord } from './batch-names.ts';
import type { BucketRecord, Buckets } from './buckets.ts';
import { bucketOf, makeBucket, noteLateWrite, placeKey } from './buckets.ts';
import type { Goal } from './decision.ts';
import { createView, decide, knownOf } from './decision.ts';
import { holderKey, holderWrite, ownWrite, placeWrite, pointerWrite, toOwnHolder } from './entry-writes.ts';
import type { Facts } from './facts.ts';
import { createFacts, mergeFacts } from './facts.ts';
import type { Write } from './item.ts';
import { keyItem } from './item.ts';
import type { EntryStep, Job, StoreStep } from './job.ts';
import { itemName, laneKey, ownerOf, toPosition } from './keys.ts';
import { createLedgerChanges } from './ledger-changes.ts';
import type { BatchName, LogEnd, Run } from './log.ts';
import { nextLogEnd, putLogItem } from './log.ts';
import type { Mark } from './place-item.ts';
import { toEntryItem, toMarkItem } from './place-item.ts';
import type { PlannedWrite } from './transaction.ts';
import { gatherWrites, SMALL_ITEM_BYTES } from './transaction.ts';

/** What the writer of a lane knows beyond one call. */
export interface LaneState {
  readonly tableName: string;
  readonly lane: string;
  /** Of days that have no record yet. */
  readonly shards: number;
  readonly buckets: Buckets;
  /** Those that the lane's item names. */
  readonly registers: Set<string>;
  /** By source, a number that is certainly on record. */
  readonly recorded: Map<string, number>;
}

export interface PlanInput {
  readonly job: Job;
  /** The first step that is not done. */
  readonly from: number;
  readonly facts: Facts;
  readonly end: LogEnd;
  readonly nowMicros: number;
  /** Of each delivery, what was told so far. */
  readonly exceptions: AppendException[][];
}

export interface Plan {
  /** The log item first, counters last, between them what can teach something; empty when nothing is to be written. */
  readonly writes: readonly Write[];
  readonly teachers: readonly PlannedWrite[];
  readonly next: number;
  /** The end of the log once it is committed. */
  readonly end: LogEnd;
  /** To be called then: what was planned is a fact. */
  commit(): void;
}

interface PlannedRun extends Run {
  readonly ids: string[];
  owners?: Record<string, number[]>;
}

const MAX_REMEMBERED_SOURCES = 10_000;

export function planTransaction(state: LaneState, input: PlanInput): Plan {
  const { job, from, facts, end, nowMicros } = input;
  const { tableName, lane, buckets } = state;
  const planned = createFacts();
  const gathered = gatherWrites();
  const ledger = createLedgerChanges();
  const newRegisters = new Set<string>();
  const newBuckets = new Map<string, BucketRecord>();
  const names: BatchName[] = [];
  const runs: PlannedRun[] = [];
  const lateBuckets = new Set<string>();
  /** Register and subject, as the log has it. */
  const owners = new Set<string>();
  const told: { readonly delivery: number; readonly exception: AppendException }[] = [];
  const known: { readonly delivery: number; readonly exceptions: AppendException[] }[] = [];
  let stored = 0;

  const view = createView(lane, facts, planned);

  /** @returns false when it does not fit any more; nothing was planned then. */
  function planEntry(step: EntryStep): boolean {
    const { goal, held } = decide(job, view, step);
    if (goal !== undefined && !planMove(step, goal)) return false;
    if (held !== undefined) told.push({ delivery: step.delivery, exception: { index: step.index, ...held } });
    return true;
  }

  function planMove(step: EntryStep, goal: Goal): boolean {
    const { entry, region } = step;
    const bucket = bucketOf(lane, entry);
    const bucketName = `${bucket.register} ${bucket.day}`;
    const known = buckets.shardsOf(bucket) ?? newBuckets.get(bucketName)?.shards;
    const record = { ...bucket, shards: known ?? state.shards };
    const place = view.placeOf(entry.id);
    const toStore = goal.to === 'stored' && step.kind === 'store' ? step : undefined;
    const key = placeKey(bucket, record.shards, entry.id);
    const position = toPosition(end.n + 1, stored);
    const subject = entry.subject ?? (place?.at === 'stored' ? '' : (place?.subject ?? ''));
    const mark = { firstId: goal.firstId, subject };
    const item = toStore ? toEntryItem(key, toStore.entry, position) : toMarkItem(key, goal.to as Mark, mark);

    const writes = [placeWrite(tableName, facts, step, item, place)];
    if (known === undefined) writes.push(makeBucket(tableName, buckets, record));
    const late =
      known === undefined || newBuckets.has(bucketName) || lateBuckets.has(bucketName)
        ? undefined
        : noteLateWrite(tableName, bucket, nowMicros);
    if (late !== undefined) writes.push(late);
    if (toStore) writes.push(...besideEntry(toStore, record.shards));
    const move = { ...entry, region, from: place?.at as Mark | undefined, to: goal.to };
    const newRegister = !state.registers.has(entry.register) && !newRegisters.has(entry.register);
    const counters = (ledger.has(move) ? 0 : 1) + (newRegister && newRegisters.size === 0 ? 1 : 0);
    if (!gathered.add(writes, counters)) return false;

    ledger.move(move);
    if (newRegister) newRegisters.add(entry.register);
    if (known === undefined) newBuckets.set(bucketName, record);
    if (late !== undefined) lateBuckets.add(bucketName);
    planned.places.set(entry.id, toStore ? { at: 'stored', position } : { at: goal.to as Mark, ...mark });
    if (toStore) noteStored(toStore, record);
    return true;
  }

  function besideEntry(step: StoreStep, shards: number): PlannedWrite[] {
    const { entry } = step;
    const { register, subject } = entry;
    const writes: PlannedWrite[] = [];
    if (subject !== '') {
      writes.push(pointerWrite(tableName, lane, entry, shards));
      const owner = ownerOf(subject);
      if (!owners.has(`${register} ${owner}`))
        writes.push(ownWrite(tableName, lane, { register, owner, n: end.n + 1 }));
    }
    const key = view.holderOf(step) === undefined ? holderKey(lane, step) : undefined;
    if (key !== undefined) writes.push(holderWrite(tableName, facts, key, toOwnHolder(entry)));
    return writes;
  }

  function noteStored(step: StoreStep, { register, day, shards }: BucketRecord): void {
    stored += 1;
    const key = holderKey(lane, step);
    if (key !== undefined) planned.holders.set(itemName(key), toOwnHolder(step.entry));
    let run = runs.at(-1);
    if (run?.register !== register || run.day !== day) {
      run = { register, day, shards, ids: [] };
      runs.push(run);
    }
    const { id, subject } = step.entry;
    if (subject !== '') {
      const owner = ownerOf(subject);
      owners.add(`${register} ${owner}`);
      run.owners ??= {};
      (run.owners[owner] ??= []).push(run.ids.length);
    }
    run.ids.push(id);
  }

  function planName(batch: Batch): boolean {
    const { source, n, total, entries } = batch;
    const key = nameKey(lane, batch);
    const lastPosition = lastPositionOf(batch);
    const write: PlannedWrite = {
      key,
      write: putName(tableName, lane, batch, lastPosition),
      bytes: SMALL_ITEM_BYTES,
      learn(old) {
        if (old !== undefined) facts.names.set(itemName(key), toBatchRecord(old, batch));
      },
    };
    if (!gathered.add([write, ...predecessorWrites(batch)], 0)) return false;
    planned.names.set(itemName(key), { lastPosition });
    names.push({ source, n, entries: entries.length, total });
    return true;
  }

  /** That the batch before is on record, or the gap that it leaves; nothing where we know that it is. */
  function predecessorWrites(batch: Batch): PlannedWrite[] {
    const before = { source: batch.source, n: batch.n - 1 };
    const name = itemName(nameKey(lane, before));
    if (before.n === 0 || view.isRecorded(before) || state.recorded.get(before.source) === before.n)
      return [];
    const since = Math.max(end.storedAt, nowMicros);
    const { key, write } = facts.missing.has(name)
      ? putGap(tableName, lane, batch, since)
      : checkName(tableName, lane, before);
    return [{ key, write, bytes: SMALL_ITEM_BYTES, learn: () => void facts.missing.add(name) }];
  }

  /** Of its entries, or where none is stored, of the lane. */
  function lastPositionOf({ entries }: Batch): number {
    const positions = entries.flatMap(({ id }) => {
      const place = view.placeOf(id);
      return place?.at === 'stored' ? [place.position] : [];
    });
    const head = stored > 0 ? toPosition(end.n + 1, stored - 1) : end.head;
    return positions.length > 0 ? positions.reduce((a, b) => Math.max(a, b)) : head;
  }

  let next = from;
  for (; next < job.steps.length; next += 1) {
    const step = job.steps[next] as Job['steps'][number];
    if (step.batch !== undefined && view.isRecorded(step.batch)) {
      if (step.kind === 'name')
        known.push({ delivery: step.delivery, exceptions: knownOf(view, step.batch) });
      continue;
    }
    if (!(step.kind === 'name' ? planName(step.batch) : planEntry(step))) break;
  }

  const content = { batches: names, ledger: ledger.changes(), runs };
  const newEnd = nextLogEnd(end, content, nowMicros);
  const teachers = gathered.writes;
  const counters = [
    // No conditions of their own: those of the places stand for them.
    ...ledger.writes(tableName, lane),
    ...(newRegisters.size > 0 ? [nameRegisters(tableName, lane, newRegisters)] : []),
  ];
  return {
    writes:
      teachers.length === 0
        ? []
        : [putLogItem(tableName, lane, newEnd, content), ...teachers.map(({ write }) => write), ...counters],
    teachers,
    next,
    end: newEnd,
    commit() {
      mergeFacts(facts, planned);
      for (const { delivery, exception } of told) input.exceptions[delivery]?.push(exception);
      for (const { delivery, exceptions } of known) input.exceptions[delivery] = exceptions;
      for (const record of newBuckets.values()) buckets.made(record);
      for (const register of newRegisters) state.registers.add(register);
      if (state.recorded.size > MAX_REMEMBERED_SOURCES) state.recorded.clear();
      for (const { source, n } of names) state.recorded.set(source, n);
    },
  };
}

function nameRegisters(TableName: string, lane: string, registers: ReadonlySet<string>): Write {
  return {
    Update: {
      TableName,
      Key: keyItem(laneKey(lane)),
      UpdateExpression: 'ADD registers :registers',
      ExpressionAttributeValues: { ':registers': { SS: [...registers] } },
    },
  };
}
