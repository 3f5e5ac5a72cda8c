/**
 * What a queue's own attributes say, read at the start: figures for the capabilities, and reasons to refuse it. Ranges
 * and defaults: "SetQueueAttributes" in the Amazon SQS API Reference.
 */
import { StartError } from '../../errors.ts';

export interface QueueSettings {
  /** Of a message as the queue counts it. */
  readonly maxTextBytes: number;
  readonly retentionMs: number;
  readonly visibilitySeconds: number;
  /** What is allowed and unwise, for the operator. */
  readonly warnings: readonly string[];
}

const DAY_SECONDS = 86_400;
const LONGEST_RETENTION_SECONDS = 14 * DAY_SECONDS;
/** A store that is slow for a moment must not make every delivery come twice. */
const SHORTEST_WISE_VISIBILITY_SECONDS = 10;
/** Below, an outage of hours moves messages away; at 1 000, the most that SQS allows, none of those that it keeps for 14 days. */
const LEAST_RECEIVES = 100;
const MOST_RECEIVES = 1_000;

/** @throws {StartError} for a queue that would lose entries, or hold all of them behind one. */
export function readQueueSettings(
  queueUrl: string,
  attributes: Readonly<Record<string, string>>,
): QueueSettings {
  const refuse = (expected: string, given: string): never => {
    throw new StartError(`queue ${queueUrl}: expected ${expected}, given ${given}`);
  };
  if (attributes['FifoQueue'] === 'true' || attributes['ContentBasedDeduplication'] === 'true') {
    refuse(
      'a standard queue',
      'a FIFO queue: it drops what it takes for a repetition, and holds a group behind its first message',
    );
  }
  const warnings: string[] = [];
  const maxReceiveCount = readMaxReceiveCount(attributes['RedrivePolicy']);
  if (maxReceiveCount < LEAST_RECEIVES) {
    refuse(
      `no redrive policy, or one with a maxReceiveCount of ${LEAST_RECEIVES} or more, because in an outage deliveries are repeated`,
      `one that moves messages away after ${maxReceiveCount} deliveries: ${attributes['RedrivePolicy']}`,
    );
  }
  if (maxReceiveCount < MOST_RECEIVES) {
    warnings.push(
      `queue ${queueUrl} moves messages away after ${maxReceiveCount} deliveries (maxReceiveCount of its redrive policy); ${MOST_RECEIVES} are possible, and outlast an outage`,
    );
  }

  const read = (name: string): number => {
    const text = attributes[name] ?? '';
    return /^\d+$/.test(text) ? Number(text) : refuse(`a number as ${name}`, `"${text}"`);
  };
  const retentionSeconds = read('MessageRetentionPeriod');
  const visibilitySeconds = read('VisibilityTimeout');
  if (visibilitySeconds === 0) {
    refuse('a VisibilityTimeout of 1 second or more', '0: what one receiver works on would go to all others');
  }
  if (retentionSeconds < LONGEST_RETENTION_SECONDS) {
    warnings.push(
      `queue ${queueUrl} gives entries up that have waited for ${retentionSeconds / DAY_SECONDS} days (MessageRetentionPeriod); 14 are possible`,
    );
  }
  if (visibilitySeconds < SHORTEST_WISE_VISIBILITY_SECONDS) {
    warnings.push(
      `queue ${queueUrl} delivers again after ${visibilitySeconds} s (VisibilityTimeout); 30 s or more spare the store the repetitions`,
    );
  }
  return {
    maxTextBytes: read('MaximumMessageSize'),
    retentionMs: retentionSeconds * 1000,
    visibilitySeconds,
    warnings,
  };
}

/** Infinity without a redrive policy; 0 for one that cannot be read. */
function readMaxReceiveCount(redrivePolicy: string | undefined): number {
  if (redrivePolicy === undefined || redrivePolicy === '') return Infinity;
  try {
    // SQS gives the number as it was set: some tools set it as text.
    const { maxReceiveCount } = JSON.parse(redrivePolicy) as { maxReceiveCount?: unknown };
    return Number(maxReceiveCount) || 0;
  } catch {
    return 0;
  }
}
