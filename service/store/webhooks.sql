-- lock_site
-- Let nobody else add a webhook to the site until the transaction ends. $1 site
SELECT key FROM sites WHERE key = $1 FOR NO KEY UPDATE

-- insert_webhook
-- A new webhook; no row when the site has its share. $1 id, $2 site, $3 url, $4 secret, $5 types, $6 active, $7 how many a site may have
INSERT INTO webhooks (id, site_key, url, secret, types, active)
SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM webhooks WHERE site_key = $2) < $7
RETURNING key, id, url, types, active, created_at

-- list_webhooks
-- A site's webhooks, oldest first. $1 site, $2 after this id, $3 at most so many
SELECT key, id, url, types, active, created_at FROM webhooks
WHERE site_key = $1 AND id > $2 ORDER BY id LIMIT $3

-- find_webhook
-- A webhook of a site. $1 site, $2 id
SELECT key, id, url, types, active, created_at FROM webhooks WHERE site_key = $1 AND id = $2

-- update_webhook
-- Change a webhook, null leaves as it is; made active, it is given its time anew. $1 site, $2 id, $3 url, $4 types, $5 active
UPDATE webhooks SET url = coalesce($3, url), types = coalesce($4, types), active = coalesce($5, active),
       failing_since = CASE WHEN $5 THEN NULL ELSE failing_since END
WHERE site_key = $1 AND id = $2
RETURNING key, id, url, types, active, created_at

-- delete_deliveries
-- Some of a webhook's deliveries, before it goes itself. $1 webhook, $2 at most so many
DELETE FROM deliveries WHERE webhook_key = $1 AND id IN (
    SELECT id FROM deliveries WHERE webhook_key = $1 ORDER BY id LIMIT $2)

-- delete_webhook
-- A webhook with its secret, and deliveries that came meanwhile. $1 webhook
DELETE FROM webhooks WHERE key = $1

-- list_deliveries
-- A webhook's deliveries, newest first. $1 webhook, $2 before this id, $3 at most so many
SELECT id, type, status, attempts, next_at, last_status FROM deliveries
WHERE webhook_key = $1 AND id < $2 ORDER BY id DESC LIMIT $3

-- replay_delivery
-- Send a delivery again, as if it had never been tried. $1 webhook, $2 id
UPDATE deliveries SET status = 'pending', attempts = 0, next_at = clock_timestamp()
WHERE webhook_key = $1 AND id = $2
RETURNING id, type, status, attempts, next_at, last_status

-- tell_webhooks
-- Take the next events and write a delivery for each active webhook that wants them. A delivery's id is a UUIDv7 of the
-- event's time that is always the same for this event and webhook. $1 at most so many events, $2 kinds, $3 their types
WITH lane AS MATERIALIZED (
    SELECT position FROM followers WHERE name = 'webhooks' FOR UPDATE SKIP LOCKED
), batch AS MATERIALIZED (
    SELECT e.* FROM lane CROSS JOIN LATERAL (
        SELECT * FROM events x WHERE x.position > lane.position ORDER BY x.position LIMIT $1
    ) e
), told AS (
    SELECT b.*, t.type FROM batch b JOIN unnest($2::text[], $3::text[]) AS t (kind, type) ON t.kind = b.kind
), made AS (
    INSERT INTO deliveries (webhook_key, id, type, article_key, comment_id, author_key, decision_id, happened_at)
    SELECT w.key,
           (lpad(to_hex((extract(epoch FROM t.written_at) * 1000)::bigint), 12, '0') || '7' || substring(h.hash FOR 3)
            || '8' || substring(h.hash FROM 4 FOR 15))::uuid,
           t.type, t.article_key, t.comment_id, t.author_key, t.decision_id, t.written_at
    FROM told t
    -- by site, one by one: a plan for any batch would read the webhooks of every site
    CROSS JOIN LATERAL (
        SELECT x.key, x.id FROM webhooks x
        WHERE x.site_key = t.site_key AND x.active AND (x.types = '{}' OR t.type = ANY (x.types)) LIMIT 1000
    ) w
    CROSS JOIN LATERAL (SELECT md5(w.id || ':' || t.position) AS hash) h
    ORDER BY t.position
    RETURNING id
), at AS (
    UPDATE followers SET position = (SELECT max(position) FROM batch), moved_at = clock_timestamp()
    WHERE name = 'webhooks' AND EXISTS (SELECT FROM batch)
)
SELECT (SELECT count(*) FROM batch) AS events, (SELECT count(*) FROM made) AS made

