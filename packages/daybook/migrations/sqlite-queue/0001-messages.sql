-- The queue on SQLite. Immutable once released: a change is a new file with the next number.
-- Must come before the first table (https://www.sqlite.org/pragma.html#pragma_auto_vacuum): a drained backlog gives its
-- space back.
PRAGMA auto_vacuum = INCREMENTAL;

BEGIN IMMEDIATE;

-- "DAYQ": tells the file from a store and from another program's
-- (https://www.sqlite.org/pragma.html#pragma_application_id).
PRAGMA application_id = 1145133393;

-- AUTOINCREMENT: a number is never given twice, so a late acknowledgement cannot meet another message.
CREATE TABLE message (
  number       INTEGER PRIMARY KEY AUTOINCREMENT,
  entries      INTEGER NOT NULL,
  oldest_stamp INTEGER NOT NULL,  -- Unix microseconds
  sent_at      INTEGER NOT NULL,  -- Unix microseconds
  not_before   INTEGER NOT NULL,  -- Unix microseconds; 0: at once
  body         BLOB NOT NULL      -- last, so that the other columns are read without it
) STRICT;

-- The smallest stamp that waits, for what is settled.
CREATE INDEX message_by_oldest_stamp ON message (oldest_stamp);

-- What is in `message`, kept in the transactions that change it: a backlog is never counted.
CREATE TABLE total (
  singleton    INTEGER PRIMARY KEY CHECK (singleton = 1),
  messages     INTEGER NOT NULL CHECK (messages >= 0),
  entries      INTEGER NOT NULL CHECK (entries >= 0),
  bytes        INTEGER NOT NULL CHECK (bytes >= 0),
  newest_stamp INTEGER            -- the largest that was ever sent; Unix microseconds
) STRICT;
INSERT INTO total (singleton, messages, entries, bytes) VALUES (1, 0, 0, 0);

-- Readiness writes here when nothing was sent for a while.
CREATE TABLE probe (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  probed_at INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 1;

COMMIT;
