/**
 * What is uploaded for a function: its bundle with the configuration beside it. Kept by the hash of both, so the same
 * input has the same place, and two syntheses at the same time do no harm to each other.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export const CONFIG_FILE = 'daybook.config.json';
/** Where Lambda unpacks a function: "Lambda execution environment". */
export const CONFIG_PATH = `/var/task/${CONFIG_FILE}`;

/**
 * @param bundle the directory of a handler's bundle; its place is that of everything that belongs to the same build.
 * @returns the directory to upload.
 */
export function functionCode(bundle: string, config: Readonly<Record<string, unknown>>): string {
  const text = `${JSON.stringify(config, null, 2)}\n`;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const directory = join(dirname(bundle), `${basename(bundle)}-${hash}`);
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  cpSync(bundle, unfinished, { recursive: true });
  writeFileSync(join(unfinished, CONFIG_FILE), text);
  try {
    renameSync(unfinished, directory);
  } catch (thrown) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(directory)) throw thrown;
  }
  return directory;
}
