/**
 * What every page has around its content. A page asks for nothing but what Daybook itself serves and holds no inline
 * script or style, so the strictest Content-Security-Policy lets it through.
 */
import { html } from './html.ts';
import type { HtmlValue } from './html.ts';

/** Where a page is served. */
export interface Site {
  /** What comes before every path: '' or, say, '/dev'. */
  readonly basePath: string;
  readonly version: string;
}

interface Page {
  /** Without the name of the product. */
  readonly title: string;
  readonly main: HtmlValue;
  /** The page's own `<name>.css` in assets/, beside those of every page. */
  readonly style?: string;
  /** A file in assets/, loaded as a module. */
  readonly script?: string;
  /** Which link of the navigation is this page. */
  readonly current?: 'docs';
  readonly footer?: HtmlValue;
}

/** A whole HTML document. */
export function layout(
  { basePath, version }: Site,
  { title, main, style, script, current, footer }: Page,
): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title === '' ? '' : `${title} · `}Daybook</title>
        <link rel="icon" href="${basePath}/assets/favicon.svg" type="image/svg+xml" />
        ${['daybook', 'ledger', style].map(
          (name) =>
            name !== undefined && html`<link rel="stylesheet" href="${basePath}/assets/${name}.css" /> `,
        )}${script !== undefined && html`<script type="module" src="${basePath}/assets/${script}"></script>`}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top">
          <a class="brand" href="${basePath}/"
            ><img src="${basePath}/assets/favicon.svg" alt="" width="24" height="24" />Daybook</a
          >
          <nav aria-label="Service">
            <a href="${basePath}/docs" ${current === 'docs' && html` aria-current="page"`}>API</a>
            <a href="${basePath}/api/status">Status</a>
            <a href="${basePath}/metrics">Metrics</a>
          </nav>
        </header>
        <main id="main" tabindex="-1">${main}</main>
        <footer class="foot">
          <p>Daybook${version !== '' && ` ${version}`}${footer}</p>
          <p>All times are UTC.</p>
        </footer>
      </body>
    </html> `.toString();
}
