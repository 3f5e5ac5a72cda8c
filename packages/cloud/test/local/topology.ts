/** A topology of `examples/topologies` on this machine, for the length of a test file. */
import { after } from 'node:test';

import { merge } from '../../src/config/merge.ts';
import type { CloudConfig, EnvironmentName } from '../../src/config/schema.ts';
import { createOperatorKey } from 'daybook/deployment';
import { synthesise } from './assembly.ts';
import type { LocalCloud, LocalCloudOptions } from './local-cloud.ts';
import { startLocalCloud } from './local-cloud.ts';

export type TopologyName = 'alb-lambda' | 'gateway-queue' | 'jwt-gateway';

export interface Topology extends LocalCloud {
  /** An API key with the role admin, made as `npm run cloud -- admin-key` makes one. */
  adminKey(): Promise<string>;
}

export interface TopologyOptions extends Omit<LocalCloudOptions, 'assembly'> {
  /** Laid over the example, as another configuration file would say it. */
  readonly changes?: Partial<CloudConfig>;
}

/** Ends with the file. */
export async function openTopology(
  name: TopologyName,
  environment: EnvironmentName,
  { changes = {}, ...options }: TopologyOptions = {},
): Promise<Topology> {
  const file = new URL(`../../../../examples/topologies/${name}.ts`, import.meta.url);
  const { default: example } = (await import(file.href)) as { default: CloudConfig };
  const assembly = await synthesise(merge(example, changes) as CloudConfig, environment);
  const cloud = await startLocalCloud({ assembly, ...options }).catch(async (thrown: unknown) => {
    // Nothing of `after` is run when a file fails while it is loaded.
    await assembly.dispose();
    throw thrown;
  });
  after(async () => {
    await cloud.close();
    await assembly.dispose();
  });
  let key: Promise<string> | undefined;
  async function makeKey(): Promise<string> {
    // As an operator's AWS SDK is pointed elsewhere; DynamoDB Local has set credentials already.
    process.env['AWS_ENDPOINT_URL_DYNAMODB'] = cloud.dynamoDb.endpoint;
    const made = await createOperatorKey({
      table: cloud.tableName,
      region: cloud.region,
      name: 'operator',
      by: 'operator:test',
      expiresAt: (Date.now() + 3_600_000) * 1000,
    });
    return made.key;
  }
  return { ...cloud, adminKey: () => (key ??= makeKey()) };
}
