-- start_merge
-- From now on the article takes no comments: they move to another. $1 article, $2 the other
UPDATE articles SET merged_into = $2 WHERE key = $1

-- merges_into
-- Whether comments of other articles are still moving to this one. $1 article
SELECT EXISTS (SELECT FROM articles WHERE merged_into = $1) AS merging

-- next_merge
-- An article whose comments have to move and that nobody works on, locked until the transaction ends.
-- $1 article, or null for any
SELECT a.key, a.site_key, a.merged_into, s.name AS site,
       ARRAY(SELECT i.external_id FROM article_ids i WHERE i.article_key IN (a.key, a.merged_into)) AS ids
FROM articles a JOIN sites s ON s.key = a.site_key
WHERE a.merged_into IS NOT NULL AND a.key = coalesce($1, a.key)
ORDER BY a.key LIMIT 1 FOR NO KEY UPDATE OF a SKIP LOCKED

-- stop_log
-- Nothing is placed or counted until the transaction ends; a writer who holds a comment is not waited for long.
SELECT set_config('lock_timeout', '500ms', true) FROM followers WHERE name = 'log' FOR UPDATE

-- next_thread
-- A root comment that is still on the article. $1 article
SELECT id FROM comments WHERE article_key = $1 AND parent_id IS NULL ORDER BY id LIMIT 1

-- move_thread
-- A root with everything below it goes to another article; what hangs on comments follows by its foreign keys.
-- (By keys, one by one: the planner would rather read the whole article.) $1 article, $2 the other, $3 root
WITH RECURSIVE thread AS (
    SELECT $3::uuid AS id
    UNION ALL
    SELECT x.id FROM thread t CROSS JOIN LATERAL (
        SELECT c.id FROM comments c WHERE c.article_key = $1 AND c.parent_id = t.id OFFSET 0
    ) x
)
UPDATE comments SET article_key = $2 WHERE article_key = $1 AND id = ANY (ARRAY(SELECT id FROM thread))

-- settle_thread
-- What was counted of a moved thread is counted for its new article, what waits for the log goes there, and the log
-- tells of both, in the transaction that moved it and stopped the log. $1 article, $2 the other, $3 root
WITH RECURSIVE thread AS (
    SELECT c.site_key, c.id, c.author_key, c.status FROM comments c WHERE c.article_key = $2 AND c.id = $3
    UNION ALL
    SELECT x.site_key, x.id, x.author_key, x.status FROM thread t CROSS JOIN LATERAL (
        SELECT c.site_key, c.id, c.author_key, c.status FROM comments c
        WHERE c.article_key = $2 AND c.parent_id = t.id OFFSET 0
    ) x
), waiting AS (
    UPDATE outbox SET article_key = $2 WHERE article_key = $1 AND comment_id = ANY (ARRAY(SELECT id FROM thread))
    RETURNING comment_id, (to_status = 'published' AND from_status IS DISTINCT FROM 'published')::integer
        - (from_status = 'published' AND to_status IS DISTINCT FROM 'published')::integer AS delta
), known AS (
    UPDATE notifications SET article_key = $2 WHERE article_key = $1 AND comment_id = ANY (ARRAY(SELECT id FROM thread))
), counted AS (
    SELECT site_key, hour_of(id) AS hour,
           sum((status = 'published')::integer)
           - coalesce(sum((SELECT sum(coalesce(w.delta, 0)) FROM waiting w WHERE w.comment_id = thread.id)), 0) AS comments
    FROM thread GROUP BY 1, 2
), lately AS (
    INSERT INTO article_hours AS h (site_key, hour, article_key, comments)
    SELECT site_key, hour, side.article_key, comments * side.sign
    FROM counted CROSS JOIN (VALUES ($1::bigint, -1), ($2::bigint, 1)) AS side (article_key, sign)
    WHERE comments <> 0 AND hour > now() - interval '8 days'
    ON CONFLICT ON CONSTRAINT article_hours_pkey DO UPDATE SET comments = h.comments + excluded.comments
), told AS (
    INSERT INTO events (kind, site_key, article_key, comment_id, author_key, from_status, to_status, written_at)
    SELECT 'comment.moved', site_key, side.article_key, id, author_key,
           CASE side.article_key WHEN $1 THEN status END, CASE side.article_key WHEN $2 THEN status END, clock_timestamp()
    FROM thread CROSS JOIN (VALUES ($1::bigint), ($2::bigint)) AS side (article_key)
    ORDER BY id, side.article_key = $2
    RETURNING article_key, position
), totals AS (
    UPDATE article_counts n
    SET comment_count = n.comment_count + CASE n.article_key WHEN $2 THEN t.comments ELSE -t.comments END,
        position = t.position
    FROM (
        SELECT article_key, max(position) AS position, (SELECT sum(comments) FROM counted) AS comments
        FROM told GROUP BY article_key
    ) t
    WHERE n.article_key = t.article_key AND n.article_key IN ($1, $2)
), at AS (
    UPDATE followers SET position = (SELECT max(position) FROM told), moved_at = clock_timestamp() WHERE name = 'log'
)
SELECT count(*) AS moved FROM thread

-- move_notifications
-- What people were told of meanwhile, by whoever was behind. $1 article, $2 the other
UPDATE notifications SET article_key = $2 WHERE article_key = $1
