/**
 * The names below a folder in the order of their bytes, a page at a time. A file system gives them in no order, so each
 * page reads through every folder that it touches, and holds no more than two pages of names of each.
 */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';

import { isObjectName } from '../object-name.ts';
import { codeOf } from './failure.ts';

const READ_AHEAD_ENTRIES = 256;

export interface NamesQuery {
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
}

/** The first names that begin with the prefix and sort behind `after`. */
export async function listNames(root: string, query: NamesQuery): Promise<string[]> {
  const found: string[] = [];
  await collect(root, '', query, found);
  return found;
}

/** @param base the folder as the beginning of names: '' or `a/b/`. */
async function collect(root: string, base: string, query: NamesQuery, found: string[]): Promise<void> {
  let done = '';
  for (;;) {
    const room = query.limit - found.length;
    const keys = await smallestKeys(join(root, base), base, query, { done, room });
    for (const key of keys) {
      if (key.endsWith('/')) await collect(root, key, query, found);
      else found.push(key);
      if (found.length === query.limit) return;
    }
    if (keys.length < room) return;
    done = keys.at(-1) ?? done;
  }
}

/**
 * What is in one folder, as keys that sort as the names do: a file is its name, a folder its name with a slash, which
 * all names in it begin with.
 */
async function smallestKeys(
  folder: string,
  base: string,
  query: NamesQuery,
  { done, room }: { readonly done: string; readonly room: number },
): Promise<string[]> {
  let keys: string[] = [];
  for await (const { name, isFolder } of entriesOf(folder)) {
    const key = isFolder ? `${base}${name}/` : base + name;
    if (!isObjectName(base + name) || key <= done || !mayMatch(key, isFolder, query)) continue;
    keys.push(key);
    if (keys.length >= 2 * room) keys = smallest(keys, room);
  }
  return smallest(keys, room);
}

function mayMatch(key: string, isFolder: boolean, { prefix, after }: NamesQuery): boolean {
  if (key.startsWith(prefix) && key > after) return true;
  return (
    isFolder && (key > after || after.startsWith(key)) && (key.startsWith(prefix) || prefix.startsWith(key))
  );
}

function smallest(keys: string[], room: number): string[] {
  // By UTF-16 code units, which for the characters of names is by bytes.
  return keys.toSorted((a, b) => (a < b ? -1 : 1)).slice(0, room);
}

async function* entriesOf(folder: string): AsyncGenerator<{ name: string; isFolder: boolean }, void> {
  try {
    for await (const entry of await opendir(folder, { bufferSize: READ_AHEAD_ENTRIES })) {
      const isFolder = entry.isDirectory();
      if (isFolder || entry.isFile()) yield { name: entry.name, isFolder };
    }
  } catch (thrown) {
    // Removed by somebody since the folder above was read.
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
}
