/** One operation of the API documentation: its parameters, bodies, answers, refusals and commands to try. */
import type {
  Answer,
  Components,
  MediaType,
  Operation,
  Parameter,
  Reference,
} from '../openapi/specification.ts';
import { schemaInWords } from './docs-schema.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';

interface Item {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const PROBLEM = 'application/problem+json';

/** Closed until it is looked for: browsers open what a link or a search finds inside. */
export function operationSection(components: Components, { method, path, operation }: Item): Html {
  const { operationId, summary, description, parameters = [], requestBody, responses, security } = operation;
  const answers = Object.entries(responses).map(([status, answer]) => ({
    status,
    ...resolve(components, answer),
  }));
  const refusals = answers.filter(({ content }) => content?.[PROBLEM] !== undefined);
  const roles = rolesOf(security);
  return html`<details class="operation">
    <summary>
      <h3><code>${method} ${path}</code></h3>
      <span>${summary}</span>
    </summary>
    <div class="detail" id="${operationId}">
      ${description !== undefined && html`<p>${description}</p>`} ${roles.length > 0 && needsInWords(roles)}
      ${operation['x-codeSamples'].map(
        ({ label, source }) =>
          html`<figure class="command">
            <figcaption>${label}</figcaption>
            <pre tabindex="0" role="group" aria-label="${label}"><code>${source}</code></pre>
          </figure> `,
      )}
      ${parameters.length > 0 && parameterTable(parameters.map((one) => resolveParameter(components, one)))}
      ${
        requestBody !== undefined &&
        html`<h4>Body</h4>
          <p>${requestBody.description}</p>
          ${mediaList(requestBody.content)}`
      }
      <h4>Answers</h4>
      ${answers.filter((answer) => !refusals.includes(answer)).map((answer) => answerBlock(answer))}
      <h4>Refusals</h4>
      <dl class="refusals">${refusals.map((answer) => refusal(answer))}</dl>
    </div>
  </details> `;
}

/** Empty where nobody needs to be known. */
function rolesOf(security: Operation['security'] = []): string[] {
  const ways = security.map((way) => way['bearer']);
  return ways.includes(undefined) ? [] : ways.flatMap((roles = []) => roles);
}

function needsInWords(roles: readonly string[]): Html {
  return html`<p>
    Needs <code>Authorization: Bearer</code> and a credential with the role
    ${roles.map((role, index) => [index > 0 && ' or ', html`<code>${role}</code>`])}.
  </p>`;
}

type AnswerItem = Answer & { readonly status: string };

function parameterTable(parameters: readonly Parameter[]): Html {
  return html`<h4>Parameters</h4>
    <dl class="parameters">
      ${parameters.map(
        (parameter) =>
          html`<dt><code>${parameter.name}</code> <span class="hint">${parameter.in}</span></dt>
            <dd>
              ${sentence(parameter.description)} <span class="hint">${schemaInWords(parameter.schema)}</span>
            </dd> `,
      )}
    </dl>`;
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

function answerBlock({ status, description, headers, content = {} }: AnswerItem): Html {
  return html`<div class="answer-block">
    <p><b>${status}</b> ${description}</p>
    ${
      headers !== undefined &&
      html`<p class="hint">
        With ${Object.keys(headers).map((name, index) => [index > 0 && ', ', html`<code>${name}</code>`])}
      </p>`
    }
    ${mediaList(content)}
  </div> `;
}

function mediaList(content: Readonly<Record<string, MediaType>>): Html {
  return html`<dl class="media">
    ${Object.entries(content).map(
      ([type, { schema, example }]) =>
        html`<dt><code>${type}</code></dt>
          <dd>
            ${schemaInWords(schema)}
            ${
              example !== undefined &&
              html`<pre
                tabindex="0"
                role="group"
                aria-label="Example of ${type}"
              ><code>${exampleText(example)}</code></pre>`
            }
          </dd> `,
    )}
  </dl>`;
}

function refusal({ status, content }: AnswerItem): Html {
  const codes = Object.entries(content?.[PROBLEM]?.examples ?? {});
  return html`<dt>${status}</dt>
    <dd>
      ${codes.map(([code, { summary }]) => html`<p><code>${code}</code> <span class="hint">${summary}</span></p> `)}
    </dd> `;
}

function exampleText(example: unknown): string {
  return typeof example === 'string' ? example : JSON.stringify(example, null, 2);
}

function resolve({ responses }: Components, answer: Answer | Reference): Answer {
  if (!('$ref' in answer)) return answer;
  return responses[nameOf(answer)] ?? { description: '' };
}

function resolveParameter({ parameters }: Components, parameter: Parameter | Reference): Parameter {
  if (!('$ref' in parameter)) return parameter;
  return (
    parameters[nameOf(parameter)] ?? { name: nameOf(parameter), in: 'query', description: '', schema: {} }
  );
}

function nameOf({ $ref }: Reference): string {
  return $ref.slice($ref.lastIndexOf('/') + 1);
}
