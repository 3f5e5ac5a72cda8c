/**
 * What the tests read out of a Markdown document: its tables, its headings and its console blocks.
 *
 * A block that begins with ```console is an example to be run: lines that start with `$ ` are commands, which go on over
 * a line that ends with a backslash or a pipe, and the lines up to the next command are the output. A block marked
 * ```console no-run is only for reading.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

export interface ConsoleExample {
  /** `docs/api.md:12`, the line of the command. */
  readonly place: string;
  readonly command: string;
  readonly output: string;
}

/** @param path from the root of the checkout. */
export function readDocument(path: string): string {
  return readFileSync(`${ROOT}${path}`, 'utf8');
}

/** @throws {SyntaxError} for a block that does not begin with a command, or is not closed. */
export function consoleExamples(path: string, text = readDocument(path)): ConsoleExample[] {
  const examples: ConsoleExample[] = [];
  let inside = false;
  let commandGoesOn = false;
  let current: { place: string; command: string; output: string } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const place = `${path}:${index + 1}`;
    if (!inside) {
      inside = line.trimEnd() === '```console';
    } else if (line === '```') {
      inside = false;
      current = undefined;
    } else if (commandGoesOn && current !== undefined) {
      current.command += `\n${line}`;
      commandGoesOn = /[\\|]$/.test(line);
    } else if (line.startsWith('$ ')) {
      current = { place, command: line.slice(2), output: '' };
      examples.push(current);
      commandGoesOn = /[\\|]$/.test(line);
    } else if (current === undefined) {
      throw new SyntaxError(`${place}: expected a command after \`$ \`, given ${line}`);
    } else current.output += `${line}\n`;
  }
  if (inside) throw new SyntaxError(`${path}: expected the last console block to be closed`);
  return examples;
}

/** The text between a heading and the next one of its level or above. @throws {RangeError} when it is not there. */
export function section(text: string, heading: string): string {
  const [marks = '#'] = heading.split(' ');
  const lines = text.split('\n');
  const start = lines.indexOf(heading);
  if (start === -1) throw new RangeError(`expected a heading "${heading}"`);
  const next = new RegExp(`^#{1,${marks.length}} `);
  const end = lines.findIndex((line, index) => index > start && next.test(line));
  return lines.slice(start + 1, end === -1 ? undefined : end).join('\n');
}

/** The rows of every table whose first column has this title, by the titles of their columns. */
export function tableRows(text: string, firstColumn: string): Record<string, string>[] {
  const rows: Record<string, string>[] = [];
  let titles: readonly string[] | undefined;
  for (const line of text.split('\n')) {
    if (!line.startsWith('|')) titles = undefined;
    else if (titles === undefined) titles = cells(line);
    else if (titles[0] === firstColumn && !/^\|[\s:|-]+$/.test(line)) {
      const values = cells(line);
      rows.push(Object.fromEntries(titles.map((title, index) => [title, values[index] ?? ''])));
    }
  }
  return rows;
}

/** What a cell shows as code, without the backticks: `` `a`, `b` `` gives `a` and `b`. */
export function codes(cell: string | undefined): string[] {
  return [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) =>
    code.replaceAll(String.raw`\|`, '|'),
  );
}

function cells(line: string): string[] {
  return line
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}
