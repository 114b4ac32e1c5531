-- advance_log
-- Give waiting changes their place in the log and apply them to the counters; one statement, so that no client can
-- freeze between its steps. Writers that commit later are simply taken next time. $1 at most so many changes
WITH lane AS MATERIALIZED (
    SELECT name FROM followers WHERE name = 'log' FOR UPDATE SKIP LOCKED
), moved AS (
    DELETE FROM outbox
    WHERE n IN (SELECT n FROM outbox ORDER BY n LIMIT $1) AND EXISTS (SELECT FROM lane)
    RETURNING *
), logged AS (
    INSERT INTO events (kind, site_key, article_key, comment_id, author_key, from_status, to_status, up_delta,
                        down_delta, decision_id, reason, written_at)
    SELECT kind, site_key, article_key, comment_id, author_key, from_status, to_status, up_delta, down_delta, decision_id,
           reason, written_at
    FROM moved ORDER BY n
    RETURNING *
), changed AS (
    SELECT c.site_key, c.article_key, c.id, c.parent_id, c.path, d.delta
    FROM (
        SELECT article_key, comment_id,
               (count(*) FILTER (WHERE to_status = 'published' AND from_status IS DISTINCT FROM 'published')
                - count(*) FILTER (WHERE from_status = 'published' AND to_status IS DISTINCT FROM 'published'))::integer AS delta
        FROM logged WHERE comment_id IS NOT NULL GROUP BY article_key, comment_id
    ) d
    JOIN comments c ON c.article_key = d.article_key AND c.id = d.comment_id
    WHERE d.delta <> 0
), above AS (
    -- every comment on the path is an ancestor; below depth 8 the parent is not on it and counts its direct replies
    -- (written out, as the planner takes generate_series for a thousand rows and then reads all comments)
    SELECT article_key, encode(substring(path FROM i * 16 + 1 FOR 16), 'hex')::uuid AS id, 0 AS replies,
           delta AS descendants
    FROM changed JOIN (VALUES (0), (1), (2), (3), (4), (5), (6), (7)) AS step (i) ON i * 16 + 16 < octet_length(path)
    UNION ALL
    SELECT article_key, parent_id, delta,
           CASE WHEN position(uuid_send(parent_id) IN path) = 0 THEN delta ELSE 0 END
    FROM changed WHERE parent_id IS NOT NULL
), tallied AS (
    SELECT article_key, id, replies, descendants, 0 AS up, 0 AS down FROM above
    UNION ALL
    SELECT article_key, comment_id, 0, 0, up_delta, down_delta FROM logged WHERE up_delta <> 0 OR down_delta <> 0
), counted AS (
    UPDATE comments c
    SET reply_count = c.reply_count + a.replies, descendant_count = c.descendant_count + a.descendants,
        up = c.up + a.up, down = c.down + a.down
    FROM (
        SELECT article_key, id, sum(replies)::integer AS replies, sum(descendants)::integer AS descendants,
               sum(up)::integer AS up, sum(down)::integer AS down
        FROM tallied GROUP BY article_key, id
    ) a
    WHERE c.article_key = a.article_key AND c.id = a.id
        AND (a.replies <> 0 OR a.descendants <> 0 OR a.up <> 0 OR a.down <> 0)
), totals AS (
    UPDATE article_counts n
    SET comment_count = n.comment_count + coalesce(t.delta, 0), position = t.position
    FROM (
        SELECT l.article_key, max(l.position) AS position,
               (SELECT sum(c.delta) FROM changed c WHERE c.article_key = l.article_key) AS delta
        FROM logged l WHERE l.article_key IS NOT NULL GROUP BY l.article_key
    ) t
    -- the array has the rows looked up by key: the join alone would read the counts of every article
    WHERE n.article_key = t.article_key AND n.article_key = ANY (ARRAY(SELECT article_key FROM logged))
), lately AS (
    INSERT INTO article_hours AS h (site_key, hour, article_key, comments)
    SELECT site_key, hour_of(id), article_key, sum(delta) FROM changed
    WHERE hour_of(id) > now() - interval '8 days' GROUP BY 1, 2, 3 HAVING sum(delta) <> 0
    ON CONFLICT ON CONSTRAINT article_hours_pkey DO UPDATE SET comments = h.comments + excluded.comments
), turned AS (
    SELECT site_key, author_key,
           coalesce(sum(n) FILTER (WHERE status = 'published'), 0) AS published,
           coalesce(sum(n) FILTER (WHERE status = 'pending'), 0) AS pending,
           coalesce(sum(n) FILTER (WHERE status = 'removed'), 0) AS removed,
           coalesce(sum(n) FILTER (WHERE status = 'spam'), 0) AS spam,
           coalesce(sum(n) FILTER (WHERE status = 'deleted'), 0) AS deleted
    FROM (
        SELECT site_key, author_key, to_status AS status, 1 AS n FROM logged
        WHERE comment_id IS NOT NULL AND to_status IS NOT NULL AND to_status IS DISTINCT FROM from_status
        UNION ALL
        SELECT site_key, author_key, from_status, -1 FROM logged
        WHERE comment_id IS NOT NULL AND from_status IS NOT NULL AND to_status IS DISTINCT FROM from_status
    ) s
    GROUP BY site_key, author_key
), by_author AS (
    INSERT INTO author_counts AS n (author_key, published, pending, removed, spam, deleted)
    SELECT author_key, published, pending, removed, spam, deleted FROM turned WHERE author_key IS NOT NULL
    ON CONFLICT ON CONSTRAINT author_counts_pkey DO UPDATE
    SET published = n.published + excluded.published, pending = n.pending + excluded.pending,
        removed = n.removed + excluded.removed, spam = n.spam + excluded.spam, deleted = n.deleted + excluded.deleted
), by_site AS (
    INSERT INTO site_counts AS n (site_key, published, pending, removed, spam, deleted)
    SELECT site_key, sum(published), sum(pending), sum(removed), sum(spam), sum(deleted) FROM turned GROUP BY site_key
    ON CONFLICT ON CONSTRAINT site_counts_pkey DO UPDATE
    SET published = n.published + excluded.published, pending = n.pending + excluded.pending,
        removed = n.removed + excluded.removed, spam = n.spam + excluded.spam, deleted = n.deleted + excluded.deleted
), at AS (
    UPDATE followers SET position = (SELECT max(position) FROM logged), moved_at = clock_timestamp()
    WHERE name = 'log' AND EXISTS (SELECT FROM logged)
)
SELECT count(*) AS moved FROM logged;

