/**
 * `daybook dead-letters replay` and `discard`: on the ids given, or on all that the filters find. One that cannot be done
 * is told and the others go on; a server that cannot do any ends the run.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { ClientError } from '../client/index.ts';
import type { Client, DeadLetterFilter } from '../client/index.ts';
import type { Cli } from './cli.ts';
import { assertCanAsk, confirm } from './confirm.ts';
import { connectAsAdmin } from './connection.ts';
import type { GlobalFlags } from './connection.ts';
import { EXIT_FAILURE, EXIT_OK, UsageError } from './failure.ts';
import { count, printable } from './terminal.ts';

export interface ActionFlags extends GlobalFlags, DeadLetterFilter {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly rate?: number;
  readonly yes?: boolean;
}

type Verb = 'replay' | 'discard';
type Letters = Client['deadLetters'];

/** They are about one letter, not about the server. */
const ABOUT_ONE = new Set(['DEAD_LETTER_UNKNOWN', 'DEAD_LETTER_KEPT', 'DEAD_LETTER_DAMAGED']);
const PAGE = 1_000;
const PROGRESS_EVERY_MS = 100;
const QUESTIONS: Readonly<Record<Verb, (letters: string) => string>> = {
  replay: (letters) => `Replay ${letters}?`,
  discard: (letters) => `Discard ${letters} for good? Their payloads will be gone.`,
};

/** @returns the exit code: 1 when one could not be done, or the answer was no. */
export async function actOnLetters(
  cli: Cli,
  verb: Verb,
  flags: ActionFlags,
  ids: readonly string[],
): Promise<number> {
  const { terminal } = cli;
  const { register, from, to, reason, dryRun = false } = flags;
  const filter: DeadLetterFilter = { register, from, to, reason };
  assertChoice(flags, ids);
  const asks = !dryRun && flags.yes !== true && (verb === 'discard' || ids.length !== 1);
  if (asks) assertCanAsk();
  const letters = connectAsAdmin(flags).deadLetters;
  const found = (): AsyncIterable<string> => (ids.length > 0 ? given(ids) : idsOf(letters, filter));

  let total = ids.length > 0 ? ids.length : undefined;
  if (asks) {
    total = await countThem(cli, found());
    if (total === 0) {
      terminal.note('no dead letters');
      return EXIT_OK;
    }
    const noun = total === 1 ? '1 dead letter' : `${count(total)} dead letters`;
    if (!(await confirm(QUESTIONS[verb](noun)))) {
      terminal.note('nothing was done');
      return EXIT_FAILURE;
    }
  }

  const tally = new Map<string, number>();
  const pace = createPace(flags.rate);
  const progress = createProgress(cli, total);
  try {
    for await (const id of found()) {
      await pace();
      const outcome = await actOn(cli, letters, { verb, id, flags, named: ids.length > 0 });
      tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
      progress();
    }
  } finally {
    terminal.endProgress();
    if (flags.json !== true && (ids.length !== 1 || tally.size === 0)) await terminal.line(summary(tally));
  }
  return tally.has('failed') ? EXIT_FAILURE : EXIT_OK;
}

/** @throws {UsageError} unless it is clear which letters are meant. */
function assertChoice({ register, from, to, reason, all }: ActionFlags, ids: readonly string[]): void {
  const filtered = [register, from, to, reason].some((one) => one !== undefined);
  const ways = [ids.length > 0, filtered, all === true].filter(Boolean).length;
  if (ways === 1) return;
  throw new UsageError(
    `expected ids, or filters such as --register and --reason, or --all; given ${ways === 0 ? 'none' : 'more than one'} of these`,
  );
}

async function actOn(
  { terminal }: Cli,
  letters: Letters,
  { verb, id, flags, named }: { verb: Verb; id: string; flags: ActionFlags; named: boolean },
): Promise<string> {
  const { dryRun = false, json = false } = flags;
  try {
    const result = await letters[verb](id, { dryRun });
    if (json) await terminal.line(JSON.stringify(result));
    else if (named || dryRun) await terminal.line(`${id}  ${result.outcome}`);
    return result.outcome;
  } catch (thrown) {
    if (!(thrown instanceof ClientError) || !ABOUT_ONE.has(thrown.code)) throw thrown;
    const { code, message } = thrown;
    // It was there a moment ago: somebody, or an attempt of ours whose answer was lost, has dealt with it.
    const isGone = !named && code === 'DEAD_LETTER_UNKNOWN';
    if (json) await terminal.line(JSON.stringify({ id, code, detail: message }));
    else if (!isGone) terminal.note(printable(`${id}: ${message} (${code})`));
    return isGone ? 'gone' : 'failed';
  }
}

async function* given(ids: readonly string[]): AsyncGenerator<string, void> {
  yield* ids;
}

/** Page by page: what is done with a letter does not move those behind it. */
async function* idsOf(letters: Letters, filter: DeadLetterFilter): AsyncGenerator<string, void> {
  for await (const { deadLetters } of letters.pages({ ...filter, limit: PAGE })) {
    for (const { id } of deadLetters) yield id;
  }
}

async function countThem(cli: Cli, ids: AsyncIterable<string>): Promise<number> {
  const progress = createProgress(cli, undefined);
  let counted = 0;
  for await (const _ of ids) {
    counted += 1;
    progress();
  }
  cli.terminal.endProgress();
  return counted;
}

/** Waits so that no more than so many a second are done. */
function createPace(perSecond: number | undefined): () => Promise<void> {
  const startedMs = performance.now();
  let done = 0;
  return async () => {
    if (perSecond === undefined) return;
    const dueMs = startedMs + (done * 1000) / perSecond;
    done += 1;
    await sleep(Math.max(0, dueMs - performance.now()));
  };
}

function createProgress({ terminal }: Cli, total: number | undefined): () => void {
  const startedMs = performance.now();
  let shownMs = startedMs;
  let done = 0;
  return () => {
    done += 1;
    const nowMs = performance.now();
    if (nowMs - shownMs < PROGRESS_EVERY_MS) return;
    shownMs = nowMs;
    const of = total === undefined ? '' : ` of ${count(total)} · ${Math.floor((100 * done) / total)} %`;
    terminal.progress(`${count(done)}${of} · ${count(Math.round((done * 1000) / (nowMs - startedMs)))}/s`);
  };
}

function summary(tally: ReadonlyMap<string, number>): string {
  const parts = [...tally].map(([outcome, letters]) => `${outcome} ${count(letters)}`);
  return parts.length === 0 ? 'no dead letters' : parts.join(' · ');
}
