/**
 * The write route as a function over plain data: a plan and body bytes in, an answer out. Adapters read the body for
 * it; see `node/post.ts` and `routes/write.ts`.
 */
import type { Answer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { writeBatch } from './batch.ts';
import { makeDraft } from './draft.ts';
import type { WritePlan } from './head.ts';
import { tooLarge } from './head.ts';
import { classifyPayload } from './payload.ts';
import { receiptAnswer } from './receipt.ts';

/** Resolves when the entry is durable. @throws {DaybookError} */
export async function write(context: HttpContext, plan: WritePlan, body: Buffer): Promise<Answer> {
  const { register, key, kind, maxBytes, headers } = plan;
  if (body.byteLength > maxBytes) throw tooLarge(kind, register, maxBytes, `${body.byteLength} bytes`);
  if (kind === 'batch') {
    const scope = { register: register.name, subject: '', key: `${key}/` };
    return key === undefined
      ? writeBatch(context, plan, body)
      : context.keys.hold(scope, () => writeBatch(context, plan, body));
  }
  const draft = makeDraft(plan, context.config.region, classifyPayload(body, headers['content-type']), key);
  const accept = () => context.intake.accept(draft);
  const accepted = await (key === undefined
    ? accept()
    : context.keys.hold({ register: register.name, subject: '', key }, accept));
  return receiptAnswer(context, plan, accepted);
}
