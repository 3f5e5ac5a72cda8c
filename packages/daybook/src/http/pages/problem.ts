/** A problem document, for people. */
import type { Problem } from '../../contract/messages.ts';
import { html } from './html.ts';
import { layout } from './layout.ts';
import type { Site } from './layout.ts';

const NO_SITE: Site = { basePath: '', version: '' };

/** @param site default: served at the root, version not shown. */
export function problemPage(problem: Problem, site: Site = NO_SITE): string {
  const { title, status, code, detail, retryable, requestId, outcome, id, cursor } = problem;
  return layout(site, {
    title,
    main: html`<div class="page problem">
      <p class="number">${status}</p>
      <h1>${title}</h1>
      <p class="lead"><bdi>${detail}</bdi></p>
      <dl class="fields">
        <dt>code</dt>
        <dd><code>${code}</code></dd>
        <dt>requestId</dt>
        <dd><code>${requestId}</code></dd>
        ${
          outcome !== undefined &&
          html`<dt>outcome</dt>
            <dd>${outcome === 'unknown' ? 'unknown: it may be on record' : 'nothing was written'}</dd>`
        }
        ${
          id !== undefined &&
          html`<dt>id</dt>
            <dd><code>${id}</code></dd>`
        }
        ${
          cursor !== undefined &&
          html`<dt>cursor</dt>
            <dd><code>${cursor}</code></dd>`
        }
      </dl>
      <p>
        ${retryable && 'The same request may succeed later. '}<a href="${site.basePath}/">Go to the start</a>
        or read the <a href="${site.basePath}/docs">API documentation</a>.
      </p>
    </div>`,
  });
}
