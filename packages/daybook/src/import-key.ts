/**
 * An API key that was made elsewhere goes into the store that a configuration names: only its hash comes here.
 */
import type { Logger } from 'pino';

import type { KeyRecord } from './access/keys/key-record.ts';
import { scopesOf } from './access/keys/key-request.ts';
import type { ListedKey } from './access/keys/keys.ts';
import { parseStoreUrl } from './config/driver-urls.ts';
import type { Config } from './config/load.ts';
import { ownDataDirectory } from './data-directory/own.ts';
import { openDrivers } from './drivers.ts';
import { randomId } from './id.ts';
import { withKeys, withRecords } from './operator-records.ts';
import { assertDatabaseIn } from './store/sqlite/database-file.ts';

/**
 * Resolves when it is durable; servers take the key within seconds. Idempotent: a key that is there stays as it is, and may
 * have ended. A store in a data directory has one owner:
 * it is refused while a server runs on it, which makes keys by itself.
 * @throws {KeyError} `invalid`, `limit` or, while the store does not answer, `loading`; {StartError} {DaybookError} {StoreError}
 */
export async function importKey(config: Config, record: KeyRecord, log: Logger): Promise<ListedKey> {
  const isOwned = parseStoreUrl(config.store.url)?.driver === 'sqlite';
  if (isOwned) assertDatabaseIn(config.dataDir);
  const directory = isOwned ? await ownDataDirectory(config.dataDir) : undefined;
  try {
    // Nothing of what is done here goes through a queue.
    const withoutQueue = { ...config, queue: { ...config.queue, url: 'none' } };
    const { store, close } = await openDrivers(withoutQueue, directory?.path ?? config.dataDir, log);
    try {
      return await withRecords(store, config, (open) =>
        withKeys(open, scopesOf(config.registers), (keys) =>
          keys.adopt(record.made, record.request, { subject: record.by, requestId: randomId() }),
        ),
      );
    } finally {
      await close();
    }
  } finally {
    directory?.release();
  }
}
