-- follow_notifications
-- Tell people of the next events after the lane's position: one statement, so that no client can freeze between its
-- steps. Nobody is told of what they did themselves. $1 at most so many events
WITH lane AS MATERIALIZED (
    SELECT position FROM followers WHERE name = 'notifications' FOR UPDATE SKIP LOCKED
), batch AS MATERIALIZED (
    SELECT position, kind, article_key, comment_id, author_key, from_status, to_status, decision_id, written_at
    FROM events WHERE position > (SELECT position FROM lane) ORDER BY position LIMIT $1
), decided AS MATERIALIZED (
    SELECT b.*, d.action, d.moderator_key, coalesce(d.reason, d.check_name) AS reason
    FROM batch b CROSS JOIN LATERAL (SELECT * FROM decisions x WHERE x.id = b.decision_id LIMIT 1) d
    WHERE b.decision_id IS NOT NULL
), told AS (
    -- a reply that everybody may see now
    SELECT parent.author_key, b.position, 'reply' AS type, b.article_key, b.comment_id, NULL AS reason, b.written_at
    FROM batch b
    CROSS JOIN LATERAL (
        SELECT * FROM comments c WHERE c.article_key = b.article_key AND c.id = b.comment_id LIMIT 1
    ) reply
    CROSS JOIN LATERAL (
        SELECT * FROM comments c WHERE c.article_key = b.article_key AND c.id = reply.parent_id LIMIT 1
    ) parent
    WHERE b.kind IN ('comment.created', 'comment.published', 'comment.restored') AND b.to_status = 'published'
        AND parent.author_key <> reply.author_key
    UNION ALL
    -- a comment or an edit that was held
    SELECT author_key, position, 'approved', article_key, comment_id, NULL, written_at
    FROM decided
    WHERE (kind = 'comment.published' AND from_status = 'pending' OR kind = 'comment.updated' AND action = 'approve')
        AND moderator_key IS DISTINCT FROM author_key
    UNION ALL
    SELECT author_key, position, 'removed', article_key, comment_id, reason, written_at
    FROM decided
    WHERE kind IN ('comment.removed', 'comment.spam') AND from_status IN ('pending', 'published')
        AND moderator_key IS DISTINCT FROM author_key
    UNION ALL
    SELECT a.author_key, d.position, 'appeal_decided', d.article_key, d.comment_id, a.state, d.written_at
    FROM decided d
    JOIN appeals a ON a.article_key = d.article_key AND a.comment_id = d.comment_id AND a.decision_id = d.decision_id
    WHERE a.state <> 'withdrawn'
    UNION ALL
    SELECT f.author_key, d.position, 'flag_answered', d.article_key, d.comment_id, f.state, d.written_at
    FROM decided d
    JOIN flags f ON f.article_key = d.article_key AND f.comment_id = d.comment_id AND f.decision_id = d.decision_id
    WHERE d.moderator_key IS DISTINCT FROM f.author_key
    UNION ALL
    SELECT author_key, position, 'ban_changed', NULL, NULL, split_part(kind, '.', 2), written_at
    FROM batch WHERE kind IN ('author.banned', 'author.unbanned')
), kept AS (
    INSERT INTO notifications (author_key, position, type, article_key, comment_id, reason, created_at)
    SELECT author_key, position, type, article_key, comment_id, reason, written_at FROM told
    ON CONFLICT DO NOTHING
), at AS (
    UPDATE followers SET position = (SELECT max(position) FROM batch), moved_at = clock_timestamp()
    WHERE name = 'notifications' AND EXISTS (SELECT FROM batch)
)
SELECT count(*) AS read FROM batch

-- notifications_of
-- What an author was told, newest first, before a place. $1 author, $2 position, $3 type, $4 at most so many
SELECT position, type, article_key, comment_id, reason, created_at FROM notifications
WHERE author_key = $1 AND (position, type) < ($2, $3) ORDER BY position DESC, type DESC LIMIT $4

-- notifications_after
-- What anybody was told after a position, oldest first; positions are never cut in two, so there may be more than
-- $2. $1 position, $2 about so many
SELECT author_key, position, type, article_key, comment_id, reason, created_at FROM notifications
WHERE position > $1 ORDER BY position FETCH FIRST $2 ROWS WITH TIES

-- notifications_position
-- The position up to which everybody was told.
SELECT position FROM followers WHERE name = 'notifications'
