/**
 * Puts together who may do what: API keys, tokens of issuers, the audit, the networks that are let in.
 */
import type { Logger } from 'pino';

import type { Audit } from './access/audit.ts';
import { createAudit } from './access/audit.ts';
import type { Networks } from './access/client-address.ts';
import { createClientOf, createNetworks } from './access/client-address.ts';
import type { InternalRecords } from './access/internal-records.ts';
import type { TokenVerifier } from './access/jwt/token-verifier.ts';
import { scopesOf } from './access/keys/key-request.ts';
import { createKeys } from './access/keys/keys.ts';
import type { KeysWhenNeeded } from './access/keys/keys-when-needed.ts';
import { createKeysWhenNeeded } from './access/keys/keys-when-needed.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/load.ts';
import { DaybookError } from './errors.ts';
import type { Authenticate } from './http/authenticate.ts';
import { createAuthenticate } from './http/authenticate.ts';
import type { HttpContext } from './http/context.ts';
import type { Store } from './store/store.ts';
import type { WatchedPart } from './telemetry/health.ts';

export interface OpenAccessOptions {
  readonly config: Config;
  /** Absent where there is no data directory to keep one in. */
  readonly adminKey?: string;
  readonly store: Store;
  readonly records: InternalRecords;
  readonly clock: Clock;
  /** Milliseconds that never go back, also while nothing runs. */
  readonly nowMs: () => number;
  /** Whether the process runs between requests. */
  readonly background: boolean;
  readonly log: Logger;
}

export interface OpenedAccess extends Pick<HttpContext, 'clientOf' | 'assertLetsIn'> {
  readonly keys: KeysWhenNeeded;
  readonly audit: Audit;
  readonly authenticate: Authenticate;
  readonly parts: Readonly<Record<string, WatchedPart>>;
  /** Resolves when no issuer's keys are being read: where nothing runs between requests, a read would be cut off there. */
  settled(): Promise<void>;
  /** Before the intake is closed: the last uses of keys go on record. */
  close(): Promise<void>;
}

/** How soon a key that another server revoked is refused. */
const LOOK_FOR_KEYS_MS = 1_000;
/** What this process writes is known at once; nobody else writes. */
const LOOK_AT_OWN_KEYS_MS = 60_000;

export async function openAccess(options: OpenAccessOptions): Promise<OpenedAccess> {
  const { config, adminKey, store, records, clock, nowMs, background, log } = options;
  const isShared = store.capabilities.live === 'polled';
  const keys = createKeysWhenNeeded(
    () =>
      createKeys({
        store,
        records,
        scopes: scopesOf(config.registers),
        onUnknownEvents: (entries) => log.warn({ event: 'key-events-unknown', entries }),
        onUsesNotRecorded: ({ message }) => log.warn({ event: 'key-uses-not-recorded', reason: message }),
        nowMicros: () => clock.nowMicros(),
        nowMs,
        background,
        lookEveryMs: isShared ? LOOK_FOR_KEYS_MS : LOOK_AT_OWN_KEYS_MS,
      }),
    background,
  );
  // Between requests nothing runs there: what is needed is read by the one that needs it.
  if (isShared && background) void keys.get();
  const tokens = await openTokens(config, clock, log);
  // Never rejects: an issuer that is away must not keep the others out.
  if (background) void tokens?.load();
  return {
    keys,
    audit: createAudit({
      records,
      onOutcomeLost({ action, target, outcome, requestId }, { message }) {
        log.warn({ event: 'audit-without-outcome', action, target, outcome, requestId, reason: message });
      },
    }),
    authenticate: createAuthenticate({
      ...(adminKey !== undefined && { adminKey }),
      keys,
      ...(tokens && { tokens }),
    }),
    clientOf: createClientOf(config.trustedProxies),
    assertLetsIn: createAddressCheck(config),
    parts: { keys: () => keys.status(), ...(tokens && { issuers: watchIssuers(tokens) }) },
    settled: async () => tokens?.settled(),
    close: () => keys.close(),
  };
}

/** The library is loaded only where there are issuers: it takes 50 ms of the start. */
async function openTokens(
  { issuers }: Config,
  clock: Clock,
  log: Logger,
): Promise<TokenVerifier | undefined> {
  if (Object.keys(issuers).length === 0) return undefined;
  const { createTokenVerifier } = await import('./access/jwt/token-verifier.ts');
  return createTokenVerifier({ issuers, nowMs: () => clock.nowMicros() / 1000, log });
}

function watchIssuers(tokens: TokenVerifier): WatchedPart {
  return () => {
    const troubled = Object.entries(tokens.status()).filter(([, { failure }]) => failure !== undefined);
    if (troubled.length === 0) return { state: 'ok' };
    return {
      state: 'unavailable',
      detail: troubled.map(([name, { failure }]) => `${name}: ${failure}`).join('; '),
    };
  };
}

function createAddressCheck({ registers }: Config): HttpContext['assertLetsIn'] {
  const networks = new Map<string, Networks>();
  for (const { name, allowFrom } of registers) {
    if (allowFrom !== undefined) networks.set(name, createNetworks(allowFrom));
  }
  if (networks.size === 0) return () => {};
  return ({ name }, address) => {
    if (networks.get(name)?.includes(address) !== false) return;
    throw new DaybookError(
      'ADDRESS_REFUSED',
      `expected an address of registers.${name}.allowFrom, given another`,
    );
  };
}
