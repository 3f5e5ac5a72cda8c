/**
 * What kind of file system a folder is on, by the magic number that statfs(2) gives on Linux; the numbers are those of
 * `linux/magic.h`. Elsewhere nothing is known and nothing is assumed.
 */
import { statfsSync } from 'node:fs';

interface FileSystem {
  readonly name: string;
  /** Whether it lives in memory, and is gone with the machine. */
  readonly memory: boolean;
}

const EPHEMERAL_FILE_SYSTEMS: ReadonlyMap<number, FileSystem> = new Map([
  [0x01021994, { name: 'tmpfs', memory: true }],
  [0x858458f6, { name: 'ramfs', memory: true }],
  // A container's own layer: on a disk, and removed with the container.
  [0x794c7630, { name: 'overlayfs', memory: false }],
]);

/** @returns the name of a file system that ends with its machine or container; undefined for any other. */
export function ephemeralFileSystem(directory: string): string | undefined {
  return read(directory)?.name;
}

/** @returns the name of a file system that lives in memory; undefined for any other. */
export function memoryFileSystem(directory: string): string | undefined {
  const found = read(directory);
  return found?.memory === true ? found.name : undefined;
}

function read(directory: string): FileSystem | undefined {
  if (process.platform !== 'linux') return undefined;
  // A 32-bit kernel gives the number with a sign.
  return EPHEMERAL_FILE_SYSTEMS.get(statfsSync(directory).type >>> 0);
}
