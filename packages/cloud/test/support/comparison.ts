/**
 * `docs/comparison.md` as data: its rows, and what is wrong with the tests that they name. A test's name is read from the
 * text of its file, so nothing is run to find out.
 */

export interface Row {
  /** Such as S1-e1: system, kind, number. */
  readonly id: string;
  readonly system: string;
  readonly kind: string;
  readonly there: string;
  readonly here: string;
  /** As `file › name`; a row that is not yet there has none. */
  readonly proofs: readonly string[];
  readonly notYet: boolean;
}

const ROW = /^\| (?<id>(?<system>S\d)-(?<kind>[a-z])\d+) \|(?<cells>.*)\|$/;
const HEADING = /^## (.+)$/;
const NOT_YET = 'Not yet';

/** @throws {Error} for a line of a table that begins with an id and is no row. */
export function readRows(document: string): Row[] {
  const rows: Row[] = [];
  let heading = '';
  for (const line of document.split('\n')) {
    heading = HEADING.exec(line)?.[1] ?? heading;
    const { id, system, kind, cells } = ROW.exec(line)?.groups ?? {};
    if (id === undefined || system === undefined || kind === undefined) {
      if (line.startsWith('| S')) assertNoRow(line);
      continue;
    }
    const [there = '', here = '', proof = ''] = (cells ?? '').split('|').map((cell) => cell.trim());
    const proofs = [...proof.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
    rows.push({ id, system, kind, there, here, proofs, notYet: heading === NOT_YET });
  }
  return rows;
}

/** The table of the repositories has lines that begin with the name of a system alone. */
function assertNoRow(line: string): void {
  if (/^\| S\d \|/.test(line)) return;
  throw new Error(`expected a row such as "| S1-e1 | there | here | proof |", given ${line}`);
}

/** @param readTest the text of a test file by its path below `packages/`; undefined where there is none. */
export function faultsOf(rows: readonly Row[], readTest: (path: string) => string | undefined): string[] {
  const ids = rows.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  return [
    ...twice.map((id) => `${id}: is there twice`),
    ...rows.flatMap(({ id, there, here, proofs, notYet }) => [
      ...(there === '' || here === '' ? [`${id}: a cell is empty`] : []),
      ...(proofs.length === 0 && !notYet ? [`${id}: names no test`] : []),
      ...proofs.flatMap((proof) => faultOf(proof, readTest) ?? []).map((fault) => `${id}: ${fault}`),
    ]),
  ];
}

function faultOf(proof: string, readTest: (path: string) => string | undefined): string | undefined {
  const [path = '', name = '', ...rest] = proof.split(' › ');
  if (!/^[\w/.-]+\.test\.ts$/.test(path) || name === '' || rest.length > 0)
    return `expected "file.test.ts › name", given "${proof}"`;
  const text = readTest(path);
  if (text === undefined) return `${path} is not there`;
  const named = testsNamed(text, name);
  if (named === 1) return undefined;
  return named === 0
    ? `${path} has no test "${name}"`
    : `${path} has ${named} tests of which "${name}" could be the name`;
}

/** A test that is skipped, or still to be written, proves nothing. */
const TITLE = /\b(?:test|it)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/gs;
const PLACEHOLDER = /\$\{[^}]*\}/;

/**
 * How many tests of a file can be meant: one whose name it is, else those whose names contain it, in one of their
 * constant parts. Where names come from a table of cases, a text of that table counts, if it is the whole of it.
 */
function testsNamed(file: string, name: string): number {
  const titles = [...file.matchAll(TITLE)].map(([, , title = '']) => unescape(title));
  if (titles.includes(name)) return 1;
  const containing = titles.filter((title) =>
    title.split(PLACEHOLDER).some((constant) => constant.includes(name)),
  );
  if (containing.length > 0) return containing.length;
  const fromTable = titles.some((title) => title.startsWith('${')) || /\b(?:test|it)\(\w+,/.test(file);
  return fromTable && hasLiteral(file, name) ? 1 : 0;
}

/** Also as a name in a table of cases; a group of tests is no test. */
function hasLiteral(file: string, name: string): boolean {
  const literals = [`'${name.replaceAll("'", String.raw`\'`)}'`, `"${name}"`];
  return literals.some((literal) =>
    file
      .split(literal)
      .some(
        (before, index, parts) => index + 1 < parts.length && !/\b(?:describe|skip|todo)\($/.test(before),
      ),
  );
}

function unescape(literal: string): string {
  return literal.replaceAll(/\\(['"`])/g, '$1');
}
