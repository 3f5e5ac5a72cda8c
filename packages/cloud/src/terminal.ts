/**
 * Standard output and standard error: answers go to the one, everything said about them to the other. Colours only where
 * a person looks, and nothing that comes from outside may steer the terminal.
 */
import { createInterface } from 'node:readline/promises';
import { stripVTControlCharacters, styleText } from 'node:util';

export interface Terminal {
  /** Whether there is somebody to ask. */
  readonly canAsk: boolean;
  /** A line on standard output. */
  line(text: string): void;
  /** A line on standard error. */
  note(text: string): void;
  /** One line on standard error that is written over; nothing where that is no terminal. */
  progress(text: string): void;
  /** Asks on standard error. @returns what was typed; empty at the end of the input. */
  ask(question: string): Promise<string>;
  paint(style: Style, text: string): string;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** Controls, and the characters that change the order in which others are shown. */
const STEERING = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const CLEAR_LINE = '\r\u001b[K';
const DEFAULT_COLUMNS = 80;

export function createTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  let inProgress = false;
  // A reader that has seen enough (`| head`) ends the process.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });

  function endProgress(): void {
    if (inProgress) stderr.write(CLEAR_LINE);
    inProgress = false;
  }

  return {
    canAsk: stdin.isTTY && stderr.isTTY,
    line(text) {
      endProgress();
      stdout.write(`${text}\n`);
    },
    note(text) {
      endProgress();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      if (!stderr.isTTY) return;
      inProgress = true;
      stderr.write(`${CLEAR_LINE}${text.slice(0, (stderr.columns || DEFAULT_COLUMNS) - 1)}`);
    },
    async ask(question) {
      endProgress();
      const asking = createInterface({ input: stdin, output: stderr });
      const { promise: closed, resolve } = Promise.withResolvers<string>();
      asking.once('close', () => resolve(''));
      try {
        return (await Promise.race([asking.question(`${printable(question)} `), closed])).trim();
      } finally {
        asking.close();
      }
    },
    paint: (style, text) => styleText(style, text, { stream: stdout }),
  };
}

/** Makes visible what would steer a terminal; the result is one line. */
export function printable(text: string): string {
  return text.replaceAll(STEERING, (character) =>
    character === '\n' ? '\\n' : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** Rows as columns, two spaces apart; the last one is not padded. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => widthOf(row[at]))));
  return rows
    .map((row) => row.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell))))
    .map((cells) => cells.join('  ').trimEnd())
    .join('\n');
}

function widthOf(cell = ''): number {
  return stripVTControlCharacters(cell).length;
}
