/**
 * The variables of the tiers: Daybook's own and no others, without a secret. The configuration itself is one of them,
 * since a container has no file that a deployment could write.
 */
import type { aws_s3 as s3 } from 'aws-cdk-lib';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { CONFIG_VARIABLE } from 'daybook/deployment';

import { daybookConfigOf } from '../config/daybook-config.ts';
import type { Deployment } from '../config/schema.ts';
import type { TierName } from '../config/service-schema.ts';
import { DATABASE, DATABASE_PORT, DATABASE_USER } from '../database/names.ts';
import type { Variables } from '../functions/environment.ts';
import { objectsVariables, queueVariables, variables } from '../functions/environment.ts';
import type { Database, ServiceParts } from '../parts.ts';
import { DATA_DIR, PORT, RDS_CERTIFICATES } from './image.ts';

export interface TierEnvironment extends Pick<ServiceParts, 'database' | 'queues' | 'buckets'> {
  readonly deployment: Deployment;
  /** Where the tier `web` finds the tier `api`. */
  readonly apiUrl: string;
  /** Whose tokens are believed, where that is known only during the deployment. */
  readonly issuers?: Variables | undefined;
}

export function tierVariables(
  tier: TierName,
  { deployment, database, queues, buckets, apiUrl, issuers }: TierEnvironment,
): Variables {
  const common = {
    [CONFIG_VARIABLE]: inline(daybookConfigOf(tier === 'api' ? deployment : withoutIssuers(deployment))),
    ...variables({
      DAYBOOK_PORT: `${PORT}`,
      DAYBOOK_REGION: Stack.of(queues.main).region,
      DAYBOOK_LOG_LEVEL: 'info',
      DAYBOOK_ROLES: tier,
    }),
  };
  if (tier === 'web') return { ...common, ...variables({ DAYBOOK_API_URL: apiUrl }) };
  const behind = {
    ...common,
    ...variables({ DAYBOOK_DATA_DIR: DATA_DIR }),
    ...databaseVariables(database),
    ...objectsVariables(buckets),
  };
  return tier === 'api'
    ? { ...behind, ...queueVariables(queues.main, { topic: queues.topic }), ...issuers }
    : { ...behind, ...queueVariables(queues.main, { crashed: queues.crashed }) };
}

/** Nobody else is shown a token, and nobody else reaches the keys. */
function withoutIssuers({ access, ...rest }: Deployment): Deployment {
  return { ...rest, access: { ...access, issuers: {} } };
}

/** Of the archiver, which writes nothing but segments and speaks HTTP with nobody. */
export function archiveVariables(
  scope: Construct,
  { deployment, database, bucket }: { deployment: Deployment; database: Database; bucket: s3.Bucket },
): Variables {
  return {
    [CONFIG_VARIABLE]: inline(daybookConfigOf(withoutIssuers(deployment))),
    ...variables({ DAYBOOK_REGION: Stack.of(scope).region, DAYBOOK_LOG_LEVEL: 'info' }),
    ...databaseVariables(database),
    ...objectsVariables({ objects: bucket }),
  };
}

function databaseVariables({ host, readerHost, secretArn }: ServiceParts['database']): Variables {
  return {
    ...variables({
      DAYBOOK_STORE: urlOf(host),
      DAYBOOK_STORE_PASSWORD_FROM: `aws-secret:${secretArn}`,
    }),
    ...(readerHost !== undefined && variables({ DAYBOOK_STORE_REPLICA: urlOf(readerHost) })),
  };
}

/** Without a password, and refused unless the server proves that it is the one that is named. */
function urlOf(host: string): string {
  const tls = `sslmode=verify-full&sslrootcert=${RDS_CERTIFICATES}`;
  return `postgres://${DATABASE_USER}@${host}:${DATABASE_PORT}/${DATABASE}?${tls}`;
}

/** A data URL (RFC 2397): what is in it cannot be torn apart by quotes, and is read by Daybook as a file. */
function inline(config: Readonly<Record<string, unknown>>): string {
  return `data:application/json;base64,${Buffer.from(JSON.stringify(config)).toString('base64')}`;
}
