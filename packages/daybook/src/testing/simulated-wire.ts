/**
 * What lies between a program and what it calls: calls take time, do not arrive, or are carried out without an answer.
 * The weather decides, and may change at any moment. Around stores, queues and object storages alike.
 */
import type { SimulatedTime } from './simulated-time.ts';

export interface Weather {
  /** Nothing arrives, and that is known. */
  outage: boolean;
  /** How many calls of 1 get lost, on the way there or on the way back. */
  loss: number;
  /** The longest that a way takes. */
  maxWayMs: number;
}

export interface WireOptions {
  readonly time: Pick<SimulatedTime, 'sleep'>;
  readonly random: () => number;
  readonly weather: Weather;
  /** What a caller gets to see. */
  readonly toError: (outcome: 'not-written' | 'unknown', message: string) => Error;
}

/** @throws {Error} made by `toError`. */
export type Wire = <T>(call: () => T | Promise<T>) => Promise<T>;

export function createWire({ time, random, weather, toError }: WireOptions): Wire {
  const way = (): Promise<void> => time.sleep(random() * weather.maxWayMs);
  return async (call) => {
    await way();
    if (weather.outage) throw toError('not-written', 'it is away');
    if (random() < weather.loss) throw toError('unknown', 'the connection broke');
    const result = await call();
    const lost = random() < weather.loss;
    await way();
    if (lost) throw toError('unknown', 'the connection broke before the answer');
    return result;
  };
}

/** The same object with every method called over the wire, but for those that are named. */
export function overWire<T extends object>(target: T, wire: Wire, direct: readonly (keyof T)[] = []): T {
  return new Proxy(target, {
    get(_target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || direct.includes(name as keyof T)) return member;
      return (...given: unknown[]) => wire(() => Reflect.apply(member, target, given) as unknown);
    },
  });
}
