// @ts-check
/** What the welcome page does beyond its HTML: post in place, live list, lines to copy. The page works without it. */
import { find } from './element.js';
import { startLiveList } from './live-list.js';
import { startPostForm } from './post-form.js';

const COPIED_MS = 2_000;

for (const origin of document.querySelectorAll('[data-origin]')) origin.textContent = location.origin;

for (const button of document.querySelectorAll('button[data-copy]'))
  startCopyButton(/** @type {HTMLElement} */ (button));

startPostForm(find(document, '#post', HTMLFormElement));
startLiveList(find(document, '#live', HTMLElement));

/** Browsers give pages the clipboard only in a secure context; elsewhere the button stays hidden. @param {HTMLElement} button */
function startCopyButton(button) {
  const command = button.parentElement?.querySelector('code');
  if (!command || !navigator.clipboard) return;
  const { childNodes } = button;
  const label = childNodes[0]?.textContent ?? '';
  button.hidden = false;
  const copy = async () => {
    await navigator.clipboard.writeText(command.textContent ?? '');
    tell('Copied');
    setTimeout(() => tell(label), COPIED_MS);
  };
  button.addEventListener('click', () => void copy().catch(() => tell('Not allowed')));

  /** @param {string} text */
  function tell(text) {
    if (childNodes[0]) childNodes[0].textContent = text;
  }
}
