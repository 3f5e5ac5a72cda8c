/**
 * What Daybook itself puts on record, in registers that nobody can post to. Such entries go to the intake in front of the
 * store, never to a queue: they have been stored when an answer says so, and every server that shares the store sees them.
 */
import type { Entry, EntryDraft } from '../entry.ts';
import { DaybookError, toError } from '../errors.ts';

/** `keys` and `drain` cannot be read as registers at all, `audit` by an admin. The configuration can have none of these names. */
export const INTERNAL_REGISTERS = ['keys', 'audit', 'drain'] as const;

export interface InternalRecord {
  readonly register: (typeof INTERNAL_REGISTERS)[number];
  /** Never empty: what strangers wrote under such a name, while an older version let them, has none. */
  readonly subject: string;
  readonly requestId: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What is needed of the intake in front of the store. */
export interface RecordIntake {
  accept(
    draft: EntryDraft,
    waiter: {
      accepted(accepted: { readonly kind: string; readonly entry?: Entry }): void;
      refused(error: DaybookError): void;
    },
  ): void;
}

export interface InternalRecords {
  /**
   * Resolves when all of them are durable in the store. They are stamped and given to the intake in their order, in one
   * step: no later one is ever stored without the earlier ones.
   * @throws {DaybookError} STORE_UNAVAILABLE, DISK_FULL, OVERLOADED or DRAINING, with the outcome in `details`.
   */
  append(records: readonly InternalRecord[]): Promise<readonly Entry[]>;
}

export interface InternalRecordsOptions {
  readonly intake: RecordIntake;
  readonly region: string;
}

export function createInternalRecords({ intake, region }: InternalRecordsOptions): InternalRecords {
  function toDraft({ register, subject, requestId, body }: InternalRecord): EntryDraft {
    const payload = Buffer.from(JSON.stringify(body));
    const contentType = 'application/json';
    return { register, subject, requestId, region, protocol: 'http', contentType, payload };
  }

  return {
    append(records) {
      const waiting: Promise<Entry>[] = [];
      for (const record of records) {
        const { promise, resolve, reject } = Promise.withResolvers<Entry>();
        waiting.push(promise);
        try {
          intake.accept(toDraft(record), {
            accepted({ kind, entry }) {
              if (kind === 'stored' && entry !== undefined) resolve(entry);
              else reject(new TypeError(`internal records: expected an entry that is stored, given ${kind}`));
            },
            refused: (error) => reject(withoutId(error)),
          });
        } catch (thrown) {
          reject(toError(thrown));
          break;
        }
      }
      return Promise.all(waiting);
    },
  };
}

/** Whoever asked for an action can do nothing with the id of the entry that records it. */
function withoutId({ code, message, details }: DaybookError): DaybookError {
  const { id: _, ...rest } = details;
  return new DaybookError(code, message, rest);
}
