/**
 * Drains a region, and ends that: its readiness fails on purpose, so that balancers and name servers send traffic
 * elsewhere, while it goes on to take in and to give back whatever still comes. On record in the register `drain`, so that
 * every server of the region knows and a restart does not forget, and in the audit.
 */
import { toAuditRecord } from '../audit.ts';
import type { InternalRecords } from '../internal-records.ts';
import type { DrainEvent } from './drain-event.ts';
import { toRecord } from './drain-event.ts';
import type { DrainFollower } from './drain-follower.ts';

/** Who asks for it. */
export interface DrainActor {
  readonly subject: string;
  readonly requestId: string;
}

export interface Drain extends Pick<DrainFollower, 'current' | 'known' | 'status'> {
  /**
   * Resolves when it is durable in the store: this server is not ready from then on, others of the region within seconds.
   * Idempotent: one that is drained stays as it is. @throws {DaybookError} {StoreError}
   */
  drain(reason: string | undefined, by: DrainActor): Promise<void>;
  /** Resolves when its end is durable. Idempotent. @throws {DaybookError} {StoreError} */
  undrain(by: DrainActor): Promise<void>;
  close(): Promise<void>;
}

export interface DrainOptions {
  readonly follower: DrainFollower;
  readonly records: InternalRecords;
  readonly region: string;
}

export function createDrain({ follower, records, region }: DrainOptions): Drain {
  async function append(
    event: DrainEvent,
    requestId: string,
    audited: { readonly action: string; readonly detail?: Readonly<Record<string, unknown>> },
  ): Promise<void> {
    const fact = { ...audited, by: event.by, target: region, requestId, outcome: 'done' };
    const [, entry] = await records.append([toAuditRecord(fact), toRecord(event, requestId)]);
    if (entry !== undefined) follower.apply([entry]);
  }

  return {
    get known() {
      return follower.known;
    },
    current: () => follower.current(),
    status: () => follower.status(),
    async drain(reason, { subject, requestId }) {
      await follower.look();
      if (follower.known !== undefined) return;
      const why = reason === undefined ? {} : { reason };
      await append({ event: 'drained', by: subject, ...why }, requestId, { action: 'drain', detail: why });
    },
    async undrain({ subject, requestId }) {
      await follower.look();
      const ends = follower.inForce.map(({ entryId }) => entryId);
      if (ends.length === 0) return;
      await append({ event: 'undrained', by: subject, ends }, requestId, { action: 'undrain' });
    },
    close: () => follower.close(),
  };
}
