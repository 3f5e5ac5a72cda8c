/**
 * A register as one caller may see it.
 */
import type { Register } from '../register.ts';

export interface RegisterView {
  readonly register: Register;
  /** Whose entries alone are shown; undefined: everybody's. */
  readonly subject: string | undefined;
  /**
   * For what lasts longer than a request: whether the credential still lets its holder read. Absent where none is needed.
   */
  readonly isStillAdmitted?: () => Promise<boolean>;
}

/** What the store is asked for. */
export function shownOf({ register, subject }: RegisterView): { register: string; subject?: string } {
  return { register: register.name, ...(subject !== undefined && { subject }) };
}
