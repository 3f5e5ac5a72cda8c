/**
 * Watches the bodies that are still arriving: one timer for all of them ends those that are too slow or take too long,
 * so that idle bodies cannot hold memory and connections.
 *
 * A body is timed from the first look at it, a second after its head at most: nearly all are whole by then, and those
 * cost no look at the clock.
 */
import { DaybookError } from '../../errors.ts';

export interface ArrivingBody {
  /** So far. */
  readonly bytes: number;
  readonly deadline: BodyDeadline;
  /** Called once; the body must be removed then. */
  tooLate(error: DaybookError): void;
}

export interface BodyDeadline {
  readonly inMs: number;
  /** The key of the configuration that changes it. */
  readonly key: string;
}

export interface BodyWatch {
  add(body: ArrivingBody): void;
  remove(body: ArrivingBody): void;
  close(): void;
}

/** The time since which a body is measured, and the bytes there were then. */
interface Window {
  readonly firstSeenMs: number;
  startMs: number;
  bytes: number;
}

const LOOK_EVERY_MS = 1_000;

export function createBodyWatch(options: {
  minBytesPerSecond: number;
  graceMs: number;
  nowMs: () => number;
}): BodyWatch {
  const { minBytesPerSecond, graceMs, nowMs } = options;
  const arriving = new Map<ArrivingBody, Window | undefined>();

  function look(): void {
    const now = nowMs();
    for (const [body, window] of arriving) {
      if (window === undefined) {
        arriving.set(body, { firstSeenMs: now, startMs: now, bytes: body.bytes });
      } else if (now - window.firstSeenMs >= body.deadline.inMs) {
        body.tooLate(
          new DaybookError(
            'REQUEST_TIMEOUT',
            `expected the whole request in time (limits.${body.deadline.key})`,
            { outcome: 'not-written' },
          ),
        );
      } else if (now - window.startMs >= graceMs) {
        judge(body, window, now);
      }
    }
  }

  function judge(body: ArrivingBody, window: Window, now: number): void {
    const bytesPerSecond = ((body.bytes - window.bytes) * 1000) / (now - window.startMs);
    window.startMs = now;
    window.bytes = body.bytes;
    if (bytesPerSecond >= minBytesPerSecond) return;
    body.tooLate(
      new DaybookError(
        'BODY_TOO_SLOW',
        `body: expected at least ${minBytesPerSecond} bytes a second (limits.minBodyBytesPerSecond), given ${Math.floor(bytesPerSecond)}`,
        { outcome: 'not-written' },
      ),
    );
  }

  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return {
    add: (body) => void arriving.set(body, undefined),
    remove: (body) => void arriving.delete(body),
    close: () => clearInterval(timer),
  };
}
