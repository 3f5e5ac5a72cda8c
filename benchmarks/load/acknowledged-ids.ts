/**
 * Remembers every acknowledged id in 16 bytes, and later ticks them off against what the register shows.
 *
 * Remembering only appends, because it runs while latency is measured; the hash table is built at the end.
 */

/** Characters of a UUID in its text form. */
export const UUID_CHARACTERS = 36;

/** Every id in the order of acknowledgement. */
export interface AcknowledgedIds {
  readonly count: number;
  /** Takes the UUID text that starts at `at`. */
  add(bytes: Buffer, at: number): void;
  check(): IdCheck;
}

/** The state of one read-back. */
interface IdCheck {
  readonly acknowledgedTwice: number;
  readonly found: number;
  readonly foundTwice: number;
  readonly others: number;
  see(bytes: Buffer, at: number): void;
  /** At most `limit` acknowledged ids that were not seen. */
  lost(limit: number): string[];
}

const BYTES_PER_ID = 16;
const WORDS_PER_ID = 4;
const IDS_PER_BLOCK = 1 << 16;

const NIBBLES = new Uint8Array(256);
for (let value = 0; value < 16; value += 1) NIBBLES[value.toString(16).charCodeAt(0)] = value;

/** Offsets of the 16 byte pairs in `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`. */
const PAIRS = Uint8Array.of(0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34);

function readUuid(bytes: Buffer, at: number, into: Uint8Array, offset: number): void {
  for (let index = 0; index < BYTES_PER_ID; index += 1) {
    const pair = at + PAIRS[index]!;
    into[offset + index] = (NIBBLES[bytes[pair]!]! << 4) | NIBBLES[bytes[pair + 1]!]!;
  }
}

export function createAcknowledgedIds(): AcknowledgedIds {
  const blocks: Uint8Array[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(bytes, at) {
      const inBlock = count % IDS_PER_BLOCK;
      if (inBlock === 0) blocks.push(new Uint8Array(IDS_PER_BLOCK * BYTES_PER_ID));
      readUuid(bytes, at, blocks.at(-1)!, inBlock * BYTES_PER_ID);
      count += 1;
    },
    check: () => createIdCheck(blocks, count),
  };
}

function createIdCheck(blocks: readonly Uint8Array[], count: number): IdCheck {
  const ids = new Uint8Array(count * BYTES_PER_ID);
  for (const [index, block] of blocks.entries()) {
    const from = index * block.length;
    ids.set(block.subarray(0, Math.min(block.length, ids.length - from)), from);
  }
  const words = new Uint32Array(ids.buffer);
  const timesSeen = new Uint8Array(count);
  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(count, 1) * 2));
  const slots = new Uint32Array(slotCount);
  const wanted = new Uint8Array(BYTES_PER_ID);
  const wantedWords = new Uint32Array(wanted.buffer);

  /** The slot that holds these four words, or the empty one where they belong. The last word of a UUIDv7 is random. */
  function findSlot(source: Uint32Array, word: number): number {
    let slot = source[word + 3]! % slotCount;
    for (;;) {
      const held = slots[slot]!;
      if (held === 0) return slot;
      const base = (held - 1) * WORDS_PER_ID;
      if (
        words[base + 3] === source[word + 3] &&
        words[base + 2] === source[word + 2] &&
        words[base + 1] === source[word + 1] &&
        words[base] === source[word]
      ) {
        return slot;
      }
      slot = (slot + 1) % slotCount;
    }
  }

  let acknowledgedTwice = 0;
  for (let index = 0; index < count; index += 1) {
    const slot = findSlot(words, index * WORDS_PER_ID);
    if (slots[slot] === 0) slots[slot] = index + 1;
    else acknowledgedTwice += 1;
  }

  const totals = { found: 0, foundTwice: 0, others: 0 };
  return {
    acknowledgedTwice,
    get found() {
      return totals.found;
    },
    get foundTwice() {
      return totals.foundTwice;
    },
    get others() {
      return totals.others;
    },
    see(bytes, at) {
      readUuid(bytes, at, wanted, 0);
      const held = slots[findSlot(wantedWords, 0)]!;
      if (held === 0) {
        totals.others += 1;
        return;
      }
      const times = timesSeen[held - 1]!;
      if (times === 0) totals.found += 1;
      if (times === 1) totals.foundTwice += 1;
      timesSeen[held - 1] = Math.min(times + 1, 2);
    },
    lost(limit) {
      const lost: string[] = [];
      for (let slot = 0; slot < slotCount && lost.length < limit; slot += 1) {
        const held = slots[slot]!;
        if (held === 0 || timesSeen[held - 1] !== 0) continue;
        lost.push(toUuidText(ids.subarray((held - 1) * BYTES_PER_ID, held * BYTES_PER_ID)));
      }
      return lost;
    },
  };
}

function toUuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
