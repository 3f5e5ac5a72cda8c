/**
 * How soon callers leave a region that fails, in numbers: what the records and checks are made with, and what operators are
 * told. docs/two-region.md goes through it second by second.
 */

/** How long a resolver sends callers to a region after Route 53 has left it. */
export const TTL_SECONDS = 20;
/** The shorter of the two that there are. */
export const INTERVAL_SECONDS = 10;
export const FAILURES = 2;
/** Until the last checker has failed so often; Route 53 itself takes some seconds more. */
export const UNHEALTHY_SECONDS = INTERVAL_SECONDS * FAILURES;
/** Each as much as any other: two share the callers half and half. */
export const WEIGHT = 50;
