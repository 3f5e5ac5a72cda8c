import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

import { METRIC_UNITS } from 'daybook/deployment';

import { KNOWN_METRICS, statisticKind } from '../src/observe/known-metrics.ts';
import type { Given } from './support/small-application.ts';
import { observed } from './support/small-application.ts';

interface Metric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Period: number;
  readonly Stat: string;
}

interface MetricQuery {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: { readonly Metric: Metric; readonly Period: number; readonly Stat: string };
}

interface Alarm {
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: Metric['Dimensions'];
  readonly Period?: number;
  readonly Statistic?: string;
  readonly ExtendedStatistic?: string;
  readonly Metrics?: readonly MetricQuery[];
  readonly AlarmDescription: string;
  readonly AlarmActions: readonly unknown[];
  readonly OKActions: readonly unknown[];
  readonly TreatMissingData: string;
  readonly Threshold?: number;
  readonly DatapointsToAlarm: number;
  readonly EvaluationPeriods: number;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}

const everything: Given = {
  queue: { maxConcurrency: 10 },
  access: { authorizer: {}, issuers: { example: {} } },
  observe: { alarms: true, anomalies: true, probe: true, alerts: { high: [{ email: 'ops@example.com' }] } },
};
const ofGateway = watched(everything);
const ofBalancer = watched({
  front: { kind: 'alb' },
  observe: { alarms: true, anomalies: true, probe: true },
});
const ofProvisioned = watched({
  store: { capacity: { mode: 'provisioned', min: 5, max: 100 } },
  observe: { alarms: true },
});
const all = [...ofGateway.alarms, ...ofBalancer.alarms, ...ofProvisioned.alarms];

function watched(given: Given) {
  const { template, warnings } = observed(given);
  const resources = Object.entries(template.toJSON()['Resources'] as Record<string, Resource>);
  const alarms = resources
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
    .map(([id, { Properties }]) => ({ id, ...(Properties as unknown as Alarm) }));
  return { alarms, resources, warnings, named: (name: string) => alarmNamed(alarms, name) };
}

function alarmNamed(alarms: readonly (Alarm & { readonly id: string })[], name: string) {
  const found = alarms.find(({ id }) => id.replace(/[0-9A-F]{8}$/, '') === `Observe${name}`);
  assert.ok(found, `expected an alarm ${name} among ${alarms.map(({ id }) => id).join(', ')}`);
  return found;
}

/** Every metric that an alarm reads, by itself or in an expression. */
function metricsOf(alarm: Alarm): Metric[] {
  if (alarm.MetricName !== undefined)
    return [
      {
        Namespace: alarm.Namespace as string,
        MetricName: alarm.MetricName,
        Dimensions: alarm.Dimensions ?? [],
        Period: alarm.Period as number,
        Stat: (alarm.Statistic ?? alarm.ExtendedStatistic) as string,
      },
    ];
  return (alarm.Metrics ?? []).flatMap(({ MetricStat }) =>
    MetricStat === undefined
      ? []
      : [{ ...MetricStat.Metric, Period: MetricStat.Period, Stat: MetricStat.Stat }],
  );
}

describe('every alarm', () => {
  it('reads a metric that AWS or Daybook publishes, under its dimensions, by a statistic that means something', () => {
    for (const alarm of all) {
      const metrics = metricsOf(alarm);
      assert.ok(metrics.length > 0, alarm.id);
      for (const metric of metrics) assertKnown(alarm.id, metric);
    }
  });

  it('looks at whole minutes, at a day at the most altogether, and at ten metrics at the most', () => {
    for (const alarm of all) {
      const metrics = metricsOf(alarm);
      assert.ok(metrics.length <= 10, `${alarm.id} reads ${metrics.length}`);
      for (const { Period } of metrics) {
        assert.equal(Period % 60, 0, alarm.id);
        assert.ok(Period * alarm.EvaluationPeriods <= 86_400, alarm.id);
      }
      assert.equal(new Set(metrics.map(({ Period }) => Period)).size, 1, `${alarm.id} mixes periods`);
      assert.ok(alarm.DatapointsToAlarm >= 1 && alarm.DatapointsToAlarm <= alarm.EvaluationPeriods, alarm.id);
    }
  });

  it('tells one topic when it begins and the same when it is over', () => {
    for (const alarm of all) {
      assert.equal(alarm.AlarmActions.length, 1, alarm.id);
      assert.deepEqual(alarm.OKActions, alarm.AlarmActions, alarm.id);
      const topic = JSON.stringify(alarm.AlarmActions);
      const priority = alarm.AlarmDescription.startsWith('[high]') ? 'High' : 'Low';
      assert.match(topic, new RegExp(`ObserveNotifications${priority}[0-9A-F]{8}`), alarm.id);
    }
  });

  it('clears when its data ends, but where silence is what is wrong', () => {
    const silent = all.filter(({ TreatMissingData }) => TreatMissingData !== 'notBreaching');
    const names = silent.map(({ id }) => id.replace(/[0-9A-F]{8}$/, ''));
    assert.deepEqual([...new Set(names)].toSorted(), ['ObserveProbeSilent', 'ObserveRequestsTooFew']);
    for (const { TreatMissingData } of silent) assert.equal(TreatMissingData, 'breaching');
  });

  it('says what is wrong, what to do, and what no data means', () => {
    for (const { id, AlarmDescription } of all) {
      assert.match(
        AlarmDescription,
        /^\[(high|low)\] .+\. What to do: .+\. No data means (fine|wrong): .+\.$/,
        id,
      );
      assert.ok(AlarmDescription.length <= 1_024, `${id}: ${AlarmDescription.length} characters`);
    }
  });

  it('divides by nothing that can be zero, and by no handful', () => {
    const shares = all.flatMap(({ id, Metrics = [] }) =>
      Metrics.filter(({ Expression }) => Expression?.includes('/')).map(({ Expression }) => ({
        id,
        Expression,
      })),
    );
    assert.ok(shares.length > 0);
    for (const { id, Expression } of shares)
      assert.match(Expression ?? '', /^IF\(\w+ >= 20, .+ \/ \w+, [01]\)$/, id);
  });
});

