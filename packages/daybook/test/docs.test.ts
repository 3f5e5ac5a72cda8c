/**
 * The documents and the code say the same: everything that a document lists exists, everything that exists is listed.
 * The examples of the documents are run by `docs-examples.test.ts`.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { parseConfig } from '../src/config/load.ts';
import { configSchema, ENVIRONMENT } from '../src/config/schema.ts';
import { keyRequestSchema } from '../src/contract/key-schemas.ts';
import { entrySchema, problemSchema, receiptSchema } from '../src/contract/schemas.ts';
import { DURABILITY_LEVELS } from '../src/durability.ts';
import { ERRORS } from '../src/errors.ts';
import { CSV_COLUMNS } from '../src/http/entry-csv.ts';
import { LEDGER_PARAMETERS } from '../src/http/routes/admin.ts';
import { DEAD_LETTER_PARAMETERS } from '../src/http/routes/dead-letters.ts';
import { KEY_PARAMETERS } from '../src/http/routes/keys.ts';
import { LIST_PARAMETERS } from '../src/http/routes/list.ts';
import { LONG_POLL_PARAMETERS } from '../src/http/routes/live.ts';
import { STATS_PARAMETERS } from '../src/http/routes/stats.ts';
import { SQS_FAILURES } from '../src/queue/sqs/failure.ts';
import { registerPaths } from '../src/register.ts';
import type { Front } from '../src/http/front.ts';
import { NODE_FRONT } from '../src/http/front.ts';
import { pageBytes } from '../src/http/page-texts.ts';
import { BALANCER, HTTP_API, REST_API } from '../src/lambda/aws-fronts.ts';
import { dynamoDbCapabilities } from '../src/store/dynamodb/capabilities.ts';
import { DYNAMODB_FAILURES } from '../src/store/dynamodb/failure.ts';
import { POSTGRES_FAILURES } from '../src/store/postgres/failure.ts';
import { POSTGRES_CAPABILITIES } from '../src/store/postgres/postgres-store.ts';
import { createSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { configKeys } from './docs/config-keys.ts';
import { codes, readDocument, ROOT, section, tableRows } from './docs/document.ts';
import type { StartedDaybook } from './support/start-daybook.ts';
import { startDaybook } from './support/start-daybook.ts';

const access = readDocument('docs/access.md');
const api = readDocument('docs/api.md');
const config = readDocument('docs/config.md');
const drivers = readDocument('docs/drivers.md');
const errors = readDocument('docs/errors.md');
const operations = readDocument('docs/operations.md');

/** The first code of the first column of a table, row by row. */
function listed(text: string, firstColumn: string): string[] {
  return tableRows(text, firstColumn).map((row) => codes(row[firstColumn])[0] ?? '');
}

/** All but the first column of a table, row by row. */
function figures(text: string, firstColumn: string): string[][] {
  return tableRows(text, firstColumn).map((row) => Object.values(row).slice(1));
}

/** The sources of the package, tests aside. */
function sources(): string {
  const folder = `${ROOT}packages/daybook/src/`;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(folder + file, 'utf8'))
    .join('\n');
}

