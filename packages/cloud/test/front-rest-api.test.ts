/**
 * The front of S2 and S3.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';

import { Match } from 'aws-cdk-lib/assertions';
import type { Template } from 'aws-cdk-lib/assertions';
import { createFront } from '../src/front/front.ts';
import type { CloudConfig, EnvironmentName } from '../src/config/schema.ts';
import { createSmallStack, propertiesOf, synthesizeClean, warningsOf } from './support/small-stack.ts';

const DOMAIN = { name: 'daybook.example.com', zoneName: 'example.com', hostedZoneId: 'Z0123456789ABC' };
const ISSUERS = {
  company: {
    issuer: 'https://login.example.com/',
    audience: 'daybook',
    jwks: 'https://login.example.com/keys',
  },
};

type Given = Omit<CloudConfig, 'name' | 'account' | 'front'> & { readonly front?: CloudConfig['front'] };

async function front(t: TestContext, config: Given = {}, environment: EnvironmentName = 'dev') {
  const small = await createSmallStack(
    t,
    { ...config, front: { kind: 'rest-api', ...config.front } },
    { environment },
  );
  const made = createFront(small.stack, small);
  assert.equal(made.kind, 'rest-api');
  return { small, made, template: await synthesizeClean(small) };
}

/** `METHOD path` to whether it asks the authorizer, and which function answers. */
function methodsOf(template: Template): Record<string, string> {
  const resources = template.findResources('AWS::ApiGateway::Resource') as Record<
    string,
    { readonly Properties: { readonly PathPart: string; readonly ParentId: Record<string, unknown> } }
  >;
  const pathOf = (id: unknown): string => {
    const { Ref: ref } = id as { readonly Ref?: string };
    if (ref === undefined) return '';
    const { PathPart, ParentId } = resources[ref]?.Properties ?? { PathPart: '?', ParentId: {} };
    return `${pathOf(ParentId)}/${PathPart}`;
  };
  return Object.fromEntries(
    propertiesOf(template, 'AWS::ApiGateway::Method').map((method) => [
      `${String(method['HttpMethod'])} ${pathOf(method['ResourceId']) || '/'}`,
      `${String(method['AuthorizationType'])} ${/"Ref":"([A-Z][a-z]+)/.exec(JSON.stringify(method['Integration']))?.[1]}`,
    ]),
  );
}

function stageOf(template: Template): Record<string, unknown> {
  const [stage = {}] = propertiesOf(template, 'AWS::ApiGateway::Stage');
  return stage;
}

