/**
 * Ends a phase whose server has stopped answering, so that a benchmark never hangs.
 */

/** Silence after which a phase fails; far above any pause that a working server makes. */
const STALL_MS = 20_000;

export function createStallGuard(answered: () => number, fail: (error: Error) => void): { stop(): void } {
  let before = answered();
  const timer = setInterval(() => {
    const now = answered();
    if (now === before) fail(new Error(`no answer for ${STALL_MS / 1000} s`));
    before = now;
  }, STALL_MS);
  return { stop: () => clearInterval(timer) };
}
