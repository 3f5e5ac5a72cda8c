/**
 * Starts an installed Daybook, uses it once, and stops it. The server leads its own process group, and the group is
 * killed when the check ends, however it ends: nothing outlives the check.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { plainEnvironment, say } from './command.ts';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 10_000;

export interface Start {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly dataDir: string;
  /** Called once it has been used. */
  readonly whileServing?: (address: string) => void;
}

/** @throws {Error} unless it listens, stores an entry, gives it back unchanged, and ends with 0 after SIGTERM. */
export async function serveOnce({ program, args, cwd, dataDir, whileServing }: Start): Promise<void> {
  const settings = { HOST: '127.0.0.1', PORT: '0', DATA_DIR: dataDir, RATE_LIMIT: 'off' };
  const env = plainEnvironment();
  for (const [key, value] of Object.entries(settings)) env[`DAYBOOK_${key}`] = value;
  const server = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const killGroup = () => {
    try {
      if (server.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
    } catch {
      // The group has ended already.
    }
  };
  const giveUp = (signal: NodeJS.Signals) => {
    killGroup();
    process.kill(process.pid, signal);
  };
  process.once('exit', killGroup).once('SIGTERM', giveUp).once('SIGINT', giveUp);
  try {
    const ended = once(server, 'exit');
    const address = await Promise.race([
      listeningAddress(server.stdout),
      ended.then(([code, signal]) =>
        Promise.reject(new Error(`ended before it listened: ${code ?? signal}`)),
      ),
      rejectAfter(START_TIMEOUT_MS, 'is not listening'),
    ]);
    await writeAndReadBack(address);
    whileServing?.(address);
    server.kill('SIGTERM');
    const [code] = await Promise.race([ended, rejectAfter(STOP_TIMEOUT_MS, 'has not stopped after SIGTERM')]);
    assert.equal(code, 0, 'exit code after SIGTERM');
    say('stopped: exit code 0 after SIGTERM');
  } finally {
    killGroup();
    process.off('exit', killGroup).off('SIGTERM', giveUp).off('SIGINT', giveUp);
  }
}

async function listeningAddress(output: NodeJS.ReadableStream): Promise<string> {
  const lines: string[] = [];
  return await new Promise((resolve, reject) => {
    createInterface({ input: output })
      .on('line', (line) => {
        lines.push(line);
        const address = /"address":"(http:[^"]+)"/.exec(line)?.[1];
        if (line.includes('"event":"listening"') && address !== undefined) resolve(address);
      })
      .once('close', () => reject(new Error(`the server is not listening:\n${lines.join('\n')}`)));
  });
}

async function writeAndReadBack(address: string): Promise<void> {
  const payload = '{"check": 9007199254740993, "text": "caf\u00e9"}';
  const request = { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) };
  const headers = { 'content-type': 'application/json' };
  const written = await fetch(`${address}/app`, { ...request, method: 'POST', headers, body: payload });
  assert.equal(written.status, 201, await written.clone().text());
  const location = written.headers.get('location') ?? '';
  const { id } = (await written.json()) as { id: string };
  const entry = await fetch(new URL(location, address), request);
  assert.equal(entry.status, 200, location);
  assert.equal(((await entry.json()) as { id: string }).id, id);
  const stored = await fetch(new URL(`${location}/payload`, address), request);
  assert.equal(await stored.text(), payload, 'the payload as it was posted');
  say(`served: ${id} written and read back at ${address}`);
}

async function rejectAfter(timeoutMs: number, what: string): Promise<never> {
  return await new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`the server ${what} within ${timeoutMs} ms`)), timeoutMs).unref();
  });
}
