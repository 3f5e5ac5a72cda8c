/**
 * The metrics that the handlers emit themselves, beside those that AWS counts of every function, queue and table: the
 * names with their units, for handlers and alarms alike. Units: "MetricDatum" in the Amazon CloudWatch API Reference.
 */

export const METRIC_UNITS = {
  /** Entries that were acknowledged to a caller; by the function that answers callers. */
  AcceptedEntries: 'Count',
  /** Entries that the persister brought into the store; one that is delivered again is counted again. */
  StoredEntries: 'Count',
  /** Entries and messages that were given up on and kept as dead letters. */
  DeadEntries: 'Count',
  /** Invocations that put messages back because the store, the queue or the object storage failed, not the entries. */
  SystemicHalts: 'Count',
  /** Probes that did not find what they had posted. */
  ProbeFailures: 'Count',
  /** From the post to its acknowledgement. */
  ProbeLatency: 'Milliseconds',
  /** From the post to the moment at which it was read back. */
  ProbeReadableLatency: 'Milliseconds',
  /** Requests that the authorizer could not judge: the keys of an issuer were not to be had. Refusals are not counted here. */
  UnverifiableCredentials: 'Count',
  /** Requests that the authorizer refused with 401, each of which Lambda counts among its errors. */
  RefusedCredentials: 'Count',
} as const;

export type MetricName = keyof typeof METRIC_UNITS;

/** The one dimension of each: the name of the handler's module. */
export const FUNCTION_DIMENSION = 'Function';
