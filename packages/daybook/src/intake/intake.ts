/**
 * The intake: stamps entries, groups what arrives together into batches and appends them durably, one batch at a time.
 *
 * Group commit is self-clocking: the next batch is whatever arrived while the last one was being made durable. There is
 * no linger timer; a lone entry is appended at once.
 *
 *   open ──append fails──▶ recovering ──the same batch is appended──▶ open
 *    │                        │  new entries are refused at once; the batch is repeated with back-off, with the same
 *    │                        │  name and ids, so that it cannot be stored twice
 *    └────────close()─────────┴──▶ closed (what was accepted before is finished first)
 *
 * A batch that is known not to be written is answered and dropped, and its number is used again: numbers stay dense.
 * A batch whose outcome is unknown is repeated until it is known; its callers wait for at most `answerWithinMs`.
 */
import type { Entry, EntryDraft } from '../entry.ts';
import { entryBytes } from '../entry.ts';
import type { Batch } from '../envelope.ts';
import { DaybookError } from '../errors.ts';
import type { IdGenerator } from '../id.ts';
import { idToMicros } from '../id.ts';
import type { BackOff } from '../retry.ts';
import type { AppendResult, Store } from '../store/store.ts';
import { StoreError } from '../store/store.ts';
import type { Budget } from './budget.ts';

export type Accepted =
  | { readonly kind: 'stored'; readonly entry: Entry }
  | { readonly kind: 'duplicate'; readonly firstId: string }
  | { readonly kind: 'conflict'; readonly firstId: string };

export interface IntakeOptions {
  readonly store: Pick<Store, 'append' | 'probe'>;
  readonly ids: IdGenerator;
  /** Unix microseconds now. */
  readonly nowMicros: () => number;
  readonly source: string;
  readonly region: string;
  readonly budget: Budget;
  readonly backOff: BackOff;
  readonly maxBatchEntries: number;
  readonly maxBatchBytes: number;
  /** A caller hears `unknown` rather than wait longer than this for an outcome. */
  readonly answerWithinMs: number;
  /** Called with every batch that is stored now. */
  readonly onStored: (batch: Batch, result: AppendResult) => void;
}

export type IntakeState = 'open' | 'recovering' | 'closed';

export interface IntakeStatus {
  readonly state: IntakeState;
  /** Why it is recovering. */
  readonly reason?: string;
  readonly code?: 'DISK_FULL' | 'STORE_UNAVAILABLE';
  readonly entriesInFlight: number;
  readonly bytesInFlight: number;
}

export interface Intake {
  /**
   * Stamps the moment and resolves when it is durable, or recognised by its key.
   * @throws {DaybookError} OVERLOADED, DISK_FULL, STORE_UNAVAILABLE or DRAINING with the outcome in `details`.
   */
  accept(draft: EntryDraft): Promise<Accepted>;
  /** Every acknowledged entry with a stamp up to here is stored; Unix microseconds. */
  settledThrough(): number;
  status(): IntakeStatus;
  /** Refuses what comes now, and resolves when everything accepted before has its outcome. */
  close(): Promise<void>;
}

interface Pending {
  readonly entry: Entry;
  readonly bytes: number;
  readonly resolve: (accepted: Accepted) => void;
  readonly reject: (error: DaybookError) => void;
}

