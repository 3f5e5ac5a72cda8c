/**
 * API keys. Daybook keeps them itself, as entries of the register `keys` in the store that the servers of a fleet share:
 * a key that was made is in the store before it is shown, and one that was revoked on one server is refused by all of them
 * within seconds, on every driver. A secret is known to its owner alone; here there is only its hash.
 *
 * A server that has not read the keys yet refuses every key for a while rather than believe one that was revoked. One that
 * cannot read on goes on with what it knows, and its health says so.
 */
import { timingSafeEqual } from 'node:crypto';

import type { Entry } from '../../entry.ts';
import { formatStamp, microsToFirstId } from '../../id.ts';
import type { Store } from '../../store/store.ts';
import type { AuditedAction } from '../audit.ts';
import { toAuditRecord } from '../audit.ts';
import type { Identity } from '../identity.ts';
import type { InternalRecords } from '../internal-records.ts';
import { KeyError } from './key-error.ts';
import type { KeyEvent } from './key-event.ts';
import { readEvent, toRecord } from './key-event.ts';
import { followRegister } from '../register-follower.ts';
import type { KeyRequest } from './key-request.ts';
import { checkRequest } from './key-request.ts';
import type { MadeKey } from './key-text.ts';
import { hashSecret, KEY_ID, makeKey, parseKey } from './key-text.ts';
import { createKeyUses } from './key-uses.ts';
import type { KnownKey, Revocation } from './known-keys.ts';
import { createKnownKeys } from './known-keys.ts';

export interface ListedKey extends KnownKey {
  readonly status: 'active' | 'expired' | 'revoked';
  readonly revocation?: Revocation;
  /** Unix microseconds; of this server to the moment, of others as they put it on record. */
  readonly usedAt?: number;
}

/** Who does something to keys. */
export interface KeyActor {
  readonly subject: string;
  readonly requestId: string;
}

export type HashedKey = Pick<MadeKey, 'keyId' | 'hash'>;

export interface Keys {
  /** Resolves when the keys are loaded, or the first attempt has failed: a start that waits for it refuses no key. */
  readonly started: Promise<void>;
  /**
   * Who presents a credential that begins with `dbk_`; undefined when it is no key, or one that is wrong, expired or
   * revoked. Takes as long for an unknown key as for a wrong secret. Does not wait for anything.
   * @throws {KeyError} `loading`.
   */
  verify(presented: string): Identity | undefined;
  /**
   * The same for a process in which nothing runs between requests: looks first for what others wrote, at most every
   * `lookEveryMs`, and puts the use on record with the request. While the store does not answer what is known goes on to
   * count, as it does on a server. @throws {KeyError} `loading`, by the promise.
   */
  verifyNow(presented: string): Promise<Identity | undefined>;
  /**
   * Resolves when the key is durable in the store.
   * @returns the key, and its whole text, which nobody can be shown again.
   * @throws {KeyError} {DaybookError} After an unknown outcome there may be one more key, whose secret nobody has.
   */
  create(request: KeyRequest, by: KeyActor): Promise<{ readonly key: ListedKey; readonly text: string }>;
  /**
   * The same for a key that was made elsewhere and of which only the hash comes here. Idempotent: a key that is there with
   * this hash stays as it is. @throws {KeyError} `invalid`, also where the id belongs to another key or was revoked long ago; {DaybookError}
   */
  adopt(made: HashedKey, request: KeyRequest, by: KeyActor): Promise<ListedKey>;
  /**
   * Resolves when the revocation is durable in the store; this server refuses the key from then on, others within seconds.
   * Idempotent. @returns undefined when no such key is known. @throws {KeyError} `loading`; {DaybookError}; {StoreError}
   */
  revoke(keyId: string, by: KeyActor): Promise<ListedKey | undefined>;
  /** The newest first; revoked and expired ones for 30 days more. @throws {KeyError} `loading`. */
  list(): readonly ListedKey[];
  /** `ok`, `loading`, or `behind`: what was revoked elsewhere may not be known here. */
  status(): { readonly state: 'ok' | 'loading' | 'behind'; readonly detail?: string };
  /** Puts the last uses on record and stops following. Idempotent. */
  close(): Promise<void>;
}

