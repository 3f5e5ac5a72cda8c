/**
 * A key on its way to a store that whoever makes it cannot reach: everything but its secret, as one line of JSON. It may be
 * seen on the way, because a hash of 256 random bits opens nothing.
 */
import * as z from 'zod';

import { formatStamp } from '../../id.ts';
import { KeyError } from './key-error.ts';
import { checkRequest } from './key-request.ts';
import type { KeyRequest } from './key-request.ts';
import type { HashedKey } from './keys.ts';
import { KEY_ID, makeKey } from './key-text.ts';

const SHA256_BYTES = 32;

const recordSchema = z.strictObject({
  keyId: z.string().regex(KEY_ID, 'expected 16 hexadecimal digits'),
  hash: z
    .base64url('expected base64url')
    .transform((text): Buffer => Buffer.from(text, 'base64url'))
    .refine(({ byteLength }) => byteLength === SHA256_BYTES, 'expected the 32 bytes of a SHA-256'),
  name: z.string(),
  scopes: z.array(z.string()),
  expiresAt: z.iso
    .datetime('expected a time such as 2027-01-31T00:00:00Z')
    .transform((text) => Date.parse(text) * 1_000),
  by: z.string().min(1, 'expected who makes the key'),
});

export interface KeyRecord {
  readonly made: HashedKey;
  readonly request: KeyRequest;
  /** Who makes it, for the audit. */
  readonly by: string;
}

export interface RecordedKey {
  readonly keyId: string;
  /** The whole key, for its owner alone. */
  readonly text: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** For the store. */
  readonly record: string;
}

/** Makes a key with the role `admin`. @param nowMicros Unix microseconds. @throws {KeyError} `invalid`. */
export function makeRecordedKey(
  asked: Omit<KeyRequest, 'scopes'> & { readonly by: string },
  nowMicros: number,
): RecordedKey {
  const known = ['admin'];
  const { name, scopes, expiresAt: end } = checkRequest({ ...asked, scopes: known }, { known, nowMicros });
  const { keyId, text, hash } = makeKey();
  const expiresAt = formatStamp(end);
  const record = { keyId, hash: hash.toString('base64url'), name, scopes, expiresAt, by: asked.by };
  return { keyId, text, expiresAt, record: JSON.stringify(record) };
}

/** @throws {KeyError} `invalid`, naming the member; never what it holds. */
export function parseKeyRecord(text: string): KeyRecord {
  const parsed = recordSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new KeyError('invalid', `${['record', ...(issue?.path ?? [])].join('.')}: ${issue?.message}`);
  }
  const { keyId, hash, by, ...request } = parsed.data;
  return { made: { keyId, hash }, request, by };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KeyError('invalid', 'record: expected JSON, given something else');
  }
}
