/**
 * The console: files behind CloudFront, and the application under the same name.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';

import { Match } from 'aws-cdk-lib/assertions';
import type { Template } from 'aws-cdk-lib/assertions';
import { Console } from '../src/console/console.ts';
import { ASSETS, consolePage } from '../src/console/page.ts';
import type { CloudConfig } from '../src/config/schema.ts';
import { createFront } from '../src/front/front.ts';
import { createSmallStack, propertiesOf, synthesizeClean } from './support/small-stack.ts';

const DOMAIN = { name: 'daybook.example.com', zoneName: 'example.com', hostedZoneId: 'Z0123456789ABC' };
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';

interface Behavior {
  readonly PathPattern?: string;
  readonly AllowedMethods?: readonly string[];
  readonly CachePolicyId: string;
  readonly ViewerProtocolPolicy: string;
  readonly TargetOriginId: string;
}
interface Distribution {
  readonly DefaultCacheBehavior: Behavior;
  readonly CacheBehaviors: readonly Behavior[];
  readonly Origins: readonly { readonly Id: string; readonly S3OriginConfig?: object }[];
  readonly ViewerCertificate?: { readonly MinimumProtocolVersion?: string };
  readonly PriceClass: string;
  readonly Aliases?: readonly string[];
  readonly Logging?: object;
}

async function made(t: TestContext, config: Partial<CloudConfig> = {}, region = 'eu-west-1') {
  const small = await createSmallStack(
    t,
    { front: { kind: 'rest-api' }, console: true, ...config },
    { region },
  );
  const front = createFront(small.stack, small);
  const { url } = new Console(small.stack, 'Console', { ...small, front });
  const template = await synthesizeClean(small);
  return { small, url, template, distribution: distributionOf(template) };
}

function distributionOf(template: Template): Distribution {
  const [properties] = propertiesOf(template, 'AWS::CloudFront::Distribution');
  assert.ok(properties);
  return properties['DistributionConfig'] as Distribution;
}

describe('the console', () => {
  test('gives every method of the application through, and keeps none of its answers', async (t) => {
    const { distribution, template } = await made(t);
    const { DefaultCacheBehavior: application } = distribution;
    assert.equal(application.CachePolicyId, CACHING_DISABLED);
    assert.ok(application.AllowedMethods?.includes('POST'));
    assert.equal(application.ViewerProtocolPolicy, 'https-only');
    const origin = distribution.Origins.find(({ Id }) => Id === application.TargetOriginId);
    assert.match(JSON.stringify(origin), /"https-only".*\["TLSv1\.2"\].*execute-api\.eu-west-1/);
    // As AWS names it: Managed-AllViewerExceptHostHeader.
    template.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        DefaultCacheBehavior: { OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac' },
      },
    });
  });

  test('has its files where the addresses of the application say, stage included', async (t) => {
    const { distribution, template, url } = await made(t);
    assert.match(url, /\/dev\/$/);
    assert.deepEqual(
      distribution.CacheBehaviors.map(({ PathPattern }) => PathPattern),
      ['/dev/assets/*', '/dev/', '/'],
    );
    const uploads = propertiesOf(template, 'Custom::CDKBucketDeployment');
    assert.deepEqual(
      uploads.map(({ DestinationBucketKeyPrefix, Prune }) => [DestinationBucketKeyPrefix, Prune]),
      [
        ['dev/assets', true],
        ['dev', false],
      ],
    );
    const withDomain = await made(t, { domain: DOMAIN });
    assert.deepEqual(
      withDomain.distribution.CacheBehaviors.map(({ PathPattern }) => PathPattern),
      ['/assets/*', '/'],
    );
  });

  test('keeps its files in a bucket that CloudFront alone reads', async (t) => {
    const { distribution, template } = await made(t);
    template.hasResourceProperties('AWS::CloudFront::OriginAccessControl', {
      OriginAccessControlConfig: { SigningBehavior: 'always', OriginAccessControlOriginType: 's3' },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Allow',
            Action: 's3:GetObject',
            Principal: { Service: 'cloudfront.amazonaws.com' },
            Condition: { StringEquals: { 'AWS:SourceArn': Match.anyValue() } },
          }),
        ]),
      },
    });
    for (const bucket of propertiesOf(template, 'AWS::S3::Bucket'))
      assert.equal(
        (bucket['PublicAccessBlockConfiguration'] as Record<string, unknown>)['RestrictPublicBuckets'],
        true,
      );
    for (const { ViewerProtocolPolicy } of distribution.CacheBehaviors)
      assert.equal(ViewerProtocolPolicy, 'redirect-to-https');
    assert.ok(distribution.Logging !== undefined);
    assert.equal(distribution.PriceClass, 'PriceClass_100');
  });

  test('says of its pages what the application says, and HTTPS for good', async (t) => {
    const { template } = await made(t);
    template.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: {
        SecurityHeadersConfig: {
          ContentSecurityPolicy: {
            ContentSecurityPolicy: Match.stringLikeRegexp("default-src 'none'.*frame-ancestors 'none'"),
            Override: true,
          },
          ContentTypeOptions: { Override: true },
          FrameOptions: { FrameOption: 'DENY', Override: true },
          ReferrerPolicy: { ReferrerPolicy: 'no-referrer', Override: true },
          StrictTransportSecurity: { AccessControlMaxAgeSec: 31_536_000, Override: true },
        },
      },
    });
  });

  test('has a name of its own only where CloudFront can have its certificate', async (t) => {
    const far = await made(t, { domain: DOMAIN });
    assert.equal(far.distribution.Aliases, undefined);
    assert.equal(far.distribution.ViewerCertificate, undefined);
    const near = await made(t, { domain: DOMAIN, regions: ['us-east-1'] }, 'us-east-1');
    assert.equal(near.url, 'https://console.daybook.example.com/');
    assert.deepEqual(near.distribution.Aliases, ['console.daybook.example.com']);
    assert.equal(near.distribution.ViewerCertificate?.MinimumProtocolVersion, 'TLSv1.2_2025');
  });

  test('stands before a balancer as well', async (t) => {
    const { distribution, url } = await made(t, { front: { kind: 'alb' }, network: {} });
    assert.match(url, /[^v]\/$/);
    assert.match(JSON.stringify(distribution.Origins), /"OriginProtocolPolicy":"http-only"/);
  });

  test('and an allow-list of addresses exclude each other, because CloudFront would have to be on it', async (t) => {
    await assert.rejects(made(t, { front: { kind: 'rest-api', allowFrom: ['203.0.113.0/24'] } }), {
      name: 'ConfigError',
      message: /^console: expected false/,
    });
  });
});

describe('the page of the console', () => {
  test('asks for nothing but its assets and the application, below the path of the stage', async (t) => {
    const { registers } = await createSmallStack(t, { front: { kind: 'rest-api' } });
    const page = consolePage({ basePath: '/dev', region: 'eu-west-1', registers, queued: true });
    const addresses = [...page.matchAll(/(?:href|src|action)="([^"#][^"]*)"/g)].map(([, address]) => address);
    assert.ok(addresses.length > 5);
    for (const address of addresses) assert.match(address ?? '', /^\/dev\//, address);
    const assets = addresses.filter((address) => address?.startsWith('/dev/assets/'));
    for (const asset of assets)
      assert.ok(readdirSync(ASSETS).includes(asset?.split('/').at(-1) ?? ''), asset);
    assert.match(page, /replicated-fsync/);
    assert.match(page, /action="\/dev\/app"/);
  });
});
