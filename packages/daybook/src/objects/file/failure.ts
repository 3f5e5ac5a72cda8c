/**
 * What an error of the file system means for an object (errno(3)).
 */
import { ObjectsError } from '../objects.ts';

const DISK_FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
}

/** @throws {ObjectsError} for every failure of the file system; what is no such failure passes as it is. */
export async function asObjectsError<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const code = codeOf(thrown);
    if (!(thrown instanceof Error) || code === undefined) throw thrown;
    const reason = DISK_FULL.has(code) ? 'disk-full' : 'unavailable';
    throw new ObjectsError(reason, `file objects: ${what}: ${thrown.message}`, thrown);
  }
}
