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
}

export interface ObjectInfo {
  readonly name: string;
  readonly bytes: number;
  /** Unix microseconds. */
  readonly createdAt: number;
}

export interface ListObjects {
  readonly prefix: string;
  /** Only names that sort behind this one. */
  readonly after?: string;
  readonly limit: number;
}

export interface ObjectsPage {
  /** By name, ascending by their bytes. */
  readonly objects: readonly ObjectInfo[];
  readonly more: boolean;
}

/** An object storage that did not do what it was asked for; the same call may succeed later. */
export class ObjectsError extends Error {
  override readonly name = 'ObjectsError';
  readonly reason: 'disk-full' | 'unavailable';

  constructor(reason: ObjectsError['reason'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** Names are 1 to 512 characters of `[A-Za-z0-9._-]` and `/`, without empty, `.` or `..` segments; others are a TypeError. */
export interface Objects {
  readonly capabilities: ObjectsCapabilities;
  /**
   * Resolves only after the object is durable; nobody ever sees a part of one.
   * @returns false when there is an object of that name, which stays as it is.
   * @throws {ObjectsError}
   */
  create(name: string, bytes: Uint8Array): Promise<boolean>;
  /** @returns undefined when there is none. @throws {ObjectsError} also when the bytes are not those that were written. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** @throws {ObjectsError} */
  list(query: ListObjects): Promise<ObjectsPage>;
  /** Idempotent; durable when it resolves. @throws {ObjectsError} */
  remove(name: string): Promise<void>;
  /** Proves that an object could be created. @throws {ObjectsError} */
  probe(): Promise<void>;
  close(): Promise<void>;
}
