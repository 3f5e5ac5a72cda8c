/**
 * A program that embeds Daybook and closes it while its store does not answer: nothing goes on beside it for ever, so the
 * program ends by itself.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { PUT_ENTRIES } from '../../src/store/postgres/put-call.ts';
import { startCutProxy } from '../support/cut-proxy.ts';
import { startPostgres } from '../support/postgres.ts';

const server = await startPostgres();
after(() => server.dispose());

/** The limit only keeps a broken test from hanging. */
const ENDS_WITHIN_MS = 60_000;
const DAYBOOK = JSON.stringify(new URL('../../src/index.ts', import.meta.url).href);
/** Says what it is told, and waits for a line before and after the write. */
const PROGRAM = `
  const { createDaybook, createLog, parseConfig } = await import(${DAYBOOK});
  const daybook = await createDaybook(parseConfig(JSON.parse(process.argv[1])), createLog('silent'));
  const { port } = await daybook.listen();
  const line = () => new Promise((resolve) => process.stdin.once('data', resolve));
  console.log('listening');
  await line();
  const response = await fetch('http://127.0.0.1:' + port + '/app', { method: 'POST', body: 'something' });
  console.log((await response.json()).outcome ?? response.status);
  await line();
  process.stdin.destroy();
  console.log(await daybook.close());`;

for (const [queue, told, complete] of [
  // The write has no outcome yet.
  ['none', 'unknown', 'false'],
  // It is in the queue, for the next process.
  ['sqlite:', '202', 'true'],
] as const) {
  test(`with the queue ${queue} the program ends by itself`, async () => {
    const proxy = await startCutProxy(server.port);
    const dataDir = await mkdtemp(join(tmpdir(), 'daybook-embedded-'));
    try {
      const database = await server.createDatabase();
      const url = server.url(database).replace(`:${server.port}/`, `:${proxy.port}/`);
      const limits = { answerWithinMs: 300, shutdownGraceMs: 0 };
      const config = {
        dataDir,
        port: 0,
        store: { url },
        queue: { url: queue, allowEphemeral: true },
        limits,
      };
      const args = [
        '--conditions=daybook-source',
        '--input-type=module',
        '--eval',
        PROGRAM,
        JSON.stringify(config),
      ];
      const running = promisify(execFile)(process.execPath, args, {
        timeout: ENDS_WITHIN_MS,
        killSignal: 'SIGKILL',
      });
      const { stdin, stdout } = running.child;
      let step = 0;
      stdout?.on('data', () => {
        step += 1;
        // The answer to the write is lost, and from then on there is nobody to ask.
        if (step === 1) void proxy.loseNext('answer', PUT_ENTRIES.name).then(() => proxy.close());
        if (step <= 2) stdin?.write('\n');
      });
      assert.deepEqual((await running).stdout.trim().split('\n'), ['listening', told, complete]);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
}
