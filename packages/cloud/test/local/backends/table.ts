/**
 * The table in DynamoDB Local, as the template defines it: keys, attributes, capacity, stream, time to live. What DynamoDB
 * Local has no notion of (encryption, recovery, deletion protection) is left to the assertions on the template.
 */
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { CreateTableCommand, DynamoDBClient, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';

import type { ResolvedResource } from '../template/resolve-template.ts';

interface TableProperties extends Pick<
  CreateTableCommandInput,
  | 'AttributeDefinitions'
  | 'KeySchema'
  | 'BillingMode'
  | 'ProvisionedThroughput'
  | 'GlobalSecondaryIndexes'
  | 'LocalSecondaryIndexes'
  | 'StreamSpecification'
> {
  readonly TimeToLiveSpecification?: { readonly AttributeName: string; readonly Enabled: boolean };
}

export async function createTemplateTable(
  resource: ResolvedResource,
  { endpoint, region }: { readonly endpoint: string; readonly region: string },
): Promise<void> {
  const properties = resource.properties() as TableProperties;
  const client = new DynamoDBClient({ endpoint, region });
  try {
    const { TimeToLiveSpecification: timeToLive } = properties;
    await client.send(
      new CreateTableCommand({
        TableName: resource.ref,
        AttributeDefinitions: properties.AttributeDefinitions,
        KeySchema: properties.KeySchema,
        BillingMode: properties.BillingMode,
        ProvisionedThroughput: properties.ProvisionedThroughput,
        GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes,
        LocalSecondaryIndexes: properties.LocalSecondaryIndexes,
        StreamSpecification: properties.StreamSpecification && {
          ...properties.StreamSpecification,
          StreamEnabled: true,
        },
      }),
    );
    if (timeToLive !== undefined) {
      const change = { TableName: resource.ref, TimeToLiveSpecification: timeToLive };
      await client.send(new UpdateTimeToLiveCommand(change));
    }
  } finally {
    client.destroy();
  }
}
