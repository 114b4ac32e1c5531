-- upsert_vote
-- Vote on a published comment of somebody else, tell the log what changed, and give the totals with this vote in them
-- (others' that the log has not placed yet are missing, for a moment).
-- No row: no such comment. $1 site, $2 comment, $3 author, $4 value
WITH target AS MATERIALIZED (
    SELECT c.article_key, c.id, c.author_key, c.status, c.listed, c.up, c.down
    FROM comments c JOIN articles a ON a.key = c.article_key AND a.visibility = 'shown'
    WHERE c.id = $2 AND c.site_key = $1
), voted AS (
    INSERT INTO votes AS v (article_key, comment_id, author_key, value)
    SELECT article_key, id, $3, $4 FROM target WHERE status = 'published' AND author_key <> $3
    ON CONFLICT ON CONSTRAINT votes_one_per_author DO UPDATE SET previous = v.value, value = excluded.value
    RETURNING (value = 1)::integer - (previous = 1)::integer AS up_delta,
              (value = -1)::integer - (previous = -1)::integer AS down_delta
), told AS (
    INSERT INTO outbox (kind, site_key, article_key, comment_id, author_key, up_delta, down_delta)
    SELECT 'comment.voted', $1, t.article_key, t.id, $3, v.up_delta, v.down_delta
    FROM target t, voted v WHERE v.up_delta <> 0 OR v.down_delta <> 0
)
SELECT t.status, t.listed, t.author_key = $3 AS own,
       greatest(t.up + coalesce(v.up_delta, 0), 0) AS up, greatest(t.down + coalesce(v.down_delta, 0), 0) AS down
FROM target t LEFT JOIN voted v ON true
