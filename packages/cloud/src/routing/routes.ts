/**
 * The common name of several regions: a weighted record for each, given out only while the health check of that region's
 * own host passes. The check never asks the common name, which would lead it to whatever region is well.
 */
import { aws_route53 as route53 } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { HEALTH_PATHS } from 'daybook/deployment';

import { commonTarget, regionalHost } from '../config/places.ts';
import type { Deployment } from '../config/schema.ts';
import { FAILURES, INTERVAL_SECONDS, TTL_SECONDS, WEIGHT } from './timing.ts';

export interface RoutesProps {
  readonly regions: readonly string[];
  readonly domain: NonNullable<Deployment['domain']>;
}

/** One region of the common name. */
export interface Route {
  readonly region: string;
  /** What the check asks. */
  readonly host: string;
  readonly check: route53.CfnHealthCheck;
  readonly record: route53.CfnRecordSet;
}

/**
 * On three continents, the fewest regions that Route 53 takes. Each check is a request that proves a write, in every
 * replica: from everywhere they would be some three times as many.
 */
const CHECKERS = ['ap-southeast-1', 'eu-west-1', 'us-east-1'];
const HTTPS = 443;

export class Routes extends Construct {
  readonly routes: readonly Route[];

  constructor(scope: Construct, id: string, { regions, domain }: RoutesProps) {
    super(scope, id);
    const { zoneName, hostedZoneId } = domain;
    const zone = route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName });
    this.routes = regions.map((region) => {
      const host = regionalHost(domain, region);
      const check = this.#check(region, host);
      // A record that is no alias has a time to live of its own.
      const record = new route53.CfnRecordSet(this, `Record-${region}`, {
        hostedZoneId: zone.hostedZoneId,
        name: `${domain.name}.`,
        type: 'CNAME',
        ttl: String(TTL_SECONDS),
        resourceRecords: [commonTarget(domain, region)],
        setIdentifier: region,
        weight: WEIGHT,
        healthCheckId: check.attrHealthCheckId,
      });
      return { region, host, check, record };
    });
  }

  /**
   * A checker waits four seconds for the connection and two for the answer: "How Amazon Route 53 determines whether a
   * health check is healthy".
   */
  #check(region: string, host: string): route53.CfnHealthCheck {
    return new route53.CfnHealthCheck(this, `Check-${region}`, {
      healthCheckConfig: {
        type: 'HTTPS',
        fullyQualifiedDomainName: host,
        port: HTTPS,
        resourcePath: HEALTH_PATHS.ready,
        enableSni: true,
        requestInterval: INTERVAL_SECONDS,
        failureThreshold: FAILURES,
        regions: CHECKERS,
      },
      healthCheckTags: [{ key: 'Name', value: host }],
    });
  }
}
