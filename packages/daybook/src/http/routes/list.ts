/**
 * `GET /{register}`: a page of entries, newest first unless asked otherwise, in the format that the caller wants.
 */
import type { Page } from '../../store/store.ts';
import type { Register } from '../../register.ts';
import { decodePageCursor, encodePageCursor } from '../../tail/cursor.ts';
import type { Answer } from '../answer.ts';
import { JSON_TYPE, pageAnswer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { entryToView } from '../entry-json.ts';
import { pageBytes, pageTexts } from '../page-texts.ts';
import { registerPage } from '../pages/register.ts';
import type { Parameters } from '../parameters.ts';
import type { RegisterView } from '../register-view.ts';
import { shownOf } from '../register-view.ts';
import { settledStamp } from '../settled-stamp.ts';
import { choiceOf, invalid, microsOf, wholeNumberOf } from '../parameters.ts';

export const LIST_PARAMETERS = ['from', 'to', 'order', 'limit', 'cursor', 'after', 'format', 'live'] as const;
export type ListParameters = Parameters<(typeof LIST_PARAMETERS)[number]>;

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

export interface ListRange {
  readonly order: 'asc' | 'desc';
  readonly from?: number;
  readonly to?: number;
  readonly after?: string;
}

/** @throws {DaybookError} PARAMETER_INVALID, CURSOR_INVALID */
export function readRange(parameters: ListParameters): ListRange {
  const from = microsOf('from', parameters.from);
  const to = microsOf('to', parameters.to);
  if (from !== undefined && to !== undefined && to < from)
    throw invalid('to', 'a time that is not before from', String(parameters.to));
  const order = choiceOf('order', parameters.order, ['desc', 'asc'], 'desc');
  if (parameters.cursor !== undefined && parameters.after !== undefined)
    throw invalid('after', 'either after or cursor', 'both');
  const place = parameters.cursor ?? parameters.after;
  const cursor = place === undefined ? undefined : decodePageCursor(place, order);
  if (cursor !== undefined && parameters.order !== undefined && cursor.order !== order) {
    throw invalid('order', `the order that the cursor was given for, ${cursor.order}`, order);
  }
  return {
    order: cursor?.order ?? order,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(cursor !== undefined && { after: cursor.after }),
  };
}

export async function listPage(
  context: HttpContext,
  view: RegisterView,
  parameters: ListParameters,
  format: 'json' | 'html',
): Promise<Answer> {
  const range = readRange(parameters);
  const limit = wholeNumberOf('limit', parameters.limit, { from: 1, to: MAX_LIMIT, fallback: DEFAULT_LIMIT });
  // Before the read: what settles during it may be missing from the page.
  const settledThrough = settledStamp(context);
  const page = await context.store.list({
    ...shownOf(view),
    ...range,
    limit,
    // Base64 and escapes make text longer than its bytes; entries also have other members.
    maxBytes: pageBytes(context.front) / 2,
  });
  const { register } = view;
  return format === 'json'
    ? pageAsJson(context, register, parameters, range, page, settledThrough)
    : pageAsHtml(context, register, parameters, range, page, settledThrough);
}

function pageAsJson(
  context: HttpContext,
  register: Register,
  parameters: ListParameters,
  range: ListRange,
  page: Page,
  settledThrough: string | null,
): Answer {
  const texts = pageTexts(context.front, register, page.entries);
  const more = page.more || texts.length < page.entries.length;
  const last = page.entries[texts.length - 1];
  const nextCursor =
    more && last !== undefined ? encodePageCursor({ order: range.order, after: last.id }) : null;
  const cursorText = nextCursor === null ? 'null' : `"${nextCursor}"`;
  return {
    status: 200,
    headers: {
      'content-type': JSON_TYPE,
      ...(nextCursor !== null && {
        link: `<${pageHref(context, register, parameters, nextCursor)}>; rel="next"`,
      }),
    },
    body: `{"entries":[${texts.join(',')}],"nextCursor":${cursorText},"settledThrough":${JSON.stringify(settledThrough)}}\n`,
  };
}

function pageAsHtml(
  context: HttpContext,
  register: Register,
  parameters: ListParameters,
  range: ListRange,
  page: Page,
  settledThrough: string | null,
): Answer {
  const { config, version, front } = context;
  const withFirst = (count: number): string => {
    const last = page.entries[count - 1];
    const nextHref =
      (page.more || count < page.entries.length) && last !== undefined
        ? pageHref(context, register, parameters, encodePageCursor({ order: range.order, after: last.id }))
        : undefined;
    return registerPage({
      basePath: config.basePath,
      version,
      register,
      entries: page.entries.slice(0, count).map((entry) => entryToView(register, entry)),
      settledThrough,
      ...(nextHref !== undefined && { nextHref }),
      ...(range.after !== undefined && { newestHref: `${config.basePath}/${register.name}` }),
      ...(parameters.from !== undefined && { from: parameters.from }),
      ...(parameters.to !== undefined && { to: parameters.to }),
    });
  };
  let count = page.entries.length;
  let body = withFirst(count);
  while (count > 1 && Buffer.byteLength(body) > front.maxAnswerBytes) {
    count >>= 1;
    body = withFirst(count);
  }
  return pageAnswer(body);
}

/** Relative to the origin, with the base path, so that it holds behind any host name. */
function pageHref(
  { config }: HttpContext,
  register: Register,
  parameters: ListParameters,
  cursor: string,
): string {
  const { cursor: _, after: __, ...rest } = parameters;
  return `${config.basePath}/${register.name}?${new URLSearchParams({ ...rest, cursor }).toString()}`;
}
