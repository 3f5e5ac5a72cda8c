/** What a front takes of a body, in bytes. */
export const LIMITS = {
  /** "Amazon API Gateway quotas": payload size of a REST API and of an HTTP API. */
  restApiBodyBytes: 10 * 1024 * 1024,
  /** "Use Lambda functions as targets", Application Load Balancer: request body, and JSON of the answer. */
  balancerBytes: 1024 * 1024,
} as const;
