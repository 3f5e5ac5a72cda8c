/**
 * Cuts chunks of bytes into lines.
 */
const LINE_FEED = 0x0a;

/** Lines as bytes, without their line feeds; a last line without one counts too. */
export async function* toLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  let rest: Buffer[] = [];
  for await (const { buffer, byteOffset, byteLength } of chunks) {
    const chunk = Buffer.from(buffer, byteOffset, byteLength);
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const line = chunk.subarray(start, end);
      yield rest.length === 0 ? line : Buffer.concat([...rest, line]);
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}
