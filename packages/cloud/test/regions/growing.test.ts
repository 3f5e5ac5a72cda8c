/**
 * From one region to two: what was built for it (`spread`) is taken over as it is, and only gets a replica, a record and the
 * stacks of the other region.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { parseDeployment } from '../../src/config/load.ts';
import type { Resource, Values } from '../support/resources.ts';
import type { Synthesis } from '../support/topologies.ts';
import { exampleOf, REGIONS_TOPOLOGY, synthesize } from '../support/topologies.ts';
import { ofType, stacksOf } from './deployments.ts';

const FIRST = 'eu-west-1';
let alone: Synthesis;
let together: Synthesis;
before(async () => {
  alone = await synthesize(REGIONS_TOPOLOGY, 'prd', { regions: [FIRST], spread: true });
  together = await synthesize(REGIONS_TOPOLOGY, 'prd', { spread: true });
});

function byStack(synthesis: Synthesis): Map<string, Resource[]> {
  return new Map(stacksOf(synthesis).map(({ stack, all }) => [stack.stackName, all]));
}

function tableOf(synthesis: Synthesis): Values {
  const [table] = stacksOf(synthesis).flatMap(({ all }) => ofType(all, 'AWS::DynamoDB::GlobalTable'));
  assert.ok(table);
  return table.Properties;
}

function names(synthesis: Synthesis): string[] {
  return [...byStack(synthesis).keys()];
}

/** Versions of functions and deployments of an API are new whenever something else is. */
const isNewAnyway = ({ id }: Resource): boolean => /CurrentVersion|Deployment/.test(id);

/** What a template names by itself, and AWS cannot change: with another name it is another resource. */
const NAMES = ['TableName', 'AliasName', 'DomainName', 'Name', 'SetIdentifier'];

describe('a second region', () => {
  test('takes nothing away, replaces nothing and renames nothing', () => {
    const after = byStack(together);
    for (const [stack, resources] of byStack(alone)) {
      for (const before of resources.filter((one) => !isNewAnyway(one))) {
        const same = after.get(stack)?.find(({ id }) => id === before.id);
        assert.equal(same?.Type, before.Type, `${stack} ${before.id}`);
        for (const name of NAMES)
          assert.deepEqual(same.Properties[name], before.Properties[name], `${stack} ${before.id} ${name}`);
      }
    }
  });

  test('is one replica more of the table that is there, which had what replicas are fed from', () => {
    const [before, after] = [tableOf(alone), tableOf(together)];
    const { Replicas: had, ...rest } = before;
    const { Replicas: has, MultiRegionConsistency, ...same } = after;
    assert.deepEqual(same, rest);
    assert.equal(MultiRegionConsistency, 'EVENTUAL');
    assert.deepEqual(rest['StreamSpecification'], { StreamViewType: 'NEW_AND_OLD_IMAGES' });
    const [first, ...others] = has as Values[];
    assert.deepEqual(
      [...(had as Values[])].map(({ Region }) => Region),
      [FIRST],
    );
    assert.equal(others.length, 1);
    const own = [first, ...others].find((one) => one?.['Region'] === FIRST);
    assert.deepEqual(own, (had as Values[])[0]);
  });

  test('has stacks of its own, and the first one’s stay what they are for', () => {
    const added = names(together).filter((name) => !names(alone).includes(name));
    assert.deepEqual(
      added.map((name) => name.split('-').at(-1)),
      ['keys', 'app'],
    );
    for (const name of added) assert.ok(!name.includes(FIRST), name);
    assert.ok(names(alone).every((name) => names(together).includes(name)));
  });
});

test('one region that was not built for it lets its table go, which is kept and used by its name, and nothing else', async () => {
  const before = await synthesize('gateway-queue', 'prd', { customerManagedKey: false });
  const after = await synthesize('gateway-queue', 'prd', {
    customerManagedKey: false,
    regions: [FIRST, 'us-east-1'],
    store: { table: 'the-table' },
  });
  const [stack = ''] = [...byStack(before).keys()];
  const left = byStack(after).get(stack) ?? [];
  const gone = (byStack(before).get(stack) ?? [])
    .filter((one) => !isNewAnyway(one))
    .filter(({ id, Type }) => left.find((one) => one.id === id)?.Type !== Type);
  assert.deepEqual(
    gone.map(({ Type, DeletionPolicy }) => [Type, DeletionPolicy]),
    [['AWS::DynamoDB::Table', 'Retain']],
  );
  assert.match(JSON.stringify(left), /dynamodb:\/\/eu-west-1\/the-table/);
});

test('servers are of one region, and are not built for more', async () => {
  const given = { ...(await exampleOf('three-tier')), spread: true };
  assert.throws(() => parseDeployment(given, 'dev'), {
    message: /^spread: expected none, because there are services and a database is of one region/,
  });
});
