/**
 * The admin key: random, made at the first start, kept in the data directory for its owner's eyes only.
 */
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { StartError, toError } from '../errors.ts';
import { randomId } from '../id.ts';
import { writeDurably } from './durable-file.ts';

const KEY = /^[\x21-\x7e]{32,512}$/;
const OWNER_ONLY = 0o600;

export interface AdminKey {
  readonly key: string;
  readonly file: string;
  readonly isNew: boolean;
}

/** The caller owns the directory. @throws {StartError} when the file cannot be made or read, or holds no key. */
export function readOrMakeAdminKey(directory: string): AdminKey {
  const file = join(directory, 'admin.key');
  const isNew = !existsSync(file);
  try {
    if (isNew) writeDurably(file, `${randomId()}${randomId()}${randomId()}${randomId()}\n`);
    else chmodSync(file, OWNER_ONLY);
    const key = readFileSync(file, 'utf8').trim();
    if (KEY.test(key)) return { key, file, isNew };
    throw new StartError(
      `${file}: expected 32 to 512 visible ASCII characters, given ${key.length}; delete it to have a new one made`,
    );
  } catch (thrown) {
    if (thrown instanceof StartError) throw thrown;
    throw new StartError(`${file}: expected a file that can be made and read: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
}
