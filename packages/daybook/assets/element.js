// @ts-check
/** Finding the elements that the server rendered; one that is missing is a defect and says so. */

/**
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function find(root, selector, type) {
  const found = root.querySelector(selector);
  if (found instanceof type) return found;
  throw new Error(`expected ${selector} in the page`);
}

/**
 * A copy of what a template holds.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function copyOfTemplate(id) {
  const copy = find(document, `#${id}`, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (copy instanceof HTMLElement) return copy;
  throw new Error(`expected content in the template #${id}`);
}

/**
 * Fills a stamp as the server renders it.
 * @param {HTMLTimeElement} time
 * @param {string} receivedAt RFC 3339 with six digits
 */
export function fillStamp(time, receivedAt) {
  time.dateTime = receivedAt;
  find(time, '.date', HTMLElement).textContent = receivedAt.slice(0, 10);
  find(time, '.clock', HTMLElement).textContent = receivedAt.slice(11, 19);
  find(time, '.fraction', HTMLElement).textContent = receivedAt.slice(19, -1);
}
