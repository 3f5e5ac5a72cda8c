/**
 * The process: loads the configuration, starts Daybook, says where it is, and ends gracefully on a signal, or with the
 * program that started it.
 */
import { loadConfig } from './config/load.ts';
import { createDaybook } from './daybook.ts';
import { StartError, toError } from './errors.ts';
import { isLoopback } from './access/address.ts';
import { humanStart } from './human-start.ts';
import { isOpen } from './register.ts';
import { createLog } from './telemetry/log.ts';

const EXIT_OK = 0;
const EXIT_FORCED = 1;
/** A bad configuration or an unusable data directory. */
const EXIT_UNUSABLE = 2;

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
    if (!(thrown instanceof StartError) && !isAddressError(thrown)) throw thrown;
    process.stderr.write(`daybook: ${toError(thrown).message}\n`);
    return EXIT_UNUSABLE;
  }
}

async function serve({ overrides = {}, untilStdinEnds = false }: RunOptions): Promise<number> {
  const config = await loadConfig(overrides);
  const human = process.stdout.isTTY;
  const log = createLog(human && config.logLevel === 'info' ? 'warn' : config.logLevel);
  const ending = Promise.race(untilStdinEnds ? [nextSignal(), stdinEnd()] : [nextSignal()]);
  const daybook = await createDaybook(config, log);
  const { address, port } = await daybook.listen().catch(async (thrown: unknown) => {
    await daybook.close();
    throw thrown;
  });
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}${config.basePath}`;
  const { level, proof } = daybook.durability();
  log.info({
    event: 'listening',
    address: url,
    pid: process.pid,
    dataDir: config.dataDir,
    durability: level,
    durabilityProof: proof,
  });
  if (!isLoopback(config.host)) {
    log.warn({
      event: 'open-registers',
      host: config.host,
      registers: config.registers.filter(isOpen).map(({ name }) => name),
    });
  }
  if (human) process.stdout.write(humanStart(daybook, url));

  const because = await ending;
  log.info({ event: 'draining', because });
  if (human) process.stdout.write('\nDaybook finishes what is in flight …\n');
  const inTime = await daybook.close();
  log.info({ event: 'closed', inTime });
  // Whoever holds the other end may go on holding it.
  if (untilStdinEnds) process.stdin.destroy();
  // Something still holds on, a thread in a disk that does not answer perhaps; it must not hold the process.
  if (!inTime) process.exit(EXIT_FORCED);
  return EXIT_OK;
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

function isAddressError(thrown: unknown): boolean {
  const { code } = toError(thrown) as NodeJS.ErrnoException;
  return code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND';
}
