/**
 * The variables of a function: Daybook's own and no others. Where the parts are becomes a URL of Daybook's drivers.
 */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ENVIRONMENT } from 'daybook/deployment';
import { CONFIG_VARIABLE } from 'daybook/deployment';

import { SQS_MESSAGE_BYTES } from '../config/ceilings.ts';
import type { Buckets, Parts, Queues } from '../parts.ts';
import { CONFIG_PATH } from './code.ts';

export type Variables = Readonly<Record<string, string>>;
type Variable = keyof typeof ENVIRONMENT | typeof CONFIG_VARIABLE;

/** What every function is told. */
export function commonVariables(scope: Construct): Variables {
  const { region, stackName } = Stack.of(scope);
  return variables({
    [CONFIG_VARIABLE]: CONFIG_PATH,
    DAYBOOK_REGION: region,
    DAYBOOK_LOG_LEVEL: 'info',
    DAYBOOK_METRICS_NAMESPACE: `Daybook/${stackName}`,
  });
}

export function storeVariables(table: Parts['table']): Variables {
  const { region } = Stack.of(table);
  return variables({ DAYBOOK_STORE: `dynamodb://${region}/${table.tableName}` });
}

/**
 * @param queue `none`: entries go to the store directly.
 * @param beside `topic`: what is sent goes there, and comes to the queue. `crashed`: read as well, by a server that persists.
 */
export function queueVariables(
  queue: Queues['main'] | 'none',
  { topic, crashed }: { topic?: Queues['topic'] | undefined; crashed?: Queues['crashed'] } = {},
): Variables {
  if (queue === 'none') return variables({ DAYBOOK_QUEUE: queue });
  const { region, account } = Stack.of(queue);
  const parameters = [
    ...(topic === undefined ? [] : [`topic=${topic.topicArn}`, `topicMaxBytes=${SQS_MESSAGE_BYTES}`]),
    ...(crashed === undefined ? [] : [`crashed=${crashed.queueName}`]),
  ];
  const query = parameters.length === 0 ? '' : `?${parameters.join('&')}`;
  return variables({ DAYBOOK_QUEUE: `sqs://${region}/${account}/${queue.queueName}${query}` });
}

export function objectsVariables({ objects }: Buckets): Variables {
  const { region } = Stack.of(objects);
  return variables({ DAYBOOK_OBJECTS: `s3://${objects.bucketName}/?region=${region}` });
}

/** Holds the names against Daybook's own. */
export function variables<Name extends Variable>(given: Readonly<Record<Name, string>>): Variables {
  return given;
}
