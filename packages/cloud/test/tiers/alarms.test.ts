/**
 * What watches over the tiers: alarms on metrics that are published, with whom they tell and what to do.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { METRIC_UNITS } from 'daybook/deployment';

import { KNOWN_METRICS, statisticKind } from '../../src/observe/known-metrics.ts';
import { COUNTED_METRICS } from '../../src/observe/tier-metrics.ts';
import type { Resource, Values } from '../support/resources.ts';
import { all } from '../support/resources.ts';
import type { Synthesis } from '../support/topologies.ts';
import { threeTier } from './synthesis.ts';

const AURORA = { database: { kind: 'aurora', replica: true } };
const OWN = 'Daybook/daybook-tiers-prd-eu-west-1-app';

interface Read {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly string[];
  readonly statistic: string;
}

function readBy({ Properties }: Resource): Read[] {
  if (Properties['MetricName'] !== undefined)
    return [
      {
        namespace: String(Properties['Namespace']),
        name: Properties['MetricName'] as string,
        dimensions: namesOf(Properties['Dimensions']),
        statistic: String(Properties['Statistic'] ?? Properties['ExtendedStatistic']),
      },
    ];
  return (
    Properties['Metrics'] as readonly { readonly MetricStat?: { Metric: Values; Stat: string } }[]
  ).flatMap(({ MetricStat }) =>
    MetricStat === undefined
      ? []
      : [
          {
            namespace: String(MetricStat.Metric['Namespace']),
            name: String(MetricStat.Metric['MetricName']),
            dimensions: namesOf(MetricStat.Metric['Dimensions']),
            statistic: MetricStat.Stat,
          },
        ],
  );
}

function namesOf(dimensions: unknown): string[] {
  return ((dimensions ?? []) as readonly { readonly Name: string }[]).map(({ Name }) => Name).toSorted();
}

const alarmsOf = (synthesis: Synthesis): Resource[] => all(synthesis, 'AWS::CloudWatch::Alarm');

function named(synthesis: Synthesis, name: string): Values {
  const found = alarmsOf(synthesis).find(({ id }) => id.replace(/[0-9A-F]{8}$/, '') === `Observe${name}`);
  assert.ok(found, name);
  return found.Properties;
}

describe('every alarm', () => {
  test('reads a metric that is published, under its dimensions, by a statistic that means something', async () => {
    for (const synthesis of [await threeTier('prd'), await threeTier('prd', AURORA)]) {
      assert.ok(alarmsOf(synthesis).length > 30);
      for (const alarm of alarmsOf(synthesis)) for (const read of readBy(alarm)) assertKnown(alarm.id, read);
    }
  });

  test('tells when it begins and when it is over, says what to do, and fits into a description', async () => {
    for (const { id, Properties } of alarmsOf(await threeTier('prd', AURORA))) {
      assert.deepEqual(Properties['OKActions'], Properties['AlarmActions'], id);
      assert.match(
        String(Properties['AlarmDescription']),
        /^\[(high|low)\] .+\. What to do: .+\. No data means (fine|wrong): .+\.$/,
        id,
      );
      assert.ok(String(Properties['AlarmDescription']).length <= 1_024, id);
    }
  });
});

describe('somebody is told', () => {
  test('when fewer tasks run than should', async () => {
    const synthesis = await threeTier('prd');
    for (const tier of ['Web', 'Api', 'Persister']) {
      const alarm = named(synthesis, `${tier}TooFew`);
      assert.deepEqual(
        [alarm['ComparisonOperator'], alarm['Threshold'], alarm['TreatMissingData']],
        ['LessThanThreshold', 2, 'breaching'],
      );
    }
  });

  test('when the database says nothing, is busy, or runs out of something', async () => {
    const synthesis = await threeTier('prd');
    assert.equal(named(synthesis, 'DatabaseSilent')['TreatMissingData'], 'breaching');
    assert.equal(named(synthesis, 'DatabaseStorage')['Threshold'], 4 * 1024 ** 3);
    assert.equal(named(synthesis, 'DatabaseBusy')['Threshold'], 80);
    // Pools of ten, four tasks of two tiers, twice during a deployment.
    assert.equal(named(synthesis, 'DatabaseConnections')['Threshold'], 160);
  });

  test('when a reader is behind, if reads go there', async () => {
    assert.equal(named(await threeTier('prd', AURORA), 'DatabaseLag2')['MetricName'], 'AuroraReplicaLag');
    const without = alarmsOf(await threeTier('prd', { database: { kind: 'aurora' } }));
    assert.deepEqual(
      without.filter(({ id }) => id.includes('DatabaseLag')),
      [],
    );
  });

  test('of what the tiers write into their logs', async () => {
    const synthesis = await threeTier('prd', { archive: true });
    const filters = all(synthesis, 'AWS::Logs::MetricFilter');
    const counted = filters.map(({ Properties }) => {
      const [transformation] = Properties['MetricTransformations'] as readonly Values[];
      assert.equal(transformation?.['MetricNamespace'], OWN);
      return String(transformation['MetricName']);
    });
    assert.deepEqual([...new Set(counted)].toSorted(), COUNTED_METRICS.toSorted());
    for (const name of ['SystemicFault', 'EntryDied', 'ManyEntriesDied', 'ErrorsLogged'])
      assert.ok(filters.length > 0 && named(synthesis, name)['Namespace'] === OWN);
  });
});

test('the dashboard follows an entry through the tiers', async () => {
  const [dashboard] = all(await threeTier('prd'), 'AWS::CloudWatch::Dashboard');
  const body = JSON.stringify(dashboard?.Properties['DashboardBody']);
  const rows = [
    '1 · CloudFront',
    '2 · The balancer',
    '3 · The tiers',
    '4 · Queue and persister',
    '5 · The database',
    'The probe',
  ];
  const places = rows.map((row) => body.indexOf(row));
  assert.deepEqual(
    places.toSorted((a, b) => a - b),
    places,
  );
  assert.ok(places.every((place) => place > 0));
});

function assertKnown(id: string, { namespace, name, dimensions, statistic }: Read): void {
  if (namespace === OWN) {
    // Of the probe, which is a function; and of the logs, which have no dimension.
    if (dimensions.length > 0)
      assert.ok(name in METRIC_UNITS && dimensions.join() === 'Function', `${id}: ${name}`);
    else assert.ok((COUNTED_METRICS as readonly string[]).includes(name), `${id}: ${name}`);
    return;
  }
  const { metrics } = KNOWN_METRICS[namespace] ?? assert.fail(`${id}: ${namespace}`);
  const fits = metrics.some(
    (known) =>
      known.names.includes(name) &&
      known.dimensions.some((set) => set.toSorted().join() === dimensions.join()) &&
      known.statistics.includes(statisticKind(statistic)),
  );
  assert.ok(fits, `${id}: ${namespace} ${name} by ${dimensions.join()} as ${statistic}`);
}
