/**
 * Whose tokens the handlers believe, where a user pool is among them. Its address is known only once it is deployed,
 * and the configuration file is in the bundle by then: so the issuers, all of them, go by variable.
 */
import { Stack } from 'aws-cdk-lib';
import { parseConfig } from 'daybook/deployment';

import { ConfigError } from '../config/fault.ts';
import type { Deployment } from '../config/schema.ts';
import type { UserPool } from './user-pool.ts';

const NAME = 'cognito';
const PLACEHOLDER = {
  issuer: 'https://cognito.invalid/pool',
  clientId: 'client',
  jwks: 'https://cognito.invalid/pool/keys',
  subjectPrefix: '',
};

/** @throws {ConfigError} when the issuers that are configured do not go together with the pool's. */
export function issuersVariable(
  { access: { issuers } }: Pick<Deployment, 'access'>,
  pool: UserPool,
): { readonly DAYBOOK_ISSUERS: string } {
  if (NAME in issuers)
    throw new ConfigError(
      `access.issuers.${NAME}: expected another name, because access.cognito has an issuer of this one`,
    );
  try {
    parseConfig({ issuers: { ...issuers, [NAME]: PLACEHOLDER } });
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ConfigError(`access.${message}`, { cause: thrown });
  }
  return { DAYBOOK_ISSUERS: Stack.of(pool).toJsonString({ ...issuers, [NAME]: pool.issuer() }) };
}
