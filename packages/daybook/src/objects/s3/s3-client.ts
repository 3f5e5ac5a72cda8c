/**
 * The requests to S3 that object storage needs, each bounded in time. The only module that imports the AWS SDK.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

export interface S3Connection {
  readonly bucket: string;
  /** Default: what the SDK finds, such as AWS_REGION. */
  readonly region?: string;
  readonly endpoint?: string;
  readonly forcePathStyle?: boolean;
}

/** As the headers `x-amz-meta-…`: they stay with the object when it is copied. */
export type Metadata = Readonly<Record<string, string>>;

export interface S3Listed {
  readonly key: string;
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly modifiedMs: number;
}

/** Every method throws what the SDK throws; see `failure.ts`. */
export interface S3 {
  /** @param sha256 as base64: S3 refuses bytes that do not have it. */
  putIfAbsent(key: string, bytes: Uint8Array, sha256: string, metadata: Metadata): Promise<void>;
  get(key: string): Promise<{ readonly bytes: Uint8Array; readonly metadata: Metadata }>;
  head(key: string): Promise<Metadata>;
  list(prefix: string, after: string, limit: number): Promise<{ objects: S3Listed[]; more: boolean }>;
  delete(key: string): Promise<void>;
  close(): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Without a byte in either direction. */
const IDLE_TIMEOUT_MS = 20_000;
/** A call with all its attempts; large objects have longer. */
const CALL_TIMEOUT_MS = 60_000;
const SLOWEST_BYTES_PER_MS = 512;
/** The SDK repeats throttles, timeouts and 5xx by itself, with back-off and jitter. */
const ATTEMPTS = 3;

export function createS3({ bucket, region, endpoint, forcePathStyle = false }: S3Connection): S3 {
  const client = new S3Client({
    forcePathStyle,
    maxAttempts: ATTEMPTS,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
    // We compare with a checksum that stays with the object also where the storage has another kind, or none.
    responseChecksumValidation: 'WHEN_REQUIRED',
  });

  return {
    async putIfAbsent(key, bytes, sha256, metadata) {
      const input = {
        Bucket: bucket,
        Key: key,
        Body: bytes,
        ChecksumSHA256: sha256,
        Metadata: { ...metadata },
      };
      // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
      await client.send(new PutObjectCommand({ ...input, IfNoneMatch: '*' }), within(bytes.byteLength));
    },
    async get(key) {
      const { Body, Metadata = {} } = await client.send(
        new GetObjectCommand({ Bucket: bucket, Key: key }),
        within(),
      );
      return { bytes: (await Body?.transformToByteArray()) ?? new Uint8Array(0), metadata: Metadata };
    },
    async head(key) {
      const { Metadata = {} } = await client.send(
        new HeadObjectCommand({ Bucket: bucket, Key: key }),
        within(),
      );
      return Metadata;
    },
    async list(prefix, after, limit) {
      const input = { Bucket: bucket, Prefix: prefix, StartAfter: after, MaxKeys: limit };
      const { Contents = [], IsTruncated = false } = await client.send(
        new ListObjectsV2Command(input),
        within(),
      );
      const objects = Contents.map(({ Key = '', Size = 0, LastModified }) => ({
        key: Key,
        bytes: Size,
        modifiedMs: LastModified?.getTime() ?? 0,
      }));
      return { objects, more: IsTruncated };
    },
    async delete(key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), within());
    },
    close: () => client.destroy(),
  };
}

/** @param bytes how many go one way or the other. */
function within(bytes = 0): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(CALL_TIMEOUT_MS + Math.ceil(bytes / SLOWEST_BYTES_PER_MS)) };
}