function assertKnown(id: string, { Namespace, MetricName, Dimensions = [], Stat }: Metric): void {
  const names = Dimensions.map(({ Name }) => Name).toSorted();
  if (Namespace === 'Daybook/acme-prd-eu-west-1-app') {
    assert.ok(MetricName in METRIC_UNITS, `${id}: ${MetricName}`);
    assert.deepEqual(names, ['Function'], id);
    return;
  }
  const { metrics } = KNOWN_METRICS[Namespace] ?? assert.fail(`${id}: ${Namespace}`);
  const known = metrics.filter(({ names: some }) => some.includes(MetricName));
  assert.ok(known.length > 0, `${id}: ${Namespace} has no ${MetricName}`);
  const fits = known.some(
    ({ dimensions, statistics }) =>
      dimensions.some((set) => set.toSorted().join() === names.join()) &&
      statistics.includes(statisticKind(Stat)),
  );
  assert.ok(fits, `${id}: ${MetricName} by ${names.join(', ') || 'nothing'} as ${Stat}`);
}

describe('alarms of a REST API with a queue', () => {
  it('watch each function for errors, throttles, duration against its own timeout, and concurrency', () => {
    const timeouts = { Api: 29, Health: 29, Persister: 60, DeadLetters: 60, Authorizer: 10, Probe: 30 };
    for (const [name, seconds] of Object.entries(timeouts)) {
      if (name !== 'Authorizer') assert.equal(ofGateway.named(`${name}Errors`).Threshold, 1);
      assert.equal(ofGateway.named(`${name}Throttles`).Threshold, 1);
      const { Threshold, ExtendedStatistic } = ofGateway.named(`${name}Duration`);
      assert.equal(Threshold, seconds * 1000 * 0.8);
      assert.equal(ExtendedStatistic, 'p99');
      assert.equal(ofGateway.named(`${name}ConcurrentExecutions`).Threshold, name === 'Persister' ? 8 : 800);
    }
  });

  it('do not take a 401 for a failure of the authorizer, although Lambda counts it as an error', () => {
    const { Metrics = [], Threshold, DatapointsToAlarm } = ofGateway.named('AuthorizerErrors');
    assert.ok(Metrics.some(({ Expression }) => Expression === 'errors - FILL(refused, 0)'));
    assert.deepEqual(
      metricsOf(ofGateway.named('AuthorizerErrors')).map(({ MetricName }) => MetricName),
      ['Errors', 'RefusedCredentials'],
    );
    assert.deepEqual([Threshold, DatapointsToAlarm], [5, 2]);
  });

  it('watch a function behind an alias by its own name, which counts all of its versions', () => {
    assert.deepEqual(
      ofGateway.named('ApiErrors').Dimensions?.map(({ Name }) => Name),
      ['FunctionName'],
    );
    assert.match(JSON.stringify(ofGateway.named('ApiErrors').Dimensions), /"Ref":"Api[0-9A-F]{8}"/);
  });

  it('wake somebody for a failing function only where entries are at stake', () => {
    const priorities = ['Api', 'Authorizer', 'Persister', 'DeadLetters', 'Health', 'Probe'].map((name) =>
      ofGateway.named(`${name}Errors`).AlarmDescription.slice(0, 6),
    );
    assert.deepEqual(priorities, ['[high]', '[high]', '[high]', '[high]', '[low] ', '[low] ']);
  });

  it('hold the crashed queue against messages that are there and calls of its function, never against messages sent', () => {
    const sent = ofGateway.alarms.filter((alarm) =>
      metricsOf(alarm).some(
        ({ MetricName, Dimensions }) =>
          MetricName === 'NumberOfMessagesSent' && JSON.stringify(Dimensions).includes('Crashed'),
      ),
    );
    assert.deepEqual(sent, []);
    assert.equal(ofGateway.named('CrashedWaits').MetricName, 'ApproximateNumberOfMessagesVisible');
    assert.equal(ofGateway.named('CrashedSeen').MetricName, 'Invocations');
  });

  it('read errors of the table by operation, and those of the account without a table', () => {
    const operations = metricsOf(ofGateway.named('TableThrottled')).map(({ Dimensions }) =>
      String(Dimensions?.find(({ Name }) => Name === 'Operation')?.Value),
    );
    assert.ok(operations.includes('TransactWriteItems') && operations.includes('Query'));
    assert.ok(!operations.includes('Scan'));
    assert.deepEqual(ofGateway.named('TableUserErrors').Dimensions ?? [], []);
  });

  it('read the metrics of Daybook where its functions publish them', () => {
    const namespaces = ofGateway.alarms
      .flatMap(metricsOf)
      .filter(({ MetricName }) => MetricName in METRIC_UNITS)
      .map(({ Namespace }) => Namespace);
    assert.deepEqual([...new Set(namespaces)], ['Daybook/acme-prd-eu-west-1-app']);
  });

  it('have bands of their own for too many and too few requests', () => {
    for (const name of ['RequestsTooMany', 'RequestsTooFew']) {
      const { Metrics = [], Threshold } = ofGateway.named(name);
      assert.ok(Metrics.some(({ Expression }) => Expression?.startsWith('ANOMALY_DETECTION_BAND(')));
      assert.equal(Threshold, undefined);
    }
  });

  it('compare what is consumed with what may be', () => {
    assert.equal(ofGateway.named('TableWritesNearLimit').Threshold, 40_000 * 60 * 0.8);
    assert.equal(ofProvisioned.named('TableWritesNearLimit').Threshold, 100 * 60 * 0.8);
  });
});

