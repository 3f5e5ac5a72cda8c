/**
 * Metrics without labels whose value is asked for when they are scraped.
 */
import { Counter, Gauge } from '@prometheus-io/client';
import type { Registry } from '@prometheus-io/client';

export interface Instruments {
  /** A counter of what was counted elsewhere. */
  total(name: string, help: string, value: () => number): void;
  /** NaN when the value cannot be had: one source that is away must not take the others out of sight. */
  gauge(name: string, help: string, value: () => number | Promise<number>): void;
}

export function createInstruments(registry: Registry): Instruments {
  const registers = [registry];
  return {
    total(name, help, value) {
      const counter: Counter = new Counter({
        name,
        help,
        registers,
        collect() {
          counter.reset();
          counter.inc(value());
        },
      });
    },
    gauge(name, help, value) {
      const metric: Gauge = new Gauge({
        name,
        help,
        registers,
        async collect() {
          metric.set(await Promise.resolve(value()).catch(() => NaN));
        },
      });
    },
  };
}