describe('the REST API of S2', () => {
  test('is regional, hands over every byte as it came, and is called by its environment', async (t) => {
    const { template, made } = await front(t);
    template.hasResourceProperties('AWS::ApiGateway::RestApi', {
      Name: 'Small',
      EndpointConfiguration: { Types: ['REGIONAL'] },
      BinaryMediaTypes: ['*/*'],
    });
    assert.equal(stageOf(template)['StageName'], 'dev');
    assert.doesNotMatch(made.url, /\/$/);
  });

  test('gives everything to the application, and the paths of health to their own function', async (t) => {
    const { template } = await front(t);
    assert.deepEqual(methodsOf(template), {
      'ANY /': 'NONE Api',
      'ANY /{proxy+}': 'NONE Api',
      'ANY /healthz': 'NONE Health',
      'ANY /readyz': 'NONE Health',
    });
    for (const method of propertiesOf(template, 'AWS::ApiGateway::Method')) {
      assert.equal((method['Integration'] as { readonly Type: string }).Type, 'AWS_PROXY');
      // The alias, so that provisioned concurrency is used and a version can be gone back to.
      assert.match(JSON.stringify(method['Integration']), /Aliaslive/);
    }
  });

  test('lets the functions be called by this API alone, with one permission each', async (t) => {
    const { template } = await front(t);
    const permissions = propertiesOf(template, 'AWS::Lambda::Permission');
    assert.equal(permissions.length, 2);
    for (const { Principal, SourceArn } of permissions) {
      assert.equal(Principal, 'apigateway.amazonaws.com');
      assert.match(JSON.stringify(SourceArn), /execute-api:eu-west-1:111122223333:.*\/\*\/\*\/\*/);
    }
  });

  test('throttles all callers together as S2 did, unless told otherwise', async (t) => {
    const throttle = async (config: Given) =>
      (stageOf((await front(t, config)).template)['MethodSettings'] as Record<string, unknown>[])[0];
    const given = await throttle({});
    assert.equal(given?.['ThrottlingRateLimit'], 100);
    assert.equal(given['ThrottlingBurstLimit'], 50);
    assert.equal(given['MetricsEnabled'], true);
    assert.equal(given['DataTraceEnabled'], false);
    assert.equal(given['ResourcePath'], '/*');
    const other = await throttle({ front: { kind: 'rest-api', throttle: { ratePerSecond: 7, burst: 3 } } });
    assert.equal(other?.['ThrottlingRateLimit'], 7);
    assert.equal(other['ThrottlingBurstLimit'], 3);
  });

  test('is traced where tracing is on', async (t) => {
    assert.equal(stageOf((await front(t, {}, 'dev')).template)['TracingEnabled'], true);
    assert.equal(stageOf((await front(t, {}, 'poc')).template)['TracingEnabled'], false);
  });

  test('leaves the role of the whole account alone, and says what the access log needs of it', async (t) => {
    const { template, small } = await front(t, { front: { kind: 'rest-api', accessLogs: 'json' } });
    template.resourceCountIs('AWS::ApiGateway::Account', 0);
    assert.match(warningsOf(small).join('\n'), /ack: daybook:api-gateway-account-role/);
    const { Format: format } = stageOf(template)['AccessLogSetting'] as { readonly Format: string };
    const fields = JSON.parse(format) as Record<string, string>;
    assert.equal(fields['requestId'], '$context.requestId');
    assert.equal(fields['path'], '$context.path');
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
  });

  test('sets that role before the stage when it is told to, and leaves it to others afterwards', async (t) => {
    const { template, small } = await front(t, {
      front: { kind: 'rest-api', accessLogs: 'clf', manageApiGatewayAccount: true },
    });
    assert.deepEqual(warningsOf(small), []);
    template.hasResource('AWS::ApiGateway::Account', { DeletionPolicy: 'Retain' });
    template.hasResource('AWS::ApiGateway::Stage', {
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('AccessLogAccount')]),
    });
    const { Format: format } = stageOf(template)['AccessLogSetting'] as { readonly Format: string };
    assert.match(
      format,
      /^\$context\.identity\.sourceIp - \S+ \[\$context\.requestTime\] "[^"]+" \$context\.status \$context\.responseLength \$context\.requestId$/,
    );
  });

  test('without access logs has no log group of its own', async (t) => {
    const { template } = await front(t);
    const groups = Object.keys(template.findResources('AWS::Logs::LogGroup'));
    assert.deepEqual(
      groups.filter((id) => id.startsWith('Front')),
      [],
    );
    assert.equal(stageOf(template)['AccessLogSetting'], undefined);
  });

  test('lets in only the networks that are named', async (t) => {
    const { template } = await front(t, { front: { kind: 'rest-api', allowFrom: ['203.0.113.0/24'] } });
    template.hasResourceProperties('AWS::ApiGateway::RestApi', {
      Policy: {
        Statement: [
          { Effect: 'Allow', Action: 'execute-api:Invoke', Principal: { AWS: '*' } },
          {
            Effect: 'Deny',
            Action: 'execute-api:Invoke',
            Condition: { NotIpAddress: { 'aws:SourceIp': ['203.0.113.0/24'] } },
          },
        ],
      },
    });
  });

  test('is not to be reached by IPv6 where only IPv4 networks are let in', async (t) => {
    const kindOf = async (allowFrom: string[]) => {
      const { template } = await front(t, { domain: DOMAIN, front: { kind: 'rest-api', allowFrom } });
      const [api] = propertiesOf(template, 'AWS::ApiGateway::RestApi');
      const endpoint = api?.['EndpointConfiguration'] as { readonly IpAddressType: string } | undefined;
      return `${endpoint?.IpAddressType} ${propertiesOf(template, 'AWS::Route53::RecordSet').length}`;
    };
    assert.equal(await kindOf(['203.0.113.0/24']), 'ipv4 1');
    assert.equal(await kindOf(['203.0.113.0/24', '2001:db8::/32']), 'dualstack 2');
  });

  test('has a name of its own over TLS 1.2 or later, by both kinds of address', async (t) => {
    const { template, made } = await front(t, { domain: DOMAIN });
    assert.equal(made.url, 'https://daybook.example.com');
    template.hasResourceProperties('AWS::ApiGateway::DomainName', {
      DomainName: 'daybook.example.com',
      EndpointConfiguration: { Types: ['REGIONAL'], IpAddressType: 'dualstack' },
      SecurityPolicy: 'TLS_1_2',
    });
    const [mapping] = propertiesOf(template, 'AWS::ApiGateway::BasePathMapping');
    assert.equal(mapping?.['BasePath'], undefined, 'the root of the name is the stage');
    assert.match(JSON.stringify(mapping?.['Stage']), /Stage/);
    const types = propertiesOf(template, 'AWS::Route53::RecordSet').map(({ Type }) => String(Type));
    assert.deepEqual(types.toSorted(), ['A', 'AAAA']);
    const [api] = propertiesOf(template, 'AWS::ApiGateway::RestApi');
    assert.equal(api?.['DisableExecuteApiEndpoint'], undefined, 'the address of the stage stays');
  });
});

