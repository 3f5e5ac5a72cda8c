/**
 * From the global flags and the environment to a client of the server they mean.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { isLoopback } from '../access/address.ts';
import { createClient } from '../client/index.ts';
import type { Client } from '../client/index.ts';
import { readCliEnvironment } from '../config/cli-environment.ts';
import { UsageError } from './failure.ts';

export interface GlobalFlags {
  readonly url?: string;
  readonly apiKey?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';
const DEFAULT_DATA_DIR = './data';
/** About a second: enough for a restart of the server, and nobody waits long for one that is not there. */
const ATTEMPTS = 4;

/** For what everybody may do. @throws {UsageError} */
export function connect(flags: GlobalFlags): Client {
  return connectWith(flags, flags.apiKey ?? readCliEnvironment().apiKey);
}

/**
 * For what needs the admin key: the one given, else that of the local data directory. The latter goes to this machine
 * only, unless the directory was named: it is no other server's business.
 * @throws {UsageError}
 */
export function connectAsAdmin(flags: GlobalFlags): Client {
  const environment = readCliEnvironment();
  const given = flags.apiKey ?? environment.apiKey;
  if (given !== undefined) return connectWith(flags, given);
  const named = flags.dataDir ?? environment.dataDir;
  const mayReadKey = named !== undefined || isLoopback(new URL(urlOf(flags)).hostname);
  return connectWith(flags, mayReadKey ? readAdminKey(named ?? DEFAULT_DATA_DIR) : undefined);
}

function connectWith(flags: GlobalFlags, apiKey: string | undefined): Client {
  return createClient({ baseUrl: urlOf(flags), apiKey, retry: { attempts: ATTEMPTS } });
}

function urlOf({ url = readCliEnvironment().url ?? DEFAULT_URL }: GlobalFlags): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && ['http:', 'https:'].includes(parsed.protocol)) return url;
  throw new UsageError(`--url: expected one such as ${DEFAULT_URL}, given ${JSON.stringify(url)}`);
}

/** Undefined when there is none to read: the server then says what is missing. */
function readAdminKey(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, 'admin.key'), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
