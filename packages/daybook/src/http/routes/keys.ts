/**
 * `/api/keys`: API keys are made, listed and revoked. Needs the role `admin`. A key's secret is in the answer that made it,
 * and nowhere else.
 */
import type { Context, Hono } from 'hono';

import type { Identity } from '../../access/identity.ts';
import { KeyError } from '../../access/keys/key-error.ts';
import type { KeyRequest } from '../../access/keys/key-request.ts';
import type { KeyActor, Keys, ListedKey } from '../../access/keys/keys.ts';
import type { CreatedKeyView, KeyPageView, KeyView } from '../../contract/key-messages.ts';
import { keyRequestSchema } from '../../contract/key-schemas.ts';
import type { ErrorCode } from '../../errors.ts';
import { DaybookError } from '../../errors.ts';
import { formatStamp, idToStamp, isId } from '../../id.ts';
import type { Answer } from '../answer.ts';
import { jsonAnswer, toResponse } from '../answer.ts';
import type { AppEnv } from '../app-env.ts';
import { searchOf } from '../app-env.ts';
import { readParameters, wholeNumberOf } from '../parameters.ts';
import { readJson } from '../read-json.ts';
import { parseRfc3339 } from '../rfc3339.ts';

export const KEY_PARAMETERS = ['cursor', 'limit'] as const;

/** How the keys' own refusals are answered, and what nobody knows. */
export const KEY_PROBLEMS = {
  invalid: 'PARAMETER_INVALID',
  limit: 'PARAMETER_INVALID',
  loading: 'STORE_UNAVAILABLE',
  unknown: 'NOT_FOUND',
} as const satisfies Record<KeyError['reason'] | 'unknown', ErrorCode>;

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
/** Room for every scope of some hundred registers. */
const BODY = { maxBytes: 64 * 1024, example: '{"name":"ci","scopes":["app.write"]}' } as const;
const NOT_KEPT = { 'cache-control': 'no-store' };

export interface KeyRoutes {
  readonly getKeys: () => Promise<Keys>;
  /** @throws {DaybookError} UNAUTHENTICATED, FORBIDDEN */
  readonly assertAdmin: (c: Context<AppEnv>) => Promise<Identity>;
  /** OPTIONS and 405 of a path whose own methods are these. */
  readonly others: (path: string, methods: readonly string[]) => void;
}

export function createKeyRoutes(app: Hono<AppEnv>, { getKeys, assertAdmin, others }: KeyRoutes): void {
  async function actorOf(c: Context<AppEnv>): Promise<KeyActor> {
    const { subject } = await assertAdmin(c);
    return { subject, requestId: c.get('requestId') };
  }

  app.get('/api/keys', async (c) => {
    await assertAdmin(c);
    const parameters = readParameters(searchOf(c), KEY_PARAMETERS);
    const keys = await getKeys();
    const limit = wholeNumberOf('limit', parameters.limit, {
      from: 1,
      to: MAX_LIMIT,
      fallback: DEFAULT_LIMIT,
    });
    return toResponse(
      listAnswer(
        orRefuse(() => keys.list()),
        parameters.cursor,
        limit,
      ),
    );
  });
  app.post('/api/keys', async (c) => {
    const by = await actorOf(c);
    readParameters(searchOf(c), []);
    const request = readRequest(await readJson(c.req.raw, BODY));
    const { key, text } = await orRefuse(async () => (await getKeys()).create(request, by));
    const body: CreatedKeyView = { ...toView(key), key: text };
    return toResponse(jsonAnswer(body, 201, NOT_KEPT));
  });
  others('/api/keys', ['GET', 'HEAD', 'POST']);

  app.delete('/api/keys/:id', async (c) => {
    const by = await actorOf(c);
    readParameters(searchOf(c), []);
    const id = c.req.param('id');
    const key = await orRefuse(async () => (await getKeys()).revoke(id, by));
    if (key !== undefined) return toResponse(jsonAnswer(toView(key), 200, NOT_KEPT));
    throw new DaybookError(
      KEY_PROBLEMS.unknown,
      `expected the keyId of an API key, given ${JSON.stringify(id.slice(0, 80))}`,
    );
  });
  others('/api/keys/:id', ['DELETE']);
}

function listAnswer(keys: readonly ListedKey[], cursor: string | undefined, limit: number): Answer {
  if (cursor !== undefined && !isId(cursor))
    throw new DaybookError('CURSOR_INVALID', 'cursor: expected one that a list gave, given something else');
  const rest = cursor === undefined ? keys : keys.filter(({ entryId }) => entryId < cursor);
  const shown = rest.slice(0, limit);
  const page: KeyPageView = {
    keys: shown.map(toView),
    nextCursor: rest.length > limit ? (shown.at(-1)?.entryId ?? null) : null,
  };
  return jsonAnswer(page, 200, NOT_KEPT);
}

/** The members are named one by one, so that a hash cannot slip out. */
function toView({ keyId, name, identity, scopes, status, entryId, createdBy, ...rest }: ListedKey): KeyView {
  return {
    keyId,
    name,
    subject: identity.subject,
    scopes: [...scopes],
    status,
    createdAt: idToStamp(entryId),
    createdBy,
    expiresAt: formatStamp(rest.expiresAt),
    revokedAt: rest.revocation === undefined ? null : idToStamp(rest.revocation.entryId),
    revokedBy: rest.revocation?.by ?? null,
    lastUsedAt: rest.usedAt === undefined ? null : formatStamp(rest.usedAt),
  };
}

/** @throws {DaybookError} what `invalid` is answered with. */
function readRequest(given: unknown): KeyRequest {
  const { success, data, error } = keyRequestSchema.strict().safeParse(given);
  if (!success) {
    const [issue] = error.issues;
    const where = issue?.path.join('.') ?? '';
    throw invalid(
      `${where === '' ? 'body' : where}: expected {"name","scopes","expiresAt"?}; ${issue?.message}`,
    );
  }
  const { name, scopes, expiresAt: text } = data;
  const expiresAt = text === undefined ? undefined : parseRfc3339(text);
  if (text !== undefined && expiresAt === undefined)
    throw invalid(
      `expiresAt: expected a time such as 2027-11-21T07:55:43Z or a date; given ${JSON.stringify(text.slice(0, 80))}`,
    );
  return { name, scopes, expiresAt };
}

function invalid(message: string): DaybookError {
  return new DaybookError(KEY_PROBLEMS.invalid, message);
}

function orRefuse<T>(work: () => T): T;
function orRefuse<T>(work: () => Promise<T>): Promise<T>;
function orRefuse<T>(work: () => T | Promise<T>): T | Promise<T> {
  try {
    const result = work();
    return result instanceof Promise ? result.catch(refuse) : result;
  } catch (thrown) {
    return refuse(thrown);
  }
}

function refuse(thrown: unknown): never {
  if (!(thrown instanceof KeyError)) throw thrown;
  const { reason, message } = thrown;
  const later = reason === 'loading' ? { retryAfterSeconds: 1 } : {};
  throw new DaybookError(KEY_PROBLEMS[reason], message, later);
}
