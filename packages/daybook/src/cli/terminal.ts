/**
 * Standard output and standard error. Answers go to the one, everything said about them to the other. Colours only
 * where a person looks (a terminal, and not with NO_COLOR), and nothing that a stranger wrote into an entry may steer
 * the terminal.
 */
import { once } from 'node:events';
import { styleText } from 'node:util';

export interface Terminal {
  /** True when standard output is a terminal. */
  readonly isInteractive: boolean;
  /** Columns of the terminal; undefined when it is none, or does not tell. */
  readonly width: number | undefined;
  /** Waits while the reader is slow. */
  write(text: string | Uint8Array): Promise<void>;
  line(text: string): Promise<void>;
  /** A line on standard error. */
  note(text: string): void;
  paint(style: Style, text: string): string;
  /** One line on standard error that is written over and over; nothing where that is no terminal. */
  progress(text: string): void;
  endProgress(): void;
}

export type Style = 'dim' | 'bold' | 'red' | 'green' | 'yellow';

/** Controls, and the characters that change the order in which others are shown. */
const STEERING = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const DEFAULT_COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[K';

export function createTerminal(): Terminal {
  const { stdout, stderr } = process;
  let guarded = false;
  let inProgress = false;

  /** From the first word on, a reader that has seen enough (`| head`) ends the process. Not before: a server stays. */
  function guard(): void {
    if (guarded) return;
    guarded = true;
    stdout.on('error', endQuietly);
    stderr.on('error', endQuietly);
  }

  async function write(text: string | Uint8Array): Promise<void> {
    guard();
    endProgress();
    if (!stdout.write(text)) await once(stdout, 'drain');
  }

  function endProgress(): void {
    if (inProgress) stderr.write(CLEAR_LINE);
    inProgress = false;
  }

  return {
    isInteractive: stdout.isTTY,
    get width() {
      // Some terminals say that they have 0 columns, and mean that they do not know.
      return stdout.isTTY ? stdout.columns || undefined : undefined;
    },
    write,
    line: (text) => write(`${text}\n`),
    note(text) {
      guard();
      endProgress();
      stderr.write(`${text}\n`);
    },
    paint: (style, text) => styleText(style, text, { stream: stdout }),
    progress(text) {
      if (!stderr.isTTY) return;
      guard();
      inProgress = true;
      stderr.write(`${CLEAR_LINE}${text.slice(0, (stderr.columns || DEFAULT_COLUMNS) - 1)}`);
    },
    endProgress,
  };
}

/** Makes visible what would steer a terminal; the result is one line. */
export function printable(text: string): string {
  return text.replaceAll(STEERING, (character) => {
    return SHORT_ESCAPES[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

/** The same for whole documents: line breaks and tabs stay. */
export function printableLines(text: string): string {
  return text.replaceAll(STEERING, (character) =>
    /[\n\r\t]/.test(character) ? character : printable(character),
  );
}

/** `41 233`, the same in every locale. */
export function count(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ' ');
}

function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}
