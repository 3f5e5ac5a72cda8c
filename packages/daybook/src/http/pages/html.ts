/**
 * The template tag of every page: what is put into a template is escaped unless it came out of one. The only place
 * where a page's text becomes markup.
 */

/** Markup that is safe to put into a page: only {@link html} makes it. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** What a template takes; `undefined`, `null` and `false` leave nothing behind. */
export type HtmlValue = Html | string | number | undefined | null | false | readonly HtmlValue[];

/** Escapes for text and for attribute values in double quotes. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const [first = '', ...rest] = strings;
  return new Html(rest.reduce((markup, text, index) => markup + toMarkup(values[index]) + text, first));
}

function toMarkup(value: HtmlValue): string {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return value.map((part) => toMarkup(part)).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters become their pictures (U+2400 …): a parser drops or replaces them, and nobody would see them. */
function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character)
    .replace(CONTROL, (character) => String.fromCodePoint(PICTURES + character.charCodeAt(0)));
}

// oxlint-disable-next-line no-control-regex -- they are what this looks for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;
const PICTURES = 0x2400;
