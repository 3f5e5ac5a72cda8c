/**
 * `POST /{register}` through the app: for fronts without a Node request, and for tests without a socket. The Node server
 * takes the shorter way of `node/post.ts`; both end in the same write.
 */
import type { Context } from 'hono';

import { DaybookError } from '../../errors.ts';
import { Hold } from '../../intake/budget.ts';
import type { Register } from '../../register.ts';
import { admit, letWriterIn } from '../admit.ts';
import type { Answer } from '../answer.ts';
import { toResponse } from '../answer.ts';
import type { AppEnv } from '../app-env.ts';
import { authenticatorOf, searchOf } from '../app-env.ts';
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
    const remoteAddress = c.env?.incoming?.socket.remoteAddress ?? '';
    const client = letWriterIn(context, register, headers, remoteAddress);
    const identity = await admit(authenticatorOf(context, c), register, 'write', headers['authorization']);
    const plan = planWrite(context, {
      register,
      requestId: c.get('requestId'),
      headers,
      search: searchOf(c),
      client,
      identity,
    });
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
