-- What a subject reads of its own as a tail, in the order of positions: one row for up to 32 entries, where the index that
-- was here had one each. It says which of the 32 are the subject's, so nobody else's entry is touched on the way.
BEGIN IMMEDIATE;

-- Bit n of `members`: the position block * 32 + n. A row without members is deleted.
CREATE TABLE own_block (
  register TEXT NOT NULL,
  subject  TEXT NOT NULL,
  block    INTEGER NOT NULL,
  members  INTEGER NOT NULL,
  PRIMARY KEY (register, subject, block)
) STRICT, WITHOUT ROWID;

INSERT INTO own_block (register, subject, block, members)
  SELECT register, subject, position / 32, sum(1 << (position % 32))
  FROM entry INDEXED BY entry_by_subject_position
  WHERE subject <> ''
  GROUP BY register, subject, position / 32;

DROP INDEX entry_by_subject_position;

PRAGMA user_version = 2;

COMMIT;
