// @ts-check
/**
 * Posts without leaving the page and shows the receipt. Each note has an idempotency key of its own, kept until it is on
 * record: pressing again after a failure cannot record it twice.
 */
import { copyOfTemplate, find } from './element.js';

const TIMEOUT_MS = 35_000;

/**
 * @typedef {{ id: string, receivedAt: string, durability: string, duplicate: boolean | null }} Receipt
 * @typedef {{ title: string, detail: string, outcome?: string }} Problem
 */

/** @param {HTMLFormElement} form */
export function startPostForm(form) {
  const note = find(form, '#note', HTMLInputElement);
  const button = find(form, 'button', HTMLButtonElement);
  const answer = find(form, '#answer', HTMLElement);
  let attempt = { body: '', key: randomKey() };
  let busy = false;

  const submit = async () => {
    const body = note.value === '' ? '' : JSON.stringify({ note: note.value });
    if (body !== attempt.body) attempt = { body, key: randomKey() };
    const result = await post(form.action, attempt);
    answer.replaceChildren(result.element);
    if (!result.recorded) return;
    attempt = { body: '', key: randomKey() };
    note.value = '';
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    // Not `disabled`: that would take the focus away from whoever works with the keyboard.
    button.setAttribute('aria-disabled', 'true');
    void submit().finally(() => {
      busy = false;
      button.removeAttribute('aria-disabled');
    });
  });
}

/**
 * @param {string} href
 * @param {{ body: string, key: string }} attempt
 * @returns {Promise<{ recorded: boolean, element: HTMLElement }>}
 */
async function post(href, { body, key }) {
  try {
    const answer = await fetch(href, {
      method: 'POST',
      headers: {
        accept: 'application/json, application/problem+json',
        'idempotency-key': key,
        ...(body !== '' && { 'content-type': 'application/json' }),
      },
      ...(body !== '' && { body }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const json = await answer.json();
    if (answer.ok) return { recorded: true, element: receiptOf(href, json) };
    return { recorded: false, element: failureOf(json, answer.headers.get('retry-after')) };
  } catch {
    const detail = 'The server could not be reached, or its answer was lost on the way.';
    return { recorded: false, element: failureOf({ title: 'No answer', detail, outcome: 'unknown' }, null) };
  }
}

/**
 * @param {string} href
 * @param {Receipt} receipt
 */
function receiptOf(href, { id, receivedAt, durability, duplicate }) {
  const element = copyOfTemplate('receipt');
  find(element, '.verdict', HTMLElement).textContent = duplicate ? 'It was on record already.' : 'On record.';
  find(element, '[data-field=receivedAt]', HTMLElement).textContent = receivedAt;
  find(element, '[data-field=durability]', HTMLElement).textContent = durability;
  const link = find(element, '[data-field=id] a', HTMLAnchorElement);
  link.href = `${href}/${encodeURIComponent(id)}`;
  link.textContent = id;
  return element;
}

/**
 * @param {Problem} problem
 * @param {string | null} retryAfter seconds
 */
function failureOf({ title, detail, outcome }, retryAfter) {
  const element = copyOfTemplate('failure');
  const again = retryAfter === null ? 'Try again' : `Try again in ${retryAfter} s`;
  const advice =
    outcome === 'unknown'
      ? `It may be on record. ${again}: it cannot be recorded twice.`
      : `Nothing was written. ${again}.`;
  find(element, '.verdict', HTMLElement).textContent = `${title}.`;
  find(element, '[data-field=detail]', HTMLElement).textContent = detail;
  find(element, '[data-field=advice]', HTMLElement).textContent = advice;
  return element;
}

/** 128 bits as hexadecimal. `crypto.randomUUID` would need a secure context, and a server at home has none. */
function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
