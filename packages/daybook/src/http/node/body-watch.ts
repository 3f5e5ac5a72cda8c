/**
 * Watches the bodies that are still arriving: one timer for all of them ends those that are too slow or take too long,
 * so that idle bodies cannot hold memory and connections.
 */
import { DaybookError } from '../../errors.ts';

export interface ArrivingBody {
  bytes: number;
  readonly deadlineMs: number;
  readonly deadlineKey: string;
  /** The start of the current window, and the bytes there were then. */
  windowStartMs: number;
  windowBytes: number;
  fail(error: DaybookError): void;
}

export interface BodyWatch {
  /** @param body `deadlineKey` names the key of the configuration that changes the deadline. */
  add(body: Pick<ArrivingBody, 'deadlineKey' | 'fail'> & { readonly deadlineInMs: number }): ArrivingBody;
  remove(body: ArrivingBody): void;
  close(): void;
}

const LOOK_EVERY_MS = 1_000;

export function createBodyWatch(options: {
  minBytesPerSecond: number;
  graceMs: number;
  nowMs: () => number;
}): BodyWatch {
  const { minBytesPerSecond, graceMs, nowMs } = options;
  const arriving = new Set<ArrivingBody>();

  function look(): void {
    const now = nowMs();
    for (const body of arriving) {
      if (now >= body.deadlineMs) {
        body.fail(
          new DaybookError(
            'REQUEST_TIMEOUT',
            `expected the whole request in time (limits.${body.deadlineKey})`,
            { outcome: 'not-written' },
          ),
        );
      } else if (now - body.windowStartMs >= graceMs) {
        judge(body, now);
      }
    }
  }

  function judge(body: ArrivingBody, now: number): void {
    const bytesPerSecond = ((body.bytes - body.windowBytes) * 1000) / (now - body.windowStartMs);
    body.windowStartMs = now;
    body.windowBytes = body.bytes;
    if (bytesPerSecond >= minBytesPerSecond) return;
    body.fail(
      new DaybookError(
        'BODY_TOO_SLOW',
        `body: expected at least ${minBytesPerSecond} bytes a second (limits.minBodyBytesPerSecond), given ${Math.floor(bytesPerSecond)}`,
        { outcome: 'not-written' },
      ),
    );
  }

  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return {
    add({ deadlineInMs, deadlineKey, fail }) {
      const now = nowMs();
      const deadlineMs = now + deadlineInMs;
      const body = { bytes: 0, deadlineMs, deadlineKey, windowStartMs: now, windowBytes: 0, fail };
      arriving.add(body);
      return body;
    },
    remove: (body) => void arriving.delete(body),
    close: () => clearInterval(timer),
  };
}
