/**
 * The write route as a function over plain data: a plan and body bytes in, an answer out. Adapters read the body for
 * it; see `node/post.ts` and `routes/write.ts`.
 *
 * An entry on its own goes to the intake and back without a promise: on the hottest path each costs as much as the JSON
 * of the body.
 */
import type { Hold } from '../../intake/budget.ts';
import type { Accepted, Waiter } from '../../intake/intake.ts';
import type { Answer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { decodeBody, isEncoded } from '../decompress.ts';
import { writeBatch } from './batch.ts';
import { makeDraft } from './draft.ts';
import type { WritePlan } from './head.ts';
import { classifyPayload } from './payload.ts';
import { assertMatchesSchema } from '../../payload-schema.ts';
import { waitForStore } from './prefer-wait.ts';
import { receiptAnswer } from './receipt.ts';
import { submit } from './submit.ts';

/** Who waits for the answer to a write. Exactly one of the two is called, once; neither may throw. */
export interface WriteListener {
  answered(answer: Answer): void;
  /** @param thrown usually a {@link DaybookError}. */
  failed(thrown: unknown): void;
}

/** @param hold the bytes of the body, as it arrived; what is left of it afterwards is the listener's to release. */
export function write(
  context: HttpContext,
  plan: WritePlan,
  body: Buffer,
  hold: Hold,
  listener: WriteListener,
): void {
  if (isEncoded(body, plan)) {
    void writeDecoded(context, plan, body, hold, listener);
  } else if (plan.kind === 'batch') {
    writeBatch(context, plan, body, hold).then(
      (answer) => listener.answered(answer),
      (thrown) => listener.failed(thrown),
    );
  } else writeSingle(context, plan, body, hold, listener);
}

async function writeDecoded(
  context: HttpContext,
  plan: WritePlan,
  body: Buffer,
  hold: Hold,
  listener: WriteListener,
): Promise<void> {
  try {
    const decoded = await decodeBody(body, plan, hold);
    write(context, { ...plan, encoding: 'identity' }, decoded, hold, listener);
  } catch (thrown) {
    listener.failed(thrown);
  }
}

function writeSingle(
  context: HttpContext,
  plan: WritePlan,
  body: Buffer,
  hold: Hold,
  listener: WriteListener,
): void {
  try {
    const payload = classifyPayload(body, plan.headers['content-type']);
    assertMatchesSchema(plan.register, payload);
    const draft = makeDraft(plan, context.config.region, payload, plan.key);
    const writer = new ReceiptWriter(context, plan, listener);
    const waiter = plan.waitSeconds === 0 ? writer : waitForStore(context, plan.waitSeconds, writer);
    submit(context, draft, hold, waiter);
  } catch (thrown) {
    listener.failed(thrown);
  }
}

class ReceiptWriter implements Waiter {
  readonly #context: HttpContext;
  readonly #plan: WritePlan;
  readonly #listener: WriteListener;

  constructor(context: HttpContext, plan: WritePlan, listener: WriteListener) {
    this.#context = context;
    this.#plan = plan;
    this.#listener = listener;
  }

  accepted(accepted: Accepted): void {
    let answer: Answer;
    try {
      answer = receiptAnswer(this.#context, this.#plan, accepted);
    } catch (thrown) {
      return this.#listener.failed(thrown);
    }
    this.#listener.answered(answer);
  }

  refused(error: Error): void {
    this.#listener.failed(error);
  }
}
