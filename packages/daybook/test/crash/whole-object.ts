/** Objects that tell by themselves whether they are whole: a hash of their name and filling, then the filling. */
import { createHash } from 'node:crypto';

const HASH_CHARACTERS = 64;

export function makeWhole(name: string, fillingBytes: number): Buffer {
  const filling = Buffer.alloc(fillingBytes, `${name} `);
  return Buffer.concat([Buffer.from(hashOf(name, filling)), filling]);
}

export function isWhole(name: string, bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes);
  return (
    buffer.length >= HASH_CHARACTERS &&
    buffer.subarray(0, HASH_CHARACTERS).toString() === hashOf(name, buffer.subarray(HASH_CHARACTERS))
  );
}

/** With its length, so that nothing can be cut off. */
function hashOf(name: string, filling: Buffer): string {
  return createHash('sha256').update(`${name} ${filling.length} `).update(filling).digest('hex');
}
