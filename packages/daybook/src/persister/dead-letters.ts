/**
 * Dead letters: what was given up on, kept whole until somebody stores it after all or discards it. A letter is an
 * object, written before anything is acknowledged and removed only after the store has confirmed what became of its
 * entry; a crash in between leaves a letter whose replay or removal can be repeated without harm.
 */
import type { Entry } from '../entry.ts';
import { decodeEnvelope } from '../envelope.ts';
import { toError } from '../errors.ts';
import type { Objects } from '../objects/objects.ts';
import { ObjectsError } from '../objects/objects.ts';
import type { Store } from '../store/store.ts';
import { StoreError } from '../store/store.ts';
import type { DeadLetter, DeadLetterFailure, RawLetter } from './dead-letter.ts';
import {
  DeadLetterDamagedError,
  decodeLetter,
  encodeEntryLetter,
  encodeRawLetter,
  entryOf,
  isLetterId,
  rawIdOf,
} from './dead-letter.ts';
import type { DeadLetterPage, DeadLetterQuery } from './dead-letter-list.ts';
import { listDeadLetters } from './dead-letter-list.ts';
import { letterName } from './dead-letter-name.ts';

export type { DeadLetterFailure } from './dead-letter.ts';

export interface DeadLettersOptions {
  readonly objects: Pick<Objects, 'create' | 'read' | 'list' | 'remove'>;
  readonly store: Pick<Store, 'replay' | 'persist' | 'discard' | 'find'>;
}

/**
 *   stored      the entry is on record, now or since earlier; its letter is gone
 *   duplicate   it is on record as a link to the first entry of its key; its letter is gone
 *   discarded   it is given up for good; its letter is gone
 *   kept        nothing was done, for this reason; its letter is there
 *   possible    a dry run found nothing in the way
 */
export type DeadLetterResult =
  | { readonly outcome: 'stored' | 'duplicate' | 'discarded' | 'possible' }
  | { readonly outcome: 'kept'; readonly reason: string };

export interface ActionOptions {
  /** Looks, and changes nothing. */
  readonly dryRun?: boolean;
}

/**
 * What reads a letter gives undefined when there is none, and throws {@link DeadLetterDamagedError} when it is not what
 * was written. All throw {@link ObjectsError} and, where the store is asked, {@link StoreError}; repeating is harmless.
 */
export interface DeadLetters {
  /** Resolves when the letter is durable. One that is there already stays as it is. */
  write(entry: Entry, failure: DeadLetterFailure): Promise<void>;
  /** The same for a message that is no envelope. */
  writeRaw(bytes: Uint8Array, failure: DeadLetterFailure): Promise<void>;
  list(query: DeadLetterQuery): Promise<DeadLetterPage>;
  show(id: string): Promise<DeadLetter | undefined>;
  /** Stores the entry with its id and stamp. */
  replay(id: string, options?: ActionOptions): Promise<DeadLetterResult | undefined>;
  /** Gives the entry up for good. */
  discard(id: string, options?: ActionOptions): Promise<DeadLetterResult | undefined>;
}