export interface KeysOptions {
  readonly store: Pick<Store, 'lanes' | 'head' | 'list' | 'tail'>;
  readonly records: InternalRecords;
  /** What a key may be for. */
  readonly scopes: readonly string[];
  /** Called with how many entries of the register say nothing that this version knows, when they are first read. */
  readonly onUnknownEvents: (entries: number) => void;
  /** Called when last uses could not be put on record; they are kept for the next time. */
  readonly onUsesNotRecorded: (error: Error) => void;
  /** Unix microseconds now. */
  readonly nowMicros: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Whether the keys follow the store and record their uses by themselves; default true. Else `verifyNow` does. */
  readonly background?: boolean;
  /** How often this server looks for what others wrote; default 1 000. */
  readonly lookEveryMs?: number;
  /** How often last uses go on record; default 600 000. */
  readonly recordUsesEveryMs?: number;
  /** Keys in force, and those that ended within 30 days; default 10 000. */
  readonly maxKeys?: number;
}

/** Every credential that is a key begins so. */
export const KEY_PREFIX = 'dbk_';

const KEEP_ENDED_MICROS = 30 * 86_400_000_000;
const BEHIND_AFTER_MS = 10_000;
/** What an unknown key is compared with. */
const NO_HASH = new Uint8Array(32);

