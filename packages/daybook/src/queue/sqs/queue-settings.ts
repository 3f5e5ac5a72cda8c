/**
 * What a queue's own attributes say, read at the start: figures for the capabilities, and reasons to refuse it. Ranges
 * and defaults: "SetQueueAttributes" in the Amazon SQS API Reference.
 */
import { StartError } from '../../errors.ts';

export interface QueueSettings {
  /** Of a body before it becomes base64. */
  readonly maxMessageBytes: number;
  readonly retentionMs: number;
  readonly visibilitySeconds: number;
  /** What is allowed and unwise, for the operator. */
  readonly warnings: readonly string[];
}

const DAY_SECONDS = 86_400;
const LONGEST_RETENTION_SECONDS = 14 * DAY_SECONDS;
/** A store that is slow for a moment must not make every delivery come twice. */
const SHORTEST_WISE_VISIBILITY_SECONDS = 10;

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
  const redrive = attributes['RedrivePolicy'];
  if (redrive !== undefined && redrive !== '') {
    refuse(
      'a queue without a redrive policy, because in an outage deliveries are repeated without end',
      `one that moves messages away by the count of their deliveries: ${redrive}`,
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
  const warnings: string[] = [];
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
    maxMessageBytes: bytesWithin(read('MaximumMessageSize')),
    retentionMs: retentionSeconds * 1000,
    visibilitySeconds,
    warnings,
  };
}

/** Base64 makes four characters of three bytes (RFC 4648 §4). */
function bytesWithin(base64Characters: number): number {
  return Math.floor(base64Characters / 4) * 3;
}
