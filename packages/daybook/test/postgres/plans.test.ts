/**
 * What a read costs does not depend on what other registers hold, nor on what other subjects do: the plans of the statements themselves, on the
 * connections that the store makes, before and after the server has looked at what is in the tables.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { microsToFirstId } from '../../src/id.ts';
import type { Connection, Statement } from '../../src/store/postgres/connection.ts';
import { connect } from '../../src/store/postgres/connection.ts';
import { parseConnectionUrl } from '../../src/store/postgres/connection-url.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import * as statements from '../../src/store/postgres/query-statements.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { startPostgres } from '../support/postgres.ts';

const MINUTE_MICROS = 60_000_000;
const QUIET_ENTRIES = 5;
const BUSY_ENTRIES = 50_000;
const NOW_MICROS = Date.now() * 1000;
/** More than a month, so that there are several partitions to look into. */
const SPAN_MICROS = BUSY_ENTRIES * MINUTE_MICROS;
/** With the default. */
const MONTHS = 6;
const LOWEST = '00000000-0000-0000-0000-000000000000';
const HIGHEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
/** Down to the leaf of one index in each month, and the entries; a pass over the busy register takes many hundreds. */
const MAX_BLOCKS = 60;

/** The part of EXPLAIN's JSON that is looked at. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

let server: TestPostgres;
let connection: Connection;

before(async () => {
  server = await startPostgres({ settings: { autovacuum: 'off' } });
  const database = await server.createDatabase();
  const store = await createPostgresStore({
    url: server.url(database),
    region: 'local',
    newEpoch: 'an-epoch',
  });
  await store.close();
  connection = await connect({
    target: parseConnectionUrl(server.url(database)),
    password: undefined,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 10_000,
    lockTimeoutMs: 5_000,
    applicationName: 'test',
  });
  await fill('busy', BUSY_ENTRIES, 0);
  await fill('quiet', QUIET_ENTRIES, BUSY_ENTRIES);
  await fill('owned', BUSY_ENTRIES, BUSY_ENTRIES * 2, 'busy');
  await fill('owned', QUIET_ENTRIES, BUSY_ENTRIES * 3, 'quiet');
  await connection.query(
    `INSERT INTO daybook.mark (id, register, subject, place)
     SELECT gen_random_uuid(), 'owned', 'busy', 'dead' FROM generate_series(1, 1000)`,
  );
});

after(async () => {
  await connection?.close();
  await server?.dispose();
});

/** Spreads entries evenly over the span, the last one now. */
async function fill(register: string, entries: number, position: number, subject = ''): Promise<void> {
  await connection.query(
    `INSERT INTO daybook.entries (id, position, register, subject, meta)
     SELECT (lpad(to_hex($1::bigint - (${entries} - n) * $2::bigint), 12, '0') || '70008' || lpad(to_hex($3 + n), 15, '0'))::uuid,
       $3 + n, $4, $5, '{}'
     FROM generate_series(1, ${entries}) AS n`,
    [Math.floor(NOW_MICROS / 1000), Math.floor(SPAN_MICROS / entries / 1000), position, register, subject],
  );
}

