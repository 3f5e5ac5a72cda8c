/**
 * Real servers for tests of their end: processes of their own, one after the other on one data directory.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DaybookConfig } from '../../src/config/schema.ts';
import { eventually } from '../support/eventually.ts';
import { exchangeOnce } from '../support/exchange.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';

/** Starts servers one after the other on one data directory; none of them outlives the test. */
export async function withServers(
  use: (start: (config?: DaybookConfig) => Promise<StartedDaybook>) => Promise<void>,
): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'daybook-shutdown-'));
  const started: StartedDaybook[] = [];
  try {
    await use(async (config = {}) => {
      const file = join(dataDir, 'daybook.config.json');
      await writeFile(file, JSON.stringify(config));
      const server = await startDaybook({ dataDir, env: { DAYBOOK_CONFIG: file } });
      started.push(server);
      return server;
    });
  } finally {
    for (const server of started) await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Resolves when a metric without labels has this value. */
export async function metric(server: StartedDaybook, name: string, value: number): Promise<void> {
  await eventually(`${name} ${value}`, async () => {
    const { body } = await exchangeOnce(server.address, { path: '/metrics' });
    return body.includes(`\n${name} ${value}\n`);
  });
}
