/**
 * `GET /{register}/stats`: entries counted by stamp in buckets of one length, empty ones included. Nothing reads
 * entries for it.
 */
import type { Stats } from '../../contract/messages.ts';
import { DaybookError } from '../../errors.ts';
import { formatStamp } from '../../id.ts';
import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import type { Parameters } from '../parameters.ts';
import type { RegisterView } from '../register-view.ts';
import { shownOf } from '../register-view.ts';
import { choiceOf, invalid, microsOf } from '../parameters.ts';

export const STATS_PARAMETERS = ['bucket', 'from', 'to'] as const;

const BUCKET_MICROS = {
  second: 1_000_000,
  minute: 60_000_000,
  hour: 3_600_000_000,
  day: 86_400_000_000,
} as const;

const MAX_BUCKETS = 1440;
/** Without `from`: the last hour by minutes, and likewise 60 buckets of the other lengths. */
const DEFAULT_BUCKETS = 60;
/** Counted a slice at a time, so that other reads get their turn. */
const SLICE_BUCKETS = 120;

export async function statsAnswer(
  context: HttpContext,
  view: RegisterView,
  parameters: Parameters<(typeof STATS_PARAMETERS)[number]>,
): Promise<Answer> {
  const bucket = choiceOf('bucket', parameters.bucket, ['second', 'minute', 'hour', 'day'], 'minute');
  const length = BUCKET_MICROS[bucket];
  const end = roundUp(microsOf('to', parameters.to) ?? context.nowMicros(), length);
  const start = roundDown(
    microsOf('from', parameters.from) ?? Math.max(0, end - DEFAULT_BUCKETS * length),
    length,
  );
  if (end < start) throw invalid('to', 'a time that is not before from', parameters.to ?? 'now');
  const count = (end - start) / length;
  if (count > MAX_BUCKETS) {
    throw new DaybookError(
      'PARAMETER_INVALID',
      `from, to: expected at most ${MAX_BUCKETS} buckets, given ${count} of one ${bucket}`,
    );
  }
  const counts: number[] = [];
  for (let index = 0; index < count; index += SLICE_BUCKETS) {
    const slice = {
      from: start + index * length,
      bucketMicros: length,
      buckets: Math.min(SLICE_BUCKETS, count - index),
    };
    counts.push(...(await context.store.count({ ...shownOf(view), ...slice })));
  }
  const stats: Stats = {
    register: view.register.name,
    bucket,
    from: formatStamp(start),
    to: formatStamp(end),
    total: counts.reduce((sum, one) => sum + one, 0),
    buckets: counts.map((entries, index) => ({ start: formatStamp(start + index * length), count: entries })),
  };
  return jsonAnswer(stats);
}

function roundDown(micros: number, length: number): number {
  return Math.floor(micros / length) * length;
}

function roundUp(micros: number, length: number): number {
  return Math.ceil(micros / length) * length;
}
