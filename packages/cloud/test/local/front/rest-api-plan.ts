/**
 * What a template says of its REST API: resources and methods, their integrations and authorizers, the stage with its
 * throttle, custom domains, gateway responses ("Amazon API Gateway resource type reference", AWS CloudFormation).
 */
import type { ResolvedResource, ResolvedStack } from '../template/resolve-template.ts';
import type { GatewayResponse } from './gateway-response.ts';
import { readGatewayResponses } from './gateway-response.ts';

export interface RestMethod {
  /** Such as `/{proxy+}` */
  readonly resourcePath: string;
  readonly resourceId: string;
  readonly httpMethod: string;
  readonly functionArn: string;
  /** "Amazon API Gateway quotas": 29 s unless the method says less. */
  readonly timeoutMs: number;
  readonly authorizer: RestAuthorizer | undefined;
}

export interface RestAuthorizer {
  readonly id: string;
  readonly functionArn: string;
  readonly identitySources: readonly string[];
  readonly cacheSeconds: number;
}

export interface RestThrottle {
  /** `*` for all methods, else `<resource path> <method>` */
  readonly of: string;
  readonly ratePerSecond: number;
  readonly burst: number;
}

export interface RestApiPlan {
  readonly apiId: string;
  readonly account: string;
  readonly region: string;
  readonly stage: string;
  readonly stageVariables: Readonly<Record<string, string>> | null;
  readonly methods: readonly RestMethod[];
  readonly throttles: readonly RestThrottle[];
  readonly binaryMediaTypes: readonly string[];
  readonly gatewayResponses: readonly GatewayResponse[];
  /** Custom domain name → the part of the path that is mapped to the stage, '' for all of it. */
  readonly domains: ReadonlyMap<string, string>;
  readonly executeApiDisabled: boolean;
}

/** The quota of an account and region, "Amazon API Gateway quotas". */
const ACCOUNT_THROTTLE: RestThrottle = { of: '*', ratePerSecond: 10_000, burst: 5_000 };
const DEFAULT_CACHE_SECONDS = 300;
const DEFAULT_TIMEOUT_MS = 29_000;

type Properties = Readonly<Record<string, unknown>>;

/** @throws {Error} when the template has not exactly one REST API with one stage, or something that is unknown here. */
export function readRestApiPlan(stack: ResolvedStack): RestApiPlan {
  const api = only(stack, 'AWS::ApiGateway::RestApi');
  const { properties: stage } = only(stack, 'AWS::ApiGateway::Stage');
  const { BinaryMediaTypes = [], DisableExecuteApiEndpoint } = api.properties as {
    readonly BinaryMediaTypes?: readonly string[];
    readonly DisableExecuteApiEndpoint?: boolean | string;
  };
  return {
    apiId: api.resource.ref,
    account: stack.place.account,
    region: stack.place.region,
    stage: String(stage['StageName']),
    stageVariables: (stage['Variables'] ?? null) as RestApiPlan['stageVariables'],
    methods: readMethods(stack, api.resource),
    throttles: readThrottles(stage),
    binaryMediaTypes: BinaryMediaTypes,
    gatewayResponses: readGatewayResponses(stack, api.resource.ref),
    domains: readDomains(stack),
    executeApiDisabled: String(DisableExecuteApiEndpoint) === 'true',
  };
}

function only(stack: ResolvedStack, type: string): { resource: ResolvedResource; properties: Properties } {
  const [resource, ...more] = stack.resources(type);
  if (resource === undefined || more.length > 0) {
    throw new Error(`${stack.place.stackName}: expected one ${type}, given ${stack.resources(type).length}`);
  }
  return { resource, properties: resource.properties() };
}

/** `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<arn>/invocations` */
export function functionOfUri(uri: string): string {
  const [, arn] = /\/functions\/(arn:[^/]+)\/invocations$/.exec(uri) ?? [];
  if (arn === undefined) throw new Error(`expected the URI of a Lambda integration, given ${uri}`);
  return arn;
}

