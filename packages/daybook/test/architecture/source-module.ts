/**
 * Reads a TypeScript module as far as the laws of `architecture.test.ts` need it: what it imports, and its code with
 * comments and literal text blanked, so that a word in a comment or a message is never taken for code.
 */
import { posix } from 'node:path';

export interface ImportStatement {
  /** As written, such as `./entry.ts` or `node:fs`. */
  readonly specifier: string;
  /** Path under the source folder when the specifier is relative; starts with `..` when it leaves that folder. */
  readonly target: string | undefined;
  /** True for `import type` and `export type`, which leave no trace at run time. */
  readonly typeOnly: boolean;
}

export interface SourceModule {
  /** Relative to the source folder, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Same length and line breaks as `text`. */
  readonly code: string;
  readonly lines: number;
  readonly imports: readonly ImportStatement[];
}

const COMMENT_OR_STRING = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/y;
const REGULAR_EXPRESSION = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*/y;
/** A slash after one of these begins a regular expression; after anything else it divides. */
const BEFORE_EXPRESSION = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|await|yield))\s*$/;

/** A module that is loaded by its URL, as worker threads are, is imported as well. */
const IMPORTS = [
  /^[ \t]*(?:import|export)\b(?<type>\s+type\b)?[\w$*\s,{}]*?\bfrom\s*['"](?<name>[^'"]*)['"]/gm,
  /^[ \t]*import\s*['"](?<name>[^'"]*)['"]/gm,
  /\b(?:import|require|import\.meta\.resolve)\s*\(\s*['"](?<name>[^'"]*)['"]/g,
  /\bnew URL\(\s*['"](?<name>\.[^'"]*\.[jt]s)['"]/g,
];

export function readSourceModule(path: string, text: string): SourceModule {
  const { code, uncommented } = blank(text);
  return {
    path,
    text,
    code,
    lines: text.split('\n').length - 1,
    imports: findImports(path, code, uncommented),
  };
}

function findImports(path: string, code: string, uncommented: string): ImportStatement[] {
  return IMPORTS.flatMap((pattern) => [...uncommented.matchAll(pattern)])
    .filter((match) => code.startsWith(match[0].trimStart().slice(0, 3), match.index + match[0].search(/\S/)))
    .map((match) => {
      const specifier = match.groups?.['name'] ?? '';
      const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
      return { specifier, target, typeOnly: match.groups?.['type'] !== undefined };
    });
}

/** Blanks comments in both texts, and in `code` also what strings, templates and regular expressions say. */
function blank(text: string): { code: string; uncommented: string } {
  const open: ('template' | 'brace')[] = [];
  let code = '';
  let uncommented = '';
  const take = (length: number, kept: { code: boolean; uncommented: boolean }) => {
    const piece = text.slice(code.length, code.length + length);
    const spaces = piece.replace(/[^\n]/g, ' ');
    uncommented += kept.uncommented ? piece : spaces;
    code += kept.code ? piece : spaces;
  };
  const lengthOf = (pattern: RegExp) => {
    pattern.lastIndex = code.length;
    return pattern.exec(text)?.[0].length ?? 0;
  };
  const both = { code: true, uncommented: true };
  const literal = { code: false, uncommented: true };

  while (code.length < text.length) {
    const next = text.charAt(code.length);
    const inTemplate = open.at(-1) === 'template';
    if (inTemplate && next !== '`' && !text.startsWith('${', code.length)) {
      take(Math.max(1, lengthOf(TEMPLATE_TEXT)), literal);
    } else if (inTemplate) {
      if (next === '`') open.pop();
      else open.push('brace');
      take(next === '`' ? 1 : 2, both);
    } else if (next === '`') {
      open.push('template');
      take(1, both);
    } else if (next === '{' || next === '}') {
      if (next === '{') open.push('brace');
      else open.pop();
      take(1, both);
    } else if (lengthOf(COMMENT_OR_STRING) > 0) {
      take(lengthOf(COMMENT_OR_STRING), { code: false, uncommented: next !== '/' });
    } else if (next === '/' && BEFORE_EXPRESSION.test(code.slice(-200))) {
      take(Math.max(1, lengthOf(REGULAR_EXPRESSION)), literal);
    } else {
      take(1, both);
    }
  }
  return { code, uncommented };
}
