-- The register of moments on PostgreSQL. Immutable once released: a change is a new file with the next number.
-- Runs in a transaction that holds the lock of migrations; the schema `daybook` and its table `migration` exist.

-- Names compare by their bytes: fast, and no upgrade of the machine's locales can bring an index out of order.

-- `epoch`: new at creation, restore and rebuild; cursors carry it.
CREATE TABLE daybook.property (
  name  text COLLATE "C" PRIMARY KEY,
  value text             NOT NULL
);

-- The one commit order. Whoever writes entries locks its row first and until the end of the transaction, so positions
-- appear in their order. `fillfactor` leaves room in the page for the new versions of a row that changes with every write.
CREATE TABLE daybook.lane (
  name text COLLATE "C" PRIMARY KEY,
  last bigint           NOT NULL  -- the position of the newest entry
) WITH (fillfactor = 10);
INSERT INTO daybook.lane (name, last) VALUES ('main', 0);

-- By month of the stamp, which is in the id; a unique key of a partitioned table must hold what it is partitioned by.
-- Months are added three ahead by the program; what has no month is in the default.
CREATE TABLE daybook.entries (
  id       uuid             NOT NULL,  -- UUIDv7; the stamp is derived from it
  position bigint           NOT NULL,
  register text COLLATE "C" NOT NULL,
  subject  text COLLATE "C" NOT NULL,  -- '' when anonymous
  meta     text             NOT NULL,  -- JSON: every other field but the payload; text, because jsonb would change it
  payload  bytea,  -- the exact bytes received; NULL when the body was empty
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);
-- Lists and stamp ranges of one register.
CREATE INDEX entries_by_register_id ON daybook.entries (register, id);
-- Tails.
CREATE INDEX entries_by_register_position ON daybook.entries (register, position);
-- What a subject reads of its own, as lists and counts and as tails; anonymous entries are in neither.
CREATE INDEX entries_by_subject_id ON daybook.entries (register, subject, id) WHERE subject <> '';
CREATE INDEX entries_by_subject_position ON daybook.entries (register, subject, position) WHERE subject <> '';
CREATE TABLE daybook.entries_default PARTITION OF daybook.entries DEFAULT;

-- What became of an entry that has no row in `entries`, so that it is settled once and can be asked for.
CREATE TABLE daybook.mark (
  id       uuid             PRIMARY KEY,
  register text COLLATE "C" NOT NULL,
  subject  text COLLATE "C" NOT NULL,
  place    text             NOT NULL CHECK (place IN ('duplicate', 'dead', 'discarded', 'retrying')),
  first    uuid  -- who holds its key: the entry that a duplicate links to, or that a dead one conflicts with
);
-- What a subject is told of its own.
CREATE INDEX mark_by_subject_id ON daybook.mark (register, subject, id) WHERE subject <> '';
-- What retention takes.
CREATE INDEX mark_ended ON daybook.mark (register, id) WHERE place IN ('duplicate', 'discarded');

-- The newest position of each register that retention took: a tail that is not there yet has missed something.
CREATE TABLE daybook.expiry (
  register text COLLATE "C" PRIMARY KEY,
  through  bigint           NOT NULL
) WITH (fillfactor = 50);

-- A key lives as long as its entry and is written in the entry's transaction.
CREATE TABLE daybook.idempotency_key (
  region      text COLLATE "C" NOT NULL,
  register    text COLLATE "C" NOT NULL,
  subject     text COLLATE "C" NOT NULL,
  key         text COLLATE "C" NOT NULL,
  id          uuid             NOT NULL,
  fingerprint bytea            NOT NULL,  -- SHA-256 of content type and payload
  PRIMARY KEY (region, register, subject, key)
) PARTITION BY HASH (region, register, subject, key);
DO $$
BEGIN
  FOR part IN 0..15 LOOP
    EXECUTE format(
      'CREATE TABLE daybook.idempotency_key_%s PARTITION OF daybook.idempotency_key FOR VALUES WITH (MODULUS 16, REMAINDER %s)',
      lpad(part::text, 2, '0'), part);
  END LOOP;
END $$;

-- Every batch that arrived, by its name.
CREATE TABLE daybook.batch (
  source        text COLLATE "C" NOT NULL,
  n             bigint           NOT NULL,
  entries       integer          NOT NULL,
  total         bigint           NOT NULL,  -- entries of the source up to and including this batch
  last_position bigint           NOT NULL,  -- of the newest entry when it was stored
  stored_at     bigint           NOT NULL,  -- Unix microseconds
  PRIMARY KEY (source, n)
);

-- One row per intake process: `batches` = `last_n` means that no batch is missing.
CREATE TABLE daybook.source (
  source          text COLLATE "C" PRIMARY KEY,
  last_n          bigint           NOT NULL,
  batches         bigint           NOT NULL,
  whole_through   bigint           NOT NULL,  -- no batch up to this number is missing
  settled_through bigint           NOT NULL  -- Unix microseconds
) WITH (fillfactor = 50);

-- What became of the entries, by the stamp's minute.
CREATE TABLE daybook.ledger (
  minute    bigint           NOT NULL,  -- Unix minutes
  region    text COLLATE "C" NOT NULL,
  register  text COLLATE "C" NOT NULL,
  accepted  bigint           NOT NULL,
  stored    bigint           NOT NULL,
  duplicate bigint           NOT NULL DEFAULT 0,
  dead      bigint           NOT NULL DEFAULT 0,
  discarded bigint           NOT NULL DEFAULT 0,
  expired   bigint           NOT NULL DEFAULT 0,
  retrying  bigint           NOT NULL DEFAULT 0,
  PRIMARY KEY (minute, region, register),
  CHECK (accepted = stored + duplicate + dead + discarded + expired + retrying)
) WITH (fillfactor = 50);

-- Who vouches that every entry of theirs up to a stamp is in its final place.
CREATE TABLE daybook.voucher (
  voucher    text COLLATE "C" PRIMARY KEY,
  region     text COLLATE "C" NOT NULL,
  through    bigint           NOT NULL,  -- Unix microseconds
  binding    boolean          NOT NULL,  -- true: in force until it is withdrawn
  vouched_at bigint           NOT NULL  -- Unix microseconds, by this database's clock
) WITH (fillfactor = 50);

-- Readiness writes here when there was no batch for a while.
CREATE TABLE daybook.probe (
  singleton boolean PRIMARY KEY CHECK (singleton),
  probed_at bigint  NOT NULL  -- Unix microseconds
) WITH (fillfactor = 10);
