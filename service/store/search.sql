-- follow_words
-- Bring what comments are found by up to the log: the words they show and those of an edit that waits; when nothing is
-- new, read some of those still to be read. Votes and flags change no words. $1 at most so many events
WITH lane AS MATERIALIZED (
    SELECT position FROM followers WHERE name = 'search' FOR UPDATE SKIP LOCKED
), batch AS MATERIALIZED (
    SELECT position, kind, site_key, comment_id FROM events
    WHERE position > (SELECT position FROM lane) ORDER BY position LIMIT $1
), unread AS MATERIALIZED (
    SELECT site_key, comment_id FROM comment_words
    WHERE words IS NULL AND EXISTS (SELECT FROM lane) AND NOT EXISTS (SELECT FROM batch)
    ORDER BY site_key DESC, comment_id DESC LIMIT $1
), touched AS MATERIALIZED (
    SELECT site_key, comment_id FROM batch
    WHERE comment_id IS NOT NULL AND kind NOT IN ('comment.voted', 'comment.flagged')
    UNION
    SELECT site_key, comment_id FROM unread
), said AS MATERIALIZED (
    -- so much of it that one statement never takes long
    SELECT t.site_key, t.comment_id, left(r.text, 20000) AS text
    FROM touched t
    LEFT JOIN LATERAL (
        SELECT string_agg(w.text, ' ' ORDER BY w.number) AS text
        FROM (SELECT * FROM comments x WHERE x.id = t.comment_id AND x.site_key = t.site_key LIMIT 1) c
        CROSS JOIN LATERAL (
            SELECT x.number, x.text FROM revisions x
            WHERE x.article_key = c.article_key AND x.comment_id = c.id AND x.number IN (c.revision, c.pending_revision)
        ) w
        WHERE c.status <> 'deleted'
    ) r ON true
), gone AS (
    DELETE FROM comment_words w USING said t
    WHERE t.text IS NULL AND w.site_key = t.site_key AND w.comment_id = t.comment_id
), kept AS (
    INSERT INTO comment_words (site_key, comment_id, words)
    SELECT t.site_key, t.comment_id,
           search_vector((SELECT s.settings ->> 'language' FROM sites s WHERE s.key = t.site_key), t.text)
    FROM said t WHERE t.text IS NOT NULL
    ON CONFLICT ON CONSTRAINT comment_words_pkey DO UPDATE SET words = excluded.words
), at AS (
    UPDATE followers SET position = (SELECT max(position) FROM batch), moved_at = clock_timestamp()
    WHERE name = 'search' AND EXISTS (SELECT FROM batch)
)
SELECT (SELECT count(*) FROM batch) + (SELECT count(*) FROM unread) AS read
