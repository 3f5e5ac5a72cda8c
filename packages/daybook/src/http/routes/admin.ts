/**
 * `/api/*`: what the operator sees. Needs the role `admin`; the anonymous part of the status does not.
 */
import type { Ledger, Registers, Status } from '../../contract/messages.ts';
import { formatStamp } from '../../id.ts';
import type { Access, Cors } from '../../register.ts';
import type { LedgerRow } from '../../store/store.ts';
import { imbalanceOf, readLedger } from '../../telemetry/ledger.ts';
import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import type { Parameters } from '../parameters.ts';
import { invalid, microsOf, wholeNumberOf } from '../parameters.ts';

export const LEDGER_PARAMETERS = ['from', 'to', 'limit'] as const;

const MINUTE_MICROS = 60_000_000;
const DAY_MICROS = 1440 * MINUTE_MICROS;
const DEFAULT_LEDGER_ROWS = 10_000;
const MAX_LEDGER_ROWS = 100_000;
/** A row with names of common lengths. */
const LEDGER_ROW_BYTES = 250;

export async function statusAnswer(
  { store, health, version, config, nowMicros }: HttpContext,
  isAdmin: boolean,
): Promise<Answer> {
  const readiness = await health.readiness();
  const components = health.components();
  const allOk = Object.values(components).every(({ state }) => state === 'ok');
  const databaseTime = await store.time().catch(() => undefined);
  const status: Status = {
    status: readiness.ready ? (allOk ? 'ok' : 'degraded') : readiness.isDrained ? 'drained' : 'unavailable',
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
        access: { write: accessText(access.write), read: accessText(access.read) },
        ownership: rest.ownership,
        retentionDays: rest.retentionDays ?? null,
        schema: rest.schema ?? null,
        allowFrom: rest.allowFrom === undefined ? null : [...rest.allowFrom],
        cors: rest.cors === undefined ? null : { ...rest.cors, origins: originsOf(rest.cors) },
        paths: [...paths].filter(([, register]) => register.name === name).map(([path]) => path),
        maxEntryBytes,
        keepHeaders: [...keepHeaders],
        keepQuery: [...keepQuery],
        idempotencyKeyFrom: rest.idempotencyKeyFrom ?? null,
        occurredAtFrom: rest.occurredAtFrom ?? null,
        clientIp,
        rateLimit: rest.rateLimit ?? null,
        minDurability: rest.minDurability ?? null,
        showEpochMs: rest.showEpochMs,
      }),
    ),
  };
  return jsonAnswer(body);
}

function originsOf({ origins }: Cors): '*' | string[] {
  return origins === '*' ? origins : [...origins];
}

function accessText(access: Access): string {
  return typeof access === 'string' ? access : access.join(', ');
}

/** By default the last day. @throws {DaybookError} PARAMETER_INVALID */
export async function ledgerAnswer(
  { store, queue, front, nowMicros }: HttpContext,
  parameters: Parameters<(typeof LEDGER_PARAMETERS)[number]>,
): Promise<Answer> {
  const to = microsOf('to', parameters.to) ?? nowMicros() + MINUTE_MICROS;
  const from = microsOf('from', parameters.from) ?? Math.max(0, to - DAY_MICROS);
  if (to < from) throw invalid('to', 'a time that is not before from', parameters.to ?? 'now');
  const limit = wholeNumberOf('limit', parameters.limit, {
    from: 1,
    to: MAX_LEDGER_ROWS,
    fallback: Math.min(DEFAULT_LEDGER_ROWS, Math.floor(front.maxAnswerBytes / LEDGER_ROW_BYTES)),
  });
  const sources = { store, nowMicros, ...(queue && { queue }) };
  const { rows, truncated, lost, queued } = await readLedger(sources, { from, to }, limit);
  const body: Ledger = {
    balanced: lost.length === 0 && rows.every((row) => imbalanceOf(row) === 0),
    from: formatStamp(from),
    to: formatStamp(to),
    totals: totalOf(rows),
    queued,
    lost: lost.map(({ since, ...batches }) => ({ ...batches, since: formatStamp(since) })),
    rows: rows.map(({ minute, ...row }) => ({ minute: formatStamp(minute * MINUTE_MICROS), ...row })),
    truncated,
  };
  return jsonAnswer(body, 200, { 'cache-control': 'no-store' });
}

function totalOf(rows: readonly LedgerRow[]): Ledger['totals'] {
  const totals = { accepted: 0, stored: 0, duplicate: 0, dead: 0, discarded: 0, expired: 0, retrying: 0 };
  for (const row of rows) {
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += row[name];
  }
  return totals;
}
