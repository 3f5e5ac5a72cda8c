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
} as const;

export function costPerMillion(deployment: Deployment): CostLine[] {
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
          {
            what: 'queue: sent, received, deleted',
            amount: MILLION + 2 * persisterCalls,
            price: 'sqsRequest',
          },
          { what: 'persister: calls', amount: persisterCalls, price: 'lambdaRequest' },
          {
            what: 'persister: time',
            amount: persisterCalls * ASSUMED.persisterSeconds * gb,
            price: 'lambdaGbSecond',
          },
        ] as const)),
    ...(queue === undefined || network === undefined
      ? []
      : ([
          {
            what: 'endpoint of the queue: bytes',
            amount: (MILLION * ASSUMED.messageBytes) / 1e9,
            price: 'endpointGb',
          },
        ] as const)),
    tableLine(deployment),
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

function tableLine(deployment: Deployment): CostLine {
  const units = unitsPerEntry(deployment) * MILLION;
  if (deployment.store.capacity.mode === 'on-demand')
    return { what: `table: ${units / MILLION} units an entry`, amount: units, price: 'writeUnit' };
  const unitHours = units / 3_600 / ASSUMED.provisionedUse;
  return {
    what: `table: ${units / MILLION} units an entry, provisioned`,
    amount: unitHours,
    price: 'writeUnitHour',
  };
}
