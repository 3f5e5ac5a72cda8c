/**
 * Drivers are chosen by URL; this turns the text into what the composition root needs, or into nothing when it is not
 * one of the forms that the documentation names.
 */

export type StoreChoice =
  | { readonly driver: 'sqlite' }
  | { readonly driver: 'postgres'; readonly url: string }
  | {
      readonly driver: 'dynamodb';
      readonly awsRegion: string;
      readonly table: string;
      readonly endpoint?: string;
      /** Make the table if there is none. */
      readonly createTable: boolean;
    };

export type QueueChoice =
  | { readonly driver: 'none' | 'sqlite' }
  | {
      readonly driver: 'sqs';
      readonly awsRegion: string;
      readonly queueUrl: string;
      readonly endpoint?: string;
      /** What is sent goes there and comes to the queue. */
      readonly topic?: { readonly arn: string; readonly maxBytes?: number };
      /** Where its redrive policy moves what ended the persister again and again. */
      readonly crashed?: SqsPlace;
    };

/** A queue by itself. */
type SqsPlace = Pick<
  Extract<QueueChoice, { driver: 'sqs' }>,
  'driver' | 'awsRegion' | 'queueUrl' | 'endpoint'
>;

export type ObjectsChoice =
  | { readonly driver: 'file'; readonly path?: string }
  | {
      readonly driver: 's3';
      readonly bucket: string;
      readonly prefix: string;
      readonly awsRegion: string;
      readonly endpoint?: string;
    };

/** https://docs.aws.amazon.com/general/latest/gr/rande.html: such as eu-west-1 or us-gov-east-1. */
const AWS_REGION = /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/;
const QUEUE_PATH = /^\/(\d{12})\/([A-Za-z0-9_-]{1,80})$/;
const QUEUE_NAME = /^[A-Za-z0-9_-]{1,80}$/;
/** A standard topic: "CreateTopic" in the Amazon SNS API Reference. */
const TOPIC_ARN = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/;
/** "Publishing large messages with Amazon SNS" in the Developer Guide: the range of MaximumMessageSize. */
const TOPIC_BYTES = { least: 1_024, most: 1_048_576 };
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
const TABLE_PATH = /^\/([A-Za-z0-9_.-]{3,255})$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX = /^(?:[A-Za-z0-9._-]+\/)*$/;

export function parseStoreUrl(text: string): StoreChoice | undefined {
  if (text === 'sqlite:') return { driver: 'sqlite' };
  const url = parse(text);
  if (url?.protocol === 'dynamodb:') return parseTableUrl(url);
  const isPostgres = url?.protocol === 'postgres:' || url?.protocol === 'postgresql:';
  return isPostgres && url.hostname !== '' && url.pathname.length > 1
    ? { driver: 'postgres', url: text }
    : undefined;
}

function parseTableUrl(url: URL): StoreChoice | undefined {
  const given = readParameters(url, ['endpoint', 'createTable']);
  const [, table] = TABLE_PATH.exec(url.pathname) ?? [];
  // Credentials are the SDK's affair: none are taken from a URL, where they would be seen.
  if (given === undefined || table === undefined || url.host !== url.hostname || url.username !== '')
    return undefined;
  const { endpoint, createTable = 'off' } = given;
  if (!AWS_REGION.test(url.hostname) || (endpoint !== undefined && !isHttp(endpoint))) return undefined;
  if (createTable !== 'on' && createTable !== 'off') return undefined;
  const awsRegion = url.hostname;
  return { driver: 'dynamodb', awsRegion, table, createTable: createTable === 'on', ...endpointOf(given) };
}

export function parseQueueUrl(text: string): QueueChoice | undefined {
  if (text === 'none') return { driver: 'none' };
  if (text === 'sqlite:') return { driver: 'sqlite' };
  const url = parse(text);
  const given = url && readParameters(url, ['endpoint', 'topic', 'topicMaxBytes', 'crashed']);
  if (url?.protocol !== 'sqs:' || given === undefined) return undefined;
  const [, account, name] = QUEUE_PATH.exec(url.pathname) ?? [];
  const topic = topicOf(given);
  if (!AWS_REGION.test(url.hostname) || account === undefined || name === undefined || topic === 'wrong')
    return undefined;
  const { crashed } = given;
  if (crashed !== undefined && (!QUEUE_NAME.test(crashed) || crashed === name)) return undefined;
  const host = given.endpoint ?? `https://sqs.${url.hostname}.amazonaws.com`;
  const placeOf = (queue: string): SqsPlace => ({
    driver: 'sqs',
    awsRegion: url.hostname,
    queueUrl: `${host.replace(/\/$/, '')}/${account}/${queue}`,
    ...endpointOf(given),
  });
  return {
    ...placeOf(name),
    ...(topic && { topic }),
    // "RedrivePolicy": a queue of the same account and region.
    ...(crashed !== undefined && { crashed: placeOf(crashed) }),
  };
}

function topicOf(given: {
  topic?: string;
  topicMaxBytes?: string;
}): { arn: string; maxBytes?: number } | 'wrong' | undefined {
  const { topic: arn, topicMaxBytes } = given;
  if (arn === undefined) return topicMaxBytes === undefined ? undefined : 'wrong';
  if (!TOPIC_ARN.test(arn)) return 'wrong';
  if (topicMaxBytes === undefined) return { arn };
  const maxBytes = /^\d+$/.test(topicMaxBytes) ? Number(topicMaxBytes) : NaN;
  return maxBytes >= TOPIC_BYTES.least && maxBytes <= TOPIC_BYTES.most ? { arn, maxBytes } : 'wrong';
}

export function parseObjectsUrl(text: string): ObjectsChoice | undefined {
  if (text === 'file:') return { driver: 'file' };
  if (text.startsWith('file:')) {
    const path = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
    return path.includes('\0') || path.startsWith('//') ? undefined : { driver: 'file', path };
  }
  const url = parse(text);
  const given = url && readParameters(url, ['region', 'endpoint']);
  if (url?.protocol !== 's3:' || given === undefined || !BUCKET.test(url.hostname)) return undefined;
  const path = url.pathname.replace(/^\//, '');
  const prefix = path === '' || path.endsWith('/') ? path : `${path}/`;
  const awsRegion = given.region ?? '';
  if (!PREFIX.test(prefix) || !AWS_REGION.test(awsRegion)) return undefined;
  return { driver: 's3', bucket: url.hostname, prefix, awsRegion, ...endpointOf(given) };
}

/** A URL for people: without the password that it may hold. */
export function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^/?#@:]*):[^/?#]*@/, '$1:…@').replace(/([?&]password=)[^&#]*/gi, '$1…');
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function isHttp(text: string): boolean {
  const protocol = parse(text)?.protocol;
  return protocol === 'http:' || protocol === 'https:';
}

/** @returns undefined when there is a parameter of another name, or one twice. */
function readParameters<const Name extends string>(
  url: URL,
  names: readonly Name[],
): Partial<Record<Name, string>> | undefined {
  const given: Partial<Record<Name, string>> = {};
  for (const [name, value] of url.searchParams) {
    if (!names.includes(name as Name) || name in given) return undefined;
    given[name as Name] = value;
  }
  return given;
}

function endpointOf({ endpoint }: { readonly endpoint?: string }): { endpoint?: string } {
  return endpoint === undefined ? {} : { endpoint };
}
