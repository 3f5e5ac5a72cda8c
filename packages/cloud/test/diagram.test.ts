/**
 * The pictures of `docs/topologies.md` are what the templates give now. `DAYBOOK_UPDATE_SNAPSHOTS=1` draws them anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Template } from '../src/aws/assembly.ts';
import { drawDiagram } from '../src/diagram/diagram.ts';
import { runCloud } from './commands/test-host.ts';
import type { Synthesis } from './support/topologies.ts';
import { EVERY_TOPOLOGY, skipTemplateCheck, synthesize } from './support/topologies.ts';

skipTemplateCheck();

const IMAGES = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const MAX_BYTES = 60 * 1024;
/** Of the widest characters that the boxes have room for, at 13 pixels, on average. */
const PIXELS_A_CHARACTER = 6.6;
const isUpdate = process.env['DAYBOOK_UPDATE_SNAPSHOTS'] === '1';

const drawn = new Map<string, string>();
before(async () => {
  for (const topology of EVERY_TOPOLOGY) drawn.set(topology, await draw(topology));
});

async function draw(
  topology: (typeof EVERY_TOPOLOGY)[number],
  change: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const synthesis = await synthesize(topology, 'prd', change);
  const { name, environment, regions } = synthesis.deployment;
  return drawDiagram(stacksOf(synthesis), { title: `${name}-${environment}`, regions });
}

function stacksOf({ templates, places }: Synthesis): { template: Template; region: string }[] {
  return [...templates.values()].map((template, index) => ({
    template: template as Template,
    region: places[index]?.region ?? '',
  }));
}

/** Such as "Queue to Persister": from the text that describes the picture. */
function waysOf(svg: string): string[] {
  const [, description = ''] = /<desc [^>]*>([^<]*)</.exec(svg) ?? [];
  return [...description.matchAll(/([A-Z][\w ]*?) to ([^.]+)\./g)].flatMap(([, from = '', to = '']) =>
    to.split(', ').map((one) => `${from} to ${one}`),
  );
}

describe('a diagram', () => {
  for (const topology of EVERY_TOPOLOGY) {
    test(`${topology}: the picture of the document is what the templates give`, () => {
      const file = `${IMAGES}topology-${topology}.svg`;
      const svg = drawn.get(topology) ?? '';
      if (isUpdate) writeFileSync(file, svg);
      assert.equal(svg, readFileSync(file, 'utf8'));
      assert.ok(svg.length < MAX_BYTES, `${svg.length} bytes`);
      assert.match(svg, /prefers-color-scheme: dark/);
    });
  }

  test('has the way of an entry as the templates wire it', () => {
    assert.deepEqual(waysOf(drawn.get('alb-lambda') ?? ''), [
      'Callers to Load balancer',
      'Load balancer to API',
      'Load balancer to Health',
      'Probe to Load balancer',
      'Health to Table',
      'API to Table',
    ]);
    const queued = waysOf(drawn.get('gateway-queue') ?? '');
    for (const way of [
      'API Gateway to API',
      'API to Queue',
      'Queue to Persister',
      'Persister to Table',
      'Queue to Queue behind it',
      'Queue behind it to Dead letters',
      'Persister to Bucket',
    ])
      assert.ok(queued.includes(way), way);
    assert.deepEqual(waysOf(drawn.get('three-tier') ?? ''), [
      'Callers to CloudFront',
      'Load balancer to Web',
      'Load balancer to API',
      'CloudFront to Load balancer',
      'Probe to CloudFront',
      'Web to Load balancer',
      'API to Queue',
      'API to PostgreSQL',
      'API to Bucket',
      'Persister to PostgreSQL',
      'Persister to Bucket',
      'Queue to Queue behind it',
      'Queue to Persister',
      'Queue behind it to Persister',
    ]);
    const tokens = waysOf(drawn.get('jwt-gateway') ?? '');
    assert.ok(tokens.includes('API Gateway to Authorizer'));
    assert.ok(tokens.includes('CloudFront to Pages'));
  });

  test('has every region with what it is made of, behind the name that leads to them', () => {
    const svg = drawn.get('two-region') ?? '';
    for (const [what, times] of [
      ['>API Gateway<', 2],
      ['>DynamoDB replica<', 2],
      ['>Route 53<', 1],
      ['>Callers<', 1],
      ['>eu-west-1<', 1],
      ['>us-east-1<', 1],
    ] as const)
      assert.equal(svg.split(what).length - 1, times, what);
    assert.ok(svg.includes('>50 : 50, for 20 s<') && svg.includes('>asks /readyz, 10 s<'));
    assert.match(svg, /Callers to Route 53\. Route 53 to each region\./);
  });

  test('shows what a deployment has and nothing else', async () => {
    const svg = await draw('gateway-queue', {
      queue: { fanOut: true },
      archive: true,
      front: { kind: 'rest-api', waf: { perAddressPer5Minutes: 2_000 } },
      environments: { prd: { observe: { alarms: false, probe: false }, functions: { canary: false } } },
    });
    for (const there of ['Topic and queue', 'Athena', 'WAF']) assert.ok(svg.includes(there), there);
    for (const absent of ['Alarms', '>Probe<', 'Network']) assert.ok(!svg.includes(absent), absent);
  });

  test('has no text that is wider than its box', () => {
    for (const svg of drawn.values()) {
      const boxes = [...svg.matchAll(/<rect class="box[^"]*" x="(\d+)"[^>]* width="(\d+)"/g)];
      const middles = new Map(boxes.map(([, x, width]) => [Number(x) + Number(width) / 2, Number(width)]));
      for (const [, x, text = ''] of svg.matchAll(/<text x="([\d.]+)"[^>]*text-anchor="middle">([^<]*)</g)) {
        const width = middles.get(Number(x)) ?? 0;
        assert.ok(text.length * PIXELS_A_CHARACTER <= width, `${text} in ${width}`);
      }
    }
  });
});

test('the command writes the picture, and asks nothing of AWS', async () => {
  const file = join(tmpdir(), `daybook-diagram-${process.pid}.svg`);
  try {
    const { code, calls, stderr } = await runCloud(['diagram', '--out', file]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(calls, []);
    assert.match(readFileSync(file, 'utf8'), /^<svg [^]*<\/svg>\n$/);
  } finally {
    rmSync(file, { force: true });
  }
});
