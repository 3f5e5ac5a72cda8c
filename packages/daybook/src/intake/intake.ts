/**
 * The intake: stamps entries, groups what arrives together into batches and appends them durably, one batch at a time.
 *
 * Group commit is self-clocking: the next batch is whatever arrived while the last one was being made durable. There is
 * no linger timer; a lone entry is appended at once. Where fewer wait than were just answered, those answered are mostly
 * about to come back: what they send is read first, for a few turns of the event loop, which halves the commits.
 *
 *   open ──append fails──▶ recovering ──the same batch is appended──▶ open
 *    │                        │  new entries are refused at once; the batch is repeated with back-off, with the same
 *    │                        │  name and ids, so that it cannot be stored twice
 *    └────────close()─────────┴──▶ closed (what was accepted before is finished first, unless it is abandoned)
 *
 * A batch that is known not to be written is answered and dropped, and its number is used again: numbers stay dense.
 * A batch whose outcome is unknown is repeated until it is known; its callers wait for at most `answerWithinMs`.
 */
import type { Entry, EntryDraft } from '../entry.ts';
import { ENTRY_OVERHEAD_BYTES } from '../entry.ts';
import type { Batch } from '../envelope.ts';
import { DaybookError } from '../errors.ts';
import type { IdGenerator } from '../id.ts';
import { idToMicros } from '../id.ts';
import type { BackOff } from '../retry.ts';
import type { AppendResult } from '../store/store.ts';
import type { Budget, Hold } from './budget.ts';
import type { IntakeTarget, TargetFailure } from './target.ts';
import { failureCode, refusalOf, toTargetFailure } from './target.ts';

/** How an entry that was accepted is on record. */
export type Accepted =
  | { readonly kind: 'stored'; readonly entry: Entry }
  | { readonly kind: 'queued'; readonly entry: Entry }
  | { readonly kind: 'duplicate'; readonly firstId: string }
  | { readonly kind: 'conflict'; readonly firstId: string };

/** Who waits for an entry. Exactly one of the two is called, once, in a later turn; neither may throw. */
export interface Waiter {
  accepted(accepted: Accepted): void;
  /**
   * @param error STORE_UNAVAILABLE, QUEUE_UNAVAILABLE, DISK_FULL or ENTRY_REJECTED, with the outcome in `details`.
   * @param entry as it was stamped.
   */
  refused(error: DaybookError, entry: Entry): void;
}

export interface IntakeOptions {
  readonly target: IntakeTarget;
  readonly ids: IdGenerator;
  /** Unix microseconds now. */
  readonly nowMicros: () => number;
  readonly source: string;
  readonly region: string;
  readonly budget: Budget;
  readonly backOff: Pick<BackOff, 'wait' | 'reset'>;
  readonly maxBatchEntries: number;
  readonly maxBatchBytes: number;
  /** A caller hears `unknown` rather than wait longer than this for an outcome; asked when its batch is appended. */
  readonly answerWithinMs: () => number;
  /** Called with every batch that is stored now. */
  readonly onStored: (batch: Batch, result: Pick<AppendResult, 'exceptions'>) => void;
}

export type IntakeState = 'open' | 'recovering' | 'closed';

export interface IntakeStatus {
  readonly state: IntakeState;
  /** Why it is recovering. */
  readonly reason?: string;
  readonly code?: ReturnType<typeof failureCode>;
  readonly entriesInFlight: number;
  readonly bytesInFlight: number;
}

export interface Intake {
  /**
   * Stamps the moment; the waiter hears when the entry is durable, or recognised by its key.
   * @param hold has reserved the bytes of the payload, and hands them over; without one they are reserved here.
   * @throws {DaybookError} OVERLOADED, DISK_FULL, STORE_UNAVAILABLE, QUEUE_UNAVAILABLE or DRAINING: not written, and nobody
   *   else is told.
   */
  accept(draft: EntryDraft, waiter: Waiter, hold?: Hold): void;
  /** The same for an entry that another intake stamped and could not bring to record. */
  readmit(entry: Entry, waiter: Waiter): void;
  /** Every acknowledged entry with a stamp up to here is stored; Unix microseconds. */
  settledThrough(): number;
  status(): IntakeStatus;
  /**
   * Refuses what comes now, and repeats nothing any more: for a process that is stopped in the middle, where a batch that
   * nobody knows the outcome of would be stored when nobody expects it. Whoever still waits is told what is known.
   */
  abandon(): void;
  /** Refuses what comes now, and resolves when everything accepted before has its outcome. */
  close(): Promise<void>;
}

