/**
 * The configuration that Daybook itself is given: a file beside every handler, without secrets. It is parsed here with
 * Daybook's own parser, so that what would stop a handler stops the synthesis.
 */
import type { Config } from 'daybook/deployment';
import { parseConfig } from 'daybook/deployment';

import { ConfigError } from './fault.ts';
import { merge } from './merge.ts';
import type { Deployment } from './schema.ts';

type Values = Readonly<Record<string, unknown>>;
type Given = Pick<Deployment, 'front' | 'queue' | 'registers' | 'limits' | 'access' | 'observe'>;

/** Where the probe posts: small, short-lived, without addresses. Open, because what it proves is that anybody can. */
export const PROBE_REGISTER = 'probe';
const PROBE_REGISTER_CONFIG = { access: 'open', maxEntryBytes: 1_024, retentionDays: 7, clientIp: 'off' };
/** What `daybook.config.json` holds. */
export function daybookConfigOf(deployment: Given): Values {
  return {
    // Not a loopback address: what is open to this machine only would be open to everybody behind a front.
    host: '0.0.0.0',
    registers: {
      ...(deployment.observe.probe && { [PROBE_REGISTER]: PROBE_REGISTER_CONFIG }),
      ...deployment.registers,
    },
    issuers: deployment.access.issuers,
    limits: merge(limitsOf(deployment), deployment.limits),
    ...(deployment.front.kind === 'cdn' && { trustedProxies: PROXIES }),
  };
}

/**
 * What a front hands over of a body: 1 MB through ALB; 6 MB is what Lambda takes from API Gateway, with the head and as
 * base64 ("Lambda quotas": invocation payload).
 */
const MAX_BATCH_BYTES = { alb: 768 * 1024, 'rest-api': 4 * 1024 * 1024 } as const;
/** CloudFront and the balancer each write down who called them. */
const PROXIES = 2;

/** A server takes bodies as they come. */
function limitsOf({ front }: Given): Values {
  return front.kind === 'cdn' ? {} : { maxBatchBytes: MAX_BATCH_BYTES[front.kind] };
}

/** @throws {ConfigError} with the line of Daybook's own parser. */
export function parseDaybookConfig(deployment: Given): Config {
  try {
    return parseConfig(daybookConfigOf(deployment));
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ConfigError(message.replace(/^issuers\b/, 'access.issuers'), { cause: thrown });
  }
}
