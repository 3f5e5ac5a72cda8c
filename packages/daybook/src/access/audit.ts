/**
 * The audit: every administrative action is an entry of the register `audit`, on record before its action is answered.
 * What cannot be put on record is not done.
 */
import { toError } from '../errors.ts';
import type { InternalRecord, InternalRecords } from './internal-records.ts';

export interface AuditedAction {
  /** In words of the command line: `keys create`, `dead-letters replay`, `drain`. */
  readonly action: string;
  /** The subject of the credential. */
  readonly by: string;
  /** The id of what it is done to. */
  readonly target: string;
  readonly requestId: string;
  /** Further facts; never a secret, never a payload. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface AuditFact extends AuditedAction {
  /** `begun`, `failed`, or what became of it: `done` where there is nothing to tell apart. */
  readonly outcome: string;
}

export interface Audit {
  /** Resolves when the fact is durable in the store. @throws {DaybookError} as {@link InternalRecords} */
  record(fact: AuditFact): Promise<void>;
  /**
   * For an action that is not itself an entry: records that it begins, does it, records how it ended. An end that cannot be
   * recorded does not change the answer, because who did what is on record already.
   * @throws {DaybookError} as `record`, when its beginning cannot be recorded: then nothing was done.
   */
  around<T>(
    action: AuditedAction,
    work: () => Promise<T>,
    outcomeOf: (result: T) => Pick<AuditFact, 'outcome' | 'detail'>,
  ): Promise<T>;
}

export interface AuditOptions {
  readonly records: InternalRecords;
  /** Called with an outcome that could not be recorded, although what has it was done. */
  readonly onOutcomeLost: (fact: AuditFact, error: Error) => void;
}

export function createAudit({ records, onOutcomeLost }: AuditOptions): Audit {
  async function record(fact: AuditFact): Promise<void> {
    await records.append([toAuditRecord(fact)]);
  }

  async function recordEnd(fact: AuditFact): Promise<void> {
    try {
      await record(fact);
    } catch (thrown) {
      onOutcomeLost(fact, toError(thrown));
    }
  }

  return {
    record,
    async around(action, work, outcomeOf) {
      await record({ ...action, outcome: 'begun' });
      try {
        const result = await work();
        await recordEnd({ ...action, ...outcomeOf(result) });
        return result;
      } catch (thrown) {
        await recordEnd({ ...action, outcome: 'failed', detail: { reason: toError(thrown).message } });
        throw thrown;
      }
    },
  };
}

/** For an action that is an entry itself: given to the store together with it, and before it. */
export function toAuditRecord({ action, by, target, outcome, requestId, detail }: AuditFact): InternalRecord {
  return {
    register: 'audit',
    subject: by,
    requestId,
    body: { action, by, target, outcome, requestId, ...(detail && { detail }) },
  };
}
