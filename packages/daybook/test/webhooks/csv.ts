/**
 * Reads CSV as RFC 4180 defines it, apart from Daybook's own writer: a reader that shares its mistakes would not see
 * them.
 */

/** Records by the names of the header line. @throws {SyntaxError} where the text is not RFC 4180. */
export function parseCsv(text: string): Record<string, string>[] {
  const [names = [], ...records] = parseRecords(text);
  return records.map((fields, index) => {
    if (fields.length !== names.length)
      throw new SyntaxError(`record ${index + 1}: expected ${names.length} fields, given ${fields.length}`);
    return Object.fromEntries(names.map((name, column) => [name, fields[column] ?? '']));
  });
}

function parseRecords(text: string): string[][] {
  // A field, quoted (with quotes doubled) or plain, and what ends it; sticky, so that nothing is passed over.
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  const records: string[][] = [];
  let record: string[] = [];
  while (field.lastIndex < text.length) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (match === null)
      throw new SyntaxError(`character ${at}: expected a field, given ${text.slice(at, at + 40)}`);
    record.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === ',') continue;
    records.push(record);
    record = [];
  }
  if (record.length > 0) throw new SyntaxError('expected CRLF at the end of the last record');
  return records;
}
