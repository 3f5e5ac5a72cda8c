/**
 * The object storage port: named, immutable objects for dead letters, archive segments and backups. Writes only create;
 * an object is never changed. One conformance suite (`testing/objects-conformance.ts`) holds every driver to this.
 */
import type { DurabilityLevel } from '../durability.ts';

export interface ObjectsCapabilities {
  readonly driver: string;
  readonly durability: DurabilityLevel;
  /** How the level is known, for people. */
  readonly durabilityProof: string;
  /** Whether every server of a fleet sees the same objects. */
  readonly shared: boolean;
  /**
   * Whether a read compares the bytes with a checksum that is kept beside them. Where it does not, what comes back is
   * what the storage says: a format that must know carries a checksum of its own.
   */
  readonly verified: boolean;
}

export interface ObjectInfo {
  readonly name: string;
  readonly bytes: number;
  /** By the storage's clock, which may count in whole seconds; Unix microseconds. */
  readonly createdAt: number;
}

export interface ListObjects {
  /** What the names begin with, cut anywhere; the empty string for all. */
  readonly prefix: string;
  /** Only names that sort behind this one, whether or not there is such an object. */
  readonly after?: string;
  /** 1 to {@link MAX_PAGE_OBJECTS}. */
  readonly limit: number;
}

export interface ObjectsPage {
  /** By name, ascending by their bytes. What is created or removed meanwhile may be here or not. */
  readonly objects: readonly ObjectInfo[];
  /** True when there is more behind the last of them; never on an empty page. */
  readonly more: boolean;
}

export const MAX_PAGE_OBJECTS = 1_000;

/**
 * An object storage that did not do what it was asked for.
 *
 *   disk-full, unavailable   the same call succeeds when the cause is gone
 *   corrupt                  the bytes of an object are not those that were written
 *
 * What failed may have been done all the same: a `create` that is repeated then gives false.
 */
export class ObjectsError extends Error {
  override readonly name = 'ObjectsError';
  readonly reason: 'disk-full' | 'unavailable' | 'corrupt';

  constructor(reason: ObjectsError['reason'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/**
 * Names are 1 to 512 characters of `[A-Za-z0-9._-]` and `/`, with segments of 1 to 255 that are not `.` or `..`; others
 * are a TypeError. Two things no caller does, because not every storage can hold both: names that differ only by case,
 * and a name that is a folder of another (`a` beside `a/b`).
 */
export interface Objects {
  readonly capabilities: ObjectsCapabilities;
  /**
   * Resolves only after the object is durable, also when it is another's; nobody ever sees a part of one. Of many that
   * create one name at the same time exactly one is told true.
   * @returns false when there is an object of that name, which stays as it is.
   * @throws {ObjectsError}
   */
  create(name: string, bytes: Uint8Array): Promise<boolean>;
  /** @returns undefined when there is none. @throws {ObjectsError} `corrupt` only where `capabilities.verified`. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Holds a page in memory, never a folder. @throws {ObjectsError} */
  list(query: ListObjects): Promise<ObjectsPage>;
  /** Idempotent; durable when it resolves. @throws {ObjectsError} */
  remove(name: string): Promise<void>;
  /** Proves that an object could be created, and that creating does not overwrite. @throws {ObjectsError} */
  probe(): Promise<void>;
  /** Every other call was awaited before, and none follows. */
  close(): Promise<void>;
}