export function createDeadLetters({ objects, store }: DeadLettersOptions): DeadLetters {
  async function show(id: string): Promise<DeadLetter | undefined> {
    if (!isLetterId(id)) return undefined;
    const bytes = await readObject(id);
    return bytes && decodeLetter(id, bytes);
  }

  async function readObject(id: string): Promise<Uint8Array | undefined> {
    try {
      return await objects.read(letterName(id));
    } catch (thrown) {
      if (!(thrown instanceof ObjectsError) || thrown.reason !== 'corrupt') throw thrown;
      throw new DeadLetterDamagedError(thrown.message, { cause: thrown });
    }
  }

  async function write(entry: Entry, failure: DeadLetterFailure): Promise<void> {
    await objects.create(letterName(entry.id), encodeEntryLetter(entry, failure));
  }

  async function replayEntry(entry: Entry, dryRun: boolean): Promise<DeadLetterResult> {
    if (dryRun) {
      const found = await store.find(entry.register, entry.id);
      if (found?.status === 'discarded') return kept('it was discarded, which is for good');
      if (found?.status === 'expired') return { outcome: 'duplicate' };
      return { outcome: found === undefined || found.status === 'dead' ? 'possible' : found.status };
    }
    const outcome = await store.replay(entry);
    return outcome === 'conflict' ? kept('its idempotency key is held with another payload') : { outcome };
  }

  async function replayRaw(letter: RawLetter, dryRun: boolean): Promise<DeadLetterResult> {
    const envelope = decode(Buffer.from(letter.bytes, 'base64'));
    if ('undecodable' in envelope) return kept(`it does not decode: ${envelope.undecodable}`);
    if (dryRun) return { outcome: 'possible' };
    const { batch, retry } = envelope;
    const [result] = await store.persist([{ batch, part: retry !== undefined, leftOut: [] }]);
    for (const { index, kind, firstId } of result?.exceptions ?? []) {
      const entry = batch.entries[index];
      if (kind !== 'conflict' || entry === undefined) continue;
      await write(entry, {
        code: 'idempotency-conflict',
        message: `its idempotency key is held by ${firstId} with another payload`,
        attempts: 1,
        firstFailedAt: Date.parse(letter.firstFailedAt) * 1000,
        lastFailedAt: Date.parse(letter.lastFailedAt) * 1000,
        source: batch.source,
        n: batch.n,
      });
    }
    return { outcome: 'stored' };
  }

  async function replay(id: string, { dryRun = false }: ActionOptions = {}) {
    const letter = await show(id);
    if (letter === undefined) return undefined;
    const result = await unlessRejected(() =>
      'bytes' in letter ? replayRaw(letter, dryRun) : replayEntry(entryOf(letter), dryRun),
    );
    if (!dryRun && result.outcome !== 'kept') await objects.remove(letterName(id));
    return result;
  }

  async function discardEntry(entry: Entry, dryRun: boolean): Promise<DeadLetterResult> {
    if (!dryRun && (await store.discard(entry))) return { outcome: 'discarded' };
    const found = await store.find(entry.register, entry.id);
    // A replay that did not come to remove the letter.
    if (found?.status === 'stored' || found?.status === 'duplicate') return { outcome: found.status };
    // Perhaps it is being marked right now: what is removed before would be dead without a letter.
    if (found === undefined)
      return kept('the store does not know it as dead: replay it, or discard it later');
    return dryRun ? { outcome: 'possible' } : kept('it became dead at this moment: repeat it');
  }

  async function discard(id: string, { dryRun = false }: ActionOptions = {}) {
    const letter = await show(id);
    if (letter === undefined) return undefined;
    const result: DeadLetterResult =
      'bytes' in letter
        ? { outcome: dryRun ? 'possible' : 'discarded' }
        : await discardEntry(entryOf(letter), dryRun);
    if (!dryRun && result.outcome !== 'kept') await objects.remove(letterName(id));
    return result;
  }

  return {
    write,
    async writeRaw(bytes, failure) {
      await objects.create(letterName(rawIdOf(bytes)), encodeRawLetter(bytes, failure));
    },
    list: (query) => listDeadLetters(objects, show, query),
    show,
    replay,
    discard,
  };
}

function kept(reason: string): DeadLetterResult {
  return { outcome: 'kept', reason };
}

/** What the store can still not take is kept, and said. */
async function unlessRejected(work: () => Promise<DeadLetterResult>): Promise<DeadLetterResult> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof StoreError && thrown.reason === 'rejected')
      return kept(`the store does not take it: ${thrown.message}`);
    throw thrown;
  }
}

function decode(bytes: Uint8Array): ReturnType<typeof decodeEnvelope> | { readonly undecodable: string } {
  try {
    return decodeEnvelope(bytes);
  } catch (thrown) {
    return { undecodable: toError(thrown).message };
  }
}