-- outbox_waits
-- Whether there is anything to advance the log with: a tenth of the cost of finding out by trying.
SELECT EXISTS (SELECT FROM outbox) AS waits

-- read_events
-- Events after a position, with the ids their article is cached under. $1 position, $2 at most so many
SELECT e.position, e.kind, e.site_key, s.name AS site, e.article_key, e.comment_id, e.author_key,
       e.from_status, e.to_status, e.decision_id, e.written_at,
       ARRAY(SELECT i.external_id FROM article_ids i WHERE i.article_key = e.article_key) AS article_ids
FROM events e JOIN sites s ON s.key = e.site_key
WHERE e.position > $1 ORDER BY e.position LIMIT $2;

-- last_position
-- Where the log stands, and which log it is.
SELECT coalesce((SELECT max(position) FROM events), 0) AS position, epoch || ':' || current_database() AS epoch
FROM followers WHERE name = 'log';

-- log_lag
-- What /metrics tells of the log: its end, what waits, and for how long (seconds).
SELECT (SELECT position FROM followers WHERE name = 'log') AS position,
       (SELECT count(*) FROM (SELECT FROM outbox LIMIT 100000) o) AS waiting,
       coalesce((SELECT extract(epoch FROM clock_timestamp() - written_at) FROM outbox ORDER BY n LIMIT 1), 0)::float8 AS lag;

-- counts_since
-- The counts of every article with an event after a position, in one snapshot with the log's end. $1 position
SELECT s.name AS site, i.external_id AS article_id, n.position,
       CASE WHEN a.visibility = 'shown' THEN n.comment_count ELSE 0 END AS comment_count,
       (SELECT max(position) FROM events) AS log_position
FROM (SELECT DISTINCT article_key FROM events WHERE position > $1 AND article_key IS NOT NULL) e
JOIN article_counts n ON n.article_key = e.article_key
JOIN articles a ON a.key = e.article_key
JOIN article_ids i ON i.article_key = e.article_key
JOIN sites s ON s.key = a.site_key;

-- insert_outbox
-- Tell the log of a change. $1 kind, $2 site, $3 article, $4 comment, $5 author, $6 status before, $7 status after,
-- $8 decision, $9 reason
INSERT INTO outbox (kind, site_key, article_key, comment_id, author_key, from_status, to_status, decision_id, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- forget_old_rows
-- Drop idempotency keys after 24 hours and remembered texts after a day, at most 5,000 at a time, one process at a time.
WITH lane AS MATERIALIZED (
    SELECT name FROM followers WHERE name = 'retention' FOR UPDATE SKIP LOCKED
), keys AS (
    DELETE FROM idempotency_keys WHERE (author_key, key) IN (
        SELECT author_key, key FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
        ORDER BY created_at LIMIT 5000) AND EXISTS (SELECT FROM lane)
), texts AS (
    DELETE FROM recent_texts WHERE (author_key, fingerprint) IN (
        SELECT author_key, fingerprint FROM recent_texts WHERE said_at < now() - interval '24 hours'
        ORDER BY said_at LIMIT 5000) AND EXISTS (SELECT FROM lane)
), near AS (
    DELETE FROM near_texts WHERE (site_key, fingerprint, author_key) IN (
        SELECT site_key, fingerprint, author_key FROM near_texts WHERE said_at < now() - interval '24 hours'
        ORDER BY said_at LIMIT 5000) AND EXISTS (SELECT FROM lane)
)
UPDATE followers SET moved_at = now() WHERE name IN (SELECT name FROM lane);

-- trim_events
-- Drop events beyond retention, 10,000 at a time. $1 how old
SELECT trim_events($1::interval) AS trimmed;
