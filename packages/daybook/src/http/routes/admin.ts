/**
 * `/api/*`: what the operator sees. Needs the admin key as bearer token; the anonymous part of the status does not.
 */
import type { Ledger, Registers, Status } from '../../contract/messages.ts';
import { formatStamp } from '../../id.ts';
import type { QueueStatus } from '../../queue/queue.ts';
import type { LedgerRow } from '../../store/store.ts';
import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import type { Parameters } from '../parameters.ts';
import { invalid, microsOf, wholeNumberOf } from '../parameters.ts';

export const LEDGER_PARAMETERS = ['from', 'to', 'limit'] as const;

const MINUTE_MICROS = 60_000_000;
const DAY_MICROS = 1440 * MINUTE_MICROS;
const MICROS_PER_MS = 1_000;
/** Several persisters may store neighbouring batches in any order within this. */
const ARRIVAL_MICROS = 60 * 1_000_000;
const DEFAULT_LEDGER_ROWS = 10_000;
const MAX_LEDGER_ROWS = 100_000;

export async function statusAnswer(
  { store, health, version, config, nowMicros }: HttpContext,
  isAdmin: boolean,
): Promise<Answer> {
  const readiness = await health.readiness();
  const components = health.components();
  const allOk = Object.values(components).every(({ state }) => state === 'ok');
  const databaseTime = await store.time().catch(() => undefined);
  const status: Status = {
    status: readiness.ready ? (allOk ? 'ok' : 'degraded') : 'unavailable',
    version,
    region: config.region,
    time: formatStamp(nowMicros()),
    databaseTime: databaseTime === undefined ? null : formatStamp(databaseTime),
    ...(isAdmin && { components }),
  };
  return jsonAnswer(status, 200, { 'cache-control': 'no-store' });
}

export function registersAnswer({ config, paths }: HttpContext): Answer {
  const body: Registers = {
    registers: config.registers.map(
      ({ name, access, maxEntryBytes, keepHeaders, keepQuery, clientIp, ...rest }) => ({
        name,
        access,
        paths: [...paths].filter(([, register]) => register.name === name).map(([path]) => path),
        maxEntryBytes,
        keepHeaders: [...keepHeaders],
        keepQuery: [...keepQuery],
        idempotencyKeyFrom: rest.idempotencyKeyFrom ?? null,
        occurredAtFrom: rest.occurredAtFrom ?? null,
        clientIp,
        rateLimit: rest.rateLimit ?? null,
        minDurability: rest.minDurability ?? null,
      }),
    ),
  };
  return jsonAnswer(body);
}

/** By default the last day. @throws {DaybookError} PARAMETER_INVALID */
export async function ledgerAnswer(
  { store, queue, nowMicros }: HttpContext,
  parameters: Parameters<(typeof LEDGER_PARAMETERS)[number]>,
): Promise<Answer> {
  const to = microsOf('to', parameters.to) ?? nowMicros() + MINUTE_MICROS;
  const from = microsOf('from', parameters.from) ?? Math.max(0, to - DAY_MICROS);
  if (to < from) throw invalid('to', 'a time that is not before from', parameters.to ?? 'now');
  const limit = wholeNumberOf('limit', parameters.limit, {
    from: 1,
    to: MAX_LEDGER_ROWS,
    fallback: DEFAULT_LEDGER_ROWS,
  });
  // The queue first: a batch that arrives meanwhile is then counted twice rather than called lost.
  const waiting = await queue?.status();
  const [rows, missing] = await Promise.all([store.ledger({ from, to }, limit + 1), store.missingBatches()]);
  const given = rows.slice(0, limit);
  const oldestSentAt = oldestPossible(queue, waiting, nowMicros());
  const lost = missing.filter(({ since }) => since < oldestSentAt);
  const late = missing.filter(({ since }) => since >= oldestSentAt);
  const body: Ledger = {
    balanced: lost.length === 0 && given.every(isBalanced),
    from: formatStamp(from),
    to: formatStamp(to),
    totals: totalOf(given),
    queued: waiting?.entries ?? late.reduce((sum, { entries }) => sum + entries, 0),
    lost: lost.map(({ since, ...batches }) => ({ ...batches, since: formatStamp(since) })),
    rows: given.map(({ minute, ...row }) => ({ minute: formatStamp(minute * MINUTE_MICROS), ...row })),
    truncated: rows.length > limit,
  };
  return jsonAnswer(body, 200, { 'cache-control': 'no-store' });
}

/**
 * A batch whose number is missing since before everything that the queue still holds was sent will not come any more.
 * Where the queue does not tell the age of its oldest message, that is when it would have given it up.
 */
function oldestPossible(queue: HttpContext['queue'], waiting: QueueStatus | undefined, now: number): number {
  if (queue === undefined || waiting === undefined) return Infinity;
  if (waiting.messages === 0 && queue.capabilities.depth === 'exact') return now - ARRIVAL_MICROS;
  const retentionMicros = (queue.capabilities.retentionMs ?? Infinity) * MICROS_PER_MS;
  return waiting.oldestSentAt ?? now - retentionMicros;
}

function isBalanced(row: LedgerRow): boolean {
  return row.accepted === row.stored + row.duplicate + row.dead + row.discarded + row.expired + row.retrying;
}

function totalOf(rows: readonly LedgerRow[]): Ledger['totals'] {
  const totals = { accepted: 0, stored: 0, duplicate: 0, dead: 0, discarded: 0, expired: 0, retrying: 0 };
  for (const row of rows) {
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += row[name];
  }
  return totals;
}
