/**
 * The first page: one button that puts a moment on record, and the list where it appears. Everything on it works
 * without script; with script the list is live and the receipt appears in place.
 */
import type { EntryView } from '../../contract/messages.ts';
import type { DurabilityLevel } from '../../durability.ts';
import type { Register } from '../../register.ts';
import { durabilityInWords } from './durability.ts';
import { entryRow, entryRowTemplate } from './entry-list.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { layout } from './layout.ts';
import type { Site } from './layout.ts';
import type { RegisterTime } from './register-time.ts';
import { registerTime } from './register-time.ts';
import { terminalLines } from './terminal-lines.ts';

export interface WelcomeModel extends Site {
  /** What an answer means; absent where another process answers, which says it itself. */
  readonly region?: string;
  readonly durability?: { readonly level: DurabilityLevel; readonly proof: string };
  /** Asked of the API for this page. */
  readonly time?: RegisterTime;
  readonly registers: readonly Register[];
  /** The register that the button posts to; without it the page has no button and no list. */
  readonly postRegister?: Register;
  /** Newest first, of `postRegister`. */
  readonly latest: readonly EntryView[];
  /** Scheme and authority for the lines to copy, until the script puts in those that the browser used. */
  readonly origin?: string;
  /** Whether the list can be live: there are server-sent events. Default true. */
  readonly streams?: boolean;
}

/** How many entries the page shows. */
export const LATEST_ON_WELCOME = 50;

/**
 * The register that the page is about; strangers see the page, so only one that anybody may write and read can be.
 * `app` where it is open, else the first.
 */
export function welcomeRegister(registers: readonly Register[]): Register | undefined {
  const open = registers.filter(
    ({ access, allowFrom }) => access.write === 'open' && access.read === 'open' && allowFrom === undefined,
  );
  return open.find(({ name }) => name === 'app') ?? open[0];
}

export function welcomePage(model: WelcomeModel): string {
  const { basePath, region, durability, time, postRegister, streams = true } = model;
  const { origin = 'http://localhost:3000' } = model;
  const href = postRegister && `${basePath}/${postRegister.name}`;
  return layout(model, {
    title: '',
    style: 'welcome',
    ...(href !== undefined && { script: 'welcome.js' }),
    footer: html` · <a href="${basePath}/openapi.json">OpenAPI</a>`,
    main: html`<div class="welcome">
      <div class="intake">
        <h1>POST it, and it is on record.</h1>
        <p class="lead">
          Daybook stamps the moment, gives it a unique, ordered id, makes it durable, and only then answers.
        </p>
        ${time !== undefined && registerTime(time)} ${href !== undefined && postForm(href, durability?.level)}
      </div>
      ${href !== undefined && postRegister !== undefined && ledger(href, postRegister, model.latest, streams)}
      <div class="about">
        <section aria-labelledby="terminal-title">
          <h2 id="terminal-title">From a terminal</h2>
          ${terminalLines(origin, href ?? basePath, postRegister, streams)}
        </section>
        <section aria-labelledby="registers-title">
          <h2 id="registers-title">Registers</h2>
          <ul class="registers">
            ${model.registers.map((register) => registerItem(basePath, register))}
          </ul>
        </section>
        ${durability !== undefined && promise(durability, region)}
      </div>
    </div>`,
  });
}

function promise(
  { level, proof }: NonNullable<WelcomeModel['durability']>,
  region: string | undefined,
): Html {
  return html`<section aria-labelledby="promise-title">
    <h2 id="promise-title">What an answer means here</h2>
    <dl class="promise">
      <dt>Durability</dt>
      <dd><b>${level}</b>, ${durabilityInWords(level)}</dd>
      <dt>Known by</dt>
      <dd>${proof}</dd>
      ${
        region !== undefined &&
        html`<dt>Region</dt>
          <dd>${region}</dd>`
      }
    </dl>
  </section>`;
}

function postForm(href: string, level: DurabilityLevel | undefined): Html {
  return html`<form id="post" class="post" method="post" action="${href}" enctype="text/plain">
      <label for="note">Note <span class="hint">optional</span></label>
      <div class="line">
        <input
          id="note"
          name="note"
          maxlength="2000"
          autocomplete="off"
          enterkeyhint="send"
          placeholder="what happened"
        />
        <button>Put it on record</button>
      </div>
      <p class="hint">
        Acknowledged once it is
        ${level === 'memory' ? 'held in memory' : 'durable'}${level !== undefined && html` (<code>${level}</code>)`}.
      </p>
      <div id="answer" class="answer" role="status"></div>
    </form>
    <template id="receipt"
      ><div class="receipt">
        <p class="verdict"></p>
        <dl>
          <dt>Stamp</dt>
          <dd data-field="receivedAt"></dd>
          <dt>Id</dt>
          <dd data-field="id"><a></a></dd>
          <dt>Durability</dt>
          <dd data-field="durability"></dd>
        </dl></div
    ></template>
    <template id="failure"
      ><div class="failure">
        <p class="verdict"></p>
        <p data-field="detail"></p>
        <p class="hint" data-field="advice"></p></div
    ></template> `;
}

function ledger(href: string, { name }: Register, latest: readonly EntryView[], streams: boolean): Html {
  const state = !streams && html` data-state="read"`;
  return html`<section id="live" class="ledger" aria-labelledby="live-title" data-register="${href}" ${state}>
    <div class="ledger-head">
      <h2 id="live-title">Latest in <a href="${href}">${name}</a></h2>
      <div class="connection">
        <p id="connection" role="status" hidden></p>
        <button id="pause" type="button" class="quiet" hidden>Pause</button>
      </div>
    </div>
    <ol id="entries" class="rows">
      ${latest.map((entry) => entryRow(href, entry))}
    </ol>
    <p id="empty" class="empty" ${latest.length > 0 && html` hidden`}>
      Nothing yet. The first entry will appear here.
    </p>
    ${entryRowTemplate('row')}
    <p class="ledger-foot"><a href="${href}">All entries of ${name}</a></p>
  </section>`;
}

/** Only what anybody may read is a link. */
function registerItem(basePath: string, { name, aliases, access, allowFrom }: Register): Html {
  const methods = access.write === 'internal' ? 'GET' : 'POST GET';
  const isOpen = access.write === 'open' && access.read === 'open';
  return html`<li>
    ${access.read === 'open' && allowFrom === undefined ? html`<a href="${basePath}/${name}">${name}</a>` : html`<span>${name}</span>`}
    <span class="paths"
      ><code>${methods} /${name}</code>${aliases.map(
        ({ method, path }) => html` <code>${method} ${path}</code>`,
      )}${!isOpen && html` <span class="hint">needs a credential</span>`}</span
    >
  </li> `;
}
