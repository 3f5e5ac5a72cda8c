/**
 * Merges streams that are each in order into one that is. Reads from each stream one item ahead, all at the same time
 * in the beginning, and stops every stream when the reader stops.
 */
export async function* mergeOrdered<T>(
  streams: readonly AsyncGenerator<T, void>[],
  compare: (a: T, b: T) => number,
): AsyncGenerator<T, void> {
  try {
    const heads = await Promise.all(streams.map(async (stream) => await stream.next()));
    for (;;) {
      let least = -1;
      for (const [index, head] of heads.entries()) {
        if (head.done) continue;
        const best = heads[least];
        if (best === undefined || best.done || compare(head.value, best.value) < 0) least = index;
      }
      const found = heads[least];
      if (found === undefined || found.done) return;
      yield found.value;
      heads[least] = await (streams[least] as AsyncGenerator<T, void>).next();
    }
  } finally {
    await Promise.all(streams.map(async (stream) => await stream.return()));
  }
}
