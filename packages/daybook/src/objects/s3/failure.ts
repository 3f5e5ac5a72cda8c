/**
 * What an error of S3 means for an object. Names and statuses: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
import { ObjectsError } from '../objects.ts';

/**
 *   exists      a conditional write found an object
 *   contended   a conditional write met another one, or a removal, of the same name: to be repeated
 *   missing     there is no such object
 *   disk-full   of storages that speak S3 and have a disk that can be full
 *
 * Everything else is `unavailable`: it may succeed when the cause is gone, be that a throttle or a permission.
 */
type Meaning = 'exists' | 'contended' | 'missing' | 'disk-full' | 'unavailable';

const MEANINGS: Readonly<Record<string, Meaning>> = {
  PreconditionFailed: 'exists', // 412
  ConditionalRequestConflict: 'contended', // 409
  OperationAborted: 'contended', // 409
  NoSuchKey: 'missing', // 404
  NotFound: 'missing', // 404 of HEAD, which has no body to name it
  XMinioStorageFull: 'disk-full', // 507
};

export function meaningOf(thrown: unknown): Meaning {
  return thrown instanceof Error ? (MEANINGS[thrown.name] ?? 'unavailable') : 'unavailable';
}

export function toObjectsError(what: string, thrown: unknown): ObjectsError {
  const reason = meaningOf(thrown) === 'disk-full' ? 'disk-full' : 'unavailable';
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return new ObjectsError(reason, `s3: ${what}: ${error.name}: ${error.message}`, thrown);
}
