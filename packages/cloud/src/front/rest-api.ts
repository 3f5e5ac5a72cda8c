/**
 * The front of S2 and S3: a regional REST API, whose every request is handed to a function as it came. It throttles all
 * callers together, answers in Daybook's words where it answers itself, and where tokens are used has them verified
 * before anything else runs.
 *
 * The stage is named after the environment and stays reachable at its own address (`…/dev/app`) also with a domain: the
 * smoke test, the probe and whoever has no DNS yet need it, and firewall and resource policy hold for both. With several
 * regions there is a host for each of them, and the stage's own address is switched off.
 */
import type { aws_kms as kms, aws_lambda as lambda } from 'aws-cdk-lib';
import {
  aws_apigateway as apigateway,
  aws_iam as iam,
  aws_route53_targets as targets,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Register } from 'daybook/deployment';

import { createAuthorizer } from '../access/authorizer.ts';
import { isSpread } from '../config/places.ts';
import type { Deployment } from '../config/schema.ts';
import type { Functions } from '../parts.ts';
import { ApiAccessLog } from './api-access-log.ts';
import type { ServedName } from './common-domain.ts';
import type { Domain } from './domain.ts';
import { addGatewayResponses } from './gateway-responses.ts';
import type { Route } from './routes.ts';
import { routesWithAuthorizer, routesWithoutAuthorizer } from './routes.ts';

export interface RestApiProps {
  readonly deployment: Deployment;
  readonly functions: Pick<Functions, 'api' | 'health' | 'authorizer'>;
  /** As the application has them, defaults included: what is open to strangers is known from here. */
  readonly registers: readonly Register[];
  readonly key?: kms.IKey;
  readonly domain?: Domain;
  /** With several regions, beside the domain. */
  readonly common?: ServedName;
}

export class RestApi extends Construct {
  readonly api: apigateway.RestApi;
  readonly stage: apigateway.Stage;
  /** Without a slash at the end. */
  readonly url: string;

  constructor(scope: Construct, id: string, props: RestApiProps) {
    super(scope, id);
    const { deployment, functions, registers, domain, common } = props;
    const { front, access, environment, observe } = deployment;
    const log = this.#createLog(props);
    const policy = onlyFrom(front.allowFrom);
    const ipv6 = answersIpv6(front.allowFrom);
    this.api = new apigateway.RestApi(this, 'Api', {
      // The name is the dimension of every metric, so two APIs of an account must not share one.
      restApiName: Stack.of(this).stackName,
      endpointConfiguration: {
        types: [apigateway.EndpointType.REGIONAL],
        ipAddressType: ipv6 ? apigateway.IpAddressType.DUAL_STACK : apigateway.IpAddressType.IPV4,
      },
      // Every body is base64, both ways: what is kept are the exact bytes.
      binaryMediaTypes: ['*/*'],
      cloudWatchRole: false,
      ...(policy && { policy }),
      ...(domain !== undefined && isSpread(deployment) && { disableExecuteApiEndpoint: true }),
      deployOptions: {
        stageName: environment,
        throttlingRateLimit: front.throttle.ratePerSecond,
        throttlingBurstLimit: front.throttle.burst,
        tracingEnabled: observe.tracing,
        metricsEnabled: true,
        // Execution logs hold what callers send.
        loggingLevel: apigateway.MethodLoggingLevel.OFF,
        dataTraceEnabled: false,
        ...(log && { accessLogDestination: log.destination, accessLogFormat: log.format }),
      },
    });
    this.stage = this.api.deploymentStage;
    if (log?.account !== undefined) this.stage.node.addDependency(log.account);
    addGatewayResponses(this.api);

    if (access.authorizer === 'off') this.#addRoutes(routesWithoutAuthorizer(), functions);
    else {
      if (functions.authorizer === undefined) throw new Error('access.authorizer: expected its function');
      const authorizer = createAuthorizer(this, 'Authorizer', functions.authorizer, access.authorizer);
      this.#addRoutes(routesWithAuthorizer(registers), functions, authorizer);
    }
    if (domain !== undefined) this.#serveAt('Domain', domain, ipv6);
    if (common !== undefined) this.#serveAt('CommonDomain', common, ipv6);
    this.url =
      domain === undefined ? this.stage.urlForPath('/').replace(/\/$/, '') : `https://${domain.name}`;
    this.#acknowledge(deployment);
  }

