/**
 * The configuration of a deployment: what an environment has by itself, what the file says over it, and what is answered
 * when it says something that cannot be.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { daybookConfigOf, parseDaybookConfig } from '../src/config/daybook-config.ts';
import { loadDeployment, parseDeployment } from '../src/config/load.ts';
import { EVERY_TOPOLOGY, EXAMPLES } from './support/topologies.ts';

const SMALL = { name: 'small', account: '111122223333', front: { kind: 'rest-api' } };
const ISSUER = {
  issuer: 'https://issuer.example.com/',
  audience: 'daybook',
  jwks: 'https://issuer.example.com/jwks',
};

const TWO = ['eu-west-1', 'us-east-1'];
const DOMAIN = {
  name: 'daybook.example.com',
  zoneName: 'example.com',
  hostedZoneId: 'Z0123456789ABCDEFGHIJ',
};

describe('an environment', () => {
  test('has what its name promises, without a word in the file', () => {
    const [poc, dev, prd] = ['poc', 'dev', 'prd'].map((name) => parseDeployment(SMALL, name));
    assert.deepEqual(
      [poc, dev, prd].map((one) => one?.logs),
      [7, 7, 30].map((retentionDays) => ({ retentionDays, flowLogDays: 14 })),
    );
    assert.deepEqual(
      [poc, dev, prd].map((one) => one?.onDestroy),
      ['delete', 'delete', 'retain'],
    );
    assert.deepEqual(
      [poc, dev, prd].map((one) => one?.observe.alarms),
      [false, false, true],
    );
    assert.deepEqual(prd?.regions, ['eu-west-1']);
    assert.equal(prd?.store.recoveryDays, 35);
    assert.deepEqual(prd?.front.throttle, { ratePerSecond: 100, burst: 50 });
  });

  test('is overruled by the file, and the file by what it says of the environment', () => {
    const file = {
      ...SMALL,
      logs: { retentionDays: 90 },
      environments: { prd: { logs: { retentionDays: 365 }, observe: { probe: false } } },
    };
    assert.equal(parseDeployment(file, 'dev').logs.retentionDays, 90);
    const prd = parseDeployment(file, 'prd');
    assert.equal(prd.logs.retentionDays, 365);
    assert.equal(prd.observe.probe, false);
    assert.equal(prd.observe.alarms, true, 'what nobody overruled stays');
  });

  test('can have another kind of something, or nothing of it', () => {
    const file = {
      ...SMALL,
      queue: { batchSize: 5 },
      store: { capacity: { mode: 'provisioned', min: 5, max: 10 } },
      environments: { poc: { queue: undefined, store: { capacity: { mode: 'on-demand' } } } },
    };
    const poc = parseDeployment(file, 'poc');
    assert.equal(poc.queue, undefined);
    assert.deepEqual(poc.store.capacity, { mode: 'on-demand' });
    assert.deepEqual(parseDeployment(file, 'dev').store.capacity, {
      mode: 'provisioned',
      min: 5,
      max: 10,
      targetPercent: 45,
    });
  });

  test('cannot be changed once it is read', () => {
    const { functions } = parseDeployment(SMALL, 'dev');
    assert.throws(() => Object.assign(functions, { memoryMb: 1 }), TypeError);
  });
});

describe('a value that cannot be', () => {
  const faults: readonly (readonly [change: object, line: string])[] = [
    [
      { name: 'X' },
      'name: expected 2 to 20 lower-case letters, digits and hyphens, a letter first, given "X"',
    ],
    [{ account: '123' }, 'account: expected an AWS account id of twelve digits, given "123"'],
    [{ regions: ['Dublin'] }, 'regions.0: expected an AWS region such as eu-west-1, given "Dublin"'],
    [{ regions: [] }, 'regions: expected at least 1, given []'],
    [
      { regions: ['eu-west-1', 'us-east-1', 'eu-west-1'] },
      'regions: expected each once, given eu-west-1 twice',
    ],
    [
      { regions: ['us-east-1', 'us-gov-west-1'] },
      "regions: expected several of AWS's commercial regions only, or one, given us-gov-west-1",
    ],
    [
      { regions: TWO, access: { cognito: true } },
      'access.cognito: expected false, because a user pool is of one region and regions has several, given true',
    ],
    [
      { regions: TWO, domain: DOMAIN, front: { kind: 'rest-api', allowFrom: ['203.0.113.0/24'] } },
      'front.allowFrom: expected nobody, because Route 53 asks each of several regions from addresses of its own, given 203.0.113.0/24',
    ],
    [
      { regions: TWO, domain: { ...DOMAIN, name: 'example.com' } },
      'domain.name: expected a name below example.com, because the zone\'s own name cannot have the records of several regions, given "example.com"',
    ],
    [
      { regions: TWO, domain: { ...DOMAIN, name: `${'a'.repeat(45)}.example.com` } },
      `domain.name: expected at most 64 characters with a region before it, given eu-west-1.${'a'.repeat(45)}.example.com`,
    ],
    [{ front: { kind: 'http-api' } }, 'front.kind: expected one of alb, rest-api, cdn, given "http-api"'],
    [{ front: undefined }, 'front: expected an object, given nothing'],
    [{ frontt: {} }, 'frontt: expected a key of the configuration, given an unknown one'],
    [{ queue: { size: 1 } }, 'queue.size: expected a key of the configuration, given an unknown one'],
    [{ queue: { batchSize: 11 } }, 'queue.batchSize: expected a whole number from 1 to 10, given 11'],
    [
      { functions: { timeoutSeconds: 30 } },
      'functions.timeoutSeconds: expected a whole number from 1 to 29, given 30',
    ],
    [
      { logs: { retentionDays: 8 } },
      'logs.retentionDays: expected one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, given 8',
    ],
    [{ archive: 'yes' }, 'archive: expected true or false, given "yes"'],
    [
      { front: { kind: 'rest-api', allowFrom: ['10.0.0.0/33x'] } },
      'front.allowFrom.0: expected a CIDR such as 203.0.113.0/24, given "10.0.0.0/33x"',
    ],
    [
      { front: { kind: 'rest-api', waf: { perAddressPer5Minutes: 1 } } },
      'front.waf.perAddressPer5Minutes: expected a whole number from 10 to 2000000, given 1',
    ],
    [{ budget: { monthlyUsd: 0 } }, 'budget.monthlyUsd: expected more than 0, given 0'],
    [
      { environments: { test: {} } },
      'environments.test: expected one of poc, dev, prd, given an unknown one',
    ],
    [
      { network: { zoneNames: ['eu-west-1a'] } },
      'network.zoneNames: expected 2 zones of eu-west-1, as network.zones, each once, given eu-west-1a',
    ],
    [
      { network: { zoneNames: ['eu-west-1a', 'eu-west-1a'] } },
      'network.zoneNames: expected 2 zones of eu-west-1, as network.zones, each once, given eu-west-1a, eu-west-1a',
    ],
    [
      { network: { zoneNames: ['eu-west-1a', 'us-east-1b'] } },
      'network.zoneNames: expected 2 zones of eu-west-1, as network.zones, each once, given eu-west-1a, us-east-1b',
    ],
    [
      { regions: ['eu-west-1', 'eu-central-1'], network: { zoneNames: ['eu-west-1a', 'eu-west-1b'] } },
      'network.zoneNames: expected none, because each of several regions has its own, given eu-west-1a, eu-west-1b',
    ],
    [{ front: { kind: 'alb' } }, 'network: expected a network, because front.kind is alb, given nothing'],
    [
      { front: { kind: 'alb' }, network: {}, access: { authorizer: {}, issuers: { one: ISSUER } } },
      'access.authorizer: expected "off", because only a rest-api has authorizers, given front.kind alb',
    ],
    [
      { access: { authorizer: {} } },
      'access.issuers: expected at least one issuer, or access.cognito, because access.authorizer is on, given none',
    ],
    [
      { front: { kind: 'alb' }, network: {}, access: { cognito: true } },
      'network.egress: expected "nat", because the keys of access.cognito are on the internet, and the function api has no other way there, given "none"',
    ],
    [
      { network: {}, access: { issuers: { one: ISSUER } } },
      'access.authorizer: expected one, or network.egress "nat", because the keys of access.issuers.one are on the internet, and the function api has no other way there, given "off"',
    ],
    [
      { network: { egress: 'nat' } },
      'network.egress: expected "none", because only the keys of issuers are out there, and there are no issuers, given "nat"',
    ],
    [
      { network: { egress: 'nat' }, access: { authorizer: {}, issuers: { one: ISSUER } } },
      'network.egress: expected "none", because only the keys of issuers are out there, and the authorizer fetches them from outside of the network, given "nat"',
    ],
    [
      {
        front: { kind: 'alb' },
        network: { egress: 'nat' },
        access: { issuers: { one: { ...ISSUER, jwks: 'https://issuer.example.com:8443/jwks' } } },
      },
      'access.issuers.one.jwks: expected an https URL on port 443, because the function api is let out to no other, given "https://issuer.example.com:8443/jwks"',
    ],
    [
      { access: { issuers: { one: { ...ISSUER, jwks: 'keys.json' } } } },
      'access.issuers.one.jwks: expected an https URL, because no file of keys is deployed, given "keys.json"',
    ],
    [
      { front: { kind: 'rest-api', allowFrom: ['203.0.113.0/24'] }, observe: { probe: true } },
      'observe.probe: expected false, because front.allowFrom would refuse it: it calls from addresses that nobody knows, given true',
    ],
    [
      { functions: { persisterTimeoutSeconds: 101 } },
      'functions.persisterTimeoutSeconds: expected a whole number from 10 to 100, given 101',
    ],
    [
      { store: { capacity: { mode: 'provisioned', min: 9, max: 5 } } },
      'store.capacity.max: expected at least 9, as store.capacity.min, given 5',
    ],
    [
      { domain: { name: 'daybook.example.org', zoneName: 'example.com', hostedZoneId: 'Z1' } },
      'domain.name: expected a name in the zone example.com, given "daybook.example.org"',
    ],
    [
      { registers: { Orders: { access: 'key' } } },
      'registers.Orders: expected a register name of [a-z][a-z0-9-]{0,62}, given "Orders"',
    ],
    [
      { registers: { orders: { access: 'anyone' } } },
      'registers.orders.access: expected open, key, jwt or a list of key and jwt, or { write, read } of these, given "anyone"',
    ],
    [
      { registers: { orders: { access: 'key', maxEntryBytes: 400_000 } } },
      'registers.orders.maxEntryBytes: expected at most 307200, what an item of DynamoDB holds, given 400000',
    ],
    [
      { registers: { probe: { access: 'key' } }, observe: { probe: true } },
      'registers.probe: expected another name, because observe.probe has a register of this one',
    ],
    [
      { limits: { maxCommitEntries: 0 } },
      'limits.maxCommitEntries: expected a whole number from 1 to 100000, given 0',
    ],
    [
      { access: { issuers: { one: { ...ISSUER, jwks: 'http://issuer.example.com/jwks' } } } },
      'access.issuers.one.jwks: expected an https URL without a password, or the path of a file; http to this machine only, given "http://issuer.example.com/jwks"',
    ],
  ];
  for (const [change, line] of faults) {
    test(line, () => {
      assert.throws(() => parseDeployment({ ...SMALL, ...change }, 'dev'), {
        name: 'ConfigError',
        message: line,
      });
    });
  }

  test('is told with the file, also when the file is no module or the environment no environment', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'daybook-config-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, 'daybook.cloud.json');
    writeFileSync(file, JSON.stringify({ ...SMALL, account: 5 }));
    await assert.rejects(loadDeployment(file, 'dev'), {
      message: `${file}: account: expected an AWS account id of twelve digits, given 5`,
    });
    await assert.rejects(loadDeployment(file, 'test'), {
      message: `${file}: environment (-e): expected one of poc, dev, prd, given "test"`,
    });
    const broken = join(directory, 'broken.json');
    writeFileSync(broken, '{');
    await assert.rejects(
      loadDeployment(broken, 'dev'),
      /expected a module with a default export, given one that fails/,
    );
    await assert.rejects(
      loadDeployment(join(directory, 'none.ts'), 'dev'),
      /configuration \(-c\): expected a file, given .*none\.ts/,
    );
  });
});

describe('the configuration of Daybook itself', () => {
  test('has the default registers, those of the file, and the one of the probe where there is one', () => {
    const deployment = parseDeployment({ ...SMALL, registers: { orders: { access: 'key' } } }, 'prd');
    const names = parseDaybookConfig(deployment).registers.map(({ name }) => name);
    assert.deepEqual(names.toSorted(), ['app', 'audit', 'data', 'epoch', 'orders', 'probe']);
    const probe = parseDaybookConfig(deployment).registers.find(({ name }) => name === 'probe');
    assert.deepEqual(probe?.access, { write: 'open', read: 'open' });
    assert.equal(probe?.retentionDays, 7);
    assert.equal(probe?.clientIp, 'off');
  });

  test('listens on no loopback address, which would open the metrics to everybody behind the front', () => {
    assert.equal(daybookConfigOf(parseDeployment(SMALL, 'dev'))['host'], '0.0.0.0');
  });
});

test('the examples are configurations of every environment', async () => {
  for (const topology of EVERY_TOPOLOGY) {
    for (const environment of ['poc', 'dev', 'prd'])
      assert.equal((await loadDeployment(`${EXAMPLES}${topology}.ts`, environment)).environment, environment);
  }
});
