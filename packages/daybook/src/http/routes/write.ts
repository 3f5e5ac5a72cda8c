/**
 * `POST /{register}` through the app: for fronts without a Node request, and for tests without a socket. The Node server
 * takes the shorter way of `node/post.ts`; both end in the same write.
 */
import type { Context } from 'hono';

import { DaybookError } from '../../errors.ts';
import { Hold } from '../../intake/budget.ts';
import { loadSchemaCompiler } from '../../payload-schema.ts';
import type { Register } from '../../register.ts';
import { admit, letWriterIn } from '../admit.ts';
import type { Answer } from '../answer.ts';
import { toResponse } from '../answer.ts';
import type { AppEnv } from '../app-env.ts';
import { authenticatorOf, peerOfRequest, searchOf } from '../app-env.ts';
import type { HttpContext } from '../context.ts';
import { overloaded } from '../decompress.ts';
import type { WritePlan } from '../write/head.ts';
import { planWrite, tooLarge } from '../write/head.ts';
import { write } from '../write/write.ts';

export async function writeThroughApp(
  context: HttpContext,
  register: Register,
  c: Context<AppEnv>,
): Promise<Response> {
  const { metrics } = context;
  const hold = new Hold(context.budget);
  try {
    const headers = c.req.header();
    const client = letWriterIn(context, register, headers, peerOfRequest(c));
    const identity = await admit(authenticatorOf(context, c), register, 'write', headers['authorization']);
    const plan = inTime(
      context,
      c.env?.endsAtMs,
      planWrite(context, {
        register,
        requestId: c.get('requestId'),
        headers,
        search: searchOf(c),
        client,
        identity,
      }),
    );
    if (register.schema !== undefined) await loadSchemaCompiler();
    const body = await collect(c.req.raw.body, plan, hold);
    const answer = await new Promise<Answer>((resolve, reject) => {
      write(context, plan, body, hold, { answered: resolve, failed: reject });
    });
    metrics.countWrite(register.name, answer.status);
    return toResponse(answer);
  } catch (thrown) {
    metrics.countWrite(register.name, thrown instanceof DaybookError ? thrown.status : 500);
    throw thrown;
  } finally {
    hold.shrinkTo(0);
  }
}

/** Nobody is made to wait for longer than the front does. */
function inTime({ nowMs }: HttpContext, endsAtMs = Infinity, plan: WritePlan): WritePlan {
  const leftSeconds = Math.max(0, Math.floor((endsAtMs - nowMs()) / 1000));
  return plan.waitSeconds <= leftSeconds ? plan : { ...plan, waitSeconds: leftSeconds };
}

async function collect(
  stream: ReadableStream<Uint8Array> | null,
  plan: WritePlan,
  hold: Hold,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream ?? []) {
    if (!hold.reserve(chunk.byteLength)) throw overloaded(hold.budget, chunk.byteLength);
    if (hold.bytes > plan.maxBytes) throw tooLarge(plan.kind, plan.register, plan.maxBytes, 'more');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
