/**
 * What the S3 driver can do. Apart from it, so that whoever only asks does not load the client.
 */
import type { ObjectsCapabilities } from '../objects.ts';

const AWS_HOST = /(?:^|\.)amazonaws\.com(?:\.cn)?$/;

/** What stands behind another endpoint than Amazon's own makes no statement that we could pass on. */
export function s3Capabilities(endpoint: string | undefined): ObjectsCapabilities {
  const host = endpoint === undefined ? undefined : new URL(endpoint).hostname;
  const isAws = host === undefined || AWS_HOST.test(host);
  return {
    driver: 's3',
    durability: isAws ? 'replicated-fsync' : 'page-cache',
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/DataDurability.html
    durabilityProof: isAws
      ? 'Amazon S3 confirms a write after it is on several devices in several zones, as its vendor states'
      : `a storage that speaks S3 at ${host}: what its writes survive is not known, so the least is assumed`,
    shared: true,
    verified: true,
  };
}
