/**
 * A batch: one entry a line (NDJSON), one result a line, in order. Lines share no transaction. Failures of the whole
 * request come only before the first result.
 */
import type { BatchLine } from '../../contract/messages.ts';
import type { Entry, EntryDraft } from '../../entry.ts';
import { DaybookError } from '../../errors.ts';
import type { DurabilityLevel } from '../../durability.ts';
import { satisfiesDurability } from '../../durability.ts';
import { idToStamp } from '../../id.ts';
import type { Hold } from '../../intake/budget.ts';
import type { Accepted } from '../../intake/intake.ts';
import type { Answer } from '../answer.ts';
import { NDJSON_TYPE } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import type { Front } from '../front.ts';
import { toDaybookError } from '../problem.ts';
import type { Line } from './batch-lines.ts';
import { splitLines } from './batch-lines.ts';
import { makeDraft } from './draft.ts';
import type { WritePlan } from './head.ts';
import { tooLarge } from './head.ts';
import { parseJson } from './payload.ts';
import { assertMatchesSchema } from '../../payload-schema.ts';
import { untilStored } from './prefer-wait.ts';
import { keeperOf, onRecord } from './receipt.ts';
import { submit } from './submit.ts';

const LINE_TYPE = 'application/json';
/** Parsing yields to other requests after this many bytes, about a millisecond's work. */
const YIELD_AFTER_BYTES = 128 * 1024;
/** What a line costs beside its bytes, in bytes: a refusal of a line of one character takes as long as parsing these. */
const LINE_COST_BYTES = 1024;
/** A line's result without its `detail`: every member that it can have, at its longest. */
const MAX_SHORT_RESULT_BYTES = 256;

/** @param hold the bytes of the body. @throws {DaybookError} BATCH_TOO_LARGE, KEY_IN_FLIGHT */
export async function writeBatch(
  context: HttpContext,
  plan: WritePlan,
  body: Buffer,
  hold: Hold,
): Promise<Answer> {
  const limit = lineLimit(context);
  const lines = splitLines(body, limit.lines);
  if (lines.length > limit.lines) {
    throw new DaybookError('BATCH_TOO_LARGE', `body: expected at most ${limit.text}, given more`, {
      outcome: 'not-written',
    });
  }
  const { register, key, identity } = plan;
  const letGo =
    key === undefined
      ? undefined
      : context.keysInFlight.hold({
          register: register.name,
          subject: identity?.subject ?? '',
          key: `${key}/`,
        });
  const queued = new Map<number, Entry>();
  const results: string[] = Array.from({ length: lines.length }, () => '');
  try {
    await writeLines(context, plan, lines, hold, { results, queued });
  } finally {
    letGo?.();
  }
  if (queued.size > 0) {
    const outcomes = await untilStored(context, [...queued.values()], plan.waitSeconds);
    for (const [at, index] of [...queued.keys()].entries())
      results[index] = acceptedLine(context, plan, lines[index] as Line, outcomes[at] as Accepted);
  }
  const waited = plan.waitSeconds > 0 && { 'preference-applied': `wait=${plan.waitSeconds}` };
  return {
    status: 200,
    headers: {
      'content-type': NDJSON_TYPE,
      'daybook-durability': levelOfAll(context, plan),
      ...waited,
      ...plan.rateHeaders,
    },
    body: resultsWithin(context.front, results),
  };
}

/** What cannot be answered must not be written: a result is promised for every line. */
function lineLimit({ config, front }: HttpContext): { lines: number; text: string } {
  const { maxBatchLines } = config.limits;
  const answerable = Math.floor(front.maxAnswerBytes / MAX_SHORT_RESULT_BYTES);
  if (maxBatchLines <= answerable)
    return { lines: maxBatchLines, text: `${maxBatchLines} lines (limits.maxBatchLines)` };
  return { lines: answerable, text: `${answerable} lines, whose results are what this front carries back` };
}

