/**
 * CloudFront before the private balancer, which it reaches by interfaces of its own in the network (a VPC origin). Files
 * that never change under their name are kept at the edge; pages and answers never are.
 */
import {
  aws_certificatemanager as acm,
  aws_cloudfront as cloudfront,
  aws_cloudfront_origins as origins,
  aws_route53_targets as targets,
  aws_s3 as s3,
  Duration,
  ReferenceStrength,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ASSET_PATHS } from 'daybook/deployment';

import type { Deployment } from '../config/schema.ts';
import type { CdnFront, Tiers } from '../parts.ts';
import { allowListCode } from './allow-list.ts';
import { cdnNames } from './cdn-names.ts';
import type { Domain } from './domain.ts';
import { LogBucket } from './log-bucket.ts';
import type { TierBalancer } from './tier-balancer.ts';
import type { EdgeStack } from '../stacks/edge-stack.ts';

export interface CdnProps {
  readonly deployment: Deployment;
  readonly balancer: TierBalancer;
  readonly domain?: Domain | undefined;
  /** What is in us-east-1 for it. */
  readonly edge?: EdgeStack | undefined;
}

/** More than the longest poll (30 s) and the comment that keeps a stream alive (15 s); "Response timeout": 60 s need no increase. */
const ANSWER_WITHIN = Duration.seconds(60);
/** Less than the balancer keeps an idle connection, so that it is never the balancer who hangs up. */
const IDLE = Duration.seconds(60);

export class Cdn extends Construct implements CdnFront {
  readonly kind = 'alb';
  readonly url: string;
  readonly distribution: cloudfront.Distribution;
  readonly balancer: CdnFront['balancer'];
  readonly targets: CdnFront['targets'];
  readonly targetOf: CdnFront['targetOf'];

  constructor(scope: Construct, id: string, props: CdnProps) {
    super(scope, id);
    const { balancer, domain } = props;
    this.balancer = balancer.balancer;
    this.targetOf = { web: balancer.web, api: balancer.api };
    this.targets = [balancer.api, balancer.web];
    this.distribution = this.#createDistribution(props);
    if (domain !== undefined)
      domain.leadTo(new targets.CloudFrontTarget(this.distribution), {
        ipv6: true,
        names: cdnNames(domain.name),
      });
    this.url = `https://${domain?.name ?? this.distribution.distributionDomainName}`;
  }

  /** CloudFront needs nobody's help to reach tasks, but the first caller does. */
  waitFor({ web, api }: Tiers): void {
    this.distribution.node.addDependency(web.service, api.service);
  }

  #createDistribution({
    deployment,
    balancer: { balancer, encrypted },
    domain,
    edge,
  }: CdnProps): cloudfront.Distribution {
    const { bucket: logBucket } = new LogBucket(this, 'AccessLogs', { deployment, byAcl: true });
    const certificate = domain && this.#certificate(deployment, domain, edge);
    const aclArn = edge?.firewall?.aclArn;
    const functionAssociations = this.#allowList(deployment);
    const origin = origins.VpcOrigin.withVpcOrigin(this.#wayTo(balancer, encrypted), {
      readTimeout: ANSWER_WITHIN,
      keepaliveTimeout: IDLE,
      // The name that the balancer's certificate is held against, where the caller's is not sent on.
      ...(domain && { domainName: domain.name }),
    });
    const answers = {
      origin,
      allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
      cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
      // Daybook names itself by it in Location and on its pages, and the balancer leads by it.
      originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER,
      // An entry that was sent in the clear has been read already: better to refuse it than to lead it on.
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
      functionAssociations,
    };
    const distribution = new cloudfront.Distribution(this, 'Distribution', {
      comment: Stack.of(this).stackName,
      defaultBehavior: answers,
      additionalBehaviors: {
        [ASSET_PATHS]: {
          origin,
          cachePolicy: cloudfront.CachePolicy.CACHING_OPTIMIZED,
          viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
          functionAssociations,
        },
        // Whoever types the name comes in the clear first.
        '/': { ...answers, viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS },
      },
      priceClass: cloudfront.PriceClass.PRICE_CLASS_100,
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      enableLogging: true,
      logBucket: logBucket as s3.IBucket,
      // What an alarm on slow answers reads; CloudWatch is paid for them.
      publishAdditionalMetrics: deployment.observe.alarms,
      ...(aclArn !== undefined && { webAclId: fromElsewhere(aclArn) }),
      ...(domain &&
        certificate && {
          domainNames: [...cdnNames(domain.name)],
          certificate,
          minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2025,
        }),
    });
    this.#acknowledge(distribution, { encrypted, guarded: aclArn !== undefined });
    return distribution;
  }

  /**
   * CloudFront changes none that a distribution uses ("Update a VPC origin", Amazon CloudFront Developer Guide). So one that
   * is to be different is another resource under another name: made first, taken into use, and the one before removed then.
   */
  #wayTo(balancer: CdnFront['balancer'], encrypted: boolean): cloudfront.VpcOrigin {
    const { stackName } = Stack.of(this);
    return new cloudfront.VpcOrigin(this, encrypted ? 'EncryptedWay' : 'PlainWay', {
      endpoint: cloudfront.VpcOriginEndpoint.applicationLoadBalancer(balancer),
      vpcOriginName: `${stackName}-${encrypted ? 'https' : 'http'}`,
      protocolPolicy: encrypted
        ? cloudfront.OriginProtocolPolicy.HTTPS_ONLY
        : cloudfront.OriginProtocolPolicy.HTTP_ONLY,
      originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
    });
  }

  /** The balancer's own serves CloudFront as well where both are in the one region that CloudFront takes them from. */
  #certificate(
    { domain: settings }: Deployment,
    domain: Domain,
    edge: EdgeStack | undefined,
  ): acm.ICertificate {
    const made = edge?.certificate;
    const arn = settings?.cdnCertificateArn ?? (made && fromElsewhere(made.certificateArn));
    if (arn === undefined) return domain.certificate;
    return acm.Certificate.fromCertificateArn(this, 'Certificate', arn);
  }

  #allowList({ front }: Deployment): cloudfront.FunctionAssociation[] {
    if (front.allowFrom.length === 0) return [];
    return [
      {
        eventType: cloudfront.FunctionEventType.VIEWER_REQUEST,
        function: new cloudfront.Function(this, 'AllowList', {
          comment: 'front.allowFrom',
          runtime: cloudfront.FunctionRuntime.JS_2_0,
          code: cloudfront.FunctionCode.fromInline(allowListCode(front.allowFrom)),
        }),
      },
    ];
  }

  #acknowledge(
    distribution: cloudfront.Distribution,
    { encrypted, guarded }: { readonly encrypted: boolean; readonly guarded: boolean },
  ): void {
    const because = (id: string, reason: string) =>
      Validations.of(distribution).acknowledge({ id: `AwsSolutions-${id}`, reason });
    because('CFR1', 'Callers may be anywhere in the world; front.allowFrom narrows it to networks.');
    if (!guarded)
      because(
        'CFR2',
        'Daybook limits callers itself, by their own addresses; front.waf puts a firewall here.',
      );
    if (!encrypted) {
      because(
        'CFR4',
        'Under the name that CloudFront gives, CloudFront sets the oldest version of TLS itself.',
      );
      because(
        'CFR5',
        'Without a domain the balancer has no certificate; a warning at the balancer says what that means.',
      );
    }
  }
}

/** An export is of one region; an output is read from any. */
function fromElsewhere(value: string): string {
  return Stack.consumeReference(value, ReferenceStrength.WEAK);
}
