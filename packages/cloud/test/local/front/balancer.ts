/**
 * An Application Load Balancer before functions ("Use Lambda functions as targets of an Application Load Balancer"):
 * names of headers in lower case, query parameters as they came, one value or many by the target group's attribute, 502
 * for whatever is no answer ("Troubleshoot your Application Load Balancers").
 */
import type { ALBEvent, ALBResult } from 'aws-lambda';
import { randomUUID } from 'node:crypto';

import type { LocalFunction } from '../runtime.ts';
import type { ListenerAction, ListenerPlan, TargetGroupPlan } from './balancer-plan.ts';
import type { FrontAnswer, FrontHandler, FrontRequest } from './exchange.ts';
import { byName, headerOf, rawParameters } from './exchange.ts';
import { LIMITS } from './limits.ts';

export type FindFunction = (arn: string) => LocalFunction;

export function createListener(plan: ListenerPlan, findFunction: FindFunction): { handle: FrontHandler } {
  return {
    async handle(request) {
      const { action } =
        plan.rules.find(({ paths }) => paths?.some((one) => isLike(one, request.path)) ?? true) ?? {};
      if (action === undefined) throw new Error('expected a default action');
      if (action.type === 'redirect') return redirect(plan, action, request);
      if (action.type === 'fixed-response') return plain(action.status, action.contentType, action.body);
      const { group } = action;
      const told = await findFunction(group.functionArn).invoke(balancerEvent(plan, group, request));
      if (told.kind === 'too-large') return htmlError(413);
      if (told.kind !== 'response' || told.bytes > LIMITS.balancerBytes) return htmlError(502);
      return toAnswer(group, told.payload) ?? htmlError(502);
    },
  };
}

export const balancerTooLarge = (): FrontAnswer => htmlError(413);

export interface HealthCheck {
  readonly healthy: boolean;
  readonly status: number | undefined;
}

/** One check of a target group, as the balancer makes it every `intervalSeconds`; it asks the function and no listener. */
export async function checkHealth(group: TargetGroupPlan, findFunction: FindFunction): Promise<HealthCheck> {
  if (group.health === undefined) throw new Error(`${group.arn}: expected a health check`);
  const event = healthEvent(group, group.health.path);
  const told = await findFunction(group.functionArn).invoke(event);
  const status = told.kind === 'response' ? toAnswer(group, told.payload)?.status : undefined;
  return { healthy: status !== undefined && isMatched(group.health.matcher, status), status };
}

/** "Health checks for Lambda targets": the agent by which a function can tell them. */
function healthEvent(group: TargetGroupPlan, path: string): ALBEvent {
  const agent = 'ELB-HealthChecker/2.0';
  return {
    requestContext: { elb: { targetGroupArn: group.arn } },
    httpMethod: 'GET',
    path,
    ...(group.multiValue
      ? { multiValueQueryStringParameters: {}, multiValueHeaders: { 'user-agent': [agent] } }
      : { queryStringParameters: {}, headers: { 'user-agent': agent } }),
    body: '',
    isBase64Encoded: false,
  };
}

export function balancerEvent(
  { protocol, port }: Pick<ListenerPlan, 'protocol' | 'port'>,
  group: TargetGroupPlan,
  request: FrontRequest,
): ALBEvent {
  const own: FrontRequest['headers'] = [
    ['x-forwarded-for', [headerOf(request, 'x-forwarded-for'), request.sourceIp].filter(Boolean).join(', ')],
    ['x-forwarded-port', String(port)],
    ['x-forwarded-proto', protocol],
    ['x-amzn-trace-id', headerOf(request, 'x-amzn-trace-id') ?? traceId()],
  ];
  const replaced = new Set(['connection', ...own.map(([name]) => name)]);
  const headers = byName([
    ...request.headers
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !replaced.has(name)),
    ...own,
  ]);
  const parameters = byName(rawParameters(request.query));
  const isBase64Encoded = request.body.length > 0 && !isText(request);
  return {
    requestContext: { elb: { targetGroupArn: group.arn } },
    httpMethod: request.method,
    path: request.path,
    ...(group.multiValue
      ? { multiValueQueryStringParameters: parameters.all, multiValueHeaders: headers.all }
      : { queryStringParameters: parameters.last, headers: headers.last }),
    body: request.body.toString(isBase64Encoded ? 'base64' : 'utf8'),
    isBase64Encoded,
  };
}

function traceId(): string {
  const id = randomUUID().replaceAll('-', '');
  return `Root=1-${id.slice(0, 8)}-${id.slice(8)}`;
}

/** The types that stay text unless they have an encoding; everything else is sent as base64: the first page. */
function isText(request: FrontRequest): boolean {
  if (headerOf(request, 'content-encoding') !== undefined) return false;
  const type = headerOf(request, 'content-type') ?? '';
  return /^(?:text\/|application\/(?:json|javascript|xml)(?:;|$))/i.test(type);
}

/** @returns undefined for what the balancer does not take. */
function toAnswer(group: TargetGroupPlan, payload: unknown): FrontAnswer | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const {
    statusCode,
    headers,
    multiValueHeaders,
    body = '',
    isBase64Encoded = false,
  } = payload as Partial<ALBResult>;
  if (!Number.isInteger(statusCode) || statusCode === undefined || statusCode < 100 || statusCode > 599)
    return undefined;
  if (typeof body !== 'string' || typeof isBase64Encoded !== 'boolean') return undefined;
  const given = group.multiValue
    ? Object.entries(multiValueHeaders ?? {}).flatMap(([name, values]) =>
        values.map((value): [string, string] => [name, String(value)]),
      )
    : Object.entries(headers ?? {}).map(([name, value]): [string, string] => [name, String(value)]);
  return { status: statusCode, headers: given, body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') };
}

function redirect(
  plan: ListenerPlan,
  action: Extract<ListenerAction, { type: 'redirect' }>,
  request: FrontRequest,
): FrontAnswer {
  const protocol = action.protocol.replace('#{protocol}', plan.protocol).toLowerCase();
  const port = action.port.replace('#{port}', String(plan.port));
  const [host = ''] = (headerOf(request, 'host') ?? '').split(':');
  const query = request.query === '' ? '' : `?${request.query}`;
  return {
    status: action.status,
    headers: [['location', `${protocol}://${host}:${port}${request.path}${query}`]],
    body: '',
  };
}

function plain(status: number, contentType: string, body: string): FrontAnswer {
  return { status, headers: [['content-type', contentType]], body };
}

function htmlError(status: 413 | 502): FrontAnswer {
  const text = status === 413 ? '413 Request Entity Too Large' : '502 Bad Gateway';
  return plain(status, 'text/html', `<html><head><title>${text}</title></head><body>${text}</body></html>`);
}

function isLike(pattern: string, path: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(path);
}

/** `200`, `200,202` or `200-299` */
function isMatched(matcher: string, status: number): boolean {
  return matcher.split(',').some((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return status >= from && status <= to;
  });
}