  #createLog({ deployment, key }: RestApiProps): ApiAccessLog | undefined {
    if (deployment.front.accessLogs === 'off') return undefined;
    return new ApiAccessLog(this, 'AccessLog', { deployment, ...(key && { key }) });
  }

  #addRoutes(
    routes: readonly Route[],
    functions: RestApiProps['functions'],
    authorizer?: apigateway.IAuthorizer,
  ): void {
    const integrations = {
      api: integrate(functions.api),
      health: integrate(functions.health),
    };
    for (const { path, method, open, handler } of routes) {
      this.api.root
        .resourceForPath(path)
        .addMethod(
          method,
          integrations[handler],
          open || authorizer === undefined
            ? { authorizationType: apigateway.AuthorizationType.NONE }
            : { authorizationType: apigateway.AuthorizationType.CUSTOM, authorizer },
        );
    }
  }

  #serveAt(id: string, domain: ServedName, ipv6: boolean): void {
    const name = new apigateway.DomainName(this, id, {
      domainName: domain.name,
      certificate: domain.certificate,
      endpointType: apigateway.EndpointType.REGIONAL,
      securityPolicy: apigateway.SecurityPolicy.TLS_1_2,
    });
    // The class declares as `| undefined` what its interface declares as optional.
    const api = this.api as apigateway.IRestApi;
    name.addBasePathMapping(api);
    const resource = name.node.defaultChild as apigateway.CfnDomainName;
    resource.addPropertyOverride('EndpointConfiguration.IpAddressType', ipv6 ? 'dualstack' : 'ipv4');
    domain.leadTo(new targets.ApiGatewayDomain(name), { ipv6 });
  }

  #acknowledge({ front, access }: Deployment): void {
    const because = (id: string, reason: string) =>
      Validations.of(this).acknowledge({ id: `AwsSolutions-${id}`, reason });
    because(
      'APIG2',
      'The application checks every request itself, against schemas that callers can read at /openapi.json.',
    );
    because(
      'APIG6',
      'Execution logs hold what callers send; the access log and the application say what happened.',
    );
    because(
      'COG4',
      'Tokens of any OpenID Connect issuer are verified, by a function; API keys by the application.',
    );
    because(
      'APIG4',
      access.authorizer === 'off'
        ? 'The application asks for credentials itself, register by register.'
        : 'Open are only what the application serves to strangers, and preflights, which carry no credential.',
    );
    if (front.accessLogs === 'off') because('APIG1', 'front.accessLogs is off in this environment.');
    if (front.waf === 'off')
      because('APIG3', 'front.waf is off in this environment; the throttle of the stage still holds.');
  }
}

/** One permission for the whole API: one for each method would outgrow the 20 KB that a function's policy may have. */
function integrate(handler: lambda.IFunction): apigateway.LambdaIntegration {
  return new apigateway.LambdaIntegration(handler, { proxy: true, scopePermissionToMethod: false });
}

/** A caller who has both kinds of address takes IPv6, and would be refused where only IPv4 networks are named. */
function answersIpv6(networks: readonly string[]): boolean {
  return networks.length === 0 || networks.some((network) => network.includes(':'));
}

/** "API Gateway resource policy examples", by source address; a Deny wins over the Allow. */
function onlyFrom(networks: readonly string[]): iam.PolicyDocument | undefined {
  if (networks.length === 0) return undefined;
  const statement = {
    principals: [new iam.AnyPrincipal()],
    actions: ['execute-api:Invoke'],
    resources: ['execute-api:/*'],
  };
  return new iam.PolicyDocument({
    statements: [
      new iam.PolicyStatement({ ...statement, effect: iam.Effect.ALLOW }),
      new iam.PolicyStatement({
        ...statement,
        effect: iam.Effect.DENY,
        conditions: { NotIpAddress: { 'aws:SourceIp': [...networks] } },
      }),
    ],
  });
}
