import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createServerDurability, levelOf } from './server-durability.ts';

test('the level is what the server does before it answers a commit', () => {
  const levels = {
    'on on on': levelOf(['on', 'on', 'on', '']),
    'on on local': levelOf(['on', 'on', 'local', 'b']),
    'no sync': levelOf(['off', 'on', 'on', '']),
    'torn pages': levelOf(['on', 'off', 'on', '']),
    'commits do not wait': levelOf(['on', 'on', 'off', 'b']),
    'a standby syncs': levelOf(['on', 'on', 'on', 'ANY 1 (b, c)']),
    'a standby has it in memory': levelOf(['on', 'on', 'remote_write', 'b']),
    'a standby, and no sync here': levelOf(['off', 'on', 'on', 'b']),
  };
  assert.deepEqual(levels, {
    'on on on': 'fsync',
    'on on local': 'fsync',
    'no sync': 'page-cache',
    'torn pages': 'page-cache',
    'commits do not wait': 'memory',
    'a standby syncs': 'replicated-fsync',
    'a standby has it in memory': 'replicated',
    'a standby, and no sync here': 'replicated',
  });
});

test('the level follows a server that is set otherwise while it runs', () => {
  const durability = createServerDurability({ version: '18.4' }, ['on', 'on', 'on', '']);
  assert.equal(durability.level, 'fsync');
  durability.note(['on', 'on', 'on', 'b']);
  assert.equal(durability.level, 'replicated-fsync');
  assert.match(durability.proof, /18\.4.*synchronous_standby_names='b'/);
});

test('the storage of Aurora is told by its vendor, whatever the settings say of disks that it has not', () => {
  const aurora = { version: '16.6', aurora: '16.6.2' };
  const durability = createServerDurability(aurora, ['on', 'off', 'on', '']);
  assert.equal(durability.level, 'replicated-fsync');
  assert.match(
    durability.proof,
    /^Amazon Aurora 16\.6\.2 \(PostgreSQL 16\.6\), by Amazon's statement: .*synchronous_commit=on$/,
  );
  durability.note(['on', 'off', 'off', '']);
  assert.equal(durability.level, 'memory');
});