export function createIntake(options: IntakeOptions): Intake {
  const { store, ids, source, region, budget, backOff } = options;
  let state: IntakeState = 'open';
  let failure: StoreError | undefined;
  let pending: Pending[] = [];
  let underWay: readonly Pending[] = [];
  let lastN = 0;
  let total = 0;
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

  async function run(): Promise<void> {
    while (pending.length > 0) {
      underWay = takeBatch();
      await appendUntilKnown(underWay);
      underWay = [];
    }
  }

  async function appendUntilKnown(waiting: readonly Pending[]): Promise<void> {
    const entries = waiting.map((one) => one.entry);
    const settledThrough = idToMicros((entries.at(-1) as Entry).id);
    const batch: Batch = {
      source,
      region,
      n: lastN + 1,
      total: total + entries.length,
      entries,
      settledThrough,
    };
    const timer = setTimeout(() => answerUnknown(waiting), options.answerWithinMs);
    try {
      const result = await repeatUntilKnown(batch, waiting);
      if (result === undefined) return;
      lastN = batch.n;
      total = batch.total;
      answer(waiting, result);
      options.onStored(batch, result);
    } finally {
      clearTimeout(timer);
      budget.release(bytesOf(waiting));
    }
  }

  /** @returns undefined when the batch is known not to be written; its callers were told. */
  async function repeatUntilKnown(
    batch: Batch,
    waiting: readonly Pending[],
  ): Promise<AppendResult | undefined> {
    for (;;) {
      try {
        const result = await store.append(batch);
        reopen();
        return result;
      } catch (thrown) {
        const error = toStoreError(thrown);
        const wasUnknown = failure?.outcome === 'unknown';
        failure = wasUnknown ? new StoreError(error.reason, 'unknown', error.message, error) : error;
        state = state === 'closed' ? 'closed' : 'recovering';
        refusePending(failure);
        if (failure.outcome === 'not-written') {
          refuse(waiting, failure);
          void recover();
          return undefined;
        }
        await backOff.wait();
      }
    }
  }

  /** Probes the store until it accepts again; runs beside nothing else, because nothing is pending meanwhile. */
  async function recover(): Promise<void> {
    while (state === 'recovering') {
      await backOff.wait();
      try {
        await store.probe();
        reopen();
      } catch (thrown) {
        failure = toStoreError(thrown);
      }
    }
  }

  function reopen(): void {
    failure = undefined;
    backOff.reset();
    if (state === 'recovering') state = 'open';
  }

  function answer(waiting: readonly Pending[], { exceptions }: AppendResult): void {
    if (exceptions.length === 0) {
      for (const { entry, resolve } of waiting) resolve({ kind: 'stored', entry });
      return;
    }
    const byIndex = new Map(exceptions.map((exception) => [exception.index, exception]));
    for (const [index, { entry, resolve }] of waiting.entries()) {
      const exception = byIndex.get(index);
      resolve(
        exception === undefined
          ? { kind: 'stored', entry }
          : { kind: exception.kind, firstId: exception.firstId },
      );
    }
  }

  function refuse(waiting: readonly Pending[], error: StoreError): void {
    for (const { reject } of waiting) reject(unavailable(error, { outcome: 'not-written' }));
  }

  /** What was never handed to the store is known not to be written. */
  function refusePending(error: StoreError): void {
    refuse(pending, error);
    budget.release(bytesOf(pending));
    pending = [];
  }

  function answerUnknown(waiting: readonly Pending[]): void {
    const error = failure ?? new StoreError('unavailable', 'unknown', 'the store has not answered yet');
    for (const { entry, reject } of waiting) reject(unavailable(error, { outcome: 'unknown', id: entry.id }));
  }

  function assertAccepts(bytes: number): void {
    if (state === 'closed') throw new DaybookError('DRAINING', 'the server is shutting down', notWritten(1));
    if (state === 'recovering' && failure !== undefined)
      throw unavailable(failure, { outcome: 'not-written' });
    if (!budget.reserve(bytes)) {
      throw new DaybookError(
        'OVERLOADED',
        `expected at most ${budget.limit} bytes in flight, given ${bytes} more`,
        notWritten(1),
      );
    }
  }

  return {
    accept(draft) {
      return new Promise((resolve, reject) => {
        const bytes = entryBytes(draft);
        assertAccepts(bytes);
        // The stamp is taken in the same synchronous step that puts the entry into its batch.
        pending.push({ entry: { ...draft, id: ids.next() }, bytes, resolve, reject });
        running ??= startSoon();
      });
    },

    settledThrough() {
      const oldest = underWay[0] ?? pending[0];
      return (oldest === undefined ? options.nowMicros() : idToMicros(oldest.entry.id)) - 1;
    },

    status() {
      const code = failure?.reason === 'disk-full' ? 'DISK_FULL' : 'STORE_UNAVAILABLE';
      return {
        state,
        ...(failure && { reason: failure.message, code }),
        entriesInFlight: pending.length + underWay.length,
        bytesInFlight: budget.used,
      };
    },

    async close() {
      state = 'closed';
      while (running !== undefined) await running;
    },
  };

  /** Everything that arrives in this turn of the event loop joins the batch. */
  async function startSoon(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    try {
      await run();
    } finally {
      // What arrived while the last answers were given waits for a new run.
      running = pending.length > 0 ? startSoon() : undefined;
    }
  }
}

function bytesOf(entries: readonly Pending[]): number {
  return entries.reduce((sum, one) => sum + one.bytes, 0);
}

function notWritten(retryAfterSeconds: number): { outcome: 'not-written'; retryAfterSeconds: number } {
  return { outcome: 'not-written', retryAfterSeconds };
}

function toStoreError(thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown;
  return new StoreError(
    'unavailable',
    'unknown',
    thrown instanceof Error ? thrown.message : String(thrown),
    thrown,
  );
}

function unavailable(
  error: StoreError,
  details: { outcome: 'not-written' | 'unknown'; id?: string },
): DaybookError {
  const code = error.reason === 'disk-full' ? 'DISK_FULL' : 'STORE_UNAVAILABLE';
  return new DaybookError(code, error.message, { ...details, cause: error, retryAfterSeconds: 1 });
}
