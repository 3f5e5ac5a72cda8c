/**
 * What the figures were taken on; part of every result.
 */
import { arch, availableParallelism, cpus, release, totalmem } from 'node:os';
import { readFileSystem } from './file-system.ts';

export interface MachineSpecification {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly system: string;
  readonly node: string;
  readonly sqlite: string;
  readonly fileSystem: string;
}

export function readMachineSpecification(directory: string): MachineSpecification {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGigabytes: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    system: `${process.platform} ${release()} ${arch()}`,
    node: process.version,
    sqlite: process.versions['sqlite'] ?? 'unknown',
    fileSystem: readFileSystem(directory).name,
  };
}
