/**
 * The admin key: random, made at the first start, kept in the data directory for its owner's eyes only.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { StartError } from '../errors.ts';
import { randomId } from '../id.ts';

const KEY = /^[\x21-\x7e]{32,512}$/;
const OWNER_ONLY = 0o600;

/** @throws {StartError} when the file is there and holds no key. */
export function readOrMakeAdminKey(directory: string): { key: string; file: string; isNew: boolean } {
  const file = join(directory, 'admin.key');
  try {
    const made = [randomId(), randomId(), randomId(), randomId()].join('');
    writeFileSync(file, `${made}\n`, { mode: OWNER_ONLY, flag: 'wx' });
    return { key: made, file, isNew: true };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new StartError(`dataDir: cannot write ${file}`, { cause: thrown });
  }
  const key = readFileSync(file, 'utf8').trim();
  if (!KEY.test(key))
    throw new StartError(
      `${file}: expected 32 to 512 visible ASCII characters, given ${key.length}; delete it to have a new one made`,
    );
  chmodSync(file, OWNER_ONLY);
  return { key, file, isNew: false };
}
