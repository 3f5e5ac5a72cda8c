-- The writes of entries, each one statement and one transaction: one exchange with the server, and the lane is locked for
-- no longer than the server itself needs. Functions, because every statement of a function sees what was committed before
-- it: a single statement would look for names, marks and keys as they were before it waited for the lane.
-- A function never changes its meaning: programs of two versions run beside each other during an upgrade.

-- What a commit of this session survives, as the server says.
CREATE FUNCTION daybook.durability() RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY[
    current_setting('fsync'), current_setting('full_page_writes'),
    current_setting('synchronous_commit'), current_setting('synchronous_standby_names')
  ];
$$;

CREATE FUNCTION daybook.now_micros() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
$$;

-- Gives each entry its place, once: stored, a link to the first entry of its key, dead, or back in the queue. An entry that
-- has a place already keeps it. The ids of one call differ, and so do the names of its batches.
-- Entries are counted from 1 in the order given (`at`); a group is a register and a minute, of the ledger.
-- Settings: the plan must not come from a time when the tables were empty.
CREATE FUNCTION daybook.put_entries(
  p_acknowledged boolean,    -- an entry whose key is held gets a mark; otherwise it was never accepted
  p_revive       boolean,    -- store dead entries after all
  p_region       text,
  p_source       text[],     -- the batches to record …
  p_n            bigint[],
  p_total        bigint[],
  p_entries      integer[],
  p_settled      bigint[],
  p_minute       bigint[],   -- the groups …
  p_register     text[],
  p_id           uuid[],     -- the entries …
  p_batch        integer[],  -- which of the batches; 0: of none of them
  p_group        integer[],
  p_subject      text[],
  p_meta         text[],
  p_payload      bytea[],
  p_lowest       uuid,       -- of the ids
  p_highest      uuid,
  p_key_at       integer[],  -- the entries that have a key …
  p_key_subject  text[],
  p_key          text[],
  p_fingerprint  bytea[],
  p_left_at      integer[],  -- the entries that are not stored now …
  p_left_as      text[],
  OUT last_position bigint,  -- of the newest entry; of a call that names one batch on record: as it was then
  OUT exceptions    json,    -- [{at, kind, first}] or null
  OUT durability    text[]
)
LANGUAGE plpgsql
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_last       bigint;
  v_known      integer[];          -- batches on record
  v_known_last bigint;
  v_wrong      text;
  v_mark_at    integer[] := '{}';  -- entries with a mark …
  v_mark_place text[]    := '{}';
  v_mark_first uuid[]    := '{}';
  v_settled_at integer[] := '{}';  -- of these, those whose mark stays
  v_left_at    integer[] := '{}';  -- not stored now, as the caller says
  v_held_at    integer[] := '{}';  -- whose key is held …
  v_held_kind  text[]    := '{}';
  v_held_first uuid[]    := '{}';
  v_claim_at   integer[] := '{}';  -- whose key is free
  v_move_at    integer[] := '{}';  -- that get a mark now …
  v_move_to    text[]    := '{}';
  v_move_first uuid[]    := '{}';
  v_stored_at  integer[];
