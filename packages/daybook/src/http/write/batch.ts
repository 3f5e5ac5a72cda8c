/**
 * A batch: one entry a line (NDJSON), one result a line, in order. Lines share no transaction. Failures of the whole
 * request come only before the first result.
 */
import type { BatchLine } from '../../contract/messages.ts';
import { DaybookError } from '../../errors.ts';
import { idToStamp } from '../../id.ts';
import type { Answer } from '../answer.ts';
import { NDJSON_TYPE } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { toDaybookError } from '../problem.ts';
import { makeDraft } from './draft.ts';
import type { WritePlan } from './head.ts';
import { tooLarge } from './head.ts';
import { parseJson } from './payload.ts';
import { recordedId } from './receipt.ts';

const NEWLINE = 0x0a;
const LINE_TYPE = 'application/json';
/** Parsing yields to other requests after this many bytes, about a millisecond's work. */
const YIELD_AFTER_BYTES = 128 * 1024;

interface Line {
  /** 1-based. */
  readonly number: number;
  readonly bytes: Buffer;
}

/** @throws {DaybookError} BATCH_TOO_LARGE */
export async function writeBatch(context: HttpContext, plan: WritePlan, body: Buffer): Promise<Answer> {
  const lines = splitLines(body);
  const { maxBatchLines } = context.config.limits;
  if (lines.length > maxBatchLines) {
    throw new DaybookError(
      'BATCH_TOO_LARGE',
      `body: expected at most ${maxBatchLines} lines (limits.maxBatchLines), given ${lines.length}`,
      {
        outcome: 'not-written',
      },
    );
  }
  const results: Promise<string>[] = [];
  let sinceYield = 0;
  for (const line of lines) {
    results.push(writeLine(context, plan, line));
    sinceYield += line.bytes.byteLength;
    if (sinceYield < YIELD_AFTER_BYTES) continue;
    sinceYield = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { durability } = context.store.capabilities;
  return {
    status: 200,
    headers: { 'content-type': NDJSON_TYPE, 'daybook-durability': durability, ...plan.rateHeaders },
    body: (await Promise.all(results)).join(''),
  };
}

/** Never rejects: a line's failure is its result. */
async function writeLine(context: HttpContext, plan: WritePlan, line: Line): Promise<string> {
  try {
    return await acceptLine(context, plan, line);
  } catch (thrown) {
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
}

async function acceptLine(context: HttpContext, plan: WritePlan, { number, bytes }: Line): Promise<string> {
  const { register } = plan;
  if (bytes.byteLength > register.maxEntryBytes) {
    throw tooLarge('single', register, register.maxEntryBytes, `${bytes.byteLength} bytes`);
  }
  const json = parseJson(bytes);
  const key = plan.key === undefined ? undefined : `${plan.key}/${number}`;
  const draft = makeDraft(plan, context.config.region, { payload: bytes, contentType: LINE_TYPE, json }, key);
  const accept = () => context.intake.accept(draft);
  const accepted = await (key === undefined
    ? accept()
    : context.keys.hold({ register: register.name, subject: '', key }, accept));
  const { id, duplicate } = recordedId(accepted);
  const repeated = key === undefined ? '' : `,"duplicate":${duplicate}`;
  return `{"line":${number},"status":201,"id":"${id}","receivedAt":"${idToStamp(id)}"${repeated}}\n`;
}

/** Lines that are not empty, with the number they have among all lines; the last needs no newline. */
function splitLines(body: Buffer): Line[] {
  const lines: Line[] = [];
  let number = 0;
  for (let start = 0; start < body.byteLength;) {
    number += 1;
    const newline = body.indexOf(NEWLINE, start);
    const end = newline === -1 ? body.byteLength : newline;
    const bytes = body.subarray(start, end);
    if (!isBlank(bytes)) lines.push({ number, bytes });
    start = end + 1;
  }
  return lines;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