const MAX_GATHERING_TURNS = 4;
/** With so many entries, what a commit costs by itself is little beside what they cost. */
const WORTH_A_COMMIT = 128;

const NO_ANSWER_YET: TargetFailure = {
  reason: 'unavailable',
  outcome: 'unknown',
  message: 'what makes entries durable has not answered yet',
  cause: undefined,
};

interface Pending {
  readonly entry: Entry;
  /** What is released from the budget when the entry has its outcome. */
  readonly bytes: number;
  /** Undefined once it was told that the outcome is unknown. */
  waiter: Waiter | undefined;
}

/** A batch on record whose waiters are still to be told. */
interface Recorded {
  readonly waiting: readonly Pending[];
  readonly batch: Batch;
  readonly exceptions: AppendResult['exceptions'];
}

export function createIntake(options: IntakeOptions): Intake {
  const { target, ids, source, region, budget, backOff } = options;
  let state: IntakeState = 'open';
  let failure: TargetFailure | undefined;
  let pending: Pending[] = [];
  let underWay: readonly Pending[] = [];
  let lastN = 0;
  let total = 0;
  let abandoned = false;
  let running: Promise<void> | undefined;

  /** Takes the next batch off the pending entries, in the order of their stamps. */
  function takeBatch(): Pending[] {
    let bytes = 0;
    let end = 0;
    while (end < pending.length && end < options.maxBatchEntries) {
      bytes += (pending[end] as Pending).bytes;
      if (end > 0 && bytes > options.maxBatchBytes) break;
      end += 1;
    }
    const taken = pending.slice(0, end);
    pending = end === pending.length ? [] : pending.slice(end);
    return taken;
  }

  /** While the answers to one batch are written, the next one is on its way to the disk, unless it is small beside it. */
  async function run(): Promise<void> {
    let recorded: readonly Recorded[] = [];
    do {
      const answered = recorded.reduce((sum, { waiting }) => sum + waiting.length, 0);
      const worthACommit = Math.min(answered, WORTH_A_COMMIT);
      if (pending.length < worthACommit / 2) {
        for (const batch of recorded) tell(batch);
        recorded = [];
        await gather(worthACommit);
      }
      underWay = takeBatch();
      const appending = underWay.length === 0 ? undefined : append(underWay);
      // A target that asks something else first has its turn now.
      await Promise.resolve();
      for (const batch of recorded) tell(batch);
      recorded = (await appending) ?? [];
      underWay = [];
    } while (recorded.length > 0 || pending.length > 0);
  }

  /** Waits while each turn of the event loop brings entries, until there are as many as expected. */
  async function gather(expected: number): Promise<void> {
    // The first turn ends without asking the sockets when this one is already among their events.
    await nextTurn();
    for (let turn = 0; turn < MAX_GATHERING_TURNS && pending.length < expected; turn += 1) {
      const before = pending.length;
      await nextTurn();
      if (pending.length === before) return;
    }
  }

  /** Appends until the outcome is known. @returns what is on record; the waiters of the rest were told. */
  async function append(waiting: readonly Pending[]): Promise<readonly Recorded[]> {
    const batch = toBatch(waiting);
    const timer = setTimeout(() => tellUnknown(waiting), options.answerWithinMs());
    const result = await repeatUntilKnown(batch);
    clearTimeout(timer);
    if ('exceptions' in result) {
      budget.release(bytesOf(waiting));
      lastN = batch.n;
      total = batch.total;
      return [{ waiting, batch, exceptions: result.exceptions }];
    }
    if (result.reason === 'rejected' && waiting.length > 1) return appendHalves(waiting);
    budget.release(bytesOf(waiting));
    if (!abandoned) refuse(waiting, result);
    return [];
  }

  /** One entry that can never be taken must not take the others along. */
  async function appendHalves(waiting: readonly Pending[]): Promise<readonly Recorded[]> {
    const middle = waiting.length >> 1;
    const first = await append(waiting.slice(0, middle));
    return [...first, ...(await append(waiting.slice(middle)))];
  }

  function toBatch(waiting: readonly Pending[]): Batch {
    const entries = waiting.map((one) => one.entry);
    const settledThrough = idToMicros((entries.at(-1) as Entry).id);
    return { source, region, n: lastN + 1, total: total + entries.length, entries, settledThrough };
  }

  /** @returns why, when the batch is known not to be written. */
  async function repeatUntilKnown(batch: Batch): Promise<Pick<AppendResult, 'exceptions'> | TargetFailure> {
    for (;;) {
      try {
        const result = await target.append(batch);
        reopen();
        return result;
      } catch (thrown) {
        const given = toTargetFailure(thrown);
        if (given.reason === 'rejected' && failure === undefined) return given;
        failure = failure?.outcome === 'unknown' ? { ...given, outcome: 'unknown' } : given;
        state = state === 'closed' ? 'closed' : 'recovering';
        refusePending(failure);
        if (failure.outcome === 'not-written') {
          void recover();
          return failure;
        }
        if (!abandoned) await backOff.wait();
        if (abandoned) return failure;
      }
    }
  }

  /** Probes the target until it accepts again; runs beside nothing else, because nothing is pending meanwhile. */
  async function recover(): Promise<void> {
    while (state === 'recovering') {
      await backOff.wait();
      try {
        await target.probe();
        reopen();
      } catch (thrown) {
        failure = toTargetFailure(thrown);
      }
    }
  }

  function reopen(): void {
    failure = undefined;
    backOff.reset();
    if (state === 'recovering') state = 'open';
  }

  function tell({ waiting, batch, exceptions: list }: Recorded): void {
    const exceptions = new Map(list.map((exception) => [exception.index, exception]));
    let index = 0;
    for (const { entry, waiter } of waiting) {
      const exception = exceptions.size === 0 ? undefined : exceptions.get(index);
      index += 1;
      waiter?.accepted(
        exception === undefined
          ? { kind: target.as, entry }
          : { kind: exception.kind, firstId: exception.firstId },
      );
    }
    options.onStored(batch, { exceptions: list });
  }

  function refuse(waiting: readonly Pending[], why: TargetFailure): void {
    for (const { entry, waiter } of waiting) waiter?.refused(refusalOf(why, target.as), entry);
  }

  /** What was never handed to the target is known not to be written. */
  function refusePending(why: TargetFailure): void {
    const refused = pending;
    pending = [];
    budget.release(bytesOf(refused));
    refuse(refused, why);
  }

  function tellUnknown(waiting: readonly Pending[]): void {
    const why = failure ?? NO_ANSWER_YET;
    for (const one of waiting) {
      one.waiter?.refused(refusalOf(why, target.as, one.entry.id), one.entry);
      one.waiter = undefined;
    }
  }

  function assertAccepts(bytes: number): void {
    if (state === 'closed') throw new DaybookError('DRAINING', 'the server is shutting down', notWritten(1));
    if (state === 'recovering' && failure !== undefined) throw refusalOf(failure, target.as);
    if (!budget.reserve(bytes)) {
      throw new DaybookError(
        'OVERLOADED',
        `expected at most ${budget.limit} bytes in flight, given ${bytes} more`,
        notWritten(1),
      );
    }
  }

  return {
    accept(draft, waiter, hold) {
      const payloadBytes = draft.payload?.byteLength ?? 0;
      assertAccepts(hold === undefined ? ENTRY_OVERHEAD_BYTES + payloadBytes : ENTRY_OVERHEAD_BYTES);
      hold?.handOver(payloadBytes);
      // The stamp is taken in the same synchronous step that puts the entry into its batch.
      const entry = { ...draft, id: ids.next() };
      pending.push({ entry, bytes: ENTRY_OVERHEAD_BYTES + payloadBytes, waiter });
      running ??= startSoon();
    },

    readmit(entry, waiter) {
      const bytes = ENTRY_OVERHEAD_BYTES + (entry.payload?.byteLength ?? 0);
      assertAccepts(bytes);
      pending.push({ entry, bytes, waiter });
      running ??= startSoon();
    },

    settledThrough() {
      const oldest = underWay[0] ?? pending[0];
      return (oldest === undefined ? options.nowMicros() : idToMicros(oldest.entry.id)) - 1;
    },

    status() {
      return {
        state,
        ...(failure && { reason: failure.message, code: failureCode(failure, target.as) }),
        entriesInFlight: pending.length + underWay.length,
        bytesInFlight: budget.used,
      };
    },

    abandon() {
      abandoned = true;
      state = 'closed';
      tellUnknown(underWay);
      refusePending(failure ?? NO_ANSWER_YET);
    },

    async close() {
      state = 'closed';
      while (running !== undefined) await running;
    },
  };

  /** Everything that arrives in this turn of the event loop joins the batch. */
  async function startSoon(): Promise<void> {
    await nextTurn();
    try {
      await run();
    } finally {
      // What arrived while the last answers were given waits for a new run.
      running = pending.length > 0 ? startSoon() : undefined;
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function bytesOf(entries: readonly Pending[]): number {
  return entries.reduce((sum, one) => sum + one.bytes, 0);
}

function notWritten(retryAfterSeconds: number): { outcome: 'not-written'; retryAfterSeconds: number } {
  return { outcome: 'not-written', retryAfterSeconds };
}
