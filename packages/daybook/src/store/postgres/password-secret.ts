/**
 * The password of a store in AWS Secrets Manager: JSON with `password` and perhaps `username`, as Amazon RDS keeps the
 * credentials that it manages ("Password management with Amazon RDS and AWS Secrets Manager", RDS User Guide). The only
 * module that imports the Secrets Manager client of the AWS SDK.
 */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import { toError } from '../../errors.ts';
import type { CachedPasswordOptions } from './cached-password.ts';
import { createCachedPassword } from './cached-password.ts';
import type { RotatingPassword } from './password.ts';
import { PasswordError } from './password.ts';

export interface PasswordSecretOptions extends Pick<CachedPasswordOptions, 'onRenewed' | 'onNotRead'> {
  readonly arn: string;
  readonly awsRegion: string;
  /** Default: Amazon's for the region. */
  readonly endpoint?: string;
  /** Who the URLs say connects; a secret of another user is refused. */
  readonly users: readonly string[];
  /** Default 60 000. */
  readonly freshMs?: number;
}

const FRESH_MS = 60_000;
const ATTEMPTS = 2;
const CONNECT_TIMEOUT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 2_000;
/** "GetSecretValue", AWS Secrets Manager API Reference: what no waiting mends. */
const UNUSABLE = new Set(['ResourceNotFoundException', 'InvalidParameterException', 'ValidationException']);

export function createPasswordSecret(options: PasswordSecretOptions): RotatingPassword {
  const { arn, awsRegion, endpoint, users, freshMs = FRESH_MS, ...told } = options;
  const client = new SecretsManagerClient({
    region: awsRegion,
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      // Asked once a minute at most: a connection that is kept would be closed by the other side.
      httpAgent: { keepAlive: false },
      httpsAgent: { keepAlive: false },
    },
  });

  async function read(): Promise<string> {
    // Without a stage: the current version.
    const command = new GetSecretValueCommand({ SecretId: arn });
    const { SecretString } = await client.send(command).catch((cause: unknown) => {
      const { name, message } = toError(cause);
      throw new PasswordError(`${arn}: ${name}: ${message}`, {
        unusable: UNUSABLE.has(name),
        cause,
      });
    });
    const { username, password } = credentialOf(SecretString);
    if (typeof password !== 'string' || password === '') {
      throw unusable(`${arn}: expected a JSON object with the text "password", given something else`);
    }
    if (typeof username === 'string' && users.some((user) => user !== username)) {
      throw unusable(`${arn}: expected the user of store.url and store.replicaUrl, given ${username}`);
    }
    return password;
  }

  return createCachedPassword({ ...told, read, freshMs });
}

interface Credential {
  readonly username?: unknown;
  readonly password?: unknown;
}

/** What the parser would say of a text that is no JSON holds some of it. */
function credentialOf(text: string | undefined): Credential {
  try {
    const parsed: unknown = JSON.parse(text ?? '');
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function unusable(message: string): PasswordError {
  return new PasswordError(message, { unusable: true });
}
