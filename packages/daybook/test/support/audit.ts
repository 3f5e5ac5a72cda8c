/**
 * Holds what a server gives back against the journal: every acknowledged entry exactly once and unchanged, nothing
 * twice, nothing that was never sent or was told not to be written, and a ledger that balances.
 */
import assert from 'node:assert/strict';

import { exchangeOnce } from './exchange.ts';
import { type Journal, numberOf } from './journal.ts';
import type { StartedDaybook } from './start-daybook.ts';

export interface FoundEntry {
  readonly id: string;
  readonly receivedAt: string;
  /** The whole line as it was read, in which a JSON payload stands as it was sent. */
  readonly line: string;
  readonly payload: unknown;
}

export interface Findings {
  readonly found: number;
  /** Descriptions, empty when all is well. */
  readonly lost: readonly string[];
  readonly changed: readonly string[];
  readonly twice: readonly string[];
  readonly strange: readonly string[];
  /** Found although the client was told "not-written". */
  readonly ghosts: readonly string[];
}

/** Every entry of a register, oldest first. */
export async function readAll(address: string, register = 'app'): Promise<FoundEntry[]> {
  const answer = await exchangeOnce(address, { path: `/${register}?format=ndjson&order=asc` });
  assert.equal(answer.status, 200, answer.body.slice(0, 500));
  assert.ok(answer.complete);
  return answer.body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ ...(JSON.parse(line) as Omit<FoundEntry, 'line'>), line }));
}

/** @param isDue which acknowledgements must be there; default all. */
export function compare(
  found: readonly FoundEntry[],
  journal: Journal,
  isDue: (acknowledgement: { atNs: bigint }) => boolean = () => true,
): Findings {
  const byId = new Map<string, FoundEntry>();
  const byNumber = new Map<number, FoundEntry>();
  const twice: string[] = [];
  const strange: string[] = [];
  const ghosts: string[] = [];
  for (const entry of found) {
    if (byId.has(entry.id)) twice.push(`id ${entry.id}`);
    byId.set(entry.id, entry);
    const number = numberOf(entry.payload);
    const attempt = number === undefined ? undefined : journal.attempts.get(number);
    if (number === undefined || attempt === undefined) strange.push(entry.line.slice(0, 300));
    else if (byNumber.has(number))
      twice.push(`attempt ${number}: ${byNumber.get(number)?.id} and ${entry.id}`);
    else byNumber.set(number, entry);
    if (
      number !== undefined &&
      !journal.acknowledgements.has(number) &&
      journal.refusals.get(number) === 'not-written'
    ) {
      ghosts.push(entry.line.slice(0, 300));
    }
  }

  const lost: string[] = [];
  const changed: string[] = [];
  for (const acknowledgement of journal.acknowledgements.values()) {
    const { attempt, id, receivedAt } = acknowledgement;
    const entry = byId.get(id);
    if (entry === undefined) {
      if (isDue(acknowledgement)) lost.push(`${id} (attempt ${attempt.number}, received ${receivedAt})`);
    } else if (entry.receivedAt !== receivedAt || !holds(entry, attempt)) {
      changed.push(`${id}: sent ${attempt.payload}, stamped ${receivedAt}; found ${entry.line}`);
    }
  }
  return { found: found.length, lost, changed, twice, strange, ghosts };
}

/** True when the entry has the payload as it was sent, character by character. */
function holds(entry: FoundEntry, attempt: { kind: string; payload: string }): boolean {
  if (attempt.kind === 'text') return entry.payload === attempt.payload;
  return entry.line.includes(`"payload":${attempt.payload}`);
}

/** @throws {AssertionError} that lists the first of each kind of finding. */
export function assertNothingWrong(findings: Findings, context: string): void {
  const { lost, changed, twice, strange, ghosts } = findings;
  const all = { lost, changed, twice, strange, ghosts };
  const said = Object.entries(all)
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => `${list.length} ${name}:\n  ${list.slice(0, 3).join('\n  ')}`);
  assert.deepEqual(said, [], context);
}

/** The ledger balances, misses nothing, and counts exactly the entries that can be read. */
export async function assertLedgerBalances(server: StartedDaybook, entries: number): Promise<void> {
  const answer = await exchangeOnce(server.address, {
    path: '/api/ledger',
    headers: { authorization: `Bearer ${await server.adminKey()}` },
  });
  assert.equal(answer.status, 200, answer.body);
  const ledger = JSON.parse(answer.body) as {
    balanced: boolean;
    queued: number;
    lost: unknown[];
    totals: Record<'accepted' | 'stored', number>;
  };
  assert.equal(ledger.balanced, true, answer.body.slice(0, 2000));
  assert.deepEqual(ledger.lost, []);
  assert.equal(ledger.queued, 0);
  assert.deepEqual([ledger.totals.accepted, ledger.totals.stored], [entries, entries]);
}
