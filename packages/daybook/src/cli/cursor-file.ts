/**
 * Where a tail has come to, kept in a file so that a later one goes on from there. A save is all or nothing: a crash
 * leaves the cursor before it or the new one, never half of one.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

import { toError } from '../errors.ts';
import { CommandError } from './failure.ts';

export interface CursorFile {
  /** What was kept before; undefined when there is no such file yet. */
  readonly cursor: string | undefined;
  /** Durable when it returns. @throws {CommandError} */
  save(cursor: string): void;
}

interface Kept {
  readonly register: string;
  readonly cursor: string;
}

/** @throws {CommandError} when the file is there and holds something else, or the cursor of another register. */
export function openCursorFile(path: string, register: string): CursorFile {
  const kept = read(path);
  if (kept !== undefined && kept.register !== register) {
    throw new CommandError(
      `--cursor-file: expected one of register "${register}", given ${path} of register "${kept.register}"`,
    );
  }
  return { cursor: kept?.cursor, save: (cursor) => save(path, { register, cursor }) };
}

function read(path: string): Kept | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(`--cursor-file: expected a file that can be read, ${toError(thrown).message}`);
  }
  const kept = parse(text);
  if (typeof kept?.register === 'string' && typeof kept.cursor === 'string')
    return { register: kept.register, cursor: kept.cursor };
  throw new CommandError(
    `--cursor-file: expected one that "daybook tail" wrote, given ${path}; delete it to begin anew`,
  );
}

function parse(text: string): Partial<Kept> | null {
  try {
    return JSON.parse(text) as Partial<Kept> | null;
  } catch {
    return null;
  }
}

function save(path: string, kept: Kept): void {
  const temporary = `${path}.new`;
  try {
    const file = openSync(temporary, 'w', 0o600);
    try {
      writeSync(file, `${JSON.stringify(kept)}\n`);
      // Without this a power loss may leave the new name on an empty file.
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (thrown) {
    throw new CommandError(`--cursor-file: the cursor could not be saved, ${toError(thrown).message}`);
  }
}
