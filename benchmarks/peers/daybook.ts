/**
 * Starts Daybook itself as a user would, on a data directory of the benchmark.
 *
 * Only the rate limit differs from a fresh install: the load comes from one address.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Children, StartOptions } from '../command/children.ts';
import { whenStarted } from './server.ts';
import type { Server } from './server.ts';

export interface DaybookServer extends Server {
  readonly dataDir: string;
  /** The key that the first start wrote into the data directory. */
  adminKey(): string;
}

export interface DaybookOptions {
  readonly dataDir: string;
  readonly role: StartOptions['role'];
  /** Default: `node packages/daybook/bin/daybook.js serve`. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const BIN = fileURLToPath(new URL('../../packages/daybook/bin/daybook.js', import.meta.url));

export async function startDaybook(children: Children, options: DaybookOptions): Promise<DaybookServer> {
  const { dataDir } = options;
  const child = children.start({
    command: options.command ?? [process.execPath, BIN, 'serve'],
    role: options.role,
    channel: false,
    env: {
      DAYBOOK_HOST: '127.0.0.1',
      DAYBOOK_PORT: '0',
      DAYBOOK_DATA_DIR: dataDir,
      DAYBOOK_RATE_LIMIT: 'off',
      ...options.env,
    },
  });
  const address = await whenStarted<string>(child, (resolve) => {
    // Keeps reading after the start, so that a full pipe never holds up the server.
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const found = listeningAddress(line);
      if (found !== undefined) resolve(found);
    });
  });
  const url = new URL(address);
  return {
    target: { host: url.hostname, port: Number(url.port) },
    pid: child.pid ?? -1,
    child,
    dataDir,
    adminKey: () => readFileSync(join(dataDir, 'admin.key'), 'utf8').trim(),
  };
}

function listeningAddress(line: string): string | undefined {
  if (!line.startsWith('{') || !line.includes('"listening"')) return undefined;
  const { event, address } = JSON.parse(line) as { event?: unknown; address?: unknown };
  return event === 'listening' && typeof address === 'string' ? address : undefined;
}