BEGIN
  -- Any other level would look for names, marks and keys as they were before the lane was to be had.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'expected isolation read committed, given %', current_setting('transaction_isolation')
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  -- Also where nothing is left to write: the lock is a change, so the commit waits for everything before it to be durable.
  SELECT l.last INTO STRICT v_last FROM daybook.lane l WHERE l.name = 'main' FOR UPDATE;
  durability := daybook.durability();

  SELECT coalesce(array_agg(g.at::integer), '{}'), max(b.last_position),
    min(format('batch %s/%s: expected %s entries and total %s, as it is on record, given %s and %s',
      g.source, g.n, b.entries, b.total, g.entries, g.total))
      FILTER (WHERE b.entries <> g.entries OR b.total <> g.total)
  INTO v_known, v_known_last, v_wrong
  FROM unnest(p_source, p_n, p_total, p_entries) WITH ORDINALITY AS g (source, n, total, entries, at)
  JOIN daybook.batch b ON b.source = g.source AND b.n = g.n;
  -- A name that stands for two batches would pass the second one over in silence.
  IF v_wrong IS NOT NULL THEN RAISE EXCEPTION '%', v_wrong USING ERRCODE = 'ZD001'; END IF;

  IF EXISTS (SELECT FROM daybook.mark m WHERE m.id BETWEEN p_lowest AND p_highest) THEN
    SELECT coalesce(array_agg(e.at::integer), '{}'), coalesce(array_agg(m.place), '{}'), coalesce(array_agg(m.first), '{}'),
      coalesce(array_agg(e.at::integer) FILTER (WHERE m.place <> 'retrying' AND NOT (p_revive AND m.place = 'dead')), '{}')
    INTO v_mark_at, v_mark_place, v_mark_first, v_settled_at
    FROM unnest(p_id) WITH ORDINALITY AS e (id, at)
    JOIN daybook.mark m ON m.id = e.id;
    IF p_revive AND 'discarded' = ANY (v_mark_place) THEN
      RAISE EXCEPTION 'replay: expected a dead entry, given %, which was discarded', p_lowest USING ERRCODE = 'ZD002';
    END IF;
  END IF;

  IF cardinality(p_left_at) > 0 THEN
    SELECT coalesce(array_agg(l.at), '{}'),
      coalesce(array_agg(l.at) FILTER (WHERE l.moves), '{}'), coalesce(array_agg(l.place) FILTER (WHERE l.moves), '{}')
    INTO v_left_at, v_move_at, v_move_to
    FROM (
      SELECT g.at, g.place, m.place IS DISTINCT FROM g.place
        AND NOT EXISTS (SELECT FROM daybook.entries e WHERE e.id = p_id[g.at]) AS moves
      FROM unnest(p_left_at, p_left_as) AS g (at, place)
      LEFT JOIN unnest(v_mark_at, v_mark_place) AS m (at, place) ON m.at = g.at
      WHERE p_batch[g.at] <> ALL (v_known) AND g.at <> ALL (v_settled_at)
    ) l;
    v_move_first := array_fill(NULL::uuid, ARRAY[cardinality(v_move_at)]);
  END IF;

  IF cardinality(p_key_at) > 0 THEN
    WITH asked AS (
      SELECT k.at, p_id[k.at] AS id, p_register[p_group[k.at]] AS register, k.subject, k.key, k.fingerprint, m.place, m.first,
        -- What its mark says is the answer; one that may still move is answered by its key.
        m.at IS NOT NULL AND (k.at = ANY (v_settled_at) OR p_batch[k.at] = ANY (v_known)) AS answered
      FROM unnest(p_key_at, p_key_subject, p_key, p_fingerprint) AS k (at, subject, key, fingerprint)
      LEFT JOIN unnest(v_mark_at, v_mark_place, v_mark_first) AS m (at, place, first) ON m.at = k.at
      WHERE k.at <> ALL (v_left_at)
    ), held AS (
      SELECT a.at, a.id, h.id IS NULL AS free, a.fingerprint,
        coalesce(h.id, first_value(a.id) OVER same_key) AS holder,
        coalesce(h.fingerprint, first_value(a.fingerprint) OVER same_key) AS holder_fingerprint
      FROM asked a
      -- One by one, whatever the planner believes: it would rather read all keys of a table that it takes for empty.
      LEFT JOIN LATERAL (
        SELECT k.id, k.fingerprint FROM daybook.idempotency_key k
        WHERE k.region = p_region AND k.register = a.register AND k.subject = a.subject AND k.key = a.key LIMIT 1
      ) h ON true
      WHERE NOT a.answered
      WINDOW same_key AS (PARTITION BY a.register, a.subject, a.key ORDER BY a.at)
    ), found AS (
      SELECT at, CASE place WHEN 'duplicate' THEN 'duplicate' ELSE 'conflict' END AS kind, first
      FROM asked WHERE answered AND first IS NOT NULL AND place IN ('duplicate', 'dead')
      UNION ALL
      SELECT at, CASE WHEN fingerprint = holder_fingerprint THEN 'duplicate' ELSE 'conflict' END, holder
      FROM held WHERE holder <> id
    )
    SELECT
      (SELECT coalesce(array_agg(at ORDER BY at), '{}') FROM found),
      (SELECT coalesce(array_agg(kind ORDER BY at), '{}') FROM found),
      (SELECT coalesce(array_agg(first ORDER BY at), '{}') FROM found),
      (SELECT coalesce(array_agg(at), '{}') FROM held WHERE free AND holder = id AND p_batch[at] <> ALL (v_known))
    INTO v_held_at, v_held_kind, v_held_first, v_claim_at;

    IF cardinality(v_held_at) > 0 THEN
      SELECT json_agg(json_build_object('at', x.at, 'kind', x.kind, 'first', x.first) ORDER BY x.at)
      INTO exceptions FROM unnest(v_held_at, v_held_kind, v_held_first) AS x (at, kind, first);
      IF p_acknowledged THEN
        SELECT v_move_at || coalesce(array_agg(x.at), '{}'), v_move_to || coalesce(array_agg(x.place), '{}'),
          v_move_first || coalesce(array_agg(x.first), '{}')
        INTO v_move_at, v_move_to, v_move_first
        FROM (
          SELECT h.at, CASE h.kind WHEN 'duplicate' THEN 'duplicate' ELSE 'dead' END AS place, h.first
          FROM unnest(v_held_at, v_held_kind, v_held_first) AS h (at, kind, first)
        ) x
        LEFT JOIN unnest(v_mark_at, v_mark_place) AS m (at, place) ON m.at = x.at
        WHERE p_batch[x.at] <> ALL (v_known) AND x.at <> ALL (v_settled_at) AND m.place IS DISTINCT FROM x.place;
      END IF;
    END IF;
  END IF;

  -- Whoever writes has the lane, so what is not there now is not there a moment later: entries among which none is known
  -- need not be asked for one by one, which saves a third of the work.
  IF NOT EXISTS (SELECT FROM daybook.entries e WHERE e.id BETWEEN p_lowest AND p_highest) THEN
    SELECT coalesce(array_agg(e.at), '{}') INTO v_stored_at
    FROM (SELECT generate_subscripts(p_id, 1) AS at, unnest(p_batch) AS batch) e
    WHERE e.batch <> ALL (v_known) AND e.at <> ALL (v_settled_at) AND e.at <> ALL (v_left_at) AND e.at <> ALL (v_held_at);
    last_position := v_last + coalesce((SELECT max(s.at) FROM unnest(v_stored_at) AS s (at)), 0);
    INSERT INTO daybook.entries (id, position, register, subject, meta, payload)
    SELECT e.id, v_last + e.at, p_register[e.grp], e.subject, e.meta, e.payload
    FROM (
      SELECT generate_subscripts(p_id, 1) AS at, unnest(p_id) AS id, unnest(p_batch) AS batch, unnest(p_group) AS grp,
        unnest(p_subject) AS subject, unnest(p_meta) AS meta, unnest(p_payload) AS payload
    ) e
    WHERE e.batch <> ALL (v_known) AND e.at <> ALL (v_settled_at) AND e.at <> ALL (v_left_at) AND e.at <> ALL (v_held_at);
  ELSE
    WITH stored AS (
      INSERT INTO daybook.entries AS t (id, position, register, subject, meta, payload)
      SELECT e.id, v_last + e.at, p_register[e.grp], e.subject, e.meta, e.payload
      FROM (
        SELECT generate_subscripts(p_id, 1) AS at, unnest(p_id) AS id, unnest(p_batch) AS batch, unnest(p_group) AS grp,
          unnest(p_subject) AS subject, unnest(p_meta) AS meta, unnest(p_payload) AS payload
      ) e
      WHERE e.batch <> ALL (v_known) AND e.at <> ALL (v_settled_at) AND e.at <> ALL (v_left_at) AND e.at <> ALL (v_held_at)
      ON CONFLICT (id) DO NOTHING
      RETURNING t.position
    )
    SELECT coalesce(max(s.position), v_last), coalesce(array_agg((s.position - v_last)::integer), '{}')
    INTO last_position, v_stored_at FROM stored s;
  END IF;

  IF cardinality(v_claim_at) > 0 THEN
    INSERT INTO daybook.idempotency_key (region, register, subject, key, id, fingerprint)
    SELECT p_region, p_register[p_group[k.at]], k.subject, k.key, p_id[k.at], k.fingerprint
    FROM unnest(p_key_at, p_key_subject, p_key, p_fingerprint) AS k (at, subject, key, fingerprint)
    JOIN unnest(v_claim_at) AS c (at) ON c.at = k.at;
  END IF;

  -- Whatever moves is accepted, and what moves away from a mark was accepted before.
  INSERT INTO daybook.ledger AS t (minute, region, register, accepted, stored, duplicate, dead, retrying)
  SELECT p_minute[c.grp], p_region, p_register[c.grp], sum(c.entries),
    coalesce(sum(c.entries) FILTER (WHERE c.place = 'stored'), 0),
    coalesce(sum(c.entries) FILTER (WHERE c.place = 'duplicate'), 0),
    coalesce(sum(c.entries) FILTER (WHERE c.place = 'dead'), 0),
    coalesce(sum(c.entries) FILTER (WHERE c.place = 'retrying'), 0)
  FROM (
    SELECT p_group[s.at] AS grp, 'stored' AS place, 1 AS entries FROM unnest(v_stored_at) AS s (at)
    UNION ALL
    SELECT p_group[m.at], m.place, 1 FROM unnest(v_move_at, v_move_to) AS m (at, place)
    UNION ALL
    SELECT p_group[m.at], m.place, -1 FROM unnest(v_mark_at, v_mark_place) AS m (at, place)
    WHERE m.at = ANY (v_stored_at) OR m.at = ANY (v_move_at)
  ) c
  GROUP BY c.grp
  -- In the order in which retention takes these rows, so that neither waits for the other.
  ORDER BY p_minute[c.grp], p_register[c.grp]
  ON CONFLICT (minute, region, register) DO UPDATE SET
    accepted = t.accepted + excluded.accepted, stored = t.stored + excluded.stored,
    duplicate = t.duplicate + excluded.duplicate, dead = t.dead + excluded.dead, retrying = t.retrying + excluded.retrying;

  IF cardinality(v_mark_at) > 0 THEN
    DELETE FROM daybook.mark WHERE id IN (
      SELECT p_id[m.at] FROM unnest(v_mark_at) AS m (at) WHERE m.at = ANY (v_stored_at)
    );
  END IF;
  IF cardinality(v_move_at) > 0 THEN
    INSERT INTO daybook.mark (id, register, subject, place, first)
    SELECT p_id[m.at], p_register[p_group[m.at]], p_subject[m.at], m.place, m.first
    FROM unnest(v_move_at, v_move_to, v_move_first) AS m (at, place, first)
    ON CONFLICT (id) DO UPDATE SET place = excluded.place, first = excluded.first;
  END IF;

  IF cardinality(p_source) > cardinality(v_known) THEN
    INSERT INTO daybook.batch (source, n, entries, total, last_position, stored_at)
    SELECT g.source, g.n, g.entries, g.total, put_entries.last_position, daybook.now_micros()
    FROM unnest(p_source, p_n, p_entries, p_total) WITH ORDINALITY AS g (source, n, entries, total, at)
    WHERE g.at <> ALL (v_known);
    INSERT INTO daybook.source AS t (source, last_n, batches, whole_through, settled_through)
    SELECT g.source, max(g.n), count(*), CASE WHEN max(g.n) = count(*) THEN count(*) ELSE 0 END, max(g.settled)
    FROM unnest(p_source, p_n, p_settled) WITH ORDINALITY AS g (source, n, settled, at)
    WHERE g.at <> ALL (v_known)
    GROUP BY g.source
    ON CONFLICT (source) DO UPDATE SET
      last_n = greatest(t.last_n, excluded.last_n),
      batches = t.batches + excluded.batches,
      whole_through = CASE
        WHEN t.batches + excluded.batches = greatest(t.last_n, excluded.last_n) THEN greatest(t.last_n, excluded.last_n)
        ELSE t.whole_through
      END,
      settled_through = greatest(t.settled_through, excluded.settled_through);
  END IF;

  IF last_position > v_last THEN
    UPDATE daybook.lane SET last = put_entries.last_position WHERE name = 'main';
  END IF;
  IF cardinality(p_source) = 1 AND v_known_last IS NOT NULL THEN last_position := v_known_last; END IF;