export function createKeys(options: KeysOptions): Keys {
  const { store, records, scopes, nowMicros, nowMs } = options;
  const { background = true, lookEveryMs = 1_000, recordUsesEveryMs = 600_000, maxKeys = 10_000 } = options;
  const known = createKnownKeys();
  const uses = createKeyUses({
    records,
    recordedAt: known.usedAt,
    onRecorded: (entries) => void apply(entries),
    onFailure: options.onUsesNotRecorded,
    nowMicros,
    everyMs: background ? recordUsesEveryMs : undefined,
  });
  let closed: Promise<void> | undefined;

  const follower = followRegister({
    store,
    register: 'keys',
    apply(entries, what) {
      const unknown = apply(entries);
      if (unknown > 0 && what !== 'again') options.onUnknownEvents(unknown);
      if (what !== 'new') forgetEnded();
    },
    nowMicros,
    nowMs,
    everyMs: background ? lookEveryMs : undefined,
  });

  /** @returns how many of them say nothing that this version knows. */
  function apply(entries: readonly Entry[]): number {
    let unknown = 0;
    for (const entry of entries) {
      const event = readEvent(entry);
      if (event === undefined) unknown += 1;
      else known.apply(event, entry.id);
    }
    return unknown;
  }

  function forgetEnded(): void {
    const micros = Math.max(0, nowMicros() - KEEP_ENDED_MICROS);
    known.forget({ micros, id: microsToFirstId(micros) });
    uses.forget((keyId) => known.find(keyId) !== undefined);
  }

  /** What this server wrote counts here at once. */
  async function append(
    event: KeyEvent,
    by: KeyActor,
    audited: Omit<AuditedAction, 'by' | 'requestId'>,
  ): Promise<void> {
    const fact = { ...audited, by: by.subject, requestId: by.requestId, outcome: 'done' };
    const [, entry] = await records.append([toAuditRecord(fact), toRecord(event, by.requestId)]);
    known.apply(event, (entry as Entry).id);
  }

  function assertLoaded(): void {
    if (follower.isLoaded) return;
    const why = follower.failure === undefined ? '' : `: ${follower.failure}`;
    throw new KeyError('loading', `the API keys have not been read from the store yet${why}`);
  }

  /** The credential of a request, now. */
  function verify(presented: string): Identity | undefined {
    const parts = parseKey(presented);
    if (parts === undefined) return undefined;
    assertLoaded();
    const key = known.find(parts.keyId);
    const isRight = timingSafeEqual(hashSecret(parts.secret), key?.hash ?? NO_HASH);
    if (!isRight || key === undefined || key.expiresAt <= nowMicros()) return undefined;
    if (known.revocationOf(key.keyId) !== undefined) return undefined;
    uses.note(key.keyId);
    return key.identity;
  }

  async function put({ keyId, hash }: HashedKey, request: KeyRequest, by: KeyActor): Promise<ListedKey> {
    assertLoaded();
    const {
      name,
      scopes: asked,
      expiresAt,
    } = checkRequest(request, { known: scopes, nowMicros: nowMicros() });
    if (known.size >= maxKeys) {
      throw new KeyError(
        'limit',
        `expected fewer than ${maxKeys} keys, counting those that ended within 30 days; there are ${known.size}: revoke what is not needed, and make fewer short-lived ones`,
      );
    }
    const event: KeyEvent = {
      event: 'created',
      keyId,
      name,
      hash,
      scopes: asked,
      expiresAt,
      createdBy: by.subject,
    };
    const detail = { name, scopes: asked, expiresAt: formatStamp(expiresAt) };
    await append(event, by, { action: 'keys create', target: keyId, detail });
    return toListed(known.find(keyId) as KnownKey);
  }

  function toListed(key: KnownKey): ListedKey {
    const revocation = known.revocationOf(key.keyId);
    const usedAt = Math.max(known.usedAt(key.keyId) ?? 0, uses.usedAt(key.keyId) ?? 0);
    const ended = key.expiresAt <= nowMicros() ? 'expired' : 'active';
    return {
      ...key,
      status: revocation === undefined ? ended : 'revoked',
      ...(revocation && { revocation }),
      ...(usedAt > 0 && { usedAt }),
    };
  }

  return {
    started: follower.firstLook,

    verify,

    async verifyNow(presented) {
      await follower.lookWithin(lookEveryMs);
      const identity = verify(presented);
      if (identity !== undefined && follower.failure === undefined) await uses.record();
      return identity;
    },

    async create(request, by) {
      const { text, ...made } = makeKey();
      return { key: await put(made, request, by), text };
    },

    async adopt(made, request, by) {
      assertLoaded();
      const there = known.find(made.keyId);
      if (there === undefined) {
        if (known.revocationOf(made.keyId) === undefined) return put(made, request, by);
        throw new KeyError('invalid', `keyId: expected one that was never revoked, given ${made.keyId}`);
      }
      if (timingSafeEqual(there.hash, made.hash)) return toListed(there);
      throw new KeyError('invalid', `keyId: expected one that is free, given ${made.keyId}`);
    },

    async revoke(keyId, by) {
      assertLoaded();
      if (!KEY_ID.test(keyId)) return undefined;
      // Another server may have made it a moment ago.
      if (known.find(keyId) === undefined) await follower.look();
      const key = known.find(keyId);
      if (key === undefined) return undefined;
      if (known.revocationOf(keyId) === undefined) {
        const event: KeyEvent = { event: 'revoked', keyId, revokedBy: by.subject };
        await append(event, by, { action: 'keys revoke', target: keyId, detail: { name: key.name } });
      }
      return toListed(key);
    },

    list() {
      assertLoaded();
      return known.list().map(toListed);
    },

    status() {
      if (!follower.isLoaded) return withDetail('loading', follower.failure);
      const silentMs = nowMs() - follower.lookedAtMs;
      if (silentMs < BEHIND_AFTER_MS) return { state: 'ok' };
      const seconds = Math.floor(silentMs / 1000);
      return withDetail(
        'behind',
        `not read for ${seconds} s: ${follower.failure ?? 'the store does not answer'}`,
      );
    },

    close() {
      closed ??= Promise.all([uses.close(), follower.close()]).then(() => undefined);
      return closed;
    },
  };
}

function withDetail(state: 'loading' | 'behind', detail: string | undefined): ReturnType<Keys['status']> {
  return { state, ...(detail !== undefined && { detail }) };
}
