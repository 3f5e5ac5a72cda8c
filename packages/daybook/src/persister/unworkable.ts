/**
 * Deliveries that there is nothing to do with: too early, for a newer program, or not what was sent.
 */
import type { Logger } from 'pino';

import { toError } from '../errors.ts';
import type { Delivery } from '../queue/queue.ts';
import type { DeadLetters } from './dead-letters.ts';
import { Halt } from './halt.ts';
import type { HandBack } from './hand-back.ts';
import type { Opened } from './received.ts';
import type { OnStep } from './step.ts';

export interface UnworkableOptions {
  readonly deadLetters: Pick<DeadLetters, 'writeRaw'>;
  readonly handBack: HandBack;
  readonly nowMicros: () => number;
  readonly random: () => number;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly onStep: OnStep;
  readonly onBroken: () => void;
}

/** @throws {Halt} when a raw dead letter could not be written; the delivery is still to be released. */
export type Unworkable = (delivery: Delivery, opened: Exclude<Opened, { kind: 'work' }>) => Promise<void>;

/** A rolling upgrade takes minutes; meanwhile the newer servers shall find the message soon. */
const NEWER_MS = 30_000;

export function createUnworkable(options: UnworkableOptions): Unworkable {
  const { deadLetters, handBack, nowMicros, random, log, onStep, onBroken } = options;

  async function bury({ body, sentAt }: Delivery, message: string): Promise<void> {
    const failedAt = nowMicros();
    log.error({ event: 'envelope-broken', bytes: body.byteLength, sentAt, reason: message });
    onStep('before-dead-letter');
    try {
      await deadLetters.writeRaw(body, {
        code: 'envelope-broken',
        message,
        attempts: 1,
        firstFailedAt: failedAt,
        lastFailedAt: failedAt,
        source: '',
        n: 0,
      });
    } catch (thrown) {
      throw new Halt(
        'systemic',
        `a raw dead letter cannot be written: ${toError(thrown).message}`,
        'delivery',
      );
    }
    onStep('after-dead-letter');
    onBroken();
  }

  return async (delivery, opened) => {
    switch (opened.kind) {
      case 'early':
        return handBack.release([delivery], opened.delayMs);
      case 'newer':
        log.warn({ event: 'envelope-newer', reason: opened.message });
        return handBack.release([delivery], NEWER_MS * (0.5 + random() / 2));
      case 'broken':
        await bury(delivery, opened.message);
        onStep('before-acknowledge');
        await handBack.acknowledge([delivery]);
        return onStep('after-acknowledge');
    }
  };
}
