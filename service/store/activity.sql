-- most_discussed
-- Registered, shown articles by what was written there lately and is published now. $1 site, $2 hours, $3 at most so many
SELECT a.key, a.external_id AS article_id, a.title, a.url, a.section, a.created_at AS article_created_at,
       is_locked(a, s.auto_lock_days) AS locked, why_locked(a, s.auto_lock_days) AS locked_reason, n.comment_count,
       t.recent_count
FROM (
    SELECT article_key, sum(comments) AS recent_count FROM article_hours
    WHERE site_key = $1 AND hour > now() - make_interval(hours => $2)
    GROUP BY article_key HAVING sum(comments) > 0 ORDER BY 2 DESC, 1 DESC
) t
-- row by row, as most of them are not asked for
CROSS JOIN LATERAL (
    SELECT * FROM articles x WHERE x.key = t.article_key AND x.registered AND x.visibility = 'shown' LIMIT 1
) a
CROSS JOIN LATERAL (SELECT k.comment_count FROM article_counts k WHERE k.article_key = a.key LIMIT 1) n
JOIN sites s ON s.key = $1
ORDER BY t.recent_count DESC, t.article_key DESC LIMIT $3

-- count_hours
-- Count what events tell by site and hour, and how many comments wait where something happened. What held a comment is
-- in the log of decisions. What was imported counts in the hour it was written. $1 at most so many events
WITH lane AS MATERIALIZED (
    SELECT position FROM followers WHERE name = 'hours' FOR UPDATE SKIP LOCKED
), batch AS MATERIALIZED (
    SELECT e.*, date_trunc('hour', e.written_at) AS hour FROM lane CROSS JOIN LATERAL (
        SELECT * FROM events x WHERE x.position > lane.position ORDER BY x.position LIMIT $1
    ) e
), happened AS (
    SELECT site_key, hour, 'comments' AS measure FROM batch WHERE kind = 'comment.created'
    UNION ALL
    SELECT site_key, hour, 'held' FROM batch
    WHERE kind IN ('comment.held', 'comment.edit_held') OR kind = 'comment.created' AND to_status = 'pending'
    UNION ALL
    SELECT site_key, hour, 'removed' FROM batch
    WHERE kind IN ('comment.removed', 'comment.spam') AND from_status IN ('published', 'pending')
    UNION ALL
    SELECT site_key, hour, 'reason:' || reason FROM batch WHERE kind = 'comment.flagged' AND reason IS NOT NULL
    UNION ALL
    SELECT b.site_key, b.hour, 'check:' || d.check_name
    FROM batch b CROSS JOIN LATERAL (
        SELECT check_name FROM decisions x WHERE b.kind = 'comment.held' AND x.id = b.decision_id
        UNION ALL
        SELECT check_name FROM decisions x
        WHERE b.kind = 'comment.created' AND b.to_status = 'pending' AND x.comment_id = b.comment_id
            AND x.action = 'hold' AND x.version = 1
        UNION ALL
        SELECT check_name FROM decisions x
        WHERE b.kind = 'comment.edit_held' AND x.comment_id = b.comment_id AND x.action = 'hold_edit'
            AND x.created_at = (
                SELECT max(y.created_at) FROM decisions y
                WHERE y.comment_id = b.comment_id AND y.action = 'hold_edit' AND y.created_at <= b.written_at)
    ) d WHERE d.check_name IS NOT NULL
    UNION ALL
    SELECT b.site_key, hour_of(b.comment_id), m.measure
    FROM batch b CROSS JOIN LATERAL (
        SELECT 'comments' AS measure
        UNION ALL
        SELECT 'held' WHERE b.to_status = 'pending'
        UNION ALL
        SELECT 'removed' WHERE b.to_status IN ('removed', 'spam')
        UNION ALL
        SELECT 'check:' || unnest(x.held_by) FROM comments x
        WHERE b.to_status = 'pending' AND x.article_key = b.article_key AND x.id = b.comment_id
    ) m
    WHERE b.kind = 'comment.imported' AND hour_of(b.comment_id) > now() - interval '8 days'
), waits AS (
    SELECT b.site_key, coalesce(n.pending, 0) AS waiting, coalesce(extract(epoch FROM q.since), 0)::bigint AS oldest
    FROM (SELECT DISTINCT site_key FROM batch) b
    LEFT JOIN LATERAL (SELECT pending FROM site_counts x WHERE x.site_key = b.site_key LIMIT 1) n ON true
    LEFT JOIN LATERAL (
        SELECT since FROM queue w WHERE w.site_key = b.site_key AND w.kind = 'pending' ORDER BY since LIMIT 1
    ) q ON true
), kept AS (
    INSERT INTO site_hours AS h (site_key, hour, measure, number)
    SELECT site_key, hour, measure, count(*) FROM happened GROUP BY site_key, hour, measure
    UNION ALL
    SELECT site_key, date_trunc('hour', now()), 'waiting', waiting FROM waits
    UNION ALL
    SELECT site_key, date_trunc('hour', now()), 'oldest', oldest FROM waits
    ON CONFLICT ON CONSTRAINT site_hours_pkey DO UPDATE
    SET number = CASE WHEN h.measure IN ('waiting', 'oldest') THEN 0 ELSE h.number END + excluded.number
), at AS (
    UPDATE followers SET position = (SELECT max(position) FROM batch), moved_at = clock_timestamp()
    WHERE name = 'hours' AND EXISTS (SELECT FROM batch)
)
SELECT count(*) AS counted FROM batch

