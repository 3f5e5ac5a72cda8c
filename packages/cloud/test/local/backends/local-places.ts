/**
 * The only changes that a function's variables see here: where the services answer, as the `endpoint` of Daybook's own
 * URLs; where the bundle lies, which Lambda calls /var/task; where the front answers; and where a user pool publishes its keys.
 */
import type { StackPlace } from '../template/resolve-template.ts';

export interface Places {
  readonly dynamoDb: string;
  /** SQS and SNS. */
  readonly services: string | undefined;
  /** S3, which is a proxy before the other. */
  readonly objects: string | undefined;
  readonly taskRoot: string;
  readonly frontUrl: string | undefined;
  /** Of the user pool, where there is one: the `jwks` of every issuer in a variable. */
  readonly poolKeys: string | undefined;
}

export function localVariables(
  variables: Readonly<Record<string, string>>,
  { dynamoDb, services, objects, taskRoot, frontUrl, poolKeys }: Places,
): Record<string, string> {
  const changed = Object.entries(variables).map(([name, value]) => {
    if (value.startsWith('dynamodb://')) return [name, withEndpoint(value, dynamoDb)];
    if (value.startsWith('sqs://') && services !== undefined) return [name, withEndpoint(value, services)];
    if (value.startsWith('s3://') && objects !== undefined) return [name, withEndpoint(value, objects)];
    if (value.startsWith('/var/task')) return [name, value.replace('/var/task', taskRoot)];
    if (name === 'DAYBOOK_URL' && frontUrl !== undefined) return [name, frontUrl];
    if (name === 'DAYBOOK_ISSUERS' && poolKeys !== undefined) return [name, withKeys(value, poolKeys)];
    return [name, value];
  });
  return Object.fromEntries(changed) as Record<string, string>;
}

function withEndpoint(url: string, endpoint: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}endpoint=${encodeURIComponent(endpoint)}`;
}

function withKeys(issuers: string, jwks: string): string {
  const given = JSON.parse(issuers) as Readonly<Record<string, object>>;
  return JSON.stringify(
    Object.fromEntries(Object.entries(given).map(([name, issuer]) => [name, { ...issuer, jwks }])),
  );
}

export function localQueueUrl(
  endpoint: string,
  { account }: Pick<StackPlace, 'account'>,
  name: string,
): string {
  return `${endpoint}/${account}/${name}`;
}
