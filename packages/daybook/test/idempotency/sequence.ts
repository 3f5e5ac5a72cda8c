/**
 * Runs one sequence against an arena, tells the model what callers heard, lets everything come to its end and compares:
 * entries, links, dead letters, ledger.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import type { DeadLetterPageView, EntryPage, Ledger, QueueView } from '../../src/contract/messages.ts';
import { eventually } from '../support/eventually.ts';
import type { Arena, Place as Registers } from './arena.ts';
import type { FoundEntry, KeyModel, Outcome, Place, Slot } from './key-model.ts';
import { createKeyModel } from './key-model.ts';
import type { Batch, Caller, Single, Step } from './steps.ts';

/** Long enough for anonymous callers. */
const KEY_PREFIX = 'a-key-of-a-sequence-';
/** A read of a store that stands still is given up. */
const READ_WITHIN_MS = 1_500;
const WAIT_SECONDS = 1;

interface Run {
  readonly arena: Arena;
  readonly registers: Registers;
  readonly model: KeyModel;
}

interface Answered {
  readonly status: number;
  readonly id?: string;
  readonly receivedAt?: string;
  readonly duplicate?: boolean | null;
  readonly code?: string;
  readonly outcome?: string;
}

/** @throws {AssertionError} when something is on record that must not be, or is not that must. */
export async function runSequence(arena: Arena, registers: Registers, steps: readonly Step[]): Promise<void> {
  const run: Run = { arena, registers, model: createKeyModel() };
  const from = new Date(Date.now() - 60_000).toISOString();
  try {
    for (const step of steps) await take(run, step);
  } finally {
    await arena.heal();
  }
  await compare(run, from);
}

async function take(run: Run, step: Step): Promise<void> {
  const { arena } = run;
  if (step.kind === 'together') await Promise.all(step.writes.map((write) => take(run, write)));
  else if (step.kind === 'single') await writeSingle(run, step);
  else if (step.kind === 'batch') await writeBatch(run, step);
  else if (step.kind === 'read') await look(run);
  else if (step.kind === 'fault') arena.fault(step.part, step.state);
  else if (step.kind === 'mend') arena.fault(step.part, 'ok');
  else if (step.kind === 'pause') await sleep(step.ms);
  else await arena.crash();
}

function slotOf({ registers }: Run, caller: Caller, key: string): Slot {
  const isAnonymous = caller === 'anonymous';
  return {
    register: isAnonymous ? registers.open : registers.closed,
    subject: isAnonymous ? '' : caller,
    key: KEY_PREFIX + key,
  };
}

const payloadOf = (payload: number): string => `{"payload": ${payload}}`;

async function writeSingle(run: Run, { caller, key, payload, waits, leavesAfterMs }: Single): Promise<void> {
  const slot = slotOf(run, caller, key);
  const heard = run.model.sent(slot, payloadOf(payload));
  const headers = {
    'content-type': 'application/json',
    ...(waits && { prefer: `wait=${WAIT_SECONDS}` }),
  };
  const answer = await send(run, caller, slot, headers, payloadOf(payload), leavesAfterMs);
  if (answer === undefined) return;
  const told = JSON.parse(answer.text) as Answered;
  heard(toOutcome({ ...told, status: answer.status }));
}

async function writeBatch(run: Run, { caller, key, payloads, leavesAfterMs }: Batch): Promise<void> {
  const heard = payloads.map((payload, index) =>
    run.model.sent(slotOf(run, caller, `${key}/${index + 1}`), payloadOf(payload)),
  );
  const headers = { 'content-type': 'application/x-ndjson' };
  const body = payloads.map((payload) => `${payloadOf(payload)}\n`).join('');
  const answer = await send(run, caller, slotOf(run, caller, key), headers, body, leavesAfterMs);
  if (answer === undefined) return;
  if (answer.status !== 200) {
    const told = JSON.parse(answer.text) as Answered;
    for (const hear of heard) hear(toOutcome({ ...told, status: answer.status }));
    return;
  }
  const lines = answer.text.trimEnd().split('\n');
  assert.equal(lines.length, payloads.length, answer.text);
  for (const [index, hear] of heard.entries()) hear(toOutcome(JSON.parse(lines[index] ?? '') as Answered));
}

