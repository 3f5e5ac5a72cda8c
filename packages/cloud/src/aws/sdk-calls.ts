/**
 * The calls as they are: by the AWS SDK, whose clients are loaded when the first call needs them. Credentials are found as
 * the SDK finds them everywhere: profile, environment, single sign-on, role.
 */
import { describeFailure } from './failure.ts';
import type { Answer, AwsCalls, CallName, Input } from './aws-calls.ts';
import { AwsError } from './aws-calls.ts';

/** What is used of any client's module. */
type SdkModule = Readonly<Record<string, new (input: object) => object>>;
interface Client {
  send(command: object): Promise<object>;
}

/** By the prefix that IAM gives each service's actions. */
const PACKAGES: Readonly<Record<string, { readonly client: string; load(): Promise<object> }>> = {
  'application-autoscaling': {
    client: 'ApplicationAutoScalingClient',
    load: () => import('@aws-sdk/client-application-auto-scaling'),
  },
  backup: { client: 'BackupClient', load: () => import('@aws-sdk/client-backup') },
  cloudformation: { client: 'CloudFormationClient', load: () => import('@aws-sdk/client-cloudformation') },
  cloudwatch: { client: 'CloudWatchClient', load: () => import('@aws-sdk/client-cloudwatch') },
  dynamodb: { client: 'DynamoDBClient', load: () => import('@aws-sdk/client-dynamodb') },
  ecs: { client: 'ECSClient', load: () => import('@aws-sdk/client-ecs') },
  logs: { client: 'CloudWatchLogsClient', load: () => import('@aws-sdk/client-cloudwatch-logs') },
  rds: { client: 'RDSClient', load: () => import('@aws-sdk/client-rds') },
  sqs: { client: 'SQSClient', load: () => import('@aws-sdk/client-sqs') },
  sts: { client: 'STSClient', load: () => import('@aws-sdk/client-sts') },
};

const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;

/** @param profile whose credentials they are, for messages. */
export function createSdkCalls(profile?: string): AwsCalls {
  const clients = new Map<string, Client>();

  async function open(service: string, region: string): Promise<{ client: Client; module: SdkModule }> {
    const { client: className, load } = PACKAGES[service] as (typeof PACKAGES)[string];
    const module = (await load()) as SdkModule;
    const key = `${service} ${region}`;
    let client = clients.get(key);
    if (client === undefined) {
      const ClientClass = module[className] as SdkModule[string];
      client = new ClientClass({
        region,
        requestHandler: {
          connectionTimeout: CONNECT_TIMEOUT_MS,
          requestTimeout: REQUEST_TIMEOUT_MS,
          throwOnRequestTimeout: true,
        },
      }) as Client;
      clients.set(key, client);
    }
    return { client, module };
  }

  return {
    async send<Name extends CallName>(name: Name, region: string, input: Input<Name>): Promise<Answer<Name>> {
      const [service = '', operation = ''] = name.split(':');
      const { client, module } = await open(service, region);
      const Command = module[`${operation}Command`] as SdkModule[string];
      try {
        return await client.send(new Command(input));
      } catch (thrown) {
        const { code, message } = describeFailure(thrown, { name, region, profile });
        throw new AwsError(code, message, { cause: thrown });
      }
    },
  };
}