async function explain({ name, text }: Statement, values: readonly (string | number)[], mode: string) {
  await connection.query(`SET plan_cache_mode = ${mode}`);
  await connection.query(`PREPARE "${name}" AS ${text}`);
  try {
    const literals = values.map((value) => (typeof value === 'number' ? value : `'${value}'`)).join(', ');
    const [row] = await connection.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE "${name}" (${literals})`,
    );
    assert.ok(row);
    return row['QUERY PLAN'][0].Plan;
  } finally {
    await connection.query(`DEALLOCATE "${name}"`);
  }
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

const from = microsToFirstId(NOW_MICROS - SPAN_MICROS / 2);
const to = microsToFirstId(NOW_MICROS - SPAN_MICROS / 4);
const READS: readonly (readonly [string, Statement, readonly (string | number)[]])[] = [
  ['oldest first', statements.LIST_ASCENDING, ['quiet', LOWEST, HIGHEST, 100, 900_000]],
  ['oldest first, from', statements.LIST_ASCENDING, ['quiet', from, HIGHEST, 100, 900_000]],
  ['oldest first, from and to', statements.LIST_ASCENDING, ['quiet', from, to, 100, 900_000]],
  ['newest first', statements.LIST_DESCENDING, ['quiet', LOWEST, HIGHEST, 100, 900_000]],
  ['newest first, to', statements.LIST_DESCENDING, ['quiet', LOWEST, to, 100, 900_000]],
  ['newest first, from and to', statements.LIST_DESCENDING, ['quiet', from, to, 100, 900_000]],
  ['an unknown register', statements.LIST_DESCENDING, ['none', LOWEST, HIGHEST, 100, 900_000]],
  ['a tail from the start', statements.TAIL, ['quiet', 0, 100, 900_000, 'main']],
  ['a count', statements.COUNT_IDS, ['quiet', `{${from}}`, `{${to}}`]],
];
const OWN_READS: typeof READS = ['quiet', 'nobody'].flatMap((subject): typeof READS => [
  ['oldest first', statements.OWN_LIST_ASCENDING, ['owned', LOWEST, HIGHEST, 100, 900_000, subject]],
  ['oldest first, from and to', statements.OWN_LIST_ASCENDING, ['owned', from, to, 100, 900_000, subject]],
  ['newest first', statements.OWN_LIST_DESCENDING, ['owned', LOWEST, HIGHEST, 100, 900_000, subject]],
  ['newest first, to', statements.OWN_LIST_DESCENDING, ['owned', LOWEST, to, 100, 900_000, subject]],
  ['a tail from the start', statements.OWN_TAIL, ['owned', 0, 100, 900_000, 'main', subject]],
  ['a count', statements.OWN_COUNT, ['owned', subject, from, to, `{${from}}`]],
]);

for (const analyzed of [false, true]) {
  test(`a read passes over no entry of another register, ${analyzed ? 'after' : 'before'} ANALYZE`, async () => {
    if (analyzed) await connection.query('ANALYZE');
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      for (const [what, statement, values] of READS.concat(OWN_READS)) {
        const told = `${statement.name}: ${what}, ${mode}`;
        const own = OWN_READS.some(([, each]) => each === statement);
        const plan = await explain(statement, values, mode);
        for (const node of nodesOf(plan).filter((each) => each['Node Type'].includes('Scan'))) {
          const { 'Node Type': type, 'Index Name': index } = node;
          if (type === 'Function Scan' || type === 'Subquery Scan') continue;
          assert.match(type, /^Index (?:Only )?Scan$/, told);
          assert.match(
            String(index),
            own
              ? /_register_subject_(?:id|position)_idx$|^(?:lane|expiry)_pkey$/
              : /_register_(?:id|position)_idx$|^(?:lane|expiry)_pkey$/,
            told,
          );
          assert.equal(node['Rows Removed by Filter'] ?? 0, 0, told);
          assert.ok(node['Actual Rows'] * node['Actual Loops'] <= QUIET_ENTRIES, told);
        }
        const blocks = plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
        assert.ok(blocks <= MAX_BLOCKS, `${told}: ${blocks} blocks`);
      }
    }
  });
}

test('a page of the busy register reads no further than the page', async () => {
  for (const [statement, lower, upper] of [
    [statements.LIST_ASCENDING, from, HIGHEST],
    [statements.LIST_DESCENDING, LOWEST, to],
  ] as const) {
    const plan = await explain(statement, ['busy', lower, upper, 10, 900_000], 'force_generic_plan');
    const scanned = nodesOf(plan)
      .filter((node) => node['Node Type'] === 'Index Scan')
      .reduce((sum, node) => sum + node['Actual Rows'] * node['Actual Loops'], 0);
    // One more than the page tells that there is more; a merge takes the first of each month to know which comes first.
    assert.ok(scanned >= 11 && scanned <= 11 + MONTHS, `${scanned} entries`);
  }
});

test('the entries of a subject are counted in an index only', async () => {
  await connection.query('VACUUM ANALYZE daybook.entries');
  const values = ['owned', 'quiet', LOWEST, HIGHEST, `{${LOWEST}}`];
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    const scans = nodesOf(await explain(statements.OWN_COUNT, values, mode)).filter(
      (node) => node['Index Name'] !== undefined,
    );
    assert.ok(scans.length > 0);
    for (const scan of scans) assert.equal(scan['Node Type'], 'Index Only Scan', mode);
  }
});

test("another subject's entry is looked for as one that is not there, and no row of it is touched", async () => {
  const [others] = await connection.query<{ id: string }>(
    `SELECT id FROM daybook.entries WHERE register = 'owned' AND subject = 'busy' ORDER BY id OFFSET 1000 LIMIT 1`,
  );
  const [marked] = await connection.query<{ id: string }>('SELECT id FROM daybook.mark LIMIT 1');
  assert.ok(others && marked);
  const [own] = await connection.query<{ id: string }>(
    `SELECT id FROM daybook.entries WHERE register = 'owned' AND subject = 'quiet' ORDER BY id DESC LIMIT 1`,
  );
  const ids = { nobody: others.id.replace(/.{4}$/, 'ffff'), others: others.id, marked: marked.id };
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    const costs = new Map<string, number>();
    for (const [whose, id] of Object.entries(ids)) {
      const plan: PlanNode = await explain(statements.OWN_FIND, ['owned', id, 'quiet'], mode);
      for (const node of nodesOf(plan).filter((each) => each['Index Name'] !== undefined)) {
        const told = `${whose}, ${mode}: ${node['Index Name']}`;
        assert.equal(node['Actual Rows'], 0, told);
        assert.equal(node['Rows Removed by Filter'] ?? 0, 0, told);
        if (node['Actual Loops'] > 0) assert.match(String(node['Index Name']), /subject/, told);
      }
      costs.set(whose, plan['Shared Hit Blocks'] + plan['Shared Read Blocks']);
    }
    assert.equal(costs.get('others'), costs.get('nobody'), mode);
    const found = nodesOf(await explain(statements.OWN_FIND, ['owned', own?.id ?? '', 'quiet'], mode));
    assert.equal(found[0]?.['Actual Rows'], 1);
  }
});
