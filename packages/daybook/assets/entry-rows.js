// @ts-check
/** The rows of the live list: each entry once, newest first, never more than {@link MAX_ROWS}. */
import { copyOfTemplate, fillStamp, find } from './element.js';
import { previewOf } from './preview.js';

/** @import { Entry } from './preview.js' */

export const MAX_ROWS = 50;

/**
 * @param {HTMLOListElement} list with the rows that the server rendered
 * @param {string} registerHref
 */
export function createEntryRows(list, registerHref) {
  /** @param {Entry} entry */
  const rowOf = (entry) => {
    const row = copyOfTemplate('row');
    row.dataset.id = entry.id;
    row.classList.add('fresh');
    find(row, 'a', HTMLAnchorElement).href = `${registerHref}/${encodeURIComponent(entry.id)}`;
    fillStamp(find(row, 'time', HTMLTimeElement), entry.receivedAt);
    const preview = find(row, '.preview', HTMLElement);
    const { kind, text } = previewOf(entry);
    preview.dataset.kind = kind;
    preview.textContent = text;
    return row;
  };

  /** @param {Entry} entry */
  const insert = (entry) => {
    let next = list.firstElementChild;
    // Ids are ordered like the moments; usually the first comparison is the last.
    while (next instanceof HTMLElement && (next.dataset.id ?? '') > entry.id) next = next.nextElementSibling;
    if (next instanceof HTMLElement && next.dataset.id === entry.id) return;
    list.insertBefore(rowOf(entry), next);
  };

  return {
    /** @param {readonly Entry[]} entries in any order; those that are shown already change nothing */
    add(entries) {
      for (const entry of entries) insert(entry);
      while (list.childElementCount > MAX_ROWS) list.lastElementChild?.remove();
    },
  };
}
