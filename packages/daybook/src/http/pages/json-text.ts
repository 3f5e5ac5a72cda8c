/**
 * JSON for reading, made from its text: nothing is parsed, so big integers, repeated names and escapes stay what was
 * sent. Works token by token without recursion; text that is no JSON keeps all of its tokens.
 */

const STRING = String.raw`"(?:[^"\\]|\\.)*"?`;
const STRING_OR_SPACE = new RegExp(String.raw`(${STRING})|\s+`, 'gs');
const TOKEN = new RegExp(String.raw`${STRING}|[[\]{},:]|[^\s"[\]{},:]+`, 'gs');
const INDENT = '  ';
/** Deeper levels stay on their line: indenting them would make a page many times as large as the payload. */
const MAX_DEPTH = 20;

/** Without the white space between tokens. */
export function compactJson(text: string): string {
  return text.replace(STRING_OR_SPACE, '$1');
}

/** One member a line, indented by two spaces; empty objects and arrays stay together. */
export function indentJson(text: string): string {
  const tokens = text.match(TOKEN) ?? [];
  let depth = 0;
  const lines: string[] = [];
  for (const [index, token] of tokens.entries()) {
    if (isClosing(token) && !isOpening(tokens[index - 1])) lines.push(lineStart(depth, depth - 1));
    if (isOpening(token)) depth += 1;
    if (isClosing(token)) depth -= 1;
    lines.push(token === ':' ? ': ' : token);
    const breaks = token === ',' || (isOpening(token) && !isClosing(tokens[index + 1]));
    if (breaks) lines.push(lineStart(depth, depth));
  }
  return lines.join('');
}

/** @param within the depth that decides whether there is a new line at all. */
function lineStart(within: number, level: number): string {
  return within > MAX_DEPTH ? '' : `\n${INDENT.repeat(Math.max(0, level))}`;
}

function isOpening(token: string | undefined): boolean {
  return token === '{' || token === '[';
}

function isClosing(token: string | undefined): boolean {
  return token === '}' || token === ']';
}
