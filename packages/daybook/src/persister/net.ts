/**
 * The net under a message that may end the process: written before the work on it, removed after it. One that is found
 * is what is left of such an end, and is then the message's dead letter.
 */
import type { Logger } from 'pino';

import { toError } from '../errors.ts';
import type { DeadLetter } from './dead-letter.ts';
import { rawIdOf } from './dead-letter.ts';
import type { DeadLetters } from './dead-letters.ts';

export interface NetOptions {
  readonly letters: Pick<DeadLetters, 'show' | 'writeRaw' | 'discard'>;
  /** Called when a net is the dead letter of its message. */
  readonly onCaught: () => void;
  /** Unix microseconds. */
  readonly nowMicros: () => number;
  /** Whoever spread a net so long ago is at work no more. */
  readonly overAfterMs: number;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

export interface Net {
  /**
   * @returns `spread`: go on. `caught`: there was one, so the message is to be acknowledged. `busy`: somebody may be at
   * work on it right now, or no net can be written, so it is to be left.
   */
  spread(body: Uint8Array): Promise<'spread' | 'caught' | 'busy'>;
  /**
   * One that cannot be removed stays, as a dead letter too many, and so does one that is old: a process that stood still
   * meanwhile must not take from under a message what somebody else has acknowledged it for.
   */
  remove(body: Uint8Array): Promise<void>;
}

export function createNet({ letters, onCaught, nowMicros, overAfterMs, log }: NetOptions): Net {
  const isOver = ({ firstFailedAt }: DeadLetter): boolean =>
    nowMicros() / 1000 - Date.parse(firstFailedAt) >= overAfterMs;

  return {
    async spread(body) {
      const id = rawIdOf(body);
      try {
        const found = await letters.show(id);
        if (found === undefined) {
          const now = nowMicros();
          await letters.writeRaw(body, {
            code: 'persister-crashed',
            message: 'the persister ended over this message, again and again, and so did the last resort',
            attempts: 1,
            firstFailedAt: now,
            lastFailedAt: now,
            source: '',
            n: 0,
          });
          return 'spread';
        }
        if (!isOver(found)) return 'busy';
        onCaught();
        log.error({ event: 'crash-kept', letter: id, bytes: body.byteLength, since: found.firstFailedAt });
        return 'caught';
      } catch (thrown) {
        log.warn({ event: 'no-net', letter: id, reason: toError(thrown).message });
        return 'busy';
      }
    },

    async remove(body) {
      const id = rawIdOf(body);
      try {
        const found = await letters.show(id);
        if (found === undefined) return;
        if (isOver(found)) log.warn({ event: 'net-not-removed', letter: id, reason: 'it is old' });
        else await letters.discard(id);
      } catch (thrown) {
        log.warn({ event: 'net-not-removed', letter: id, reason: toError(thrown).message });
      }
    },
  };
}