describe('alarms of a balancer', () => {
  it('count what the balancer itself answers as well as what the function does', () => {
    assert.equal(ofBalancer.named('BalancerErrors').MetricName, 'HTTPCode_ELB_5XX_Count');
    assert.equal(ofBalancer.named('FrontErrorsGoOn').MetricName, 'HTTPCode_Target_5XX_Count');
    assert.deepEqual(
      metricsOf(ofBalancer.named('BalancerCannotCall')).map(({ MetricName }) => MetricName),
      ['LambdaInternalError', 'LambdaUserError'],
    );
    assert.equal(ofBalancer.named('FrontSlow').Threshold, 29 * 0.8);
  });

  it('are none of a queue where there is none', () => {
    assert.equal(
      ofBalancer.alarms.some(({ id }) => /Queue|Crashed|Persister/.test(id)),
      false,
    );
  });
});

describe('a deployment', () => {
  it('without alarms has none, and no topics', () => {
    const { alarms, resources } = watched({ observe: { alarms: false }, store: { backups: false } });
    assert.deepEqual(alarms, []);
    assert.equal(
      resources.some(([, { Type }]) => Type === 'AWS::SNS::Topic'),
      false,
    );
  });

  it('whose alarms tell nobody is warned of', () => {
    assert.match(ofBalancer.warnings.join('\n'), /observe\.alerts\.high: expected an address/);
    assert.deepEqual(ofGateway.warnings, []);
  });
});

/** What CDK generated of AWS's own descriptions of its services. */
const GENERATED: Readonly<Record<string, string>> = {
  'AWS/Lambda': 'lambda',
  'AWS/ApiGateway': 'apigateway',
  'AWS/ApplicationELB': 'elasticloadbalancingv2',
  'AWS/SQS': 'sqs',
  'AWS/DynamoDB': 'dynamodb',
  'AWS/ECS': 'ecs',
  'AWS/RDS': 'rds',
  'AWS/CloudFront': 'cloudfront',
  'AWS/Route53': 'route53',
};
/** Published by AWS, and not in what CDK generated. */
const NOT_GENERATED = ['RunningTaskCount', 'AuroraReplicaLag', 'OriginLatency'];

describe('the list of known metrics', () => {
  it('has no name that CDK does not know of AWS', () => {
    const cdk = dirname(createRequire(import.meta.url).resolve('aws-cdk-lib/package.json'));
    for (const [namespace, { metrics }] of Object.entries(KNOWN_METRICS)) {
      const names = metrics.flatMap((some) => some.names).filter((name) => !NOT_GENERATED.includes(name));
      if (names.length === 0) continue;
      const service = GENERATED[namespace] ?? assert.fail(namespace);
      const file = join(cdk, `aws-${service}`, 'lib', `${service}-canned-metrics.generated.js`);
      const generated = readFileSync(file, 'utf8');
      for (const name of names)
        assert.ok(
          generated.includes(`namespace:"${namespace}",metricName:"${name}"`),
          `${namespace} ${name}`,
        );
    }
  });

  it('names the page of AWS that each namespace is documented on', () => {
    for (const [namespace, { source }] of Object.entries(KNOWN_METRICS))
      assert.match(source, /, .+ (Guide|Balancers)$/, namespace);
  });
});
