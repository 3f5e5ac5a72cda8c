/**
 * What it means that a server could not be opened: it is away and is waited for, or it is there and nothing will come of
 * waiting.
 */
import { StartError } from '../../errors.ts';
import { StoreError } from '../store.ts';
import type { ConnectionOptions } from './connection.ts';
import { reasonOf, sqlStateOf, toStoreError, WRONG_PASSWORD } from './failure.ts';
import { PasswordError } from './password.ts';

/** A wrong credential, a missing database or right: nothing that goes away by itself. */
const UNUSABLE = /^(?:28|3D|42501)/;
/** Node.js and OpenSSL when a certificate does not hold, and what `pg` says of a server without TLS. */
const TLS_FAILURE = /CERT|^ERR_(?:TLS|SSL|OSSL)|^UNABLE_TO/;
const NO_TLS = 'The server does not support SSL connections';

/** @returns a StoreError while the server cannot be reached, a StartError when it is there and cannot be used. */
export function toOpenError(error: Error, { target, password }: ConnectionOptions): Error {
  if (error instanceof StartError || error instanceof StoreError) return error;
  const storeError = toStoreError(error, target.server, 'not-written');
  const state = sqlStateOf(error);
  // While it is rotated, secret and database disagree for a moment.
  if (state === WRONG_PASSWORD && password !== undefined) return storeError;
  const unusable =
    state === undefined
      ? isUnusable(error)
      : UNUSABLE.test(state) || ['rejected', 'unexpected'].includes(reasonOf(error));
  return unusable ? new StartError(`store: ${storeError.message}`, { cause: storeError.cause }) : storeError;
}

/** Of what the server did not say. */
function isUnusable(error: Error): boolean {
  if (error instanceof PasswordError) return error.unusable;
  const { code } = error as { code?: unknown };
  return TLS_FAILURE.test(String(code)) || error.message === NO_TLS;
}
