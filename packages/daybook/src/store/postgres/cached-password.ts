/**
 * A password whose source is asked over a network, and so is not asked with every connection:
 *
 *   unknown ──read──▶ known ──older than freshMs──▶ known, read again meanwhile
 *                       ▲                             │ cannot be read: asked again a second later
 *                       │     a server refused it     ▼
 *                       └───────── read ◀────────  refused
 *
 * Only who has nothing to go on with waits for the source: a source that is away keeps nobody from connecting with what
 * servers take.
 */
import { systemTime } from '../../clock.ts';
import { toError } from '../../errors.ts';
import type { RotatingPassword } from './password.ts';

export interface CachedPasswordOptions {
  /** @throws {PasswordError} */
  readonly read: () => Promise<string>;
  readonly freshMs: number;
  /** Called when another password than before was read. */
  readonly onRenewed?: () => void;
  /** Called when the source could not be read and what is known goes on to be used. */
  readonly onNotRead?: (error: Error) => void;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

/** While secret and database disagree every new connection is refused; the source is asked no more often than this. */
const ASK_EVERY_MS = 1_000;

export function createCachedPassword(options: CachedPasswordOptions): RotatingPassword {
  const { read, freshMs, onRenewed, onNotRead, nowMs = systemTime.monotonicMs } = options;
  let known: string | undefined;
  let wasRefused = false;
  let askedAtMs = -Infinity;
  let readAtMs = -Infinity;
  let reading: Promise<string> | undefined;

  async function renew(): Promise<string> {
    askedAtMs = nowMs();
    try {
      const password = await read();
      if (known !== undefined && known !== password) onRenewed?.();
      known = password;
      readAtMs = nowMs();
      wasRefused = false;
      return password;
    } finally {
      reading = undefined;
    }
  }

  return {
    async current() {
      if (known === undefined) return (reading ??= renew());
      if (nowMs() - askedAtMs < ASK_EVERY_MS && reading === undefined) return known;
      if (wasRefused) return (reading ??= renew());
      if (nowMs() - readAtMs >= freshMs && reading === undefined) {
        reading = renew();
        reading.catch((thrown: unknown) => onNotRead?.(toError(thrown)));
      }
      return known;
    },
    refused: () => void (wasRefused = true),
  };
}
