/**
 * What a deployment costs in a month in which nobody calls: counted in its templates, so that an alarm more is a line of
 * the bill more, and what the probe, health checks and pollers do by themselves.
 */
import type { Deployment } from '../config/schema.ts';
import type { CostResource, CostTemplate } from './cost-template.ts';
import type { CostLine } from './prices.ts';
import { HOURS } from './prices.ts';
import { ASSUMED, unitsPerEntry } from './per-entry.ts';
import { serverLines } from './servers.ts';

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
/** Those of `routing/routes.ts`. */
const CHECK_SECONDS = 10;
const CHECKING_REGIONS = 3;

export function idleCost(deployment: Deployment, templates: readonly CostTemplate[]): CostLine[] {
  const all = templates.flatMap(({ Resources = {} }) =>
    Object.entries(Resources).map(([id, resource]) => ({ id, ...resource })),
  );
  const count = (type: string): number => all.filter(({ Type }) => Type === type).length;
  const alarms = alarmsOf(all);
  const bands = alarms.filter((alarm) =>
    alarm.Metrics?.some(({ Expression }) => Expression?.startsWith('ANOMALY_DETECTION_BAND')),
  );
  const plain = alarms.filter((alarm) => !bands.includes(alarm));
  // Of one name in two regions there are two.
  const own = templates.reduce(
    (sum, { Resources = {} }) => sum + ownMetrics(alarmsOf(Object.values(Resources))),
    0,
  );
  // An interface has an address in each place that it is given.
  const interfaces = all
    .filter(
      ({ Type, Properties }) =>
        Type === 'AWS::EC2::VPCEndpoint' && Properties?.['VpcEndpointType'] === 'Interface',
    )
    .reduce((sum, { Properties = {} }) => sum + (Properties['SubnetIds'] as readonly unknown[]).length, 0);
  return [
    {
      what: 'balancer',
      amount: count('AWS::ElasticLoadBalancingV2::LoadBalancer') * HOURS,
      price: 'albHour',
    },
    { what: 'interface endpoints in zones', amount: interfaces * HOURS, price: 'endpointHour' },
    { what: 'way out: gateways', amount: count('AWS::EC2::NatGateway') * HOURS, price: 'natHour' },
    { what: 'way out: addresses', amount: count('AWS::EC2::EIP') * HOURS, price: 'addressHour' },
    { what: 'keys', amount: count('AWS::KMS::Key'), price: 'key' },
    ...serverLines(all),
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
    { what: 'own metrics', amount: own, price: 'customMetric' },
    { what: 'dashboard', amount: count('AWS::CloudWatch::Dashboard'), price: 'dashboard' },
    ...probeLines(deployment),
    ...healthLines(deployment),
    ...routingLines(deployment, count('AWS::Route53::HealthCheck')),
  ].filter(({ amount }) => amount > 0) as CostLine[];
}

function alarmsOf(resources: readonly CostResource[]): AlarmProperties[] {
  return resources
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .map(({ Properties }) => (Properties ?? {}) as AlarmProperties);
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

/** Of each replica. */
function provisioned({ store, services, regions }: Deployment): CostLine[] {
  const { capacity } = store;
  if (capacity.mode === 'on-demand' || services !== undefined) return [];
  const amount = capacity.min * HOURS * regions.length;
  return [
    { what: 'table: least write units', amount, price: 'writeUnitHour' },
    { what: 'table: least read units', amount, price: 'readUnitHour' },
  ];
}

/** In each region. */
function probeLines(deployment: Deployment): CostLine[] {
  const { observe, front, functions, store, services, regions } = deployment;
  if (!observe.probe) return [];
  const probes = PROBES * regions.length;
  const requests = probes * REQUESTS_PER_PROBE;
  const calls = services === undefined ? probes + requests : probes;
  const gb = functions.memoryMb / 1_024;
  const isPaidByEntry = services === undefined && store.capacity.mode === 'on-demand';
  return [
    ...(front.kind === 'rest-api'
      ? ([{ what: 'probe: requests', amount: requests, price: 'apiRequest' }] as const)
      : []),
    ...(front.kind === 'cdn'
      ? ([{ what: 'probe: requests', amount: requests, price: 'cdnRequest' }] as const)
      : []),
    { what: 'probe: calls', amount: calls, price: 'lambdaRequest' },
    { what: 'probe: time', amount: calls * ASSUMED.apiSeconds * gb, price: 'lambdaGbSecond' },
    ...(isPaidByEntry
      ? ([
          {
            what: 'probe: entries',
            amount: probes * unitsPerEntry(deployment) * regions.length,
            price: 'writeUnit',
          },
        ] as const)
      : []),
    { what: 'probe: logs', amount: (calls * ASSUMED.logBytesPerCall) / 1e9, price: 'logGb' },
    ...traces(deployment, 'probe', probes),
  ];
}

/** Of the balancer's node in each zone. */
function healthLines(deployment: Deployment): CostLine[] {
  const { front, network } = deployment;
  if (front.kind !== 'alb') return [];
  const zones = (network?.zones ?? 1) * deployment.regions.length;
  return checkLines(deployment, ((HOURS * 3_600) / HEALTH_CHECK_SECONDS) * zones);
}

/** The checks themselves, and the requests that they are. */
function routingLines(deployment: Deployment, checks: number): CostLine[] {
  if (checks === 0) return [];
  const each = (CHECKING_REGIONS * ASSUMED.checkersPerRegion * HOURS * 3_600) / CHECK_SECONDS;
  return [
    { what: 'Route 53: health checks', amount: checks, price: 'healthCheck' },
    { what: 'Route 53: over HTTPS, every 10 s', amount: checks * 2, price: 'healthCheckOption' },
    ...(deployment.front.kind === 'rest-api'
      ? ([{ what: 'health checks: requests', amount: checks * each, price: 'apiRequest' }] as const)
      : []),
    ...checkLines(deployment, checks * each),
  ];
}

/** With a queue it is asked and no row is written; a provisioned table has the units already. */
function checkLines(deployment: Deployment, calls: number): CostLine[] {
  const { functions, store, queue, regions } = deployment;
  const gb = functions.memoryMb / 1_024;
  return [
    { what: 'health checks: calls', amount: calls, price: 'lambdaRequest' },
    { what: 'health checks: time', amount: calls * ASSUMED.apiSeconds * gb, price: 'lambdaGbSecond' },
    ...(queue === undefined && store.capacity.mode === 'on-demand'
      ? ([
          { what: 'health checks: the probe row', amount: calls * regions.length, price: 'writeUnit' },
        ] as const)
      : []),
    { what: 'health checks: logs', amount: (calls * ASSUMED.logBytesPerCall) / 1e9, price: 'logGb' },
    ...traces(deployment, 'health checks', calls),
  ];
}

/** Of a request that comes alone in its second each is recorded ("Configuring sampling rules", AWS X-Ray). */
function traces({ observe }: Deployment, of: string, requests: number): CostLine[] {
  return observe.tracing ? [{ what: `${of}: traces`, amount: requests, price: 'trace' }] : [];
}