-- waiting_fragment
-- the webhooks that anything waits for, one look into the index for each
WITH RECURSIVE waiting (webhook_key) AS (
    (SELECT webhook_key FROM deliveries WHERE status = 'pending' ORDER BY webhook_key LIMIT 1)
    UNION ALL
    SELECT (SELECT d.webhook_key FROM deliveries d
            WHERE d.status = 'pending' AND d.webhook_key > waiting.webhook_key ORDER BY d.webhook_key LIMIT 1)
    FROM waiting WHERE waiting.webhook_key IS NOT NULL
), awaited AS MATERIALIZED (
    SELECT w.key, w.failing_since, first.next_at
    FROM waiting
    CROSS JOIN LATERAL (
        SELECT x.key, x.failing_since FROM webhooks x WHERE x.key = waiting.webhook_key AND x.active LIMIT 1
    ) w
    CROSS JOIN LATERAL (
        SELECT d.next_at FROM deliveries d WHERE d.webhook_key = w.key AND d.status = 'pending'
        ORDER BY d.next_at LIMIT 1
    ) first
)

-- claim_deliveries
-- Lease deliveries that are due to this process: of each webhook a few, of one that fails a single one. Webhooks that
-- work come first, so those that fail wait for them and not they for those.
-- $1 webhooks that are busy here, $2 at most so many others, $3 deliveries of each, $4 length of the lease
-- include waiting_fragment
, chosen AS MATERIALIZED (
    SELECT key, failing_since FROM awaited WHERE next_at <= clock_timestamp() AND key <> ALL ($1::bigint[])
    ORDER BY failing_since IS NOT NULL, next_at LIMIT $2
), claimed AS MATERIALIZED (
    SELECT one.webhook_key, one.id FROM chosen c CROSS JOIN LATERAL (
        SELECT d.webhook_key, d.id FROM deliveries d
        WHERE d.webhook_key = c.key AND d.status = 'pending' AND d.next_at <= clock_timestamp()
        ORDER BY d.next_at LIMIT CASE WHEN c.failing_since IS NULL THEN $3::integer ELSE 1 END
        FOR UPDATE SKIP LOCKED
    ) one
)
UPDATE deliveries d SET attempts = d.attempts + 1, next_at = clock_timestamp() + $4::interval
FROM claimed WHERE d.webhook_key = claimed.webhook_key AND d.id = claimed.id
RETURNING d.webhook_key, d.id, d.attempts

-- read_deliveries
-- What deliveries are about, as it is now, and where they go. $1 webhooks, $2 ids
SELECT d.webhook_key, d.id AS delivery_id, d.attempts, d.type, d.happened_at, w.id AS webhook_id, w.url, w.secret,
       s.name AS site,
       c.id, c.parent_id, c.root_id, c.depth, c.status, c.version, c.held_by, c.featured, c.edited_at, c.up, c.down,
       c.reply_count, c.descendant_count, r.text, r.html, p.text AS pending_text,
       a.external_id AS article_id, a.title, a.url AS article_url, a.section, a.is_locked AS locked,
       a.why_locked AS locked_reason,
       a.created_at AS article_created_at, n.comment_count,
       u.id AS author_id, u.name AS author_name, u.avatar_url, u.roles, u.labels, u.guest,
       CASE WHEN u.banned_until > clock_timestamp() THEN u.banned_until END AS banned_until, u.ban_reason,
       j.id AS decision_id, j.action, j.from_status, j.to_status, j.check_name, j.reason, j.version AS decided_version,
       j.created_at AS decided_at, j.comment_id AS decided_comment_id, ju.id AS decided_author_id,
       m.id AS moderator_id, m.name AS moderator_name, t.text AS note
