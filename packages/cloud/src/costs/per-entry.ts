/**
 * What a million entries cost that come one a request, each of less than 1 KB: requests counted along the way of an entry,
 * by what a deployment is made of. What is assumed is named here, and printed with the estimate.
 */
import type { Deployment } from '../config/schema.ts';
import type { CostLine } from './prices.ts';
import { writeUnits } from './write-units.ts';

const MILLION = 1_000_000;

export const ASSUMED = {
  /** Of the function that answers, warm, at 512 MB; the persister with ten messages. */
  apiSeconds: 0.025,
  persisterSeconds: 0.1,
  /** Log lines of one call with those of Lambda. */
  logBytesPerCall: 1_000,
  /** Messages that one persister is given. */
  messagesPerCall: 10,
  /** New connections a capacity unit of the balancer takes a second, when no caller keeps its own. */
  connectionsPerUnitSecond: 25,
  /** X-Ray's own rule: the first request of a second, and of the others. */
  tracedShare: 0.05,
  /** A queue message with its share of the envelope, as base64, there and back. */
  messageBytes: 3_000,
  /** Of requests that need the authorizer anew: a token is cached for up to 300 s. */
  authorizedShare: 0.01,
  /** What a table with autoscaling uses of what is provisioned. */
  provisionedUse: 0.45,
  /** Of a request with its entry, on its way to the servers, and of its answer. */
  requestBytes: 1_000,
  answerBytes: 1_000,
  /** Of an entry with what is written beside it, from one replica to another. */
  replicatedBytes: 2_000,
  /** Of Route 53, in each of three regions, when a check is asked for every 10 s. */
  checkersPerRegion: 2,
  /** "Container Insights for Amazon ECS", CloudWatch pricing: of a cluster, and of a tier and its tasks. */
  clusterMetrics: 8,
  tierMetrics: 17,
} as const;

export function costPerMillion(deployment: Deployment): CostLine[] {
  if (deployment.services !== undefined) return onServers();
  const { front, queue, network, access, observe, functions } = deployment;
  const gb = functions.memoryMb / 1_024;
  const apiCalls: CostLine[] = [
    { what: 'api: calls', amount: MILLION, price: 'lambdaRequest' },
    { what: 'api: time', amount: MILLION * ASSUMED.apiSeconds * gb, price: 'lambdaGbSecond' },
  ];
  const persisterCalls = queue === undefined ? 0 : MILLION / ASSUMED.messagesPerCall;
  return [
    front.kind === 'alb'
      ? {
          what: 'balancer: new connections',
          amount: MILLION / ASSUMED.connectionsPerUnitSecond / 3_600,
          price: 'albUnitHour',
        }
      : { what: 'REST API: requests', amount: MILLION, price: 'apiRequest' },
    ...apiCalls,
    ...(access.authorizer === 'off'
      ? []
      : ([
          { what: 'authorizer: calls', amount: MILLION * ASSUMED.authorizedShare, price: 'lambdaRequest' },
        ] as const)),
    ...(queue === undefined
      ? []
      : ([
          queueLine(),
          { what: 'persister: calls', amount: persisterCalls, price: 'lambdaRequest' },
          {
            what: 'persister: time',
            amount: persisterCalls * ASSUMED.persisterSeconds * gb,
            price: 'lambdaGbSecond',
          },
        ] as const)),
    ...(queue === undefined || network === undefined ? [] : [endpointLine()]),
    ...tableLines(deployment),
    {
      what: 'logs',
      amount: ((MILLION + persisterCalls) * ASSUMED.logBytesPerCall) / 1e9,
      price: 'logGb',
    },
    ...(observe.tracing
      ? ([{ what: 'traces', amount: MILLION * ASSUMED.tracedShare, price: 'trace' }] as const)
      : []),
  ];
}

/** Units of an entry on its way: alone, or with nine others whose requests came one by one. */
export function unitsPerEntry({ queue, access }: Pick<Deployment, 'queue' | 'access'>): number {
  const isOwned = access.authorizer !== 'off';
  const entries = queue === undefined ? 1 : ASSUMED.messagesPerCall;
  const owned = isOwned ? entries : 0;
  const checks = queue === undefined ? 0 : entries;
  return writeUnits({ entries, batches: entries, owned, owners: owned, checks }) / entries;
}

/** Servers and database are paid by the hour, however many entries they take: what an entry adds is on its way to them. */
function onServers(): CostLine[] {
  const gb = (bytes: number): number => (MILLION * bytes) / 1e9;
  return [
    { what: 'CloudFront: requests', amount: MILLION, price: 'cdnRequest' },
    { what: 'CloudFront: bytes', amount: gb(ASSUMED.requestBytes), price: 'cdnOriginGb' },
    // A unit is a GB in an hour; CloudFront keeps its connections.
    {
      what: 'balancer: bytes',
      amount: gb(ASSUMED.requestBytes + ASSUMED.answerBytes),
      price: 'albUnitHour',
    },
    queueLine(),
    endpointLine(),
  ];
}

function queueLine(): CostLine {
  const amount = MILLION + (2 * MILLION) / ASSUMED.messagesPerCall;
  return { what: 'queue: sent, received, deleted', amount, price: 'sqsRequest' };
}

function endpointLine(): CostLine {
  const amount = (MILLION * ASSUMED.messageBytes) / 1e9;
  return { what: 'endpoint of the queue: bytes', amount, price: 'endpointGb' };
}

/** A replicated unit costs what one of a table alone does, and is paid in every region. */
function tableLines(deployment: Deployment): CostLine[] {
  const replicas = deployment.regions.length;
  const units = unitsPerEntry(deployment) * replicas * MILLION;
  const each = `table: ${units / MILLION} units an entry`;
  const written: CostLine =
    deployment.store.capacity.mode === 'on-demand'
      ? { what: each, amount: units, price: 'writeUnit' }
      : {
          what: `${each}, provisioned`,
          amount: units / 3_600 / ASSUMED.provisionedUse,
          price: 'writeUnitHour',
        };
  const bytes = MILLION * ASSUMED.replicatedBytes * (replicas - 1);
  return [
    written,
    ...(replicas > 1
      ? [{ what: 'from region to region', amount: bytes / 1e9, price: 'regionGb' } as const]
      : []),
  ];
}
