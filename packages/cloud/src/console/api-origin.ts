/**
 * Where CloudFront sends what is no file of the console, and what stands before every path there. A stage's name is part
 * of the paths that the application writes into `Location` and its pages, so it stays part of them behind CloudFront too.
 */
import type { IConstruct } from 'constructs';
import { aws_cloudfront as cloudfront, aws_cloudfront_origins as origins, Stack } from 'aws-cdk-lib';

import type { Deployment } from '../config/schema.ts';
import type { Front } from '../parts.ts';

export interface ApiOrigin {
  readonly origin: cloudfront.IOrigin;
  readonly basePath: string;
  /** Whether the way from CloudFront to the front is encrypted. */
  readonly encrypted: boolean;
}

const ENCRYPTED = {
  protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
  originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
};

export function apiOrigin(scope: IConstruct, { domain, environment }: Deployment, front: Front): ApiOrigin {
  if (domain !== undefined)
    return { origin: new origins.HttpOrigin(domain.name, ENCRYPTED), basePath: '', encrypted: true };
  if (front.kind === 'alb') {
    // Without a domain it has no certificate, and plain HTTP is all it speaks.
    const origin = new origins.HttpOrigin(front.balancer.loadBalancerDnsName, {
      protocolPolicy: cloudfront.OriginProtocolPolicy.HTTP_ONLY,
    });
    return { origin, basePath: '', encrypted: false };
  }
  const { region, urlSuffix } = Stack.of(scope);
  const host = `${front.api.restApiId}.execute-api.${region}.${urlSuffix}`;
  return { origin: new origins.HttpOrigin(host, ENCRYPTED), basePath: `/${environment}`, encrypted: true };
}
