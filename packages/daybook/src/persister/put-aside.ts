/**
 * What becomes of entries that were isolated, and of those whose key is held with another payload. A dead letter is
 * durable, and a message that was sent back is in the queue, before the store hears of it and before anything is
 * acknowledged. Where that cannot be had nothing is given up on: it is systemic.
 */
import type { Logger } from 'pino';

import type { Entry } from '../entry.ts';
import type { Retry } from '../envelope.ts';
import { encodeEnvelope } from '../envelope.ts';
import { toError } from '../errors.ts';
import { idToMicros } from '../id.ts';
import type { Queue } from '../queue/queue.ts';
import { backOffMs } from '../retry.ts';
import type { LeftOut } from '../store/store.ts';
import type { DeadLetterFailure, DeadLetters } from './dead-letters.ts';
import type { Failure } from './failure.ts';
import { Halt } from './halt.ts';
import type { Received } from './received.ts';
import type { OnStep } from './step.ts';

export interface PutAsideOptions {
  readonly queue: Pick<Queue, 'send'>;
  readonly deadLetters: Pick<DeadLetters, 'write'>;
  readonly nowMicros: () => number;
  readonly random: () => number;
  readonly log: Pick<Logger, 'warn'>;
  readonly onStep: OnStep;
  /** An entry that fails for unknown reasons is dead at this attempt; default 20. */
  readonly maxAttempts?: number;
}

export interface PutAside {
  /**
   * Gives an isolated entry up, or sends it back by itself to be tried again later.
   * @throws {Halt} when neither could be done.
   */
  isolated(received: Received, entry: Entry, failure: Failure): Promise<LeftOut['as']>;
  /** Gives up an entry whose key the store holds with another payload. @throws {Halt} */
  conflicting(received: Received, entry: Entry, firstId: string): Promise<void>;
}

const MAX_ATTEMPTS = 20;
/** Twenty attempts take about six hours: time for somebody to mend what the store does not explain. */
const RETRY_BACK_OFF = { firstMs: 1_000, limitMs: 3_600_000 };
/** Reasons are for people; an envelope must stay as small as the one that the entry came in. */
const MAX_REASON_CHARACTERS = 300;

export function createPutAside(options: PutAsideOptions): PutAside {
  const { queue, deadLetters, nowMicros, random, log, onStep, maxAttempts = MAX_ATTEMPTS } = options;

  function toRetry({ retry }: Received, { message }: Failure): Retry {
    const attempts = (retry?.attempts ?? 0) + 1;
    const now = nowMicros();
    return {
      attempts,
      notBefore: now + Math.ceil(1000 * backOffMs(attempts, { ...RETRY_BACK_OFF, random })),
      firstFailedAt: retry?.firstFailedAt ?? now,
      firstReason: retry?.firstReason ?? message.slice(0, MAX_REASON_CHARACTERS),
    };
  }

  async function sendBack({ batch }: Received, entry: Entry, retry: Retry): Promise<void> {
    const body = encodeEnvelope({ batch: { ...batch, entries: [entry] }, retry });
    const delayMs = Math.max(0, (retry.notBefore - nowMicros()) / 1000);
    onStep('before-send-back');
    try {
      await queue.send({ body, entries: 1, oldestStamp: idToMicros(entry.id), delayMs });
    } catch (thrown) {
      const reason = `an entry cannot be sent back to the queue: ${toError(thrown).message}`;
      throw new Halt('systemic', reason, 'delivery');
    }
    onStep('after-send-back');
    log.warn({ event: 'entry-sent-back', id: entry.id, attempts: retry.attempts, reason: retry.firstReason });
  }

  async function giveUp({ batch }: Received, entry: Entry, failure: DeadLetterFailure): Promise<void> {
    onStep('before-dead-letter');
    try {
      await deadLetters.write(entry, failure);
    } catch (thrown) {
      throw new Halt('systemic', `a dead letter cannot be written: ${toError(thrown).message}`, 'delivery');
    }
    onStep('after-dead-letter');
    const { code, message, attempts } = failure;
    const { source, n } = batch;
    log.warn({ event: 'entry-dead', id: entry.id, code, attempts, source, n, reason: message });
  }

  function toDeath({ batch }: Received, { attempts, firstFailedAt }: Retry, code: string, message: string) {
    const { source, n } = batch;
    return { code, message, attempts, firstFailedAt, lastFailedAt: nowMicros(), source, n };
  }

  return {
    async isolated(received, entry, failure) {
      const retry = toRetry(received, failure);
      if (failure.kind === 'unknown' && retry.attempts < maxAttempts) {
        await sendBack(received, entry, retry);
        return 'retrying';
      }
      const code = failure.kind === 'permanent' ? 'rejected' : 'unexpected';
      await giveUp(received, entry, toDeath(received, retry, code, failure.message));
      return 'dead';
    },

    async conflicting(received, entry, firstId) {
      const message = `its idempotency key is held by ${firstId} with another payload`;
      const retry = toRetry(received, { kind: 'permanent', message });
      await giveUp(received, entry, toDeath(received, retry, 'idempotency-conflict', message));
    },
  };
}
