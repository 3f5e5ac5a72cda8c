/**
 * Looks into a database without Daybook: is it sound, and does it hold these acknowledged entries with their payloads?
 * Opening it recovers its WAL, as a start of the server would.
 */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';

import type { Acknowledgement } from '../support/journal.ts';

/** @throws {AssertionError} that names the first entries that are missing or changed. */
export function checkDatabase(file: string, due: readonly Acknowledgement[]): void {
  const db = new DatabaseSync(file);
  try {
    assert.equal(db.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok');
    if (due.length === 0) return;
    const rows = db.prepare('SELECT lower(hex(id)) AS id, payload FROM entry').all();
    const payloads = new Map(rows.map(({ id, payload }) => [String(id), payload]));
    const wrong = due.filter(({ id, attempt }) => {
      const payload = payloads.get(id.replaceAll('-', ''));
      return !(payload instanceof Uint8Array) || Buffer.from(payload).toString() !== attempt.payload;
    });
    assert.deepEqual(
      wrong.slice(0, 3).map(({ id, atNs }) => `${id} at ${atNs}`),
      [],
      `${wrong.length} of ${due.length}`,
    );
  } finally {
    db.close();
  }
}
