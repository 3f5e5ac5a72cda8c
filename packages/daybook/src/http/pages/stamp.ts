/** How a stamp is shown: as it is, its parts marked so that the eye finds the time of day. */
import { html } from './html.ts';
import type { Html } from './html.ts';

const STAMP = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?Z$/;

/** @param value RFC 3339 in UTC; anything else is shown as it came. */
export function stamp(value: string): Html {
  const [, date, clock, fraction = ''] = STAMP.exec(value) ?? [];
  if (date === undefined || clock === undefined) return html`<time class="stamp">${value}</time>`;
  return html`<time class="stamp" datetime="${value}"
    ><span class="date">${date}</span> <span class="clock">${clock}</span
    ><span class="fraction">${fraction}</span></time
  >`;
}
