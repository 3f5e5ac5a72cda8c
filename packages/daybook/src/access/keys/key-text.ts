/**
 * The text of an API key: `dbk_`, 16 hexadecimal digits that name it, `_`, a secret of 256 bits and a checksum, both in
 * base 62 so that a double click takes all of it. The checksum keeps nothing secret: it lets a typing error, a text that
 * was cut, or a scanner for leaked keys be served without asking anybody.
 */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

import { randomId } from '../../id.ts';

const KEY_TEXT = /^(dbk_([0-9a-f]{16})_([0-9A-Za-z]{43}))([0-9A-Za-z]{6})$/;
export const KEY_ID = /^[0-9a-f]{16}$/;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62^43 is just above 2^256, 62^6 above 2^32. */
const SECRET_DIGITS = 43;
const CHECKSUM_DIGITS = 6;

export interface KeyParts {
  readonly keyId: string;
  readonly secret: string;
}

export interface MadeKey {
  readonly keyId: string;
  /** The whole key, for its owner alone. */
  readonly text: string;
  readonly hash: Buffer;
}

export function makeKey(): MadeKey {
  const keyId = randomId();
  const random = Array.from({ length: 4 }, randomId).join('');
  const secret = toSecret(BigInt(`0x${random}`));
  const body = `dbk_${keyId}_${secret}`;
  return { keyId, text: `${body}${checksumOf(body)}`, hash: hashSecret(secret) };
}

/** @returns undefined when the text was never a key, is cut, or mistyped. */
export function parseKey(text: string): KeyParts | undefined {
  const [, body = '', keyId = '', secret = '', checksum] = KEY_TEXT.exec(text) ?? [];
  return checksum !== undefined && checksum === checksumOf(body) ? { keyId, secret } : undefined;
}

/** SHA-256, 32 bytes: a secret of 256 random bits cannot be guessed, so a hash that is slow to try protects nothing more. */
export function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

function checksumOf(body: string): string {
  let text = '';
  // A number of 32 bits needs no BigInt, which would cost more than the hash of the secret does.
  for (let rest = crc32(body); text.length < CHECKSUM_DIGITS; rest = Math.floor(rest / 62))
    text = `${DIGITS[rest % 62]}${text}`;
  return text;
}

function toSecret(value: bigint): string {
  let text = '';
  for (let rest = value; text.length < SECRET_DIGITS; rest /= 62n)
    text = `${DIGITS[Number(rest % 62n)]}${text}`;
  return text;
}
