/**
 * A process that can be killed. Everything that it hears from outside comes through here, and after its end it hears
 * nothing any more: whatever it was doing stops at that point for ever, as it does at a SIGKILL. What it had asked for
 * before may still be carried out.
 */
import type { Sleep } from '../retry.ts';

export interface SimulatedProcess {
  readonly alive: boolean;
  kill(): void;
  /** The same object, as this process sees it. */
  see<T extends object>(target: T): T;
  readonly sleep: Sleep;
}

export function createSimulatedProcess(sleep: Sleep): SimulatedProcess {
  let alive = true;

  function hear(given: unknown): unknown {
    if (!(given instanceof Promise)) return given;
    return given.then(
      (value: unknown) => (alive ? value : never()),
      (reason: unknown) => {
        if (alive) throw reason;
        return never();
      },
    );
  }

  return {
    get alive() {
      return alive;
    },
    kill() {
      alive = false;
    },
    see: (target) =>
      new Proxy(target, {
        get(_target, name) {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return (...given: unknown[]) => (alive ? hear(Reflect.apply(member, target, given)) : never());
        },
      }),
    sleep: (ms, signal) => (alive ? (hear(sleep(ms, signal)) as Promise<void>) : never()),
  };
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
