/**
 * The SQL of the reads.
 */
import { VOUCH_LIFETIME_MS } from '../store.ts';
import type { Statement } from './connection.ts';

const COLUMNS = 'id, position, subject, meta, payload';

/**
 * A page of at most $limit entries and $maxBytes of payload, of one at least. The length of a payload is known without
 * reading it, so what the page has no room for is not read; `found` is one more than the page when there is more.
 */
function page(source: string, order: string, limit: string, maxBytes: string): string {
  return `
    SELECT ${COLUMNS}, found FROM (
      SELECT candidate.*, count(*) OVER () AS found, row_number() OVER (ORDER BY ${order}) AS nth,
        sum(coalesce(octet_length(payload), 0)) OVER (ORDER BY ${order}) AS bytes
      FROM (${source} ORDER BY ${order} LIMIT ${limit}::integer + 1) AS candidate
    ) AS counted
    WHERE nth = 1 OR (nth <= ${limit}::integer AND bytes <= ${maxBytes}::bigint)
    ORDER BY ${order}`;
}

/**
 * The entries of a register in a range of ids. Asked for as pairs and in their order, so that no plan can take the
 * primary key and pass over every entry of the other registers on its way; the ids alone tell the months.
 */
function within(lower: string, upper: string): string {
  return `daybook.entries WHERE (register, id) >= ($1, ${lower}) AND (register, id) < ($1, ${upper})
    AND id >= ${lower} AND id < ${upper}`;
}

/**
 * The same of one subject, in the index that holds only what has a subject: the entries of others are not even passed over.
 * In the words of that index, or PostgreSQL would not use it (https://www.postgresql.org/docs/18/indexes-partial.html).
 */
function ownWithin(subject: string, lower: string, upper: string): string {
  return `daybook.entries WHERE (register, subject, id) >= ($1, ${subject}, ${lower})
    AND (register, subject, id) < ($1, ${subject}, ${upper}) AND subject <> '' AND id >= ${lower} AND id < ${upper}`;
}

const LISTED = `SELECT register, ${COLUMNS} FROM ${within('$2::uuid', '$3::uuid')}`;

export const LIST_ASCENDING: Statement = {
  name: 'list-ascending',
  text: page(LISTED, 'register, id', '$4', '$5'),
};

export const LIST_DESCENDING: Statement = {
  name: 'list-descending',
  text: page(LISTED, 'register DESC, id DESC', '$4', '$5'),
};

const OWN_LISTED = `SELECT register, ${COLUMNS} FROM ${ownWithin('$6', '$2::uuid', '$3::uuid')}`;

export const OWN_LIST_ASCENDING: Statement = {
  name: 'own-list-ascending',
  text: page(OWN_LISTED, 'register, subject, id', '$4', '$5'),
};

export const OWN_LIST_DESCENDING: Statement = {
  name: 'own-list-descending',
  text: page(OWN_LISTED, 'register DESC, subject DESC, id DESC', '$4', '$5'),
};

/** Always one row at least, for the head of the lane and how far retention came. */
function following(pageOfTail: string): string {
  return `
    SELECT lane.last AS head, coalesce(expiry.through, 0) AS expired_through, page.* FROM daybook.lane
    LEFT JOIN daybook.expiry ON expiry.register = $1
    LEFT JOIN LATERAL (${pageOfTail}) AS page ON true
    WHERE lane.name = $5 ORDER BY page.position`;
}

const FOLLOWED = `SELECT ${COLUMNS} FROM daybook.entries WHERE register = $1 AND position > $2::bigint`;

export const TAIL: Statement = {
  name: 'tail',
  text: following(page(FOLLOWED, 'position', '$3', '$4')),
};

const OWN_FOLLOWED = `
  SELECT register, ${COLUMNS} FROM daybook.entries
  WHERE (register, subject, position) > ($1, $6, $2::bigint) AND (register, subject) <= ($1, $6) AND subject <> ''`;

export const OWN_TAIL: Statement = {
  name: 'own-tail',
  text: following(page(OWN_FOLLOWED, 'register, subject, position', '$3', '$4')),
};

/** With the epoch, so that a server finds out when it was renewed. */
export const HEAD: Statement = {
  name: 'head',
  text: `
    SELECT last AS head, (SELECT value FROM daybook.property WHERE name = 'epoch') AS epoch
    FROM daybook.lane WHERE name = $1`,
};

