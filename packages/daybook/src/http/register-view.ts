/**
 * A register as one caller may see it.
 */
import type { Register } from '../register.ts';

export interface RegisterView {
  readonly register: Register;
  /** Whose entries alone are shown; undefined: everybody's. */
  readonly subject: string | undefined;
  /**
   * Before what was written since is shown: credentials end, and are revoked, while a tail waits.
   * @throws {DaybookError} by the promise, as when the caller came.
   */
  readonly assertStillAdmitted: () => Promise<void>;
}

/** What the store is asked for. */
export function shownOf({ register, subject }: RegisterView): { register: string; subject?: string } {
  return { register: register.name, ...(subject !== undefined && { subject }) };
}
