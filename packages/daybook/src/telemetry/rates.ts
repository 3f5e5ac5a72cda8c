/**
 * How fast counters grow, over the last seconds.
 */

export interface Rates<Name extends string> {
  /** Per second, over the window; 0 in the first moment. */
  perSecond(): Record<Name, number>;
  close(): void;
}

export interface RatesOptions<Name extends string> {
  /** Counts since the start. */
  readonly read: () => Readonly<Record<Name, number>>;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

const LOOK_EVERY_MS = 1_000;
const WINDOW_LOOKS = 10;

export function createRates<Name extends string>({ read, nowMs }: RatesOptions<Name>): Rates<Name> {
  type Look = { readonly atMs: number; readonly counts: Readonly<Record<Name, number>> };
  const look = (): Look => ({ atMs: nowMs(), counts: { ...read() } });
  const looks = [look()];
  const timer = setInterval(() => {
    looks.push(look());
    if (looks.length > WINDOW_LOOKS) looks.shift();
  }, LOOK_EVERY_MS).unref();

  return {
    perSecond() {
      const [first = look()] = looks;
      const last = look();
      const seconds = (last.atMs - first.atMs) / 1_000;
      const names = Object.keys(last.counts) as Name[];
      const rates = names.map((name) => {
        const grown = last.counts[name] - first.counts[name];
        return [name, seconds > 0 ? Math.round((grown / seconds) * 10) / 10 : 0] as const;
      });
      return Object.fromEntries(rates) as Record<Name, number>;
    },
    close: () => clearInterval(timer),
  };
}
