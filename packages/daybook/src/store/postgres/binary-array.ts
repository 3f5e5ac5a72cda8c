/**
 * Arrays as PostgreSQL receives them in binary: nothing is escaped, payload bytes travel as they are, and a batch of a
 * thousand entries costs a fraction of what its text form does. The layout is that of `array_recv` in PostgreSQL's
 * `src/backend/utils/adt/arrayfuncs.c`: dimensions, null flag, element type, length and lower bound, then each element
 * with its length; integers are big-endian.
 */

/** Object identifiers of the element types, fixed in `src/include/catalog/pg_type.dat`. */
const OID = { bytea: 17, int8: 20, int4: 23, text: 25, uuid: 2950 } as const;

const EMPTY_HEADER_BYTES = 12;
const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
const UUID_BYTES = 16;
const NULL_LENGTH = -1;
const TWO_TO_32 = 2 ** 32;

export function textArray(values: readonly string[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  const array = start('text', values.length, bytes, false);
  let offset = HEADER_BYTES;
  for (const value of values) {
    const length = array.write(value, offset + LENGTH_BYTES);
    offset = array.writeInt32BE(length, offset) + length;
  }
  return array;
}

/** Undefined becomes NULL. */
export function byteaArray(values: readonly (Uint8Array | undefined)[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + (value?.byteLength ?? 0), 0);
  const array = start('bytea', values.length, bytes, values.includes(undefined));
  let offset = HEADER_BYTES;
  for (const value of values) {
    offset = array.writeInt32BE(value?.byteLength ?? NULL_LENGTH, offset);
    if (value === undefined) continue;
    array.set(value, offset);
    offset += value.byteLength;
  }
  return array;
}

export function uuidArray(values: readonly string[]): Buffer {
  const array = start('uuid', values.length, values.length * UUID_BYTES, false);
  // Decoded all at once: one by one they would take as long as everything else here.
  const bytes = Buffer.from(values.join('').replaceAll('-', ''), 'hex');
  let offset = HEADER_BYTES;
  for (let at = 0; at < bytes.byteLength; at += UUID_BYTES) {
    offset = array.writeInt32BE(UUID_BYTES, offset);
    offset += bytes.copy(array, offset, at, at + UUID_BYTES);
  }
  return array;
}

export function int4Array(values: readonly number[]): Buffer {
  const array = start('int4', values.length, values.length * 4, false);
  let offset = HEADER_BYTES;
  for (const value of values) offset = array.writeInt32BE(value, array.writeInt32BE(4, offset));
  return array;
}

/** Whole numbers from 0 to 2^53. */
export function int8Array(values: readonly number[]): Buffer {
  const array = start('int8', values.length, values.length * 8, false);
  let offset = HEADER_BYTES;
  for (const value of values) {
    offset = array.writeInt32BE(8, offset);
    offset = array.writeUInt32BE(Math.floor(value / TWO_TO_32), offset);
    offset = array.writeUInt32BE(value % TWO_TO_32, offset);
  }
  return array;
}

function start(type: keyof typeof OID, length: number, bytes: number, hasNull: boolean): Buffer {
  if (length === 0) {
    const empty = Buffer.alloc(EMPTY_HEADER_BYTES);
    empty.writeInt32BE(OID[type], 8);
    return empty;
  }
  const array = Buffer.allocUnsafe(HEADER_BYTES + length * LENGTH_BYTES + bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(hasNull ? 1 : 0, 4);
  array.writeInt32BE(OID[type], 8);
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return array;
}
