/**
 * How large an entry may be: the smallest of what front, queue and store take. A register that allows more could take an
 * entry and never store it, so a deployment with one is refused.
 */
import { DYNAMODB_MAX_ENTRY_BYTES, ENVELOPE_BYTES, POSTGRES_MAX_ENTRY_BYTES } from 'daybook/deployment';

import type { Deployment } from './schema.ts';

const KIB = 1024;
/** "Quotas related to messages", Amazon SQS Developer Guide: 1 MiB, of base64 here. A topic before it is made for as much. */
export const SQS_MESSAGE_BYTES = 1024 * KIB;
/** "Lambda functions as targets for Application Load Balancers": a request body of 1 MB, base64 where it is binary. */
const ALB_BODY_BYTES = 1024 * KIB;

export interface Ceiling {
  readonly what: string;
  readonly bytes: number;
}

/** The smallest first. */
export function entryCeilings({
  front,
  queue,
  database,
}: Pick<Deployment, 'front' | 'queue' | 'database'>): readonly Ceiling[] {
  const ceilings: Ceiling[] = [
    database === undefined
      ? { what: 'an item of DynamoDB', bytes: DYNAMODB_MAX_ENTRY_BYTES }
      : { what: 'a row of PostgreSQL', bytes: POSTGRES_MAX_ENTRY_BYTES },
  ];
  if (queue !== undefined)
    ceilings.push({ what: 'a message of SQS', bytes: withinBase64(SQS_MESSAGE_BYTES) - ENVELOPE_BYTES });
  if (front.kind === 'alb') ceilings.push({ what: 'a body of ALB', bytes: withinBase64(ALB_BODY_BYTES) });
  return ceilings.toSorted((a, b) => a.bytes - b.bytes);
}

/** Four characters for three bytes: RFC 4648 §4. */
function withinBase64(characters: number): number {
  return Math.floor(characters / 4) * 3;
}
