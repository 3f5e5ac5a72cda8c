/**
 * Finds the lines of a batch. What it costs is bounded by the limit of lines and by one look at each byte, because a few
 * kilobytes of gzip can become millions of lines.
 */
const NEWLINE = 0x0a;

export interface Line {
  /** 1-based, among all lines of the body. */
  readonly number: number;
  readonly bytes: Buffer;
}

/**
 * Lines that are not blank (spaces, tabs and carriage returns alone), with the number that they have among all lines;
 * the last needs no newline. Their bytes are views of the body.
 * @param most it ends after so many and one more, which says that there are too many.
 */
export function splitLines(body: Buffer, most: number): Line[] {
  const lines: Line[] = [];
  let number = 1;
  let start = 0;
  for (let at = 0; at < body.byteLength && lines.length <= most;) {
    const byte = body[at];
    if (byte === NEWLINE) {
      number += 1;
      at += 1;
      start = at;
    } else if (byte === 0x20 || byte === 0x09 || byte === 0x0d) {
      at += 1;
    } else {
      const newline = body.indexOf(NEWLINE, at);
      const end = newline === -1 ? body.byteLength : newline;
      lines.push({ number, bytes: body.subarray(start, end) });
      at = end;
    }
  }
  return lines;
}
