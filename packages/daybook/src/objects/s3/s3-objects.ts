/**
 * Object storage in an S3 bucket. Writes are conditional (`If-None-Match: *`), so that they only create; S3 compares
 * what arrives with a SHA-256, and so do we when it is read again. Needs the package `@aws-sdk/client-s3` and, of the
 * bucket, s3:PutObject, s3:GetObject, s3:DeleteObject and s3:ListBucket.
 */
import { createHash } from 'node:crypto';

import { StartError } from '../../errors.ts';
import { randomId } from '../../id.ts';
import { createBackOff } from '../../retry.ts';
import { assertListQuery, assertObjectName, isObjectName } from '../object-name.ts';
import type { ListObjects, Objects, ObjectsPage } from '../objects.ts';
import { ObjectsError } from '../objects.ts';
import { s3Capabilities } from './capabilities.ts';
import { meaningOf, toObjectsError } from './failure.ts';
import type { S3Connection } from './s3-client.ts';
import { createS3 } from './s3-client.ts';

export interface S3ObjectsOptions extends S3Connection {
  /** Before every name: '' or one that ends with a slash. */
  readonly prefix: string;
}

/** "If you receive a 409, retry": https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
const CONTENDED_ATTEMPTS = 8;
const CONTENDED_BACK_OFF = { firstMs: 50, limitMs: 1_000 };
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-bucket-naming-rules.html */
const DIRECTORY_BUCKET = /--x-s3$/;

/**
 * Asks nothing of S3 yet.
 * @throws {StartError} for a directory bucket: it lists in no order.
 */
export function createS3Objects({ prefix, ...connection }: S3ObjectsOptions): Objects {
  if (DIRECTORY_BUCKET.test(connection.bucket)) {
    throw new StartError(
      `objects: expected a general purpose bucket, given the directory bucket ${connection.bucket}`,
    );
  }
  const s3 = createS3(connection);
  let isCreateOnly = false;

  /** @param name with the prefix. */
  async function create(name: string, bytes: Uint8Array): Promise<boolean> {
    const hash = createHash('sha256').update(bytes).digest();
    const metadata = { sha256: hash.toString('hex'), writer: randomId() };
    const backOff = createBackOff(CONTENDED_BACK_OFF);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await s3.putIfAbsent(name, bytes, hash.toString('base64'), metadata);
        return true;
      } catch (thrown) {
        const meaning = meaningOf(thrown);
        if (meaning === 'exists') return await isOurs(name, metadata.writer);
        if (meaning !== 'contended' || attempt === CONTENDED_ATTEMPTS) throw thrown;
        await backOff.wait();
      }
    }
  }

  /** Of an attempt whose answer was lost the next one hears that the object exists: it may be its own. */
  async function isOurs(name: string, writer: string): Promise<boolean> {
    try {
      return (await s3.head(name))['writer'] === writer;
    } catch (thrown) {
      if (meaningOf(thrown) === 'missing') return false; // Created by another and removed since.
      throw thrown;
    }
  }

  async function read(name: string): Promise<Uint8Array | undefined> {
    try {
      const { bytes, metadata } = await s3.get(prefix + name);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      // What was not written by us has no checksum of ours.
      if ((metadata['sha256'] ?? sha256) === sha256) return bytes;
      throw new ObjectsError(
        'corrupt',
        `s3: ${name}: expected bytes of SHA-256 ${metadata['sha256']}, given ${sha256}`,
      );
    } catch (thrown) {
      if (meaningOf(thrown) === 'missing') return undefined;
      throw thrown;
    }
  }

  async function list({ prefix: begin, after = '', limit }: ListObjects): Promise<ObjectsPage> {
    for (let behind = after === '' ? '' : prefix + after; ;) {
      const { objects, more } = await s3.list(prefix + begin, behind, limit);
      const ours = objects
        .map(({ key, bytes, modifiedMs }) => ({
          name: key.slice(prefix.length),
          bytes,
          createdAt: modifiedMs * 1000,
        }))
        // Others may keep things of their own kind in the bucket.
        .filter(({ name }) => isObjectName(name));
      if (ours.length > 0 || !more) return { objects: ours, more };
      behind = objects.at(-1)?.key ?? behind;
    }
  }

  /** Whether writes only create is tried once: a storage that knows no conditions ignores them without a word. */
  async function probe(): Promise<void> {
    // No object's name has an exclamation mark.
    const name = `${prefix}!probe-${randomId()}`;
    const bytes = new Uint8Array(1);
    try {
      if (!(await create(name, bytes)))
        throw new ObjectsError(
          'unavailable',
          's3: expected to create an object of a random name, given that it exists',
        );
      if (!isCreateOnly && (await create(name, bytes)))
        throw new ObjectsError(
          'unavailable',
          's3: expected a storage that honours If-None-Match on writes, given one that overwrites',
        );
      isCreateOnly = true;
    } finally {
      await s3.delete(name);
    }
  }

  return {
    capabilities: s3Capabilities(connection.endpoint),
    async create(name, bytes) {
      assertObjectName(name);
      return asObjectsError(`create ${name}`, async () => {
        if (!isCreateOnly) await probe();
        return create(prefix + name, bytes);
      });
    },
    async read(name) {
      assertObjectName(name);
      return asObjectsError(`read ${name}`, () => read(name));
    },
    async list(query) {
      assertListQuery(query);
      return asObjectsError('list', () => list(query));
    },
    async remove(name) {
      assertObjectName(name);
      await asObjectsError(`remove ${name}`, () => s3.delete(prefix + name));
    },
    probe: () => asObjectsError('probe', probe),
    async close() {
      s3.close();
    },
  };
}

async function asObjectsError<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    // A defect of ours is none of the storage's.
    if (thrown instanceof TypeError || thrown instanceof RangeError) throw thrown;
    throw thrown instanceof ObjectsError ? thrown : toObjectsError(what, thrown);
  }
}
