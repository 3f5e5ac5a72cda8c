/**
 * `docs/aws-costs.md` says what is computed: `DAYBOOK_UPDATE_SNAPSHOTS=1 npm run test:file -- packages/cloud/test/costs.test.ts`
 * writes it anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { parseDeployment } from '../src/config/load.ts';
import { idleCost } from '../src/costs/idle.ts';
import { costPerMillion } from '../src/costs/per-entry.ts';
import { HOURS, totalOf } from '../src/costs/prices.ts';
import type { Estimated } from '../src/costs/report.ts';
import { BEGIN, costReport, END } from '../src/costs/report.ts';
import { writeUnits } from '../src/costs/write-units.ts';
import { deploymentOf } from './support/small-application.ts';
import { EVERY_TOPOLOGY, exampleOf, skipTemplateCheck, synthesize } from './support/topologies.ts';

skipTemplateCheck();

const DOCUMENT = new URL('../../../docs/aws-costs.md', import.meta.url);
const DRIVERS = new URL('../../../docs/drivers.md', import.meta.url);

async function estimated(): Promise<Estimated[]> {
  const all: Estimated[] = [];
  for (const topology of EVERY_TOPOLOGY) {
    const { deployment, templates } = await synthesize(topology, 'prd');
    all.push({ topology, deployment, templates: [...templates.values()] as Estimated['templates'] });
  }
  return all;
}

test('the document has the tables that are computed from the templates', async () => {
  const report = costReport(await estimated());
  const text = readFileSync(DOCUMENT, 'utf8');
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END) + END.length;
  assert.ok(from > 0 && to > from, 'expected both marks in docs/aws-costs.md');
  if (process.env['DAYBOOK_UPDATE_SNAPSHOTS'] === '1')
    writeFileSync(DOCUMENT, `${text.slice(0, from)}${report}${text.slice(to)}`);
  else assert.equal(text.slice(from, to), report);
});

test('write units are those that the documentation of the driver has, where they are counted from requests', () => {
  const documented = readFileSync(DRIVERS, 'utf8');
  for (const [row, shape] of [
    ['1 entry', { entries: 1, batches: 1 }],
    ['1 entry with a subject', { entries: 1, batches: 1, owned: 1, owners: 1 }],
    ['97 entries, anonymous', { entries: 97, batches: 1 }],
  ] as const) {
    const line = documented.split('\n').find((one) => one.startsWith(`| ${row} |`));
    assert.equal(Number(line?.split('|')[2]), writeUnits(shape), row);
  }
});

test('an entry through a queue costs the table less than one alone, and the whole way more', () => {
  const direct = costPerMillion(deploymentOf({ front: { kind: 'alb' } }));
  const queued = costPerMillion(deploymentOf({ queue: {} }));
  const ofTable = (lines: typeof direct) => totalOf(lines.filter(({ what }) => what.startsWith('table')));
  assert.ok(ofTable(queued) < ofTable(direct));
  assert.ok(totalOf(queued) > totalOf(direct));
});

test('a second region is paid for: each unit and each probe twice, and what goes between them', async () => {
  const one = await exampleOf('two-region');
  const { domain: _, ...prd } = (one['environments'] as { prd: Record<string, unknown> }).prd;
  const lines = (regions: readonly string[]) =>
    costPerMillion(parseDeployment({ ...one, regions, environments: { prd } }, 'prd'));
  const of = (found: ReturnType<typeof lines>, what: string) =>
    totalOf(found.filter((line) => line.what.startsWith(what)));
  const [single, double] = [lines(['eu-west-1']), lines(['eu-west-1', 'us-east-1'])];
  assert.equal(of(double, 'table'), 2 * of(single, 'table'));
  assert.equal(of(single, 'from region'), 0);
  assert.ok(of(double, 'from region') > 0);
});

test('servers are paid by the hour: what an entry adds is less than with functions', async () => {
  const tiers = parseDeployment(await exampleOf('three-tier'), 'prd');
  const added = totalOf(costPerMillion(tiers));
  assert.ok(added < totalOf(costPerMillion(deploymentOf({ queue: {} }))));
  const { templates } = await synthesize('three-tier', 'prd');
  const idle = idleCost(tiers, [...templates.values()] as Estimated['templates']);
  const amountOf = (what: string) => idle.find((line) => line.what === what)?.amount;
  assert.equal(
    amountOf('tasks: processors'),
    3 * 2 * 0.5 * HOURS,
    'three tiers, two tasks each, half a processor',
  );
  assert.equal(amountOf('database: instances'), 2 * HOURS, 'with its standby');
  const out = await synthesize('three-tier', 'prd', { network: { egress: 'nat' } });
  const more = idleCost(out.deployment, [...out.templates.values()] as Estimated['templates']);
  const ways = more.filter(({ what }) => what.startsWith('way out'));
  assert.equal(totalOf(ways).toFixed(2), '73.00', 'as docs/three-tier.md says');
});
