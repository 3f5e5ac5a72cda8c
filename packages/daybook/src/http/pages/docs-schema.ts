/** A JSON Schema in words, and a schema of the document as a list of its members. */
import type { Reference, Schema } from '../openapi/specification.ts';
import { html } from './html.ts';
import type { Html, HtmlValue } from './html.ts';

/** A register's own schema may refer to parts of itself. */
const OURS = '#/components/schemas/';

export function schemaSection(name: string, schema: Schema): Html {
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  return html`<section class="schema" aria-labelledby="schema-${name}">
    <h3 id="schema-${name}">${name}</h3>
    ${typeof schema['description'] === 'string' && html`<p class="hint">${schema['description']}</p>`}
    <dl class="parameters">
      ${Object.entries(membersOf(schema)).map(
        ([member, value]) =>
          html`<dt>
              <code>${member}</code> ${!required.has(member) && html`<span class="hint">optional</span>`}
            </dt>
            <dd>${schemaInWords(value)}</dd> `,
      )}
    </dl>
  </section> `;
}

/** Short enough for a line: type, bounds, description; a reference is a link. */
export function schemaInWords(schema: Schema | Reference): HtmlValue {
  const { $ref, anyOf, description, items, 'x-line': line } = schema as Schema;
  if (typeof $ref === 'string') return $ref.startsWith(OURS) ? reference($ref) : $ref;
  const words: HtmlValue[] = [];
  if (isSchema(line)) words.push('lines of ', schemaInWords(line));
  else if (Array.isArray(anyOf))
    words.push(anyOf.map((one: Schema, index) => [index > 0 && ' or ', schemaInWords(one)]));
  else words.push(typeInWords(schema as Schema));
  if (isSchema(items)) words.push(' of ', schemaInWords(items));
  const inner = Object.keys(membersOf(schema as Schema));
  if (inner.length > 0) words.push(` with ${inner.join(', ')}`);
  if (typeof description === 'string') words.push(`: ${description}`);
  return words;
}

function typeInWords(schema: Schema): HtmlValue {
  const {
    type,
    enum: choices,
    const: only,
    minimum,
    maximum,
    default: fallback,
    additionalProperties,
    minLength,
    maxLength,
  } = schema;
  const words: string[] = [];
  if (only !== undefined) words.push(JSON.stringify(only));
  else if (Array.isArray(choices)) words.push(choices.join(' | '));
  else if (isSchema(additionalProperties)) words.push('object by name');
  else if (Array.isArray(type)) words.push(type.join(' or '));
  else if (typeof type === 'string') words.push(type);
  else words.push('anything');
  if (typeof minLength === 'number' && minLength > 0) {
    words.push(`of ${minLength} ${typeof maxLength === 'number' ? `to ${maxLength}` : 'or more'} characters`);
  }
  // Without bounds of its own a whole number has those of a double.
  const isBounded = typeof maximum === 'number' && maximum !== Number.MAX_SAFE_INTEGER;
  if (isBounded) words.push(`from ${String(minimum)} to ${maximum}`);
  if (fallback !== undefined) words.push(`(default ${JSON.stringify(fallback)})`);
  return words.join(' ');
}

function reference($ref: string): Html {
  const name = $ref.slice($ref.lastIndexOf('/') + 1);
  return html`<a href="#schema-${name}">${name}</a>`;
}

function membersOf({ properties }: Schema): Readonly<Record<string, Schema>> {
  return isSchema(properties) ? (properties as Record<string, Schema>) : {};
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
