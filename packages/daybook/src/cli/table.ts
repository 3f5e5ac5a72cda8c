/**
 * Rows as aligned columns.
 */
import { stripVTControlCharacters } from 'node:util';

/** Columns are two spaces apart; colours do not count. The last column is not padded. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column]))));
  return rows
    .map((row) => row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell))))
    .map((cells) => cells.join('  ').trimEnd())
    .join('\n');
}

function widthOf(cell = ''): number {
  return stripVTControlCharacters(cell).length;
}
