/**
 * `/api/dead-letters`: what was given up on; shown, stored after all, or discarded for good. Needs the role `admin`.
 */
import type { Context, Hono } from 'hono';

import type { DeadLetterOutcome, DeadLetterPageView, DeadLetterView } from '../../contract/messages.ts';
import type { Identity } from '../../access/identity.ts';
import { DaybookError } from '../../errors.ts';
import { DeadLetterDamagedError, isLetterId } from '../../persister/dead-letter.ts';
import type { DeadLetters } from '../../persister/dead-letters.ts';
import type { Answer } from '../answer.ts';
import { jsonAnswer, toResponse } from '../answer.ts';
import type { AppEnv } from '../app-env.ts';
import { searchOf } from '../app-env.ts';
import type { HttpContext } from '../context.ts';
import type { Parameters } from '../parameters.ts';
import { choiceOf, invalid, microsOf, readParameters, wholeNumberOf } from '../parameters.ts';

export const DEAD_LETTER_PARAMETERS = ['register', 'from', 'to', 'reason', 'cursor', 'limit'] as const;
const ACTION_PARAMETERS = ['dryRun'] as const;

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
/** A register may have been taken out of the configuration since: any name that one could have. */
const REGISTER = /^[a-z][a-z0-9-]{0,62}$/;
const REASON = /^[A-Za-z0-9._-]{1,100}$/;
const NOT_KEPT = { 'cache-control': 'no-store' };

interface Surroundings {
  /** @throws {DaybookError} UNAUTHENTICATED, FORBIDDEN */
  readonly assertAdmin: (c: Context<AppEnv>) => Promise<Identity>;
  /** OPTIONS and 405 of a path whose own methods are these. */
  readonly others: (path: string, methods: readonly string[]) => void;
}

export function createDeadLetterRoutes(
  context: HttpContext,
  app: Hono<AppEnv>,
  { assertAdmin, others }: Surroundings,
): void {
  app.get('/api/dead-letters', async (c) => {
    await assertAdmin(c);
    const parameters = readParameters(searchOf(c), DEAD_LETTER_PARAMETERS);
    return toResponse(await listAnswer(lettersOf(context), parameters));
  });
  others('/api/dead-letters', ['GET', 'HEAD']);

  app.get('/api/dead-letters/:id', async (c) => {
    await assertAdmin(c);
    readParameters(searchOf(c), []);
    return toResponse(await showAnswer(lettersOf(context), c.req.param('id')));
  });
  others('/api/dead-letters/:id', ['GET', 'HEAD']);

  for (const action of ['replay', 'discard'] as const) {
    const path = `/api/dead-letters/:id/${action}` as const;
    app.post(path, async (c) => {
      const { subject: by } = await assertAdmin(c);
      const given = readParameters(searchOf(c), ACTION_PARAMETERS);
      const dryRun = choiceOf('dryRun', given.dryRun, ['true', 'false'], 'false') === 'true';
      return toResponse(
        await actionAnswer(context, action, {
          id: c.req.param('id'),
          dryRun,
          requestId: c.get('requestId'),
          by,
        }),
      );
    });
    others(path, ['POST']);
  }
}

/** @throws {DaybookError} NOT_FOUND */
function lettersOf({ deadLetters }: HttpContext): DeadLetters {
  if (deadLetters !== undefined) return deadLetters;
  throw new DaybookError(
    'NOT_FOUND',
    'expected an object storage, where dead letters are kept; this server has none, because it has no queue',
  );
}

async function listAnswer(
  letters: DeadLetters,
  parameters: Parameters<(typeof DEAD_LETTER_PARAMETERS)[number]>,
): Promise<Answer> {
  const { register, reason, cursor } = parameters;
  const from = microsOf('from', parameters.from);
  const to = microsOf('to', parameters.to);
  if (from !== undefined && to !== undefined && to < from)
    throw invalid('to', 'a time that is not before from', String(parameters.to));
  if (register !== undefined && !REGISTER.test(register))
    throw invalid('register', 'the name of a register', register);
  if (reason !== undefined && !REASON.test(reason)) throw invalid('reason', 'the code of a reason', reason);
  if (cursor !== undefined && !isLetterId(cursor))
    throw new DaybookError(
      'CURSOR_INVALID',
      'cursor: expected the id of a dead letter, given something else',
    );
  const limit = wholeNumberOf('limit', parameters.limit, { from: 1, to: MAX_LIMIT, fallback: DEFAULT_LIMIT });
  const { letters: listed, next } = await letters.list({ register, from, to, reason, after: cursor, limit });
  const page: DeadLetterPageView = { deadLetters: [...listed], nextCursor: next ?? null };
  return jsonAnswer(page, 200, NOT_KEPT);
}

async function showAnswer(letters: DeadLetters, id: string): Promise<Answer> {
  const letter: DeadLetterView | undefined = await unlessDamaged(() => letters.show(id));
  if (letter === undefined) throw unknown(id);
  return jsonAnswer(letter, 200, NOT_KEPT);
}

async function actionAnswer(
  context: HttpContext,
  action: 'replay' | 'discard',
  { id, dryRun, requestId, by }: { id: string; dryRun: boolean; requestId: string; by: string },
): Promise<Answer> {
  const letters = lettersOf(context);
  const act = () => unlessDamaged(() => letters[action](id, { dryRun }));
  const result = dryRun
    ? await act()
    : await context.audit.around(
        { action: `dead-letters ${action}`, by, target: id, requestId },
        act,
        (done) => ({
          outcome: done?.outcome ?? 'unknown',
        }),
      );
  if (result === undefined) throw unknown(id);
  const { outcome } = result;
  if (outcome === 'kept') throw new DaybookError('DEAD_LETTER_KEPT', result.reason);
  if (!dryRun) {
    if (action === 'replay') context.log.info({ event: 'dead-letter-replayed', id, outcome, requestId });
    else context.log.info({ event: 'dead-letter-discarded', id, outcome, requestId });
  }
  const body: DeadLetterOutcome = { id, outcome, dryRun };
  return jsonAnswer(body, 200, NOT_KEPT);
}

async function unlessDamaged<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof DeadLetterDamagedError)) throw thrown;
    throw new DaybookError('DEAD_LETTER_DAMAGED', thrown.message, { cause: thrown });
  }
}

function unknown(id: string): DaybookError {
  return new DaybookError(
    'DEAD_LETTER_UNKNOWN',
    `expected the id of a dead letter, given ${JSON.stringify(id.slice(0, 80))}`,
  );
}
