/**
 * The database's clock. DynamoDB tells the time only in the `Date` of its answers, in whole seconds: the largest
 * difference to our monotonic clock that they showed is within a moment of the truth.
 */
import { systemTime } from '../../clock.ts';

export interface AnswerClock {
  /** @param date the header as it came. */
  heard(date: string | undefined): void;
  /** Unix microseconds. Before the first answer that of this machine. */
  nowMicros(): number;
}

/** A larger difference downwards means that their clock was set back. */
const STEP_MS = 1_500;

export function createAnswerClock(time = systemTime): AnswerClock {
  let aheadMs: number | undefined;
  return {
    heard(date) {
      const now = Date.parse(date ?? '');
      if (Number.isNaN(now)) return;
      const seen = now - time.monotonicMs();
      if (aheadMs === undefined || seen > aheadMs || aheadMs - seen > STEP_MS) aheadMs = seen;
    },
    nowMicros: () =>
      Math.floor((aheadMs === undefined ? time.wallMs() : aheadMs + time.monotonicMs()) * 1000),
  };
}
