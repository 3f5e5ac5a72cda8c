/**
 * Shows plans where those who decide look: in the run's summary, and, of a pull request, as one comment that every run writes
 * anew. Elsewhere on standard output.
 *
 *   npm run delivery:show-plan -- plan-dev.txt plan-prd.txt
 *
 * A plan is the text that `cloud plan` wrote. It is put into a code block as it is: nothing of it can become a link, a
 * mention or a heading.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { exitCodeOf, toOneLine, UsageError } from '../failure.ts';

export interface Pull {
  /** Such as https://api.github.com, without a trailing slash. */
  readonly api: string;
  /** Such as acme/daybook. */
  readonly repository: string;
  readonly number: number;
  readonly token: string;
}

/** By which the comment is found again; GitHub shows none of it. */
const MARK = '<!-- daybook: plan -->';
/** "Create an issue comment", GitHub REST API: a body has 65536 characters at most. */
const MAX_CHARACTERS = 65_000;
const REQUEST_MS = 30_000;
const PAGE = 100;

export interface Plan {
  readonly name: string;
  readonly text: string;
}

/** Each plan in a part of its own that opens, the end of a long one left out. */
export function toMarkdown(plans: readonly Plan[]): string {
  const room = Math.floor(MAX_CHARACTERS / Math.max(1, plans.length)) - 500;
  const parts = plans.map(({ name, text }) => {
    const clean = stripVTControlCharacters(text).trim();
    const shown =
      clean.length > room
        ? `${clean.slice(0, room)}\n… ${clean.length - room} characters more in the log`
        : clean;
    // Longer than any run of backticks inside, so the block ends where we end it: CommonMark, "Fenced code blocks".
    const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
    const fence = '`'.repeat(longest + 1);
    return `<details open><summary>${name}</summary>\n\n${fence}text\n${shown}\n${fence}\n\n</details>`;
  });
  return `${MARK}\n## What would change\n\n${parts.join('\n\n')}\n`;
}

/** Writes the comment, or writes it anew. @throws {Error} when GitHub refuses. */
export async function comment({ api, repository, number, token }: Pull, body: string): Promise<void> {
  const ask = async (method: string, path: string, content?: unknown): Promise<unknown> => {
    const answer = await fetch(`${api}/repos/${repository}${path}`, {
      method,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'user-agent': 'daybook-delivery',
      },
      ...(content !== undefined && { body: JSON.stringify(content) }),
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`GitHub: ${method} ${path}: ${answer.status} ${text.slice(0, 200)}`);
    return JSON.parse(text);
  };
  const own = await findOwn(ask, number);
  if (own === undefined) await ask('POST', `/issues/${number}/comments`, { body });
  else await ask('PATCH', `/issues/comments/${own}`, { body });
}

async function findOwn(
  ask: (method: string, path: string) => Promise<unknown>,
  number: number,
): Promise<number | undefined> {
  for (let page = 1; ; page += 1) {
    const comments = (await ask(
      'GET',
      `/issues/${number}/comments?per_page=${PAGE}&page=${page}`,
    )) as readonly {
      readonly id: number;
      readonly body?: string;
      readonly user?: { readonly type?: string };
    }[];
    const own = comments.find(({ body, user }) => user?.type === 'Bot' && body?.startsWith(MARK));
    if (own !== undefined || comments.length < PAGE) return own?.id;
  }
}

/** Of the run that this is a part of; undefined where it is none of a pull request, or has no token. */
export function pullOf(environment: Readonly<Record<string, string | undefined>>): Pull | undefined {
  const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_REF = '', GITHUB_TOKEN = '' } = environment;
  const [, number] = /^refs\/pull\/(\d+)\/merge$/.exec(GITHUB_REF) ?? [];
  if (GITHUB_API_URL === undefined || GITHUB_REPOSITORY === undefined) return undefined;
  if (number === undefined || GITHUB_TOKEN === '') return undefined;
  return { api: GITHUB_API_URL, repository: GITHUB_REPOSITORY, number: Number(number), token: GITHUB_TOKEN };
}

async function main(files: readonly string[]): Promise<void> {
  if (files.length === 0) throw new UsageError('expected the files of plans, given none');
  const plans = files.map((file) => ({ name: basename(file, '.txt'), text: readFileSync(file, 'utf8') }));
  const markdown = toMarkdown(plans);
  const { GITHUB_STEP_SUMMARY: summary } = process.env;
  if (summary === undefined) process.stdout.write(markdown);
  else appendFileSync(summary, markdown);
  const pull = pullOf(process.env);
  if (pull !== undefined) await comment(pull, markdown);
}

if (import.meta.main) {
  try {
    await main(process.argv.slice(2));
  } catch (thrown) {
    process.stderr.write(`show plan: ${toOneLine(thrown)}\n`);
    process.exitCode = exitCodeOf(thrown);
  }
}