FROM unnest($1::bigint[], $2::uuid[]) AS wanted (webhook_key, id)
JOIN deliveries d ON d.webhook_key = wanted.webhook_key AND d.id = wanted.id
JOIN webhooks w ON w.key = d.webhook_key
JOIN sites s ON s.key = w.site_key
LEFT JOIN LATERAL (
    SELECT * FROM comments x WHERE x.id = d.comment_id AND x.site_key = w.site_key LIMIT 1
) c ON true
LEFT JOIN LATERAL (
    SELECT x.*, is_locked(x, s.auto_lock_days) AS is_locked, why_locked(x, s.auto_lock_days) AS why_locked
    FROM articles x WHERE x.key = coalesce(c.article_key, d.article_key) LIMIT 1
) a ON true
LEFT JOIN LATERAL (SELECT * FROM article_counts x WHERE x.article_key = a.key LIMIT 1) n ON true
LEFT JOIN LATERAL (
    SELECT x.text, x.html FROM revisions x
    WHERE x.article_key = c.article_key AND x.comment_id = c.id AND x.number = c.revision LIMIT 1
) r ON true
LEFT JOIN LATERAL (
    SELECT x.text FROM revisions x
    WHERE x.article_key = c.article_key AND x.comment_id = c.id AND x.number = c.pending_revision LIMIT 1
) p ON true
LEFT JOIN LATERAL (SELECT * FROM authors x WHERE x.key = coalesce(c.author_key, d.author_key) LIMIT 1) u ON true
LEFT JOIN LATERAL (SELECT * FROM decisions x WHERE x.id = d.decision_id LIMIT 1) j ON true
LEFT JOIN LATERAL (SELECT * FROM authors x WHERE x.key = j.author_key LIMIT 1) ju ON true
LEFT JOIN LATERAL (SELECT * FROM authors x WHERE x.key = j.moderator_key LIMIT 1) m ON true
LEFT JOIN LATERAL (SELECT * FROM decision_notes x WHERE x.decision_id = j.id LIMIT 1) t ON true
ORDER BY d.happened_at, d.id

-- save_attempt
-- What came of an attempt, and what it means for its webhook; a row when it made the webhook inactive. A late failure of
-- an attempt whose lease was over changes nothing. $1 webhook, $2 delivery, $3 attempt, $4 status, $5 wait for the next
-- attempt or null, $6 HTTP status or null, $7 whether the receiver wants no more, $8 how long a webhook may fail
WITH saved AS (
    UPDATE deliveries SET status = $4, next_at = clock_timestamp() + $5::interval, last_status = $6
    WHERE webhook_key = $1 AND id = $2 AND status <> 'delivered' AND (attempts = $3 OR $4 = 'delivered')
    RETURNING id
), judged AS (
    UPDATE webhooks
    SET failing_since = CASE WHEN $4 <> 'delivered' THEN coalesce(failing_since, clock_timestamp()) END,
        active = active AND NOT $7 AND ($4 = 'delivered' OR coalesce(failing_since > now() - $8::interval, true))
    WHERE key = $1 AND active AND EXISTS (SELECT FROM saved) AND ($4 <> 'delivered' OR failing_since IS NOT NULL)
    RETURNING id, active
)
SELECT id FROM judged WHERE NOT active

-- delivery_lag
-- What /metrics tells of deliveries: how many are due or wait to be tried again (of active webhooks), and for how long
-- the oldest has been due (seconds).
-- include waiting_fragment
SELECT coalesce(sum(here.deliveries), 0)::bigint AS deliveries_waiting,
       greatest(coalesce(extract(epoch FROM clock_timestamp() - min(a.next_at)), 0), 0)::float8 AS deliveries_lag
FROM awaited a CROSS JOIN LATERAL (
    SELECT count(*) AS deliveries FROM (
        SELECT FROM deliveries d WHERE d.webhook_key = a.key AND d.status = 'pending' LIMIT 100000
    ) waits
) here

-- forget_deliveries
-- Drop old deliveries, at most so many at a time. $1 how old, $2 at most so many
DELETE FROM deliveries WHERE (webhook_key, id) IN (
    SELECT webhook_key, id FROM deliveries WHERE happened_at < now() - $1::interval ORDER BY happened_at LIMIT $2)

-- tell_overdue
-- Tell the log of each site whose oldest held comment waits longer than the site wants, once until it is caught up with.
WITH lane AS MATERIALIZED (
    SELECT name FROM followers WHERE name = 'overdue' FOR UPDATE SKIP LOCKED
), asked AS MATERIALIZED (
    SELECT s.key, oldest.comment_id,
           coalesce(oldest.since < now() - (s.settings ->> 'overdue_minutes')::integer * interval '1 minute', false) AS late
    FROM sites s LEFT JOIN LATERAL (
        SELECT q.comment_id, q.since FROM queue q WHERE q.site_key = s.key AND q.kind = 'pending' ORDER BY q.since LIMIT 1
    ) oldest ON true
    WHERE s.settings ->> 'overdue_minutes' IS NOT NULL AND EXISTS (SELECT FROM lane)
), caught_up AS (
    DELETE FROM overdue_queues
    WHERE EXISTS (SELECT FROM lane) AND site_key NOT IN (SELECT key FROM asked WHERE late)
), told AS (
    INSERT INTO overdue_queues (site_key) SELECT key FROM asked WHERE late
    ON CONFLICT DO NOTHING RETURNING site_key
)
INSERT INTO outbox (kind, site_key, comment_id)
SELECT 'queue.overdue', a.key, a.comment_id FROM told JOIN asked a ON a.key = told.site_key
RETURNING n
