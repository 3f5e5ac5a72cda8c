// @ts-check
/**
 * Keeps the list live: server-sent events, drawn once a frame, so that a busy register does not freeze the page. After
 * every connect it also reads the newest entries once, because the stream begins at "now" and the page is older than
 * that. Closed while the page is hidden: browsers allow few connections to a host, and nobody is looking.
 *
 * States: connecting → live ⇄ lost; paused by the reader; hidden (says nothing). Where there are no events it is `read`
 * from the beginning: then the newest entries are read when the reader asks for them, comes back, or has written one.
 */
import { find } from './element.js';
import { createEntryRows, MAX_ROWS } from './entry-rows.js';
import { parseEntry, parseEntryPage } from './preview.js';

/** @import { Entry } from './preview.js' */

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;
const AFTER_WRITE_MS = 1_500;

/** @param {HTMLElement} section */
export function startLiveList(section) {
  const href = section.dataset.register ?? '';
  const rows = createEntryRows(find(section, '#entries', HTMLOListElement), href);
  const empty = find(section, '#empty', HTMLElement);
  const connection = find(section, '#connection', HTMLElement);
  const toggle = find(section, '#pause', HTMLButtonElement);

  /** @type {EventSource | undefined} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retry;
  let retryMs = FIRST_RETRY_MS;
  let paused = false;
  let wasLost = false;
  /** Events that wait for the next frame; the oldest give way, because they would not be shown. @type {string[]} */
  let waiting = [];

  /** @param {'connecting' | 'live' | 'lost' | 'paused'} state @param {string} text */
  const tell = (state, text) => {
    section.dataset.state = state;
    if (connection.textContent !== text) connection.textContent = text;
  };

  /** @param {readonly Entry[]} entries */
  const show = (entries) => {
    rows.add(entries);
    if (entries.length > 0) empty.hidden = true;
  };

  const draw = () => {
    show(waiting.map(parseEntry));
    waiting = [];
  };

  /** @param {string} json */
  const receive = (json) => {
    if (waiting.length === 0) requestAnimationFrame(draw);
    waiting.push(json);
    if (waiting.length > MAX_ROWS) waiting.shift();
  };

  const catchUp = async () => {
    const answer = await fetch(`${href}?format=json&order=desc&limit=${MAX_ROWS}`);
    if (answer.ok) show(parseEntryPage(await answer.text()).entries);
  };

  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = undefined;
  };

  const open = () => {
    close();
    if (paused || document.hidden) return;
    if (!wasLost) tell('connecting', 'Connecting…');
    const opened = new EventSource(`${href}?live=sse`);
    source = opened;
    opened.addEventListener('open', () => {
      tell('live', wasLost ? 'Live again' : 'Live');
      wasLost = false;
      retryMs = FIRST_RETRY_MS;
      // Without this answer the list is only live from here on.
      catchUp().catch(() => {});
    });
    opened.addEventListener('message', ({ data }) => receive(data));
    opened.addEventListener('error', () => {
      if (source !== opened) return;
      lose();
      // The browser tries again by itself unless the answer was an error.
      if (opened.readyState === EventSource.CLOSED) openLater();
    });
  };

  const lose = () => {
    wasLost = true;
    tell('lost', 'Connection lost, trying again…');
  };

  const openLater = () => {
    clearTimeout(retry);
    retry = setTimeout(open, retryMs * (0.5 + Math.random()));
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  };

  /** Behind a queue an entry can be read a moment after it was taken. */
  const readLater = () => void setTimeout(read, AFTER_WRITE_MS);
  const read = () => {
    if (!document.hidden) catchUp().catch(() => {});
  };
  if (section.dataset.state === 'read') {
    toggle.textContent = 'Read again';
    toggle.hidden = false;
    toggle.addEventListener('click', read);
    document.addEventListener('visibilitychange', read);
    document.querySelector('#post')?.addEventListener('submit', readLater);
    read();
    return;
  }

  toggle.addEventListener('click', () => {
    paused = !paused;
    toggle.textContent = paused ? 'Resume' : 'Pause';
    wasLost = false;
    open();
    if (paused) tell('paused', 'Paused');
  });
  document.addEventListener('visibilitychange', open);
  addEventListener('pagehide', close);
  addEventListener('pageshow', ({ persisted }) => persisted && open());
  addEventListener('online', open);
  addEventListener('offline', () => {
    close();
    if (!paused) lose();
  });

  connection.hidden = false;
  toggle.hidden = false;
  open();
}
