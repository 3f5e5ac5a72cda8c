/**
 * What an operator does to a deployed table with credentials of AWS, beside the servers that use it: the first key, whose
 * owner makes all others; a region that is drained; a new epoch for a table that was restored.
 */
import { createDrain } from './access/drain/drain.ts';
import { followDrains } from './access/drain/drain-follower.ts';
import { parseConfig } from './config/load.ts';
import { formatStamp, randomId } from './id.ts';
import type { OpenRecords } from './operator-records.ts';
import { withKeys, withRecords } from './operator-records.ts';

export interface OperatorTable {
  readonly table: string;
  /** Of AWS, and the lane that the servers of that region write. */
  readonly region: string;
}

export interface OperatorKeyRequest extends OperatorTable {
  readonly name: string;
  /** Unix microseconds. */
  readonly expiresAt: number;
  /** Who makes it, for the audit. */
  readonly by: string;
}

export interface OperatorKey {
  readonly keyId: string;
  /** The whole key, which nobody can be shown again. */
  readonly key: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

export interface OperatorDrainRequest extends OperatorTable {
  /** false: no more. */
  readonly drained: boolean;
  /** Told to whoever asks for the readiness. */
  readonly reason?: string | undefined;
  /** Who wants it, for the audit. */
  readonly by: string;
}

/**
 * Writes an API key with the role `admin` into the table, as `POST /api/keys` does. Resolves when it is durable; every
 * server takes it within seconds.
 * @throws {KeyError} {DaybookError} {StoreError} {StartError}
 */
export async function createOperatorKey(request: OperatorKeyRequest): Promise<OperatorKey> {
  const { name, expiresAt, by } = request;
  return withTable(request, (open) =>
    withKeys(open, ['admin'], async (keys) => {
      const asked = { name, scopes: ['admin'], expiresAt };
      const { key, text } = await keys.create(asked, { subject: by, requestId: randomId() });
      return { keyId: key.keyId, key: text, expiresAt: formatStamp(key.expiresAt) };
    }),
  );
}

/**
 * Drains the region of the table, or ends that, as `POST /api/drain` does: for when that does not answer, or nobody has a
 * key. Resolves when it is durable; repeating is harmless. @throws {DaybookError} {StoreError} {StartError}
 */
export async function setDrained(request: OperatorDrainRequest): Promise<void> {
  const { region, drained, reason, by } = request;
  await withTable(request, async ({ store, records, clock }) => {
    const times = { nowMicros: () => clock.nowMicros(), nowMs: () => clock.elapsedMs() };
    const follower = followDrains({ store, region, ...times, everyMs: undefined });
    const drain = createDrain({ follower, records, region });
    const actor = { subject: by, requestId: randomId() };
    try {
      await (drained ? drain.drain(reason, actor) : drain.undrain(actor));
    } finally {
      await drain.close();
    }
  });
}

/** One process more that writes the lane, for as long as the work takes. */
async function withTable<T>(
  { table, region }: OperatorTable,
  work: (open: OpenRecords) => Promise<T>,
): Promise<T> {
  const { createDynamoDbStore } = await import('./store/dynamodb/dynamodb-store.ts');
  const store = await createDynamoDbStore({ table, awsRegion: region, region });
  try {
    return await withRecords(store, parseConfig({ region }), work);
  } finally {
    await store.close();
  }
}

/**
 * For a table that was restored and that no server has opened yet: cursors of before are refused from then on.
 * @returns the lanes that have a new epoch. @throws {StoreError}
 */
export async function renewEpochs({ table, region }: OperatorTable): Promise<readonly string[]> {
  const { renewEpochsOf } = await import('./store/dynamodb/renew-epochs.ts');
  return renewEpochsOf({ table, awsRegion: region });
}