/** @returns undefined when no whole answer arrived. */
async function send(
  { arena, registers }: Run,
  caller: Caller,
  { register, key }: Slot,
  headers: Record<string, string>,
  body: string,
  leavesAfterMs: number | undefined,
): Promise<{ readonly status: number; readonly text: string } | undefined> {
  const credential = caller !== 'anonymous' && { authorization: `Bearer ${registers.tokens[caller]}` };
  try {
    const response = await fetch(`${arena.address}/${register}`, {
      method: 'POST',
      headers: { ...headers, ...credential, 'idempotency-key': key },
      body,
      ...(leavesAfterMs !== undefined && { signal: AbortSignal.timeout(leavesAfterMs) }),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}

function toOutcome({ status, id = '', receivedAt = '', duplicate, code, outcome }: Answered): Outcome {
  if (status === 201) {
    assert.equal(typeof duplicate, 'boolean');
    return { kind: 'stored', id, receivedAt, duplicate: duplicate === true };
  }
  if (status === 202) {
    assert.equal(duplicate, null);
    return { kind: 'queued', id, receivedAt };
  }
  if (code === 'KEY_REUSED') return { kind: 'held' };
  assert.ok(
    ['KEY_IN_FLIGHT', 'STORE_UNAVAILABLE', 'QUEUE_UNAVAILABLE'].includes(code ?? ''),
    `${status} ${code}`,
  );
  return { kind: outcome === 'unknown' ? 'unknown' : 'not-written' };
}

/** What can be read in the middle of a sequence stays as it is. */
async function look(run: Run): Promise<void> {
  for (const register of [run.registers.open, run.registers.closed]) {
    const listed = await list(run, register).catch(() => undefined);
    for (const { slot, entry } of listed ?? []) run.model.saw(slot, entry);
  }
}

async function read({ arena, registers }: Run, path: string): Promise<Response> {
  return fetch(arena.address + path, {
    headers: { authorization: `Bearer ${registers.tokens.alice}` },
    signal: AbortSignal.timeout(READ_WITHIN_MS),
  });
}

interface Listed {
  readonly slot: Slot;
  readonly entry: FoundEntry;
}

async function list(run: Run, register: string): Promise<Listed[]> {
  const response = await read(run, `/${register}?limit=1000`);
  if (response.status !== 200) throw new Error(`${register}: ${response.status}`);
  const { entries } = (await response.json()) as EntryPage;
  return entries.map(({ id, receivedAt, subject, idempotencyKey = '', payload }) => ({
    slot: { register, subject, key: idempotencyKey },
    entry: { id, receivedAt, payload: payloadOf((payload as { payload: number }).payload) },
  }));
}

async function compare(run: Run, from: string): Promise<void> {
  const { arena, model } = run;
  await eventually('nothing is queued or in flight', () => isQuiet(arena), { everyMs: 20 });
  const places = new Map<string, Place>();
  for (const { slot, id } of model.acknowledged()) {
    if (!places.has(id)) places.set(id, await placeOf(run, slot, id));
  }
  const { ledger, lists } = await onRecord(run, from);
  assert.ok(ledger.balanced, `the ledger does not balance: ${JSON.stringify(ledger).slice(0, 2_000)}`);

  for (const { register, listed } of lists) {
    const slots = model.slots.filter((slot) => slot.register === register);
    for (const slot of slots) {
      const entries = listed.filter((one) => one.slot.subject === slot.subject && one.slot.key === slot.key);
      model.judge(
        slot,
        entries.map(({ entry }) => entry),
        places,
      );
    }
    const letters = arena.hasQueue ? await lettersOf(run, register) : [];
    const rows = ledger.rows.filter((row) => row.register === register);
    const sum = (name: 'accepted' | 'stored' | 'duplicate' | 'dead' | 'retrying') =>
      rows.reduce((total, row) => total + row[name], 0);
    assert.deepEqual(
      { stored: sum('stored'), dead: sum('dead'), retrying: sum('retrying') },
      { stored: listed.length, dead: letters.length, retrying: 0 },
      register,
    );
    const { least, most } = model.links(register, places);
    const links = sum('duplicate');
    assert.ok(least <= links && links <= most, `${register}: ${links} links, expected ${least} to ${most}`);
    for (const letter of letters) await judgeLetter(run, letter, listed);
  }
}

interface OnRecord {
  readonly ledger: Ledger;
  readonly lists: readonly { readonly register: string; readonly listed: Listed[] }[];
}

/** Lists and ledger of one moment: what a caller sent before it went away may arrive in between. */
async function onRecord(run: Run, from: string): Promise<OnRecord> {
  const { open, closed } = run.registers;
  const readLedger = () => run.arena.ask<Ledger>(`/api/ledger?from=${from}&limit=100000`);
  let before = await readLedger();
  for (;;) {
    const lists = [];
    for (const register of [open, closed]) {
      const listed = await eventually(`${register} is read`, () => list(run, register));
      lists.push({ register, listed });
    }
    const ledger = await readLedger();
    if (isDeepStrictEqual(ledger.totals, before.totals)) return { ledger, lists };
    before = ledger;
  }
}

async function isQuiet(arena: Arena): Promise<boolean> {
  if (arena.hasQueue) {
    const { queue } = await arena.ask<QueueView>('/api/queue');
    if (queue === null || queue.messages > 0) return false;
  }
  const metrics = await (await fetch(`${arena.address}/metrics`)).text();
  return /^daybook_entries_in_flight 0$/m.test(metrics);
}

interface Letter {
  readonly id: string;
  readonly reason: { readonly code: string };
  readonly entry: {
    readonly register: string;
    readonly subject: string;
    readonly idempotencyKey: string;
    readonly payload: string;
  };
}

const lettersPayload = ({ entry }: Letter): string => Buffer.from(entry.payload, 'base64').toString();

/** Where an acknowledged id has come to; it must be somewhere. */
async function placeOf(run: Run, { register }: Slot, id: string): Promise<Place> {
  return eventually(
    `${register}/${id} has come to its place`,
    async () => {
      const response = await read(run, `/${register}/${id}`);
      const body = (await response.json()) as Record<string, unknown>;
      if (response.status === 200) {
        const payload = payloadOf((body['payload'] as { payload: number }).payload);
        return { kind: 'entry', payload, duplicateOf: body['duplicateOf'] as string | undefined } as const;
      }
      if (response.status !== 202) throw new Error(`${response.status} ${JSON.stringify(body)}`);
      if (body['status'] !== 'dead') return undefined;
      const letter = await run.arena.ask<Letter>(`/api/dead-letters/${id}`);
      return { kind: 'dead', payload: lettersPayload(letter), reason: letter.reason.code } as const;
    },
    { everyMs: 20, withinMs: 30_000 },
  );
}

async function lettersOf({ arena }: Run, register: string): Promise<Letter[]> {
  const { deadLetters } = await arena.ask<DeadLetterPageView>(
    `/api/dead-letters?register=${register}&limit=1000`,
  );
  return Promise.all(deadLetters.map(({ id }) => arena.ask<Letter>(`/api/dead-letters/${id}`)));
}

/** It keeps what was acknowledged, and a replay leaves it there while another payload holds the key. */
async function judgeLetter({ arena, model }: Run, letter: Letter, listed: readonly Listed[]): Promise<void> {
  const { register, subject, idempotencyKey: key } = letter.entry;
  const payload = lettersPayload(letter);
  assert.equal(letter.reason.code, 'idempotency-conflict', letter.id);
  assert.ok(model.mayHaveBeenTaken({ register, subject, key }, payload), `${letter.id}: never taken`);
  const held = listed.find(({ slot }) => slot.subject === subject && slot.key === key);
  assert.ok(held !== undefined && held.entry.payload !== payload, `${letter.id}: in conflict with nothing`);
  const replayed = await eventually(`the replay of ${letter.id} is answered`, async () => {
    const response = await fetch(`${arena.address}/api/dead-letters/${letter.id}/replay`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await arena.adminKey()}` },
    });
    const { code } = (await response.json()) as Answered;
    // A connection that broke meanwhile is found out by the next who uses it.
    return response.status === 503 ? undefined : [response.status, code];
  });
  assert.deepEqual(replayed, [409, 'DEAD_LETTER_KEPT'], letter.id);
  assert.equal(lettersPayload(await arena.ask<Letter>(`/api/dead-letters/${letter.id}`)), payload);
}