function readMethods(stack: ResolvedStack, api: ResolvedResource): RestMethod[] {
  const paths = new Map([[api.attribute('RootResourceId'), '/']]);
  const resources = stack.resources('AWS::ApiGateway::Resource');
  // Parents come before their children only by chance.
  for (let known = 0; known < paths.size;) {
    known = paths.size;
    for (const resource of resources) {
      const { ParentId, PathPart } = resource.properties();
      const parent = paths.get(String(ParentId));
      if (parent !== undefined) paths.set(resource.ref, `${parent.replace(/\/$/, '')}/${String(PathPart)}`);
    }
  }
  const authorizers = readAuthorizers(stack);
  return stack.resources('AWS::ApiGateway::Method').map((resource) => {
    const method = resource.properties() as {
      readonly ResourceId: string;
      readonly HttpMethod: string;
      readonly AuthorizationType?: string;
      readonly AuthorizerId?: string;
      readonly Integration: {
        readonly Type: string;
        readonly Uri: string;
        readonly TimeoutInMillis?: number;
      };
    };
    const resourcePath = paths.get(method.ResourceId);
    const { Type, Uri, TimeoutInMillis = DEFAULT_TIMEOUT_MS } = method.Integration;
    if (resourcePath === undefined || Type !== 'AWS_PROXY') {
      throw new Error(
        `${resource.logicalId}: expected a proxy integration of a known resource, given ${Type}`,
      );
    }
    const authorizer = authorizers.get(method.AuthorizerId ?? '');
    const { AuthorizationType = 'NONE' } = method;
    if (AuthorizationType !== 'NONE' && (AuthorizationType !== 'CUSTOM' || authorizer === undefined)) {
      throw new Error(`${resource.logicalId}: expected a REQUEST authorizer, given ${AuthorizationType}`);
    }
    return {
      resourcePath,
      resourceId: method.ResourceId,
      httpMethod: method.HttpMethod,
      functionArn: functionOfUri(Uri),
      timeoutMs: TimeoutInMillis,
      authorizer: AuthorizationType === 'NONE' ? undefined : authorizer,
    };
  });
}

function readAuthorizers(stack: ResolvedStack): Map<string, RestAuthorizer> {
  const given = stack.resources('AWS::ApiGateway::Authorizer').map((resource) => {
    const properties = resource.properties() as {
      readonly Type: string;
      readonly AuthorizerUri: string;
      readonly IdentitySource?: string;
      readonly AuthorizerResultTtlInSeconds?: number;
    };
    if (properties.Type !== 'REQUEST') {
      throw new Error(`${resource.logicalId}: expected a REQUEST authorizer, given ${properties.Type}`);
    }
    const { IdentitySource = '', AuthorizerResultTtlInSeconds = DEFAULT_CACHE_SECONDS } = properties;
    const authorizer: RestAuthorizer = {
      id: resource.ref,
      functionArn: functionOfUri(properties.AuthorizerUri),
      identitySources: IdentitySource.split(',').flatMap((source) => source.trim() || []),
      cacheSeconds: AuthorizerResultTtlInSeconds,
    };
    return [resource.ref, authorizer] as const;
  });
  return new Map(given);
}

/** `ResourcePath` has `~1` for each slash but the first. */
function readThrottles(stage: Properties): RestThrottle[] {
  const settings = (stage['MethodSettings'] ?? []) as readonly {
    readonly HttpMethod?: string;
    readonly ResourcePath?: string;
    readonly ThrottlingRateLimit?: number;
    readonly ThrottlingBurstLimit?: number;
  }[];
  const given = settings.flatMap((setting): RestThrottle[] => {
    const { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst } = setting;
    if (rate === undefined || burst === undefined) return [];
    const path = (setting.ResourcePath ?? '/*').replaceAll('~1', '/').replace(/^\/+/, '/');
    const of = path === '/*' ? '*' : `${path} ${setting.HttpMethod ?? '*'}`;
    return [{ of, ratePerSecond: rate, burst }];
  });
  return given.some(({ of }) => of === '*') ? given : [...given, ACCOUNT_THROTTLE];
}

function readDomains(stack: ResolvedStack): Map<string, string> {
  const domains = new Map<string, string>();
  for (const type of ['AWS::ApiGateway::BasePathMapping', 'AWS::ApiGatewayV2::ApiMapping']) {
    for (const resource of stack.resources(type)) {
      const { DomainName, BasePath, ApiMappingKey } = resource.properties() as {
        readonly DomainName: string;
        readonly BasePath?: string;
        readonly ApiMappingKey?: string;
      };
      const domain = stack
        .resources()
        .find(({ ref, type: of }) => ref === DomainName && of.endsWith('::DomainName'));
      const path = (BasePath ?? ApiMappingKey ?? '').replace(/^\(none\)$/, '');
      const { DomainName: name = DomainName } = (domain?.properties() ?? {}) as {
        readonly DomainName?: string;
      };
      domains.set(name, path);
    }
  }
  return domains;
}