-- read_hours
-- What was counted of a site by the hour, oldest first, and the hour it is. $1 site
SELECT h.hour, h.measure, h.number, now() AS now
FROM (VALUES (1)) AS one LEFT JOIN site_hours h ON h.site_key = $1 ORDER BY h.hour

-- forget_hours
-- Drop what was counted more than eight days ago, at most 10,000 of each.
WITH sites AS (
    DELETE FROM site_hours WHERE (site_key, hour, measure) IN (
        SELECT site_key, hour, measure FROM site_hours WHERE hour < now() - interval '8 days' ORDER BY hour LIMIT 10000)
)
DELETE FROM article_hours WHERE (site_key, hour, article_key) IN (
    SELECT site_key, hour, article_key FROM article_hours WHERE hour < now() - interval '8 days' ORDER BY hour LIMIT 10000)

-- tell_times
-- Articles that open, close or are locked for their age since they were last told of, in order; one process at a time.
-- $1 about so many
WITH lane AS MATERIALIZED (
    SELECT moved_at FROM followers WHERE name = 'timers' FOR UPDATE SKIP LOCKED
), due AS MATERIALIZED (
    SELECT site_key, key, at FROM (
        SELECT a.site_key, a.key, a.opens_at AS at FROM lane, articles a
        WHERE a.opens_at > lane.moved_at AND a.opens_at <= now()
        UNION ALL
        SELECT a.site_key, a.key, a.closes_at FROM lane, articles a
        WHERE a.closes_at > lane.moved_at AND a.closes_at <= now()
        UNION ALL
        SELECT a.site_key, a.key, greatest(a.created_at, a.opens_at, a.unlocked_at) + s.auto_lock_days * interval '1 day'
        FROM lane CROSS JOIN sites s CROSS JOIN LATERAL (
            -- site by site: the planner would rather read all articles of a site than believe how few are so old
            SELECT * FROM articles x
            WHERE x.site_key = s.key AND x.closes_at IS NULL
                AND greatest(x.created_at, x.opens_at, x.unlocked_at) > lane.moved_at - s.auto_lock_days * interval '1 day'
                AND greatest(x.created_at, x.opens_at, x.unlocked_at) <= now() - s.auto_lock_days * interval '1 day'
            ORDER BY greatest(x.created_at, x.opens_at, x.unlocked_at) OFFSET 0
        ) a
        WHERE s.auto_lock_days IS NOT NULL
    ) times
    ORDER BY at FETCH FIRST $1 ROWS WITH TIES
), told AS (
    INSERT INTO outbox (kind, site_key, article_key)
    SELECT 'article.updated', site_key, key FROM due GROUP BY site_key, key
), at AS (
    UPDATE followers f
    SET moved_at = CASE WHEN (SELECT count(*) FROM due) >= $1 THEN (SELECT max(at) FROM due)
                        ELSE greatest(f.moved_at, now()) END
    FROM lane WHERE f.name = 'timers'
)
SELECT count(*) AS told FROM due
