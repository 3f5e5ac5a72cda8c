/** The answer to a form that was posted without script. */
import type { Receipt } from '../../contract/messages.ts';
import type { Register } from '../../register.ts';
import { durabilityInWords } from './durability.ts';
import { html } from './html.ts';
import { layout } from './layout.ts';
import type { Site } from './layout.ts';
import { stamp } from './stamp.ts';

export interface ReceiptModel extends Site {
  readonly register: Register;
  readonly receipt: Receipt;
}

export function receiptPage(model: ReceiptModel): string {
  const { basePath, register, receipt } = model;
  const registerHref = `${basePath}/${register.name}`;
  return layout(model, {
    title: 'On record',
    main: html`<div class="page">
      <h1>${receipt.duplicate === true ? 'It was already on record.' : 'It is on record.'}</h1>
      <dl class="fields">
        <dt>receivedAt</dt>
        <dd>${stamp(receipt.receivedAt)}</dd>
        <dt>id</dt>
        <dd>
          <a href="${registerHref}/${encodeURIComponent(receipt.id)}"><code>${receipt.id}</code></a>
        </dd>
        <dt>register</dt>
        <dd><a href="${registerHref}">${register.name}</a></dd>
        <dt>durability</dt>
        <dd><b>${receipt.durability}</b>, ${durabilityInWords(receipt.durability)}</dd>
      </dl>
      <p><a href="${basePath}/">Back to the start</a></p>
    </div>`,
  });
}
