/**
 * Compares the output that a document shows with the output that a command gave. What differs from run to run (ids,
 * stamps, cursors, dates, durations …) only has to be of the same kind, and has to stay the same: where a document shows
 * one id twice, the output must have one id twice, and a later command that names it gets the real one.
 *
 * A line of `…` stands for any lines, `…` within a line for anything. Before `{` and `[` of JSON, and after, the document
 * may break lines as it likes.
 */
import assert from 'node:assert/strict';

interface Kind {
  readonly pattern: string;
  /** Later commands and outputs refer to such a value. */
  readonly bound?: true;
}

/** The first that fits wins. */
const KINDS: Readonly<Record<string, Kind>> = {
  id: { pattern: '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}', bound: true },
  stamp: { pattern: String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`, bound: true },
  cursor: { pattern: String.raw`eyJ[\w-]{16,}\.[\w-]{6}`, bound: true },
  apiKey: { pattern: String.raw`\bdbk_[0-9a-f]{16}_[0-9A-Za-z]{49}\b` },
  /** Of requests, of API keys. */
  randomId: { pattern: String.raw`\b[0-9a-f]{16}\b`, bound: true },
  time: { pattern: String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)` },
  date: { pattern: String.raw`[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT` },
  hash: { pattern: String.raw`\b[0-9a-f]{64}\b` },
  epochMs: { pattern: String.raw`\b\d{13}\b` },
  contentLength: { pattern: String.raw`(?<=content-length: )\d+` },
  version: { pattern: String.raw`(?<=daybook-version: |Daybook |"version":")\d+\.\d+\.\d+` },
  rateLimit: { pattern: String.raw`(?<=ratelimit: "[a-z-]+";)r=\d+;t=\d+` },
  duration: { pattern: String.raw`\b\d+(?:\.\d+)? ?(?:µs|ms|s)\b` },
};

const VOLATILE = new RegExp(
  Object.entries(KINDS)
    .map(([name, { pattern }]) => `(?<${name}>${pattern})`)
    .join('|'),
  'g',
);
const ANYTHING = '…';

/** What the values of a document are in this run. */
export interface Bindings {
  /** The command with the real values in place of those that the document shows. */
  apply(command: string): string;
  /** @throws {AssertionError} when the output is another than the document shows. */
  match(place: string, expected: string, given: string): void;
}

export function createBindings(): Bindings {
  const real = new Map<string, string>();

  function bind(place: string, shown: string, given: string): void {
    const before = real.get(shown);
    assert.equal(
      given,
      before ?? given,
      `${place}: what the document shows as ${shown} is not what it was before`,
    );
    real.set(shown, given);
    const namesakes = [...real].filter(([, value]) => value === given).map(([name]) => name);
    if (namesakes.length > 1 && isId(given)) {
      assert.fail(`${place}: the document shows ${namesakes.join(' and ')} for what is one and the same`);
    }
  }

  return {
    apply(command) {
      let applied = command;
      for (const [shown, value] of real) applied = applied.replaceAll(shown, value);
      return applied;
    },
    match(place, expected, given) {
      const { pattern, shown } = compile(tidy(expected));
      const found = pattern.exec(tidy(given));
      if (found === null) assert.equal(normalise(given), normalise(expected), place);
      assert.ok(found !== null, `${place}: expected\n${expected}\ngiven\n${given}`);
      for (const [index, value] of shown.entries()) {
        if (value !== undefined) bind(place, value, found[index + 1] as string);
      }
    },
  };
}

/** With a name in place of everything that differs from run to run. */
function normalise(text: string): string {
  return tidy(text).replaceAll(VOLATILE, (...match) => `<${kindOf(match.at(-1) as Groups)}>`);
}

type Groups = Readonly<Record<string, string | undefined>>;

function kindOf(groups: Groups): string {
  return Object.entries(groups).find(([, value]) => value !== undefined)?.[0] ?? 'none';
}

/** A pattern for the expected text, and what the document shows in each of its groups if later text refers to it. */
function compile(expected: string): { pattern: RegExp; shown: (string | undefined)[] } {
  const shown: (string | undefined)[] = [];
  let source = '';
  let end = 0;
  for (const match of expected.matchAll(VOLATILE)) {
    const { pattern, bound } = KINDS[kindOf(match.groups ?? {})] as Kind;
    source += `${literal(expected.slice(end, match.index))}(${pattern})`;
    shown.push(bound && match[0]);
    end = match.index + match[0].length;
  }
  source += literal(expected.slice(end));
  return { pattern: new RegExp(`^${source}$`), shown };
}

function literal(text: string): string {
  return text
    .split(ANYTHING)
    .map((part) => RegExp.escape(part))
    .join(String.raw`[\s\S]*?`);
}

/** Without carriage returns, space at the ends of lines and the space between the tokens of JSON. */
function tidy(text: string): string {
  const lines = text
    .replaceAll('\r', '')
    .replaceAll(/[ \t]+$/gm, '')
    .trimEnd();
  const start = lines.search(/^[{[]/m);
  return start === -1 ? lines : lines.slice(0, start) + withoutSpace(lines.slice(start));
}

function withoutSpace(json: string): string {
  return json.replaceAll(/"(?:[^"\\]|\\.)*"|\s+/g, (token) => (token.startsWith('"') ? token : ''));
}

function isId(text: string): boolean {
  return new RegExp(`^${(KINDS['id'] as Kind).pattern}$`).test(text);
}