describe('the deployment of the REST API', () => {
  test('is another one whenever something of the API is another', async (t) => {
    const deploymentOf = async (config: Given) => {
      const { template } = await front(t, config);
      const [id = ''] = Object.keys(template.findResources('AWS::ApiGateway::Deployment'));
      return id;
    };
    const withAuthorizer = { access: { issuers: ISSUERS, authorizer: { cacheSeconds: 300 } } };
    const ids = await Promise.all([
      deploymentOf({}),
      deploymentOf({ front: { kind: 'rest-api', allowFrom: ['203.0.113.0/24'] } }),
      deploymentOf(withAuthorizer),
      deploymentOf({ access: { issuers: ISSUERS, authorizer: { cacheSeconds: 60 } } }),
      deploymentOf({ ...withAuthorizer, registers: { hooks: { access: 'open' } } }),
    ]);
    assert.equal(new Set(ids).size, ids.length, ids.join(' '));
    assert.equal(await deploymentOf({}), ids[0], 'and the same one when nothing is');
  });
});

describe('the authorizer of S3', () => {
  const access = { issuers: ISSUERS, authorizer: { cacheSeconds: 300 } };

  test('is asked with the Authorization field and believed for five minutes at most', async (t) => {
    const { template } = await front(t, { access });
    template.hasResourceProperties('AWS::ApiGateway::Authorizer', {
      Type: 'REQUEST',
      IdentitySource: 'method.request.header.Authorization',
      AuthorizerResultTtlInSeconds: 300,
    });
  });

  test('stands before everything but what the application serves to strangers', async (t) => {
    const registers = {
      inbox: { access: { write: 'open', read: 'jwt' } },
      notices: { access: { write: 'jwt', read: 'open' } },
    };
    const { template } = await front(t, { access, registers });
    const methods = methodsOf(template);
    const open = [
      '/',
      '/app',
      '/app/{proxy+}',
      '/epoch',
      '/epoch/{proxy+}',
      '/EpochRegisterTime',
      '/getEpoch',
    ];
    const service = ['/api/status', '/assets/{proxy+}', '/docs', '/favicon.ico', '/health', '/openapi.json'];
    for (const path of [...open, ...service, '/robots.txt', '/notices/{proxy+}'])
      assert.equal(methods[`ANY ${path}`], 'NONE Api', path);
    assert.equal(methods['ANY /readyz'], 'NONE Health');

    for (const path of ['/{proxy+}', '/api/{proxy+}', '/inbox', '/inbox/{proxy+}', '/notices']) {
      assert.equal(methods[`ANY ${path}`], 'CUSTOM Api', path);
      assert.equal(methods[`OPTIONS ${path}`], 'NONE Api', `the preflight of ${path}`);
    }
    assert.equal(methods['POST /inbox'], 'NONE Api');
    assert.equal(methods['GET /inbox'], undefined);
    assert.equal(methods['GET /notices'], 'NONE Api');
    assert.equal(methods['HEAD /notices'], 'NONE Api');
    assert.equal(methods['ANY /data'], undefined, 'what is closed needs no resource of its own');
  });
});
