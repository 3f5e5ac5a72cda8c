/**
 * A JSON Web Key Set (RFC 7517 §5) as its issuer publishes it, bounded, public keys only. `jose` chooses the key for a
 * token by `alg`, `kid` and use, and imports it once.
 */
import type { JWTVerifyGetKey } from 'jose';
import { createLocalJWKSet } from 'jose';

/** The document. Large issuers publish about 20 KiB, most of it certificates. */
export const MAX_KEY_SET_BYTES = 262_144;
/** A rotating issuer has two or three; the largest ones about thirty. */
const MAX_KEYS = 100;

export interface KeySet {
  /** The document as it came: the same text is the same set. */
  readonly text: string;
  readonly keys: number;
  readonly find: JWTVerifyGetKey;
}

/**
 * An empty set is one: its issuer has withdrawn every key.
 * @throws {Error} that says what was expected and given.
 */
export function parseKeySet(text: string): KeySet {
  const keys = keysOf(text);
  if (keys.length > MAX_KEYS) throw new Error(`expected at most ${MAX_KEYS} keys, given ${keys.length}`);
  // A private key that is published is everybody's; `k` is a shared secret, RFC 7518 §6.4.1.
  const secrets = keys.filter((key) => Object.hasOwn(key, 'd') || Object.hasOwn(key, 'k'));
  if (secrets.length > 0) {
    throw new Error(`expected public keys only, given ${secrets.length} private or shared`);
  }
  return { text, keys: keys.length, find: createLocalJWKSet({ keys }) };
}

function keysOf(text: string): object[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error('expected a JSON Web Key Set, given no JSON');
  }
  const keys = isObject(document) && 'keys' in document ? document.keys : undefined;
  if (Array.isArray(keys) && keys.every(isObject)) return keys;
  throw new Error('expected a JSON Web Key Set with a list of keys, given other JSON');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
