/**
 * What a deployment costs in a month in which nobody calls: counted in its templates, so that an alarm more is a line of
 * the bill more, and what the probe, health checks and pollers do by themselves.
 */
import type { Deployment } from '../config/schema.ts';
import type { CostLine } from './prices.ts';
import { HOURS } from './prices.ts';
import { ASSUMED, unitsPerEntry } from './per-entry.ts';

export interface CostTemplate {
  readonly Resources?: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}

interface AlarmProperties {
  readonly Metrics?: readonly { readonly Expression?: string; readonly MetricStat?: MetricStat }[];
  readonly Namespace?: string;
  readonly MetricName?: string;
}

interface MetricStat {
  readonly Metric: { readonly Namespace: string; readonly MetricName: string; readonly Dimensions: unknown };
}

/** Long polls of 20 s of five pollers: "Using Lambda with Amazon SQS", without messages. */
const POLLS = (5 * 3_600 * HOURS) / 20;
const PROBES = 60 * HOURS;
/** Post, read back, payload, /readyz. */
const REQUESTS_PER_PROBE = 4;
const HEALTH_CHECK_SECONDS = 35;

export function idleCost(deployment: Deployment, templates: readonly CostTemplate[]): CostLine[] {
  const all = templates.flatMap(({ Resources = {} }) => Object.values(Resources));
  const count = (type: string): number => all.filter(({ Type }) => Type === type).length;
  const alarms = all
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .map(({ Properties }) => (Properties ?? {}) as AlarmProperties);
  const bands = alarms.filter((alarm) =>
    alarm.Metrics?.some(({ Expression }) => Expression?.startsWith('ANOMALY_DETECTION_BAND')),
  );
  const plain = alarms.filter((alarm) => !bands.includes(alarm));
  const zones = deployment.network?.zones ?? 0;
  const interfaces = all.filter(
    ({ Type, Properties }) =>
      Type === 'AWS::EC2::VPCEndpoint' && Properties?.['VpcEndpointType'] === 'Interface',
  ).length;
  return [
    {
      what: 'balancer',
      amount: count('AWS::ElasticLoadBalancingV2::LoadBalancer') * HOURS,
      price: 'albHour',
    },
    { what: 'interface endpoints in zones', amount: interfaces * zones * HOURS, price: 'endpointHour' },
    { what: 'keys', amount: count('AWS::KMS::Key'), price: 'key' },
    ...provisioned(deployment),
    {
      what: 'pollers of queues',
      amount: count('AWS::Lambda::EventSourceMapping') * POLLS,
      price: 'sqsRequest',
    },
    {
      what: 'metrics of alarms',
      amount: plain.reduce((sum, alarm) => sum + metricsOf(alarm), 0),
      price: 'alarmMetric',
    },
    { what: 'anomaly bands', amount: bands.length, price: 'anomalyAlarm' },
    { what: 'own metrics', amount: ownMetrics(alarms), price: 'customMetric' },
    { what: 'dashboard', amount: count('AWS::CloudWatch::Dashboard'), price: 'dashboard' },
    ...probeLines(deployment),
    ...healthLines(deployment),
  ].filter(({ amount }) => amount > 0) as CostLine[];
}

function metricsOf({ Metrics }: AlarmProperties): number {
  return Metrics === undefined ? 1 : Metrics.filter(({ MetricStat }) => MetricStat !== undefined).length;
}

/** Those that alarms name; each is paid while somebody publishes it. */
function ownMetrics(alarms: readonly AlarmProperties[]): number {
  const names = alarms.flatMap(({ Namespace, MetricName, Metrics = [] }) => [
    ...(Namespace?.startsWith('Daybook/') ? [MetricName ?? ''] : []),
    ...Metrics.flatMap(({ MetricStat }) =>
      MetricStat?.Metric.Namespace.startsWith('Daybook/')
        ? [`${MetricStat.Metric.MetricName} ${JSON.stringify(MetricStat.Metric.Dimensions)}`]
        : [],
    ),
  ]);
  return new Set(names).size;
}

function provisioned({ store }: Deployment): CostLine[] {
  const { capacity } = store;
  if (capacity.mode === 'on-demand') return [];
  return [
    { what: 'table: least write units', amount: capacity.min * HOURS, price: 'writeUnitHour' },
    { what: 'table: least read units', amount: capacity.min * HOURS, price: 'readUnitHour' },
  ];
}

function probeLines(deployment: Deployment): CostLine[] {
  const { observe, front, functions, store } = deployment;
  if (!observe.probe) return [];
  const calls = PROBES * (REQUESTS_PER_PROBE + 1);
  const gb = functions.memoryMb / 1_024;
  return [
    ...(front.kind === 'rest-api'
      ? ([{ what: 'probe: requests', amount: PROBES * REQUESTS_PER_PROBE, price: 'apiRequest' }] as const)
      : []),
    { what: 'probe: calls', amount: calls, price: 'lambdaRequest' },
    { what: 'probe: time', amount: calls * ASSUMED.apiSeconds * gb, price: 'lambdaGbSecond' },
    ...(store.capacity.mode === 'on-demand'
      ? ([
          { what: 'probe: entries', amount: PROBES * unitsPerEntry(deployment), price: 'writeUnit' },
        ] as const)
      : []),
    { what: 'probe: logs', amount: (calls * ASSUMED.logBytesPerCall) / 1e9, price: 'logGb' },
  ];
}

/** Of the balancer's node in each zone. */
function healthLines({ front, network, functions }: Deployment): CostLine[] {
  if (front.kind !== 'alb') return [];
  const calls = ((HOURS * 3_600) / HEALTH_CHECK_SECONDS) * (network?.zones ?? 1);
  const gb = functions.memoryMb / 1_024;
  return [
    { what: 'health checks: calls', amount: calls, price: 'lambdaRequest' },
    { what: 'health checks: time', amount: calls * ASSUMED.apiSeconds * gb, price: 'lambdaGbSecond' },
    { what: 'health checks: the probe row', amount: calls, price: 'writeUnit' },
  ];
}
