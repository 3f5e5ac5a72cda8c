/**
 * Several regions: what each has of its own, and the names by which they find one another. Those are values and no
 * references, because a stack can refer to nothing in another region; see docs/decisions/0022.
 */
import type { Deployment } from './schema.ts';

type Regions = Pick<Deployment, 'regions' | 'spread'>;
type Named = Pick<Deployment, 'name' | 'environment'>;
type DomainName = NonNullable<Deployment['domain']>;

/** Route 53 publishes its metrics there and nowhere else: "Monitoring health checks using CloudWatch". */
export const ROUTING_REGION = 'us-east-1';

/**
 * CloudFront takes its certificates and its firewalls from there, and publishes its metrics there: "Requirements for using
 * SSL/TLS certificates with CloudFront", "AWS::WAFv2::WebACL", "Types of metrics for CloudFront".
 */
export const CDN_REGION = 'us-east-1';

/** Whether the table has replicas, or is such that it can have some, and hosts of its own stand for each region. */
export function isSpread({ regions, spread }: Regions): boolean {
  return spread || regions.length > 1;
}

/** In which region the table is made, whose resource all replicas are. */
export function primaryRegion({ regions }: Pick<Regions, 'regions'>): string {
  return regions[0] ?? '';
}

/** Of the table in every region: replicas of one table have one name. */
export function sharedTableName({ name, environment }: Named): string {
  return `${name}-${environment}`;
}

/** By it the table's resource names the key of another region. */
export function keyAlias({ name, environment }: Named): string {
  return `alias/${name}-${environment}`;
}

/** What answers for one region alone: its health check asks there, and its probe. */
export function regionalHost({ name }: Pick<DomainName, 'name'>, region: string): string {
  return `${region}.${name}`;
}

/** Where the common name leads in one region. A step of the resolver's; nobody calls it. */
export function commonTarget({ name }: Pick<DomainName, 'name'>, region: string): string {
  return `common.${region}.${name}`;
}
