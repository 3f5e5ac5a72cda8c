/**
 * Checks what the documents point at: every relative link leads to a file, and to a heading where it names one; every
 * `npm run` script that a document tells the reader to use exists.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { ROOT, listFiles } from './checkout.ts';
import { say } from './command.ts';

const LINKS = [
  /\]\(\s*<?([^\s)>]+)>?(?:\s+["'(][^)]*)?\)/g, // [text](target "title"), also of images
  /^\s*\[[^\]]+\]:\s*<?([^\s>]+)>?/gm, // [label]: target
  /\b(?:href|src|srcset)="([^"\s]+)"/g,
];
const SCRIPT_RUNS = /\bnpm run(?:-script)? (?:-s |--silent )?([A-Za-z][\w:-]*)/g;

interface Document {
  readonly path: string;
  readonly text: string;
  /** Without fenced and inline code, in which a bracket is not a link. */
  readonly prose: string;
}

const documents = listFiles({ untracked: true })
  .filter((path) => path.endsWith('.md'))
  .map(readDocument);
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
const links = documents.flatMap((document) => linksOf(document).map((link) => ({ document, link })));
const scripts = documents.flatMap(({ path, text }) =>
  [...text.matchAll(SCRIPT_RUNS)].map(([, name = '']) => ({ path, name })),
);
const problems = [
  ...links.flatMap(({ document, link }) => brokenLink(document, link)),
  ...scripts
    .filter(({ name }) => !(name in manifest.scripts))
    .map(({ path, name }) => `${path}: package.json has no script "${name}"`),
];
for (const problem of problems) say(problem);
say(
  `${documents.length} documents, ${links.length} relative links, ${scripts.length} named scripts, ` +
    `${problems.length} problems`,
);
if (problems.length > 0 || documents.length === 0) process.exitCode = 1;

function readDocument(path: string): Document {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const prose = text
    .replace(/^( *)(`{3,}|~{3,})[\s\S]*?^ *\2[`~]*\s*$/gm, '')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/(`+)[^`](?:.*?[^`])?\1(?!`)/g, '``');
  return { path, text, prose };
}

function linksOf({ prose }: Document): string[] {
  return LINKS.flatMap((pattern) => [...prose.matchAll(pattern)].map(([, target = '']) => target)).filter(
    (target) => !/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target),
  );
}

function brokenLink(from: Document, link: string): string[] {
  const [file = '', anchor = ''] = link.split('#').map((part) => decodeURIComponent(part));
  const path = file === '' ? from.path : normalize(join(dirname(from.path), file));
  if (path.startsWith('..') || file.startsWith('/')) return [`${from.path}: ${link} leaves the repository`];
  if (!existsSync(join(ROOT, path))) return [`${from.path}: ${link} leads to no file`];
  if (anchor === '' || !path.endsWith('.md') || statSync(join(ROOT, path)).isDirectory()) return [];
  return anchorsOf(readDocument(path)).has(anchor) ? [] : [`${from.path}: ${link} names no heading there`];
}

/** Headings as GitHub names them: lower case, without punctuation, hyphens for spaces, repeats numbered. */
function anchorsOf({ text }: Document): Set<string> {
  const anchors = new Set<string>();
  for (const [, id = ''] of text.matchAll(/<[a-z][^>]*\b(?:id|name)="([^"]+)"/g)) anchors.add(id);
  for (const [, heading = ''] of text
    .replace(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm)) {
    const slug = heading
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .replace(/\s/g, '-');
    let anchor = slug;
    for (let repeat = 1; anchors.has(anchor); repeat += 1) anchor = `${slug}-${repeat}`;
    anchors.add(anchor);
  }
  return anchors;
}
