/**
 * `/api/drain`: the readiness of the region fails on purpose, or no more. Needs the role `admin`.
 */
import type { Context, Hono } from 'hono';

import type { Drain } from '../../access/drain/drain.ts';
import type { Identity } from '../../access/identity.ts';
import { show } from '../../config/leaf.ts';
import { drainRequestSchema } from '../../contract/drain-schemas.ts';
import type { DrainView } from '../../contract/messages.ts';
import { DaybookError } from '../../errors.ts';
import { jsonAnswer, toResponse } from '../answer.ts';
import type { AppEnv } from '../app-env.ts';
import { searchOf } from '../app-env.ts';
import { readParameters } from '../parameters.ts';
import { readJson } from '../read-json.ts';

const BODY = { maxBytes: 4 * 1024, example: '{"drained":true,"reason":"maintenance"}' } as const;

export interface DrainRoutes {
  readonly drain: Drain;
  readonly region: string;
  /** @throws {DaybookError} UNAUTHENTICATED, FORBIDDEN */
  readonly assertAdmin: (c: Context<AppEnv>) => Promise<Identity>;
  /** OPTIONS and 405 of a path whose own methods are these. */
  readonly others: (path: string, methods: readonly string[]) => void;
}

export function createDrainRoutes(app: Hono<AppEnv>, options: DrainRoutes): void {
  const { drain, region, assertAdmin, others } = options;
  app.post('/api/drain', async (c) => {
    const { subject } = await assertAdmin(c);
    readParameters(searchOf(c), []);
    const { drained, reason } = readRequest(await readJson(c.req.raw, BODY));
    const by = { subject, requestId: c.get('requestId') };
    await (drained ? drain.drain(reason, by) : drain.undrain(by));
    const { known } = drain;
    const view: DrainView = {
      region,
      drained: known !== undefined,
      since: known?.since ?? null,
      by: known?.by ?? null,
      reason: known?.reason ?? null,
    };
    return toResponse(jsonAnswer(view, 200, { 'cache-control': 'no-store' }));
  });
  others('/api/drain', ['POST']);
}

/** @throws {DaybookError} PARAMETER_INVALID */
function readRequest(given: unknown) {
  const { success, data, error } = drainRequestSchema.strict().safeParse(given);
  if (success) return data;
  const [issue] = error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new DaybookError(
    'PARAMETER_INVALID',
    `${where === '' ? 'body' : where}: expected {"drained": true or false, "reason": a text, or none}, given ${show(given)}`,
  );
}
