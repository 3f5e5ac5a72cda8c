/**
 * The API documentation: the OpenAPI document as a page that needs no script. Everything on it comes from the document.
 */
import type { OpenApiDocument } from '../openapi/specification.ts';
import { operationSection } from './docs-operation.ts';
import { schemaSection } from './docs-schema.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { layout } from './layout.ts';
import type { Site } from './layout.ts';

export function docsPage(
  document: OpenApiDocument,
  { basePath, version = document.info.version }: Pick<Site, 'basePath'> & Partial<Site>,
): string {
  const { info, tags, components } = document;
  const groups = tags.map(({ name, description }) => ({
    name,
    description,
    items: operationsOf(document, name),
  }));
  return layout(
    { basePath, version },
    {
      title: 'API',
      style: 'docs',
      current: 'docs',
      main: html`<div class="docs">
        <nav class="contents" aria-label="Contents">
          <ul>
            ${groups.map(({ name, items }) => contents(name, items))}
            <li><a href="#schemas">Schemas</a></li>
          </ul>
        </nav>
        <div class="reference">
          <h1>API</h1>
          <p class="lead">${info.description}</p>
          <p class="formats"><a href="${basePath}/openapi.json">OpenAPI ${document.openapi} as JSON</a></p>
          ${groups.map(
            ({ name, description, items }) =>
              html`<section aria-labelledby="${name}">
                <h2 id="${name}">${name}</h2>
                <p class="hint">${description}</p>
                ${items.map((item) => operationSection(components, item))}
              </section> `,
          )}
          <section aria-labelledby="schemas">
            <h2 id="schemas">Schemas</h2>
            ${Object.entries(components.schemas).map(([name, schema]) => schemaSection(name, schema))}
          </section>
        </div>
      </div>`,
    },
  );
}

type Item = Parameters<typeof operationSection>[1];

function operationsOf({ paths }: OpenApiDocument, tag: string): Item[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) =>
      operation.tags[0] === tag ? [{ method: method.toUpperCase(), path, operation }] : [],
    ),
  );
}

function contents(name: string, items: readonly Item[]): Html {
  return html`<li>
    <a href="#${name}">${name}</a>
    <ul>
      ${items.map(
        ({ method, path, operation }) =>
          html`<li>
            <a href="#${operation.operationId}"><code>${method} ${path}</code></a>
          </li> `,
      )}
    </ul>
  </li> `;
}