/** Where all of it is too long, refusals do without the words for people. */
function resultsWithin({ maxAnswerBytes }: Front, results: readonly string[]): string {
  const whole = results.join('');
  if (Buffer.byteLength(whole) <= maxAnswerBytes) return whole;
  const short = results.map((line) => {
    const { detail: _, ...result } = JSON.parse(line) as BatchLine;
    return `${JSON.stringify(result)}\n`;
  });
  return short.join('');
}

/** What holds for every line: keyed ones go to the store, or to the queue when that is away. */
function levelOfAll(context: HttpContext, { key }: WritePlan): DurabilityLevel {
  const first = keeperOf(context, 'queued').capabilities.durability;
  const ofStore = context.store.capabilities.durability;
  return key === undefined || satisfiesDurability(ofStore, first) ? first : ofStore;
}

interface LineOutcomes {
  /** By the line's index. */
  readonly results: string[];
  /** By the line's index, what may be stored while the caller prefers to wait. */
  readonly queued: Map<number, Entry>;
}

/** Resolves when every line has its result. */
async function writeLines(
  context: HttpContext,
  plan: WritePlan,
  lines: readonly Line[],
  hold: Hold,
  { results, queued }: LineOutcomes,
): Promise<void> {
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  let left = lines.length;
  let sinceYield = 0;
  if (left === 0) finish();
  for (const [index, line] of lines.entries()) {
    writeLine(context, plan, line, hold, (result, accepted) => {
      results[index] = result;
      if (accepted?.kind === 'queued' && plan.waitSeconds > 0) queued.set(index, accepted.entry);
      left -= 1;
      if (left === 0) finish();
    });
    sinceYield += line.bytes.byteLength + LINE_COST_BYTES;
    if (sinceYield < YIELD_AFTER_BYTES) continue;
    sinceYield = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await finished;
}

/** @param done is given the line's result, whatever it is, and what the intake said when it took the entry. */
function writeLine(
  context: HttpContext,
  plan: WritePlan,
  line: Line,
  hold: Hold,
  done: (result: string, accepted?: Accepted) => void,
): void {
  const refused = (thrown: unknown) => done(refusedLine(context, plan, line, thrown));
  try {
    submit(context, toDraft(context, plan, line), hold, {
      accepted(accepted) {
        done(acceptedLine(context, plan, line, accepted), accepted);
      },
      refused,
    });
  } catch (thrown) {
    refused(thrown);
  }
}

/** @throws {DaybookError} */
function toDraft(context: HttpContext, plan: WritePlan, { number, bytes }: Line): EntryDraft {
  const { register } = plan;
  if (bytes.byteLength > register.maxEntryBytes) {
    throw tooLarge('single', register, register.maxEntryBytes, `${bytes.byteLength} bytes`);
  }
  const json = parseJson(bytes);
  const key = plan.key === undefined ? undefined : `${plan.key}/${number}`;
  const payload = { payload: bytes, contentType: LINE_TYPE, json };
  assertMatchesSchema(register, payload);
  return makeDraft(plan, context.config.region, payload, key);
}

function acceptedLine(context: HttpContext, plan: WritePlan, line: Line, accepted: Accepted): string {
  try {
    const { id, duplicate, status } = onRecord(accepted);
    const repeated = plan.key === undefined ? '' : `,"duplicate":${duplicate}`;
    return `{"line":${line.number},"status":${status === 'stored' ? 201 : 202},"id":"${id}","receivedAt":"${idToStamp(id)}"${repeated}}\n`;
  } catch (thrown) {
    return refusedLine(context, plan, line, thrown);
  }
}

function refusedLine(context: HttpContext, plan: WritePlan, line: Line, thrown: unknown): string {
  const error = toDaybookError(thrown, (cause) => {
    context.log.error({
      event: 'internal-error',
      requestId: plan.requestId,
      line: line.number,
      err: cause,
    });
  });
  const { code, status, message, retryable, details } = error;
  const { id, outcome = 'not-written' } = details;
  const result: BatchLine = {
    line: line.number,
    status,
    code,
    detail: message,
    retryable,
    outcome,
    ...(id && { id }),
  };
  return `${JSON.stringify(result)}\n`;
}
