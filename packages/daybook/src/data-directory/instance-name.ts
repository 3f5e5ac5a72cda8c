/**
 * The name of a data directory: random, made once, the same for every process that owns it later. A local queue vouches
 * under it, because what it holds outlives the process.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { StartError, toError } from '../errors.ts';
import { randomId } from '../id.ts';
import { writeDurably } from './durable-file.ts';

const NAME = /^[0-9a-f]{16}$/;

/** The caller owns the directory. @throws {StartError} when the file cannot be made or read, or holds no name. */
export function readOrMakeInstanceName(directory: string): string {
  const file = join(directory, 'instance.name');
  try {
    if (!existsSync(file)) writeDurably(file, `${randomId()}\n`);
    const name = readFileSync(file, 'utf8').trim();
    if (NAME.test(name)) return name;
    throw new StartError(
      `${file}: expected 16 hexadecimal digits, given ${name.length} other characters; it names the queue beside it, so put back the file that belongs to it`,
    );
  } catch (thrown) {
    if (thrown instanceof StartError) throw thrown;
    throw new StartError(`${file}: expected a file that can be made and read: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
}
