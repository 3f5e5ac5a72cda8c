/**
 * The pages for people: files in a private bucket that CloudFront alone may read, and under the same name everything else
 * of the application, so that the page's calls are calls of its own site. Nothing of the application is cached.
 *
 * A certificate for CloudFront must be in us-east-1 ("Requirements for using SSL/TLS certificates with CloudFront"): with
 * a domain there the console is at `console.<domain.name>`; elsewhere it keeps the name that CloudFront gives it, which
 * is printed as an output.
 */
import type { aws_kms as kms } from 'aws-cdk-lib';
import {
  aws_cloudfront as cloudfront,
  aws_cloudfront_origins as origins,
  aws_logs as logs,
  aws_route53_targets as targets,
  aws_s3 as s3,
  Duration,
  RemovalPolicy,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Register } from 'daybook/deployment';
import { PAGE_POLICY } from 'daybook/deployment';

import { ConfigError } from '../config/fault.ts';
import type { Deployment } from '../config/schema.ts';
import { Domain } from '../front/domain.ts';
import { LogBucket } from '../front/log-bucket.ts';
import type { Front } from '../parts.ts';
import { removalPolicyOf } from '../stacks/removal-policy.ts';
import type { ApiOrigin } from './api-origin.ts';
import { apiOrigin } from './api-origin.ts';
import { consolePage } from './page.ts';
import { uploadConsole } from './upload.ts';

export interface ConsoleProps {
  readonly deployment: Deployment;
  readonly front: Front;
  /** As the application has them, defaults included. */
  readonly registers: readonly Register[];
  /** Of the log of CDK's function that uploads. */
  readonly key?: kms.IKey;
}

const ONE_YEAR = Duration.days(365);
const CERTIFICATE_REGION = 'us-east-1';

export class Console extends Construct {
  readonly distribution: cloudfront.Distribution;
  readonly bucket: s3.Bucket;
  readonly uploads: readonly Construct[];
  /** With a slash at the end. */
  readonly url: string;

  /** @throws {ConfigError} CloudFront calls from its own addresses, which `front.allowFrom` cannot tell apart. */
  constructor(scope: Construct, id: string, { deployment, front, registers, key }: ConsoleProps) {
    super(scope, id);
    if (deployment.front.allowFrom.length > 0)
      throw new ConfigError(
        'console: expected false, because front.allowFrom would be asked about the addresses of CloudFront, given true',
      );
    const api = apiOrigin(this, deployment, front);
    this.bucket = this.#createBucket();
    const domain = this.#createDomain(deployment);
    this.distribution = this.#createDistribution(deployment, api, domain);
    domain?.leadTo(new targets.CloudFrontTarget(this.distribution), { ipv6: true });
    const { basePath } = api;
    this.uploads = uploadConsole(this, {
      bucket: this.bucket,
      basePath,
      page: consolePage({
        basePath,
        region: Stack.of(this).region,
        registers,
        queued: deployment.queue !== undefined,
      }),
      logGroup: new logs.LogGroup(this, 'UploadLogs', {
        retention: deployment.logs.retentionDays,
        removalPolicy: removalPolicyOf(deployment),
        ...(key && { encryptionKey: key }),
      }),
    });
    this.url = `https://${domain?.host.name ?? this.distribution.distributionDomainName}${basePath}/`;
  }

