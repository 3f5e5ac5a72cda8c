/**
 * The condition under which a run counts: every acknowledged entry is found exactly once and the ledger balances.
 */
import { get } from 'node:http';
import type { LoadClient } from '../load/load-client.ts';
import type { ReadBackResult } from '../load/messages.ts';
import type { DaybookServer } from '../peers/daybook.ts';

export interface Verification {
  readonly name: string;
  readonly readBack: ReadBackResult;
  readonly voidReasons: readonly string[];
}

/** Reads the register `app` back through `load`, which must have sent everything that was written to it. */
export async function verify(name: string, daybook: DaybookServer, load: LoadClient): Promise<Verification> {
  const readBack = await load.run({
    kind: 'read-back',
    target: daybook.target,
    path: '/app?order=asc&format=ndjson',
  });
  const ledgerFault = await findLedgerFault(daybook, readBack.acknowledged);
  const voidReasons = [
    ...(readBack.acknowledged === 0 ? [`${name}: nothing was acknowledged`] : []),
    ...(readBack.lost > 0
      ? [
          `${name}: ${readBack.lost} acknowledged entries are lost, such as ${readBack.firstLostIds.join(', ')}`,
        ]
      : []),
    ...(readBack.foundTwice > 0 ? [`${name}: ${readBack.foundTwice} entries are there more than once`] : []),
    ...(readBack.acknowledgedTwice > 0
      ? [`${name}: ${readBack.acknowledgedTwice} ids were given twice`]
      : []),
    ...(readBack.others > 0 ? [`${name}: ${readBack.others} entries are there that nobody was told of`] : []),
    ...(ledgerFault === null ? [] : [`${name}: ${ledgerFault}`]),
  ];
  return { name, readBack, voidReasons };
}

/** Reasons for answers that were no acknowledgement: the figures would count refusals as work. */
export function refusalReasons(name: string, refused: Readonly<Record<string, number>>): string[] {
  return Object.entries(refused).map(
    ([what, count]) => `${name}: ${count} × ${what} instead of an acknowledgement`,
  );
}

const LEDGER_STATES = ['stored', 'duplicate', 'dead', 'discarded', 'expired'] as const;

async function findLedgerFault(daybook: DaybookServer, acknowledged: number): Promise<string | null> {
  const { status, body } = await getText(daybook, '/api/ledger');
  if (status !== 200) return `GET /api/ledger answered ${status}: ${body.slice(0, 200)}`;
  const ledger = JSON.parse(body) as { balanced?: unknown; totals?: Record<string, unknown> };
  if (ledger.balanced !== true) return `the ledger does not balance: ${body.slice(0, 400)}`;
  const total = (key: string): number => Number(ledger.totals?.[key] ?? 0);
  const settled = LEDGER_STATES.reduce((sum, state) => sum + total(state), 0);
  if (total('accepted') !== settled) return `the ledger accepted ${total('accepted')} and settled ${settled}`;
  if (total('stored') !== acknowledged)
    return `the ledger stored ${total('stored')} of ${acknowledged} acknowledged`;
  return null;
}

function getText(daybook: DaybookServer, path: string): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const headers = { authorization: `Bearer ${daybook.adminKey()}` };
  get({ host: daybook.target.host, port: daybook.target.port, path, headers, agent: false }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (text: string) => (body += text));
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    answer.on('error', reject);
  }).on('error', reject);
  return promise;
}