END $$;

-- Marks a dead entry as given up for good.
CREATE FUNCTION daybook.discard_entry(
  p_id       uuid,
  p_minute   bigint,
  p_register text,
  p_region   text,
  OUT discarded  boolean,  -- false: it is not dead
  OUT durability text[]
)
LANGUAGE plpgsql
AS $$
DECLARE
  v_place text;
BEGIN
  PERFORM FROM daybook.lane l WHERE l.name = 'main' FOR UPDATE;
  durability := daybook.durability();
  SELECT m.place INTO v_place FROM daybook.mark m WHERE m.id = p_id;
  discarded := coalesce(v_place IN ('dead', 'discarded'), false);
  IF v_place = 'dead' THEN
    UPDATE daybook.mark m SET place = 'discarded', first = NULL WHERE m.id = p_id;
    INSERT INTO daybook.ledger AS t (minute, region, register, accepted, stored, dead, discarded)
    VALUES (p_minute, p_region, p_register, 0, 0, -1, 1)
    ON CONFLICT (minute, region, register) DO UPDATE SET
      dead = t.dead + excluded.dead, discarded = t.discarded + excluded.discarded;
  END IF;
END $$;

-- The stamp's minute, as the program derives it from an id: 48 bits of milliseconds and 12 bits of a fraction, rounded up.
CREATE FUNCTION daybook.minute_of(p_id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT ((('x' || encode(uuid_send(p_id), 'hex'))::bit(48)::bigint) * 1000
    + (((get_byte(uuid_send(p_id), 6) & 15) * 256 + get_byte(uuid_send(p_id), 7)) * 1000 + 4095) / 4096) / 60000000;
$$;

-- What retention takes in one transaction: the oldest entries of a register with their keys, and the marks up to there.
-- It does not wait for the lane, and no writer waits for it: it gives no positions, and what it changes is older than what
-- is written. (A late entry of the same minutes may wait for its ledger row until the commit.) What takes entries away, or
-- moves them, takes turns by a lock of its own; number 3 of ours, see `space.ts`.
CREATE FUNCTION daybook.expire_entries(
  p_register   text,
  p_from       uuid,     -- no entry of an earlier id is looked for …
  p_before     uuid,     -- … and none of this or a later one
  p_limit      integer,  -- of entries
  p_mark_limit integer,
  OUT expired    integer,
  OUT last_id    uuid,    -- of these; null when there was none
  OUT marks      integer, -- that went as well
  OUT durability text[]
)
LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_due     uuid[];
  v_id      uuid[];
  v_subject text[];
  v_region  text[];
  v_key     text[];
  v_held    record;  -- of an entry that had a key
  v_through bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(1145133378, 3);
  durability := daybook.durability();
  SELECT coalesce(array_agg(d.id ORDER BY d.id), '{}') INTO v_due
  FROM (
    SELECT e.register, e.id FROM daybook.entries e
    WHERE (e.register, e.id) >= (p_register, p_from) AND (e.register, e.id) < (p_register, p_before)
      AND e.id >= p_from AND e.id < p_before
    ORDER BY e.register, e.id LIMIT p_limit
  ) d;
  expired := cardinality(v_due);
  last_id := v_due[expired];

  IF expired > 0 THEN
    WITH gone AS (
      DELETE FROM daybook.entries e WHERE e.id = ANY (v_due) AND e.id >= v_due[1] AND e.id <= last_id
      -- Escapes that a text of PostgreSQL cannot hold are left out; neither of the two fields has one.
      RETURNING e.id, e.position, e.subject,
        regexp_replace(e.meta, '(\\\\)|\\u(?:0000|d[89a-f][0-9a-f]{2})', '\1', 'g')::json AS meta
    )
    SELECT array_agg(g.id), array_agg(g.subject), array_agg(g.meta ->> 'region'), array_agg(g.meta ->> 'idempotencyKey'),
      max(g.position)
    INTO v_id, v_subject, v_region, v_key, v_through FROM gone g;

    -- One by one: a join might read all keys, of a table that the planner takes for small.
    FOR v_held IN
      SELECT g.id, g.subject, g.region, g.key FROM unnest(v_id, v_subject, v_region, v_key) AS g (id, subject, region, key)
      WHERE g.key IS NOT NULL
    LOOP
      DELETE FROM daybook.idempotency_key k
      WHERE k.region = v_held.region AND k.register = p_register AND k.subject = v_held.subject AND k.key = v_held.key
        AND k.id = v_held.id;
    END LOOP;

    INSERT INTO daybook.ledger AS t (minute, region, register, accepted, stored, expired)
    SELECT daybook.minute_of(g.id), g.region, p_register, 0, -count(*), count(*)
    FROM unnest(v_id, v_region) AS g (id, region)
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (minute, region, register) DO UPDATE SET
      stored = t.stored + excluded.stored, expired = t.expired + excluded.expired;

    INSERT INTO daybook.expiry AS t (register, through) VALUES (p_register, v_through)
    ON CONFLICT (register) DO UPDATE SET through = greatest(t.through, excluded.through);
  END IF;

  -- Dead ones stay: their letters may still be replayed.
  DELETE FROM daybook.mark m WHERE m.id = ANY (ARRAY(
    SELECT d.id FROM daybook.mark d
    WHERE d.register = p_register AND d.id >= p_from AND d.place IN ('duplicate', 'discarded')
      AND d.id < CASE WHEN expired < p_limit THEN p_before ELSE last_id END
    ORDER BY d.id LIMIT p_mark_limit
  ));
  GET DIAGNOSTICS marks = ROW_COUNT;
END $$;