describe('docs/errors.md', () => {
  test('has a section for each error code, with its status, title and whether it is retryable', () => {
    const sections = [
      ...errors.matchAll(/^### `([A-Z_]+)`\n\n(\d{3}) · (.+) · (not retryable|retryable)$/gm),
    ];
    const documented = sections.map(([, code, status, title, retryable]) => [
      code,
      { status: Number(status), title, retryable: retryable === 'retryable' },
    ]);
    assert.deepEqual(Object.fromEntries(documented), ERRORS);
    assert.equal(errors.match(/^### /gm)?.length, sections.length, 'a section that is no error code');
  });

  test('lists the members of a problem document', () => {
    assert.deepEqual(listed(errors, 'Member').toSorted(), Object.keys(problemSchema.shape).toSorted());
  });

  test('names codes that exist, as every document does', () => {
    const outside = [access, api, config, errors, operations]
      .flatMap((text) => text.match(/`(?:4\d\d |5\d\d )?[A-Z]{3,}_[A-Z_]+`/g) ?? [])
      .map((code) => code.replaceAll('`', ''))
      .filter((code) => !code.startsWith('DAYBOOK_') && !(code in ERRORS));
    assert.deepEqual(outside, []);
  });
});

describe('docs/config.md', () => {
  const rows = tableRows(config, 'Key');

  test('lists each key with what is expected and its default', () => {
    const documented = rows.map((row) => {
      const fallback = codes(row['Default'])[0] ?? row['Default'];
      return [codes(row['Key'])[0], { expected: row['Expected'], default: fallback }];
    });
    const real = configKeys(configSchema).map(({ key, expected, default: fallback }) => {
      // What has keys of its own has no words of its own in the schema.
      const own = rows.find((row) => codes(row['Key'])[0] === key)?.['Expected'];
      return [key, { expected: expected ?? own, default: fallback }];
    });
    assert.deepEqual(Object.fromEntries(documented), Object.fromEntries(real));
  });

  test('names the environment variable of each key that has one', () => {
    const documented = rows
      .filter((row) => row['Environment'] !== '—')
      .map((row) => [codes(row['Environment'])[0], codes(row['Key'])[0]]);
    assert.deepEqual(Object.fromEntries(documented), ENVIRONMENT);
  });

  test('names every environment variable of the program, and no other', () => {
    const documented = new Set(
      rows.flatMap((row) => codes(row['Environment'])).concat(listed(config, 'Variable')),
    );
    assert.deepEqual(documented, new Set(sources().match(/\bDAYBOOK_[A-Z_]*[A-Z]\b/g)));
  });

  test('says what registers a fresh install has', () => {
    const { registers } = parseConfig({});
    const paths = [...registerPaths(registers)];
    const real = registers.map((register) => [
      register.name,
      paths.filter(([, of]) => of === register).map(([path]) => path),
    ]);
    const documented = tableRows(config, 'Register').map((row) => [
      codes(row['Register'])[0],
      codes(row['Paths']),
    ]);
    assert.deepEqual(documented, real);
  });

  test('shows configuration files that are accepted', () => {
    const files = [...`${config}\n${access}`.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(
      ([, text = '']) => text,
    );
    assert.ok(files.length > 0);
    for (const text of files) parseConfig(JSON.parse(text));
  });
});

describe('docs/api.md', () => {
  test('lists the columns of CSV in their order', () => {
    assert.deepEqual(listed(api, 'Column'), [...CSV_COLUMNS]);
  });

  test('lists the members of a receipt and of an entry', () => {
    assert.deepEqual(listed(section(api, '## Write'), 'Member'), Object.keys(receiptSchema.shape));
    assert.deepEqual(listed(section(api, '### One entry'), 'Member'), Object.keys(entrySchema.shape));
  });

  for (const [heading, parameters] of [
    ['### Pages', LIST_PARAMETERS],
    ['### Counts', STATS_PARAMETERS],
    ['## Tail', LONG_POLL_PARAMETERS],
    ['## Dead letters', DEAD_LETTER_PARAMETERS],
    ['## Health, status, operators', LEDGER_PARAMETERS],
  ] as const) {
    test(`lists the parameters under "${heading}"`, () => {
      assert.deepEqual(listed(section(api, heading), 'Parameter').toSorted(), [...parameters].toSorted());
    });
  }
});

describe('docs/access.md', () => {
  test('lists the parameters and members of API keys', () => {
    const overHttp = section(access, '### Over HTTP');
    assert.deepEqual(listed(overHttp, 'Parameter'), [...KEY_PARAMETERS]);
    assert.deepEqual(listed(overHttp, 'Member'), Object.keys(keyRequestSchema.shape));
  });

  test('leads to headings that are there, as every document does', () => {
    const missing: string[] = [];
    for (const [path, text] of Object.entries({ access, api, config, errors, operations })) {
      for (const [, file, anchor] of text.matchAll(/\]\((\w+\.md)?#([\w-]+)\)/g)) {
        const target = file === undefined ? text : readDocument(`docs/${file}`);
        if (!headings(target).has(anchor ?? '')) missing.push(`docs/${path}.md: ${file ?? ''}#${anchor}`);
      }
    }
    assert.deepEqual(missing, []);
  });
});

/** The anchors of a document. */
function headings(text: string): Set<string> {
  const titles = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('docs/operations.md', () => {
  test('names every event that is logged, and no other', () => {
    const [events = ''] = section(operations, '## Logs and exit codes').split('. Requests');
    const logged = [...sources().matchAll(/\blog\.\w+\(\{\s*event: '([\w-]+)'/g)].map(([, event]) => event);
    assert.deepEqual(new Set(codes(events).filter((code) => code !== 'event')), new Set(logged));
  });
});

describe('a running server', () => {
  let server: StartedDaybook;
  before(async () => {
    server = await startDaybook();
  });
  after(() => server.stop());

  test('has the paths of docs/api.md with their methods', async () => {
    for (const row of tableRows(section(api, '## Paths'), 'Path')) {
      const [template = ''] = codes(row['Path']);
      const path = template.replace('{register}', 'app').replace('{id}', 'an-id');
      const methods = codes(row['Methods']).flatMap((method) =>
        method === 'GET' ? ['GET', 'HEAD'] : [method],
      );
      const answer = await fetch(server.address + path, { method: 'OPTIONS' });
      const allowed = (answer.headers.get('allow') ?? '').split(', ').toSorted();
      assert.deepEqual(allowed, [...methods, 'OPTIONS'].toSorted(), path);
    }
  });

  test('has no path in its OpenAPI document or its registers that docs/api.md lacks', async () => {
    const documented = new Set(
      tableRows(section(api, '## Paths'), 'Path').map((row) => codes(row['Path'])[0] ?? ''),
    );
    const openApi = (await (await fetch(`${server.address}/openapi.json`)).json()) as { paths: object };
    const headers = { authorization: `Bearer ${await server.adminKey()}` };
    const { registers } = (await (await fetch(`${server.address}/api/registers`, { headers })).json()) as {
      registers: { name: string; paths: string[] }[];
    };
    const names = registers.map(({ name }) => name).join('|');
    const paths = [
      ...Object.keys(openApi.paths),
      ...registers.flatMap((register) => register.paths.map((path) => path.split(' ')[1] ?? '')),
    ].map((path) => path.replace(new RegExp(`^/(?:${names})(?=/|$)`), '/{register}'));
    assert.deepEqual(new Set(paths), documented);
  });

  test('exposes the metrics of docs/operations.md and no other of ours', async () => {
    await fetch(`${server.address}/app`, { method: 'POST' });
    await fetch(`${server.address}/app`);
    const [always = '', withQueue] = section(operations, '## Metrics').split('\nWith a queue');
    await assertMetrics(server, tableRows(always, 'Metric'));
    const queued = await startDaybook({ env: { DAYBOOK_QUEUE: 'sqlite:' } });
    try {
      await fetch(`${queued.address}/app`, { method: 'POST' });
      await fetch(`${queued.address}/app`);
      await assertMetrics(queued, tableRows(`${always}\n${withQueue}`, 'Metric'));
    } finally {
      await queued.stop();
    }
  });

  test('has the components of docs/operations.md', async () => {
    const headers = { authorization: `Bearer ${await server.adminKey()}` };
    const { components } = (await (await fetch(`${server.address}/api/status`, { headers })).json()) as {
      components: object;
    };
    assert.deepEqual(listed(operations, 'Component').toSorted(), Object.keys(components).toSorted());
  });
});

/** Exactly these, with their types and labels. */
async function assertMetrics(
  { address }: StartedDaybook,
  documented: readonly Record<string, string>[],
): Promise<void> {
  const text = await (await fetch(`${address}/metrics`)).text();
  const real = [...text.matchAll(/^# TYPE (daybook_\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]);
  assert.deepEqual(
    Object.fromEntries(documented.map((row) => [codes(row['Metric'])[0], row['Type']])),
    Object.fromEntries(real),
  );
  for (const row of documented) {
    const labels = new RegExp(`^${codes(row['Metric'])[0]}\\{([^}]*)\\}`, 'm').exec(text)?.[1] ?? '';
    const names = [...labels.matchAll(/(\w+)=/g)].map(([, name]) => name);
    assert.deepEqual(codes(row['Labels']), names, row['Metric']);
  }
}

describe('docs/drivers.md', () => {
  test('lists the capabilities of the stores as they are', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'daybook-docs-'));
    try {
      const store = await createSqliteStore({ directory });
      await store.close();
      const stores = drivers.slice(
        drivers.indexOf('## Store'),
        drivers.indexOf('### What failures of PostgreSQL'),
      );
      const rows = tableRows(stores, 'Capability').filter((row) => codes(row['Capability']).length > 0);
      const { durabilityProof, ...comparable } = store.capabilities;
      assert.ok(durabilityProof.length > 0);
      assert.deepEqual(
        new Set(rows.map((row) => codes(row['Capability'])[0])),
        new Set(Object.keys(store.capabilities)),
      );
      for (const [name, value] of Object.entries(comparable)) {
        const row = rows.find((one) => codes(one['Capability'])[0] === name);
        assert.ok(codes(row?.['`sqlite:`']).includes(String(value)), `${name}: ${String(value)}`);
      }
      const { durabilityProof: statement, ...atAmazon } = dynamoDbCapabilities({});
      assert.ok(statement.length > 0);
      for (const [column, capabilities] of [
        ['`postgres://`', POSTGRES_CAPABILITIES],
        ['`dynamodb://`', atAmazon],
      ] as const) {
        for (const [name, value] of Object.entries(capabilities)) {
          const row = rows.find((one) => codes(one['Capability'])[0] === name);
          assert.ok(codes(row?.[column]).includes(String(value)), `${column} ${name}: ${String(value)}`);
        }
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  test('lists what failures mean as the drivers have it', () => {
    const states = tableRows(drivers, 'SQLSTATE').map((row) => ({
      sqlState: codes(row['SQLSTATE'])[0],
      reason: codes(row['Reason'])[0],
      why: row['Why'],
    }));
    assert.deepEqual(states, POSTGRES_FAILURES);
    for (const [heading, failures] of [
      ['### What failures of DynamoDB mean', DYNAMODB_FAILURES],
      ['### What failures of SQS and SNS mean', SQS_FAILURES],
    ] as const) {
      const names = tableRows(section(drivers, heading), 'Kind').flatMap((row) => {
        const meaning = { kind: codes(row['Kind'])[0], outcome: codes(row['Outcome'])[0] };
        return codes(row['Names']).map((name) => [name, meaning]);
      });
      assert.equal(names.length, Object.keys(failures).length, 'a name twice');
      assert.deepEqual(Object.fromEntries(names), failures);
    }
  });

  test('says what a write to DynamoDB costs as the decision does', () => {
    const decision = readDocument('docs/decisions/0011-dynamodb-layout.md');
    const decided = figures(decision, 'Per transaction');
    assert.equal(decided.length, 6);
    assert.deepEqual(figures(drivers, 'One transaction with'), decided);
  });

  test('lists the fronts as they are', () => {
    const rows = tableRows(section(drivers, '## Fronts'), 'Fact');
    const fronts = {
      'Node server': NODE_FRONT,
      'REST API': REST_API,
      'HTTP API': HTTP_API,
      'Load balancer': BALANCER,
    };
    const facts = rows.filter(({ Fact = '' }) => /^`[a-z]+[A-Z]?[A-Za-z]*`$/.test(Fact));
    assert.deepEqual(
      facts.map((row) => codes(row['Fact'])[0]),
      Object.keys(NODE_FRONT),
    );
    for (const row of facts) {
      const name = codes(row['Fact'])[0] as keyof Front;
      for (const [column, front] of Object.entries(fronts))
        assert.equal(codes(row[column])[0], String(front[name]), `${column} ${name}`);
    }
    const pages = rows.find(({ Fact }) => Fact === 'pages');
    assert.ok(pages?.['Node server']?.includes(`${pageBytes(NODE_FRONT) / 1024} KB`));
    assert.ok(pages?.['Load balancer']?.includes(`${Math.floor(pageBytes(BALANCER) / 1024)} KB`));
  });

  test('lists the durability levels in their order', () => {
    assert.deepEqual(listed(drivers, 'Level'), [...DURABILITY_LEVELS]);
  });
});
