/**
 * The ledger: entries as rows. The same row, empty, is the template that the welcome page's script fills.
 */
import type { EntryView } from '../../contract/messages.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { previewLine } from './preview.ts';
import { stamp } from './stamp.ts';

/** @param registerHref the register's path with the base path. */
export function entryRow(registerHref: string, entry: EntryView): Html {
  const { id, receivedAt } = entry;
  return html`<li class="row" data-id="${id}">
    <a href="${registerHref}/${encodeURIComponent(id)}">${stamp(receivedAt)}</a>${previewLine(entry)}
  </li> `;
}

/** The row without content. */
export function entryRowTemplate(id: string): Html {
  return html`<template id="${id}"
    ><li class="row">
      <a
        ><time class="stamp"
          ><span class="date"></span> <span class="clock"></span><span class="fraction"></span></time></a
      ><bdi class="preview"></bdi></li
  ></template>`;
}
