/**
 * Texts that are keys in every outward respect, also the checksum: only what is on record can tell that they are not.
 */
import { crc32 } from 'node:zlib';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export function forgeKey(keyId: string, secret: string): string {
  const body = `dbk_${keyId}_${secret}`;
  let checksum = '';
  for (let rest = crc32(body); checksum.length < 6; rest = Math.floor(rest / 62))
    checksum = `${DIGITS[rest % 62]}${checksum}`;
  return body + checksum;
}

export function randomSecret(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(43)), (byte) => DIGITS[byte % 62]).join('');
}

/** The part of a key that nobody but its owner may have. */
export function secretOf(text: string): string {
  return text.slice(-49);
}
