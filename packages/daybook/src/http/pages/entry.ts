/** One entry with everything that is known of it. */
import type { EntryView } from '../../contract/messages.ts';
import { isJsonType } from '../../entry.ts';
import type { Register } from '../../register.ts';
import { html } from './html.ts';
import type { Html, HtmlValue } from './html.ts';
import { indentJson } from './json-text.ts';
import { layout } from './layout.ts';
import type { Site } from './layout.ts';
import { bytesOfBase64, payloadText } from './preview.ts';
import { stamp } from './stamp.ts';

/** A browser draws this much without delay; the download has the rest. */
const MAX_SHOWN = 256 * 1024;

export interface EntryModel extends Site {
  readonly register: Register;
  /** Its payload is text, also when it is JSON: as it came. */
  readonly entry: EntryView;
}

export function entryPage(model: EntryModel): string {
  const { basePath, register, entry } = model;
  const registerHref = `${basePath}/${register.name}`;
  const href = `${registerHref}/${encodeURIComponent(entry.id)}`;
  return layout(model, {
    title: `${entry.id} · ${register.name}`,
    main: html`<div class="page">
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="${basePath}/">Daybook</a> <span aria-hidden="true">/</span>
        <a href="${registerHref}">${register.name}</a> <span aria-hidden="true">/</span>
        <span aria-current="page">${entry.id.slice(0, 8)}…</span>
      </nav>
      <div class="page-head">
        <h1 class="moment">${stamp(entry.receivedAt)}</h1>
        <p class="formats"><a href="${href}?format=json">JSON</a></p>
      </div>
      <dl class="fields">${fields(entry)}</dl>
      <section class="payload" aria-labelledby="payload-title">
        <div class="ledger-head">
          <h2 id="payload-title">Payload</h2>
          ${entry.payload !== undefined && html`<a href="${href}/payload" download>Download the exact bytes</a>`}
        </div>
        ${payload(entry)}
      </section>
    </div>`,
  });
}

function fields(entry: EntryView): Html[] {
  const rows: [string, HtmlValue][] = [
    ['id', html`<code>${entry.id}</code>`],
    ['register', entry.register],
    ['status', entry.status],
    ['duplicateOf', entry.duplicateOf !== undefined && html`<code>${entry.duplicateOf}</code>`],
    ['receivedAt', html`<code>${entry.receivedAt}</code>`],
    ['epochMs', entry.epochMs],
    ['occurredAt', entry.occurredAt !== undefined && html`<code>${entry.occurredAt}</code>`],
    [
      'subject',
      entry.subject === '' ? html`<span class="hint">anonymous</span>` : html`<bdi>${entry.subject}</bdi>`,
    ],
    ['requestId', html`<code>${entry.requestId}</code>`],
    ['idempotencyKey', entry.idempotencyKey !== undefined && html`<code>${entry.idempotencyKey}</code>`],
    ['clientIp', entry.clientIp],
    ['protocol', entry.protocol],
    ['region', entry.region],
    ['contentType', entry.contentType !== undefined && html`<code>${entry.contentType}</code>`],
    ['headers', entry.headers && pairs(entry.headers)],
    ['query', entry.query && pairs(entry.query)],
  ];
  return rows
    .filter(([, value]) => value !== undefined && value !== false)
    .map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd> `,
    );
}

function pairs(record: Readonly<Record<string, string>>): Html {
  return html`<ul class="pairs">
    ${Object.entries(record).map(
      ([name, value]) =>
        html`<li>
          <code>${name}: <bdi>${value}</bdi></code>
        </li>`,
    )}
  </ul>`;
}

function payload({ payload, payloadEncoding, contentType = '' }: EntryView): Html {
  if (payload === undefined) return html`<p class="empty">The body was empty: the moment alone.</p>`;
  const text = payloadText(payload);
  const shown = text.slice(0, MAX_SHOWN);
  const isBytes = payloadEncoding === 'base64';
  const isJson = !isBytes && isJsonType(contentType);
  const kind = isBytes
    ? `${bytesOfBase64(text)} bytes, neither JSON nor text; shown as base64.`
    : `${isJson ? 'JSON, indented for reading' : 'Text, as it came'}; the download is byte for byte what came.`;
  const cut =
    shown.length < text.length && ` Only the first ${MAX_SHOWN} of ${text.length} characters are shown.`;
  return html`<p class="hint">${kind}${cut}</p>
    <pre
      class="block"
      tabindex="0"
      role="group"
      aria-labelledby="payload-title"
    ><code>${isBytes ? shown.replace(/.{76}/g, '$&\n') : isJson ? indentJson(shown) : shown}</code></pre>`;
}
