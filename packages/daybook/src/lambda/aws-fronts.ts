/**
 * The fronts of AWS as data: what each carries back from a function. `docs/drivers.md` has them in one table.
 */
import type { Front } from '../http/front.ts';

/** "Lambda quotas" in the AWS Lambda Developer Guide: 6 MB for the answer of an invocation; API Gateway itself takes 10. */
const INVOCATION_BYTES = 6_000_000;
/** "Lambda functions as targets" in the guide of Application Load Balancers: 1 MB for the answer as JSON. */
const BALANCER_BYTES = 1_000_000;
/** Of that JSON, everything but the body. */
const HEAD_BYTES = 16 * 1024;

/** In base64, so that any bytes fit. */
function bodyBytes(answerBytes: number): number {
  return Math.floor(((answerBytes - HEAD_BYTES) * 3) / 4);
}

export const REST_API: Front = {
  name: 'rest-api',
  streams: false,
  maxAnswerBytes: bodyBytes(INVOCATION_BYTES),
};

export const HTTP_API: Front = {
  name: 'http-api',
  streams: false,
  maxAnswerBytes: bodyBytes(INVOCATION_BYTES),
};

export const BALANCER: Front = { name: 'alb', streams: false, maxAnswerBytes: bodyBytes(BALANCER_BYTES) };
