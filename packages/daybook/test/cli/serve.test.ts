/** `daybook serve`: what stops it is told in one line that says where to change it, and ends it with exit code 2. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import type { StartOptions } from '../support/start-daybook.ts';
import { tryStartDaybook } from '../support/start-daybook.ts';

const root = mkdtempSync(join(tmpdir(), 'daybook-serve-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** @returns what it says. */
async function refusalOf(options: StartOptions): Promise<string> {
  const started = await tryStartDaybook({ dataDir: join(root, 'data'), cwd: root, ...options });
  if (started.started) {
    await started.kill();
    assert.fail('the start must be refused');
  }
  assert.equal(started.exitCode, 2, started.stderr);
  assert.match(started.stderr, /^daybook: [^\n]*\n$/);
  return started.stderr.slice('daybook: '.length, -1);
}

test('a port that is in use is named with its address and with what to change', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  try {
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    assert.equal(
      await refusalOf({ args: ['--port', `${port}`] }),
      `port (DAYBOOK_PORT, --port): expected a port of 127.0.0.1 where nothing listens, given ${port}, which is in use; 0 takes a free one`,
    );
  } finally {
    taken.close();
  }
});

test('an address that this machine does not have is told as the host', async () => {
  // RFC 5737, "IPv4 Address Blocks Reserved for Documentation".
  assert.match(
    await refusalOf({ args: ['--host', '192.0.2.1'] }),
    /^host \(DAYBOOK_HOST, --host\): expected an address or name of this machine, given 192\.0\.2\.1: /,
  );
});

test('a value of a flag beside a file is told as the flag, a file that is not there too', async () => {
  const file = join(root, 'good.json');
  writeFileSync(file, '{"port":0}');
  assert.equal(
    await refusalOf({ args: ['--config', file, '--port', '99999999'] }),
    'port (--port): expected a whole number from 0 to 65535, given 99999999',
  );
  assert.equal(
    await refusalOf({ args: ['--config', 'missing'] }),
    '--config: expected a file that can be read, given "missing"',
  );
});
