/**
 * Hands an entry to the intake, while holding its idempotency key if it has one.
 */
import type { EntryDraft } from '../../entry.ts';
import type { Hold } from '../../intake/budget.ts';
import type { Waiter } from '../../intake/intake.ts';
import type { HttpContext } from '../context.ts';

/**
 * @param hold has reserved the bytes of the payload.
 * @throws {DaybookError} KEY_IN_FLIGHT, and what the intake refuses with; the waiter is not told then.
 */
export function submit(
  { intake, keysInFlight }: HttpContext,
  draft: EntryDraft,
  hold: Hold,
  waiter: Waiter,
): void {
  const { register, subject, idempotencyKey: key } = draft;
  if (key === undefined) return intake.accept(draft, waiter, hold);
  const letGo = keysInFlight.hold({ register, subject, key });
  const keyed: Waiter = {
    accepted(accepted) {
      letGo();
      waiter.accepted(accepted);
    },
    refused(error, entry) {
      letGo();
      waiter.refused(error, entry);
    },
  };
  try {
    intake.accept(draft, keyed, hold);
  } catch (thrown) {
    letGo();
    throw thrown;
  }
}
