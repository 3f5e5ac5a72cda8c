/**
 * Reads an archive back, as a query of it would: every line of every segment.
 */
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';

import { parseSegmentName } from '../../src/archive/segment.ts';
import type { Objects } from '../../src/objects/objects.ts';
import { MAX_PAGE_OBJECTS } from '../../src/objects/objects.ts';

/** Register by register, in the order of its segments. */
export async function archivedLines(objects: Objects): Promise<Record<string, unknown[]>> {
  const lines: Record<string, unknown[]> = {};
  const { objects: all } = await objects.list({ prefix: 'entries/', limit: MAX_PAGE_OBJECTS });
  for (const { name } of all) {
    const { register } = parseSegmentName(name) ?? assert.fail(name);
    const text = gunzipSync((await objects.read(name)) ?? assert.fail(name)).toString();
    (lines[register] ??= []).push(
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    );
  }
  return lines;
}
