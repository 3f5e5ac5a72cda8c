/**
 * A server of its own before one pair of queue and store, with faults on the way to both: links that are cut, lose
 * answers or stand still, files that another process locks, and SIGKILL. Backends are shared, and outlive the server.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { developmentIssuerSettings, openDevelopmentIssuer } from '../../src/access/jwt/development-issuer.ts';
import type { DaybookConfig } from '../../src/config/schema.ts';
import type { Drivers, QueueName, StoreName } from '../pairs/drivers.ts';
import { CREDENTIALS } from '../support/dynamodb-local.ts';
import { eventually } from '../support/eventually.ts';
import type { LinkState } from '../support/faulty-link.ts';
import { startFaultyLink } from '../support/faulty-link.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';

/** The registers of one run: without and with a credential. Both are its own. */
export interface Place {
  readonly open: string;
  readonly closed: string;
  /** Of the subjects `alice` and `bob`, for `closed` only. */
  readonly tokens: Readonly<Record<'alice' | 'bob', string>>;
}

export interface Arena {
  readonly hasQueue: boolean;
  readonly address: string;
  /** Undefined when every place was used. */
  nextPlace(): Promise<Place | undefined>;
  fault(part: 'store' | 'queue', state: LinkState): void;
  /** SIGKILL, and a new start; what would keep it from starting is over then. */
  crash(): Promise<void>;
  /** No fault is left; resolves when the server has taken notice. */
  heal(): Promise<void>;
  /** Asks as operator, again until it is answered 200. */
  ask<T>(path: string): Promise<T>;
  adminKey(): Promise<string>;
  close(): Promise<void>;
}

interface Part {
  readonly url: string;
  turn(state: LinkState): void;
  /** Whether a server starts while the part is away. */
  readonly waitedFor: boolean;
  close(): Promise<void>;
}

/** So that outages are short and their ends are soon. */
const LIMITS = { keyedStoreMs: 300, answerWithinMs: 1_200, shutdownGraceMs: 2_000 } as const;

export async function openArena(
  drivers: Drivers,
  { queue, store, places }: { queue: QueueName; store: StoreName; places: number },
): Promise<Arena> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-keys-'));
  const dataDir = join(folder, 'data');
  const issuer = await openDevelopmentIssuer(dataDir);
  const settings = developmentIssuerSettings(dataDir);
  const parts = {
    store: await openPart(await drivers.storeUrl(store), join(dataDir, 'daybook.db')),
    queue: await openPart(await drivers.queueUrl(queue), join(dataDir, 'queue.db')),
  };
  const names = Array.from({ length: places }, (_, run) => [`open-${run}`, `closed-${run}`] as const);
  const config: DaybookConfig = {
    queue: { url: parts.queue.url, allowEphemeral: true },
    store: parts.store.url,
    rateLimit: 'off',
    logLevel: 'info',
    limits: LIMITS,
    issuers: { development: settings },
    registers: Object.fromEntries(
      names.flatMap(([open, closed]) => [
        [open, { access: 'open' as const }],
        [closed, { access: 'jwt' as const }],
      ]),
    ),
  };
  const file = join(folder, 'daybook.config.json');
  await writeFile(file, JSON.stringify(config));
  const start = () => startDaybook({ dataDir, env: { ...CREDENTIALS, DAYBOOK_CONFIG: file } });
  let used = 0;
  let server: StartedDaybook = await start();

  async function tokenOf(subject: string, register: string): Promise<string> {
    const issuedAt = Math.floor(Date.now() / 1000);
    const { issuer: iss, audience } = settings;
    const roles = [`${register}.write`, `${register}.read`];
    return issuer.sign({ subject, roles, issuer: iss, audience, issuedAt, expiresAt: issuedAt + 3_600 });
  }

  const arena: Arena = {
    hasQueue: queue !== 'none',
    get address() {
      return server.address;
    },
    async nextPlace() {
      const name = names[used];
      used += 1;
      if (name === undefined) return undefined;
      const [open, closed] = name;
      const [alice, bob] = await Promise.all([tokenOf('alice', closed), tokenOf('bob', closed)]);
      return { open, closed, tokens: { alice, bob } };
    },
    fault: (part, state) => parts[part].turn(state),
    async crash() {
      await server.kill();
      for (const part of Object.values(parts)) if (!part.waitedFor) part.turn('ok');
      server = await start();
    },
    async heal() {
      for (const part of Object.values(parts)) part.turn('ok');
      await eventually('the server is ready', async () => {
        return (await fetch(`${server.address}/readyz`)).status === 200;
      });
    },
    async ask<T>(path: string): Promise<T> {
      const authorization = `Bearer ${await server.adminKey()}`;
      return eventually(path, async () => {
        const response = await fetch(server.address + path, { headers: { authorization } });
        const text = await response.text();
        // A connection that broke meanwhile is found out by the next who uses it.
        if (response.status !== 200) throw new Error(`${response.status} ${text}`);
        return JSON.parse(text) as T;
      });
    },
    adminKey: () => server.adminKey(),
    async close() {
      await server.kill();
      for (const part of Object.values(parts)) await part.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return arena;
}

async function openPart(url: string, file: string): Promise<Part> {
  if (url === 'none') return { url, turn() {}, waitedFor: true, close: async () => undefined };
  if (url.startsWith('sqlite:')) return lockable(url, file);
  const at = new URL(url);
  const endpoint = at.searchParams.get('endpoint');
  const target = endpoint === null ? at : new URL(endpoint);
  const link = await startFaultyLink(Number(target.port));
  target.port = String(link.port);
  if (endpoint !== null) at.searchParams.set('endpoint', target.origin);
  return {
    url: at.href,
    turn: (state) => link.turn(state),
    waitedFor: !url.startsWith('sqs:'),
    close: () => link.close(),
  };
}

/** A file is never away and loses no answer; whatever the fault, another process holds its lock for that long. */
function lockable(url: string, file: string): Part {
  let other: DatabaseSync | undefined;
  function turn(state: LinkState): void {
    if (state === 'ok') {
      other?.close();
      other = undefined;
    } else if (other === undefined) {
      other = new DatabaseSync(file);
      other.exec('PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE');
    }
  }
  return { url, turn, waitedFor: false, close: async () => turn('ok') };
}