/** An entry, and what its mark says; the entry of a duplicate is the first one of its key. */
export const FIND: Statement = {
  name: 'find',
  text: `
    SELECT 'stored' AS place, ${COLUMNS} FROM daybook.entries WHERE id = $2::uuid AND register = $1
    UNION ALL
    SELECT mark.place, entries.id, entries.position, entries.subject, entries.meta, entries.payload
    FROM daybook.mark
    LEFT JOIN daybook.entries ON mark.place = 'duplicate' AND entries.id = mark.first AND entries.register = mark.register
    WHERE mark.id = $2::uuid AND mark.register = $1`,
};

/** The same of one subject; another's entry is found by no index that is searched here, as if it were not there. */
export const OWN_FIND: Statement = {
  name: 'own-find',
  text: `
    (SELECT 'stored' AS place, ${COLUMNS} FROM daybook.entries
    WHERE (register, subject, id) >= ($1, $3, $2::uuid) AND (register, subject, id) <= ($1, $3, $2::uuid)
      AND subject <> '' AND id >= $2::uuid AND id <= $2::uuid
    ORDER BY register, subject, entries.id LIMIT 1)
    UNION ALL
    SELECT own.place, entries.id, entries.position, entries.subject, entries.meta, entries.payload
    FROM (
      SELECT register, place, first FROM daybook.mark
      WHERE (register, subject, id) >= ($1, $3, $2::uuid) AND (register, subject, id) <= ($1, $3, $2::uuid) AND subject <> ''
      ORDER BY register, subject, id LIMIT 1
    ) AS own
    LEFT JOIN daybook.entries ON own.place = 'duplicate' AND entries.id = own.first AND entries.register = own.register`,
};

export const COUNT_MINUTES: Statement = {
  name: 'count-minutes',
  text: `
    SELECT (minute - $2::bigint) / $3::bigint AS bucket, sum(stored) AS entries FROM daybook.ledger
    WHERE minute >= $2::bigint AND minute < $4::bigint AND register = $1 GROUP BY bucket`,
};

export const COUNT_IDS: Statement = {
  name: 'count-ids',
  text: `
    SELECT bucket.ordinal - 1 AS bucket, (
      SELECT count(*) FROM (
        SELECT FROM ${within('bucket.lower', 'bucket.upper')} ORDER BY register, id
      ) AS listed
    ) AS entries
    FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS bucket (lower, upper, ordinal)`,
};

/** All buckets in one pass over the index of what has a subject; $5 is where the buckets begin. */
export const OWN_COUNT: Statement = {
  name: 'own-count',
  text: `
    SELECT width_bucket(id, $5::uuid[]) - 1 AS bucket, count(*) AS entries FROM (
      SELECT id FROM ${ownWithin('$2', '$3::uuid', '$4::uuid')} ORDER BY register, subject, id
    ) AS listed GROUP BY bucket`,
};

export const LEDGER: Statement = {
  name: 'ledger',
  text: `
    SELECT minute, region, register, accepted, stored, duplicate, dead, discarded, expired, retrying FROM daybook.ledger
    WHERE minute >= $1::bigint AND minute < $2::bigint ORDER BY minute, region, register LIMIT $3::bigint`,
};

/** Only the batches behind the last one up to which nothing is missing are looked at. */
export const MISSING_BATCHES: Statement = {
  name: 'missing-batches',
  text: `
    SELECT source.source, gap.* FROM daybook.source
    CROSS JOIN LATERAL (
      SELECT n_before + 1 AS "firstN", n - 1 AS "lastN", total - entries - total_before AS entries, since FROM (
        SELECT n, entries, total, lag(n, 1, 0::bigint) OVER (ORDER BY n) AS n_before,
          lag(total, 1, 0::bigint) OVER (ORDER BY n) AS total_before,
          min(stored_at) OVER (ORDER BY n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS since
        FROM daybook.batch WHERE batch.source = source.source AND batch.n >= source.whole_through
      ) AS arrived
      WHERE n > n_before + 1 AND n > source.whole_through
    ) AS gap
    WHERE source.batches < source.last_n
    ORDER BY source.source, gap."firstN"`,
};

/**
 * On a replica a word is as old as what was replayed, not as the clock says; where nothing was replayed since the start,
 * its age is unknown and every word holds.
 */
export const VOUCHED_THROUGH: Statement = {
  name: 'vouched-through',
  text: `
    SELECT min(through) AS through FROM daybook.voucher
    WHERE binding OR vouched_at > CASE
      WHEN pg_is_in_recovery() THEN coalesce((extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000000)::bigint, 0)
      ELSE daybook.now_micros()
    END - ${VOUCH_LIFETIME_MS * 1000}`,
};

export const TIME: Statement = { name: 'time', text: 'SELECT daybook.now_micros() AS micros' };
