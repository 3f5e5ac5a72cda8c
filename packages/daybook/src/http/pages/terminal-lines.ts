/** Three commands to copy, each a whole first lesson. The script puts the browser's own address in place of `origin`. */
import type { Register } from '../../register.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';

/** @param href the path of `register` with the base path, or of the site when there is none. */
export function terminalLines(
  origin: string,
  href: string,
  register: Register | undefined,
  streams: boolean,
): Html {
  const url = html`<span data-origin>${origin}</span>${href}`;
  if (register === undefined)
    return html`<div class="lines">${line('What is here', html`curl ${url}/api/status`)}</div>`;
  return html`<div class="lines">
    ${line('Write', html`curl -d '{"note":"hello"}' ${url}`)} ${line('Read, newest first', html`curl ${url}`)}
    ${
      streams
        ? line('Follow, as it happens', html`curl -N '${url}?live=sse'`)
        : line('Wait for the next', html`curl '${url}?live=long-poll'`)
    }
  </div>`;
}

function line(label: string, command: Html): Html {
  return html`<figure class="command">
    <figcaption>${label}</figcaption>
    <pre tabindex="0" role="group" aria-label="${label}"><code>${command}</code></pre>
    <button type="button" class="copy" data-copy hidden>
      Copy<span class="away"> the command: ${label}</span>
    </button>
  </figure>`;
}
