/**
 * A bare program on `node:sqlite`, run as a child on the faulty disk: commits one row after the other and tells of each,
 * when COMMIT has returned, on a line of standard output: `<row> <CLOCK_MONOTONIC in ns>`.
 * Arguments: database file, journal mode, synchronous, rows.
 */
import { writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const [file = '', journalMode = '', synchronous = '', rows = ''] = process.argv.slice(2);
const db = new DatabaseSync(file);
// A checkpoint every 20 pages or so: the test must see many.
db.exec(
  `PRAGMA journal_mode = ${journalMode}; PRAGMA synchronous = ${synchronous}; PRAGMA wal_autocheckpoint = 20`,
);
db.exec('CREATE TABLE IF NOT EXISTS line (n INTEGER PRIMARY KEY, text TEXT)');
const insert = db.prepare('INSERT INTO line VALUES (?, ?)');
for (let n = 1; n <= Number(rows); n++) {
  insert.run(n, 'x'.repeat(500));
  writeSync(1, `${n} ${process.hrtime.bigint()}\n`);
}
db.close();
