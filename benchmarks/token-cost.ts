/**
 * `node benchmarks/token-cost.ts [pairs] [requests]`: what a verified token costs the server, in processor time for each single POST.
 * One server, the embedded default; the same requests with the same token go to a register that is open, where nobody looks
 * at it, and to one that takes tokens, in turn. Processor time and not throughput, so that a machine that others use as well
 * gives the same answer. 8 pairs of 60 000 requests each unless said otherwise.
 *
 * Exit code: 0 within the target, 1 beyond it or failed.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createChildren } from './command/children.ts';
import { startLoad } from './load/load-client.ts';
import { readCpuSeconds } from './machine/process-figures.ts';
import { startDaybook } from './peers/daybook.ts';

const BIN = fileURLToPath(new URL('../packages/daybook/bin/daybook.js', import.meta.url));
const REGISTERS = ['open', 'token'] as const;
type Register = (typeof REGISTERS)[number];
const TARGET = 1.1;
const CONNECTIONS = 64;
const MAX_SECONDS = 120;

async function main(pairs: number, requests: number): Promise<boolean> {
  const dataDir = mkdtempSync(join(tmpdir(), 'daybook-token-cost-'));
  const children = createChildren(null);
  try {
    const daybook = (...given: string[]) =>
      execFileSync(process.execPath, [BIN, ...given], {
        env: { ...process.env, DAYBOOK_DATA_DIR: dataDir },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const issuers = JSON.parse(daybook('token', '--init')) as object;
    const registers = { open: { access: 'open' }, token: { access: 'jwt' } };
    const file = join(dataDir, 'daybook.config.json');
    writeFileSync(file, JSON.stringify({ ...issuers, registers }));
    const token = daybook('token', '--subject', 'alice', '--role', 'token.write', '--expires', '12h').trim();
    const { target, pid } = await startDaybook(children, {
      dataDir,
      role: 'server',
      env: { DAYBOOK_CONFIG: file },
    });
    const load = startLoad(children);

    /** @returns microseconds of processor time of the whole server, all threads, for each request. */
    const measure = async (register: Register, count: number): Promise<number> => {
      const before = cpuSeconds(pid);
      const { refused } = await load.run({
        kind: 'closed-loop',
        target,
        path: `/${register}`,
        authorization: `Bearer ${token}`,
        linesPerRequest: null,
        connections: CONNECTIONS,
        rememberIds: false,
        seconds: MAX_SECONDS,
        maxRequests: count,
      });
      if (Object.keys(refused).length > 0)
        throw new Error(`/${register} refused: ${JSON.stringify(refused)}`);
      return ((cpuSeconds(pid) - before) / count) * 1e6;
    };

    for (const register of REGISTERS) await measure(register, requests);
    const ratios: number[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      const micros = { open: 0, token: 0 };
      // Whoever comes second meets a larger database.
      for (const register of pair % 2 === 0 ? REGISTERS : REGISTERS.toReversed()) {
        micros[register] = await measure(register, requests);
      }
      const ratio = micros.token / micros.open;
      ratios.push(ratio);
      console.log(
        `open ${micros.open.toFixed(2)} µs   token ${micros.token.toFixed(2)} µs   ratio ${ratio.toFixed(3)}`,
      );
    }
    return tell(ratios.toSorted((a, b) => a - b));
  } finally {
    await children.stopAll();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function cpuSeconds(pid: number): number {
  const seconds = readCpuSeconds(pid);
  if (seconds === null)
    throw new Error('expected a system with /proc, which tells the processor time of a process');
  return seconds;
}

function tell(sorted: readonly number[]): boolean {
  const at = (index: number): number => sorted[index] as number;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  const [least, most] = [at(0), at(sorted.length - 1)].map((ratio) => ratio.toFixed(3));
  console.log(
    `\nprocessor time with a verified token ÷ without: ${median.toFixed(3)} (${least} to ${most}), target ≤ ${TARGET}`,
  );
  return median <= TARGET;
}

const [pairs = 8, requests = 60_000] = process.argv.slice(2).map(Number);
process.exitCode = (await main(pairs, requests)) ? 0 : 1;