  /** Holds copies of what is in the package, so it goes with the stack. */
  #createBucket(): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Files', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: RemovalPolicy.DESTROY,
      autoDeleteObjects: true,
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Only CloudFront can read it, and CloudFront logs every request.',
    });
    return bucket;
  }

  #createDomain({ domain }: Deployment): Domain | undefined {
    if (domain === undefined || Stack.of(this).region !== CERTIFICATE_REGION) return undefined;
    return new Domain(this, 'Domain', { ...domain, name: `console.${domain.name}` });
  }

  #createDistribution(
    deployment: Deployment,
    { origin, basePath, encrypted }: ApiOrigin,
    domain: Domain | undefined,
  ): cloudfront.Distribution {
    // The class declares as `| undefined` what its interface declares as optional.
    const bucket = this.bucket as s3.IBucket;
    const { bucket: logBucket } = new LogBucket(this, 'AccessLogs', { deployment, byAcl: true });
    const file = {
      origin: origins.S3BucketOrigin.withOriginAccessControl(bucket),
      cachePolicy: cloudfront.CachePolicy.CACHING_OPTIMIZED,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      responseHeadersPolicy: this.#createHeaders(),
    };
    const distribution = new cloudfront.Distribution(this, 'Distribution', {
      comment: `Console of ${Stack.of(this).stackName}`,
      defaultBehavior: {
        origin,
        allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
        cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
        // A gateway knows itself by its own name; with the caller's it would answer that nothing is there.
        originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        // An entry that was sent in the clear has been read already: better to refuse it than to lead it on.
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
      },
      additionalBehaviors: {
        [`${basePath}/assets/*`]: file,
        [`${basePath}/`]: { ...file, functionAssociations: [this.#onRequest('Index', APPEND_INDEX)] },
        ...(basePath !== '' && {
          '/': { ...file, functionAssociations: [this.#onRequest('Root', redirectTo(`${basePath}/`))] },
        }),
      },
      priceClass: cloudfront.PriceClass.PRICE_CLASS_100,
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      enableLogging: true,
      logBucket: logBucket as s3.IBucket,
      ...(domain && {
        domainNames: [domain.host.name],
        certificate: domain.host.certificate,
        minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2025,
      }),
    });
    this.#acknowledge(distribution, { encrypted, named: domain !== undefined });
    return distribution;
  }

  #createHeaders(): cloudfront.ResponseHeadersPolicy {
    return new cloudfront.ResponseHeadersPolicy(this, 'Headers', {
      comment: 'What the application says of its own pages, and HTTPS for good',
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy: PAGE_POLICY, override: true },
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: cloudfront.HeadersFrameOption.DENY, override: true },
        referrerPolicy: {
          referrerPolicy: cloudfront.HeadersReferrerPolicy.NO_REFERRER,
          override: true,
        },
        strictTransportSecurity: { accessControlMaxAge: ONE_YEAR, override: true },
      },
    });
  }

  #onRequest(id: string, code: string): cloudfront.FunctionAssociation {
    return {
      eventType: cloudfront.FunctionEventType.VIEWER_REQUEST,
      function: new cloudfront.Function(this, id, {
        runtime: cloudfront.FunctionRuntime.JS_2_0,
        code: cloudfront.FunctionCode.fromInline(code),
      }),
    };
  }

  #acknowledge(
    distribution: cloudfront.Distribution,
    { encrypted, named }: { readonly encrypted: boolean; readonly named: boolean },
  ): void {
    const because = (id: string, reason: string) =>
      Validations.of(distribution).acknowledge({ id: `AwsSolutions-${id}`, reason });
    because('CFR1', 'Callers may be anywhere in the world, as at the front itself.');
    because(
      'CFR2',
      'The firewall stands before the front, which everything but a few public files goes through.',
    );
    if (!named)
      because(
        'CFR4',
        'Under the name that CloudFront gives, CloudFront sets the oldest version of TLS itself; every page asks for HTTPS for good.',
      );
    if (!encrypted)
      because(
        'CFR5',
        'Without a domain the balancer has no certificate; a warning at the balancer says what that means.',
      );
  }
}

/** JavaScript of CloudFront Functions, runtime 2.0. */
const APPEND_INDEX = `function handler(event) { event.request.uri += 'index.html'; return event.request; }`;

function redirectTo(path: string): string {
  return `function handler() { return { statusCode: 302, statusDescription: 'Found', headers: { location: { value: '${path}' } } }; }`;
}
