/** A register's entries, a page at a time, newest first unless asked otherwise; it needs no script. */
import type { EntryView } from '../../contract/messages.ts';
import type { Register } from '../../register.ts';
import { entryRow } from './entry-list.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { layout } from './layout.ts';
import type { Site } from './layout.ts';
import { stamp } from './stamp.ts';

export interface RegisterModel extends Site {
  readonly register: Register;
  readonly entries: readonly EntryView[];
  /** Links are used as given: relative to this page or with the base path. Absent at the end. */
  readonly nextHref?: string;
  /** Absent on the newest page. */
  readonly newestHref?: string;
  /** The range as it was asked for. */
  readonly from?: string;
  readonly to?: string;
  readonly settledThrough: string | null;
}

export function registerPage(model: RegisterModel): string {
  const { basePath, register, entries, settledThrough } = model;
  const href = `${basePath}/${register.name}`;
  return layout(model, {
    title: register.name,
    main: html`<div class="page">
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="${basePath}/">Daybook</a> <span aria-hidden="true">/</span>
        <span aria-current="page">${register.name}</span>
      </nav>
      <div class="page-head">
        <h1>${register.name}</h1>
        <p class="formats">
          As
          ${['json', 'ndjson', 'csv', 'text'].map((format, index) => [
            index > 0 && html` · `,
            html`<a href="${href}?${query(format, model)}"
              >${format === 'text' ? 'text' : format.toUpperCase()}</a
            >`,
          ])}
        </p>
      </div>
      ${rangeForm(href, model)}
      <section class="ledger" aria-labelledby="entries-title">
        <div class="ledger-head">
          <h2 id="entries-title">Entries, ${isAscending(entries) ? 'oldest' : 'newest'} first</h2>
          ${settledThrough !== null && html`<p class="settled" title="Every acknowledged entry up to this stamp has reached its final place">Settled through ${stamp(settledThrough)}</p>`}
        </div>
        <ol class="rows">
          ${entries.map((entry) => entryRow(href, entry))}
        </ol>
        ${entries.length === 0 && html`<p class="empty">${emptyText(model)}</p>`} ${pageLinks(model)}
      </section>
    </div>`,
  });
}

function rangeForm(href: string, { from = '', to = '' }: RegisterModel): Html {
  const hint = 'range-hint';
  return html`<form class="range" method="get" action="${href}">
    <div>
      <label for="from">From</label
      ><input
        id="from"
        name="from"
        value="${from}"
        placeholder="2026-11-21T07:00:00Z"
        aria-describedby="${hint}"
        autocomplete="off"
        spellcheck="false"
      />
    </div>
    <div>
      <label for="to">To, not included</label
      ><input
        id="to"
        name="to"
        value="${to}"
        placeholder="2026-11-21T08:00:00Z"
        aria-describedby="${hint}"
        autocomplete="off"
        spellcheck="false"
      />
    </div>
    <button>Show</button>
    <p id="${hint}" class="hint">
      RFC 3339, such as <code>2026-11-21T07:55:43Z</code>. Leave one empty for no bound.
    </p>
  </form>`;
}

function pageLinks({ nextHref, newestHref, entries }: RegisterModel): Html | undefined {
  if (nextHref === undefined && newestHref === undefined) return undefined;
  return html`<nav class="ledger-foot" aria-label="Pages">
    ${newestHref !== undefined && html`<a href="${newestHref}">Newest</a>`}${
      nextHref !== undefined &&
      html`<a href="${nextHref}" rel="next">${isAscending(entries) ? 'Newer' : 'Older'}</a>`
    }
  </nav>`;
}

function query(format: string, { from, to }: RegisterModel): string {
  return new URLSearchParams({ format, ...(from && { from }), ...(to && { to }) }).toString();
}

function isAscending(entries: readonly EntryView[]): boolean {
  const [first, second] = entries;
  return first !== undefined && second !== undefined && first.id < second.id;
}

function emptyText({ from, to, newestHref }: RegisterModel): string {
  if (from || to) return 'No entry has its stamp in this range.';
  return newestHref === undefined ? 'Nothing yet.' : 'No older entries.';
}
