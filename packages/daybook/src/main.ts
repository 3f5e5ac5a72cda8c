/**
 * The process: loads the configuration, starts Daybook, says where it is, and ends gracefully on a signal, or with the
 * program that started it.
 */
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';

import type { Config } from './config/load.ts';
import { loadConfig } from './config/load.ts';
import { createDaybook } from './daybook.ts';
import { StartError } from './errors.ts';
import { isLoopback } from './access/address.ts';
import { humanStart, humanWebStart } from './human-start.ts';
import { isOpen } from './register.ts';
import { createLog } from './telemetry/log.ts';
import { createWeb, isWebAlone } from './web.ts';

const EXIT_OK = 0;
const EXIT_FORCED = 1;
/** A bad configuration or an unusable data directory. */
const EXIT_UNUSABLE = 2;
/** Most threads are there by then; for later ones compiled code is kept by itself, because it is for one set of flags. */
const START_IS_OVER_AFTER_MS = 5_000;

export interface RunOptions {
  /** Flags by the name of their environment variable. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** End gracefully when standard input ends, as it does with whoever holds its other end. Default false. */
  readonly untilStdinEnds?: boolean;
}

/** @returns the exit code, after the shutdown. */
export async function runServer(options: RunOptions = {}): Promise<number> {
  try {
    return await serve(options);
  } catch (thrown) {
    if (!(thrown instanceof StartError)) throw thrown;
    process.stderr.write(`daybook: ${thrown.message}\n`);
    return EXIT_UNUSABLE;
  }
}

async function serve({ overrides = {}, untilStdinEnds = false }: RunOptions): Promise<number> {
  const config = await loadConfig(overrides);
  const human = process.stdout.isTTY;
  const log = createLog(human && config.logLevel === 'info' ? 'warn' : config.logLevel);
  const ending = Promise.race(untilStdinEnds ? [nextSignal(), stdinEnd()] : [nextSignal()]);
  const { server, facts, greeting } = await start(config, log);
  const { address, port } = await server.listen().catch(async (thrown: unknown) => {
    await server.close();
    throw thrown;
  });
  setTimeout(letYoungHeapGrow, START_IS_OVER_AFTER_MS).unref();
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}${config.basePath}`;
  log.info({ event: 'listening', address: url, pid: process.pid, ...facts() });
  if (!isLoopback(config.host) && !isWebAlone(config)) {
    log.warn({
      event: 'open-registers',
      host: config.host,
      registers: config.registers.filter(isOpen).map(({ name }) => name),
    });
  }
  if (human) process.stdout.write(greeting(url));

  const because = await ending;
  log.info({ event: 'draining', because });
  if (human) process.stdout.write('\nDaybook finishes what is in flight …\n');
  const inTime = await server.close();
  log.info({ event: 'closed', inTime });
  // Whoever holds the other end may go on holding it.
  if (untilStdinEnds) process.stdin.destroy();
  // Something still holds on, a thread in a disk that does not answer perhaps; it must not hold the process.
  if (!inTime) process.exit(EXIT_FORCED);
  return EXIT_OK;
}

interface Started {
  readonly server: { listen(): Promise<AddressInfo>; close(): Promise<boolean> };
  /** For the log, once it listens. */
  facts(): Readonly<Record<string, unknown>>;
  /** For a person. */
  greeting(url: string): string;
}

async function start(config: Config, log: Logger): Promise<Started> {
  if (isWebAlone(config)) {
    const server = createWeb(config, log);
    const { apiUrl } = server;
    return { server, facts: () => ({ apiUrl }), greeting: (url) => humanWebStart(url, apiUrl) };
  }
  const server = await createDaybook(config, log);
  return {
    server,
    facts() {
      const { level, proof } = server.durability();
      return { dataDir: config.dataDir, durability: level, durabilityProof: proof };
    },
    greeting: (url) => humanStart(server, url),
  };
}

/**
 * Takes back what `bin/young-heap.js` did: with the little room of the start, a busy server would look through its young
 * objects a hundred times a second. It doubles each time that as much has survived as it holds, and V8 takes the room
 * back where little is allocated.
 */
function letYoungHeapGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}

/** Ctrl-C under npm arrives twice, from the terminal and from npm: the second one must not kill what is in flight. */
function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve(name));
  });
}

/** Nothing that comes is of interest. */
function stdinEnd(): Promise<'stdin-ended'> {
  return new Promise((resolve) => {
    for (const event of ['end', 'close', 'error']) process.stdin.once(event, () => resolve('stdin-ended'));
    process.stdin.resume();
  });
}
