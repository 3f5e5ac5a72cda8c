/**
 * Names the file system under a directory; memory file systems make every durability figure meaningless.
 */
import { statfsSync } from 'node:fs';

export interface FileSystem {
  readonly name: string;
  /** Loses everything with the power, so a sync costs nothing. */
  readonly inMemory: boolean;
}

/** `f_type` of statfs(2), Linux. */
const FILE_SYSTEM_NAMES = new Map<number, string>([
  [0xef53, 'ext2/3/4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x2fc12fc1, 'zfs'],
  [0xf2f52010, 'f2fs'],
  [0x794c7630, 'overlayfs'],
  [0x6969, 'nfs'],
  [0x01021997, '9p'],
  [0x65735546, 'fuse'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
]);

export function readFileSystem(directory: string): FileSystem {
  const type = statfsSync(directory).type;
  const name =
    process.platform === 'linux' ? FILE_SYSTEM_NAMES.get(type >>> 0) : `${process.platform} type ${type}`;
  return { name: name ?? `unknown (0x${type.toString(16)})`, inMemory: name === 'tmpfs' || name === 'ramfs' };
}
