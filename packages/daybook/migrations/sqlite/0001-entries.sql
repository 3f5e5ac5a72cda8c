-- The register of moments on SQLite. Immutable once released: a change is a new file with the next number.
-- Must come before the first table (https://www.sqlite.org/pragma.html#pragma_auto_vacuum): retention gives space back.
PRAGMA auto_vacuum = INCREMENTAL;

BEGIN IMMEDIATE;

-- "DAYB": tells the file from another program's (https://www.sqlite.org/pragma.html#pragma_application_id).
PRAGMA application_id = 1145133378;

-- `epoch`: new at creation, restore and rebuild; cursors carry it.
CREATE TABLE property (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a position is never given twice, even after the newest entry was deleted.
CREATE TABLE entry (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id       BLOB NOT NULL,  -- 16 bytes, UUIDv7; the stamp is derived from it
  register TEXT NOT NULL,
  subject  TEXT NOT NULL,  -- '' when anonymous
  meta     TEXT NOT NULL,  -- JSON: every other field but the payload
  payload  BLOB            -- the exact bytes received; NULL when the body was empty
) STRICT;

-- Finds an entry by its id, keeps it from being stored twice, and has the lists of a register in order.
CREATE UNIQUE INDEX entry_by_register_id ON entry (register, id);

-- What a subject reads of its own, as lists and as tails; anonymous entries are in neither.
CREATE INDEX entry_by_subject_id ON entry (register, subject, id) WHERE subject <> '';
CREATE INDEX entry_by_subject_position ON entry (register, subject) WHERE subject <> '';

-- Which registers have entries among the positions from block * 64 to block * 64 + 63: what tails of one register follow.
-- One row for up to 64 entries, where an index by (register, position) would have one each. A row may outlive its entries:
-- whatever deletes the last of them may delete it too.
CREATE TABLE block (
  register TEXT NOT NULL,
  block    INTEGER NOT NULL,
  PRIMARY KEY (register, block)
) STRICT, WITHOUT ROWID;

-- A key lives as long as its entry and is written in the entry's transaction.
CREATE TABLE idempotency_key (
  region      TEXT NOT NULL,
  register    TEXT NOT NULL,
  subject     TEXT NOT NULL,
  key         TEXT NOT NULL,
  id          BLOB NOT NULL,
  fingerprint BLOB NOT NULL,  -- SHA-256 of content type and payload
  PRIMARY KEY (region, register, subject, key)
) STRICT, WITHOUT ROWID;

-- What became of an entry that has no row in `entry`, so that it is settled once and can be asked for.
CREATE TABLE mark (
  id       BLOB PRIMARY KEY,  -- 16 bytes, as in `entry`
  register TEXT NOT NULL,
  subject  TEXT NOT NULL,
  place    TEXT NOT NULL CHECK (place IN ('duplicate', 'dead', 'discarded', 'retrying')),
  first    BLOB               -- who holds its key: the entry that a duplicate links to, or that a dead one conflicts with
) STRICT, WITHOUT ROWID;

-- What retention looks for.
CREATE INDEX mark_by_register_id ON mark (register, id);

-- The newest position of each register that retention took: a tail that is not there yet has missed something.
CREATE TABLE expiry (
  register TEXT PRIMARY KEY,
  through  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every batch that arrived, by its name.
CREATE TABLE batch (
  source          TEXT NOT NULL,
  n               INTEGER NOT NULL,
  entries         INTEGER NOT NULL,
  total           INTEGER NOT NULL,  -- entries of the source up to and including this batch
  last_position   INTEGER NOT NULL,
  settled_through INTEGER NOT NULL,  -- Unix microseconds
  stored_at       INTEGER NOT NULL,  -- Unix microseconds
  PRIMARY KEY (source, n)
) STRICT, WITHOUT ROWID;

-- Batches that are missing below the newest of their source.
CREATE TABLE gap (
  source       TEXT NOT NULL,
  first_n      INTEGER NOT NULL,
  last_n       INTEGER NOT NULL,
  total_before INTEGER NOT NULL,  -- entries of the source before the gap
  entries      INTEGER NOT NULL,
  since        INTEGER NOT NULL,  -- Unix microseconds: when a later batch came
  PRIMARY KEY (source, first_n)
) STRICT, WITHOUT ROWID;

-- What became of the entries, by the stamp's minute.
CREATE TABLE ledger (
  minute    INTEGER NOT NULL,  -- Unix minutes
  region    TEXT NOT NULL,
  register  TEXT NOT NULL,
  accepted  INTEGER NOT NULL,
  stored    INTEGER NOT NULL,
  duplicate INTEGER NOT NULL DEFAULT 0,
  dead      INTEGER NOT NULL DEFAULT 0,
  discarded INTEGER NOT NULL DEFAULT 0,
  expired   INTEGER NOT NULL DEFAULT 0,
  retrying  INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (minute, region, register),
  CHECK (accepted = stored + duplicate + dead + discarded + expired + retrying)
) STRICT, WITHOUT ROWID;

-- Who vouches that every entry of theirs up to a stamp is in its final place.
CREATE TABLE voucher (
  voucher    TEXT PRIMARY KEY,
  region     TEXT NOT NULL,
  through    INTEGER NOT NULL,  -- Unix microseconds
  binding    INTEGER NOT NULL,  -- 1: in force until it is withdrawn
  vouched_at INTEGER NOT NULL   -- Unix microseconds, by this database's clock
) STRICT, WITHOUT ROWID;

-- Readiness writes here when there was no batch for a while.
CREATE TABLE probe (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  probed_at INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 1;

COMMIT;
