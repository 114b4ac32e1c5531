-- insert_flag
-- Flag a comment; no row when this author flagged it before. Flags of people whose flags were mostly dismissed weigh less.
-- $1 article, $2 comment, $3 author, $4 reason, $5 note
INSERT INTO flags (article_key, comment_id, author_key, reason, note, weight)
SELECT $1, $2, $3, $4, $5, CASE WHEN judged.flags < 3 THEN 1 ELSE greatest(0.1, judged.upheld::real / judged.flags) END
FROM (
    SELECT count(*) AS flags, count(*) FILTER (WHERE state = 'upheld') AS upheld
    FROM flags WHERE author_key = $3 AND state <> 'open'
) AS judged
ON CONFLICT ON CONSTRAINT flags_one_per_author DO NOTHING
RETURNING created_at

-- find_flag
-- The flag an author put on a comment. $1 article, $2 comment, $3 author
SELECT reason, created_at FROM flags WHERE article_key = $1 AND comment_id = $2 AND author_key = $3

-- open_flags
-- What the open flags of a comment weigh, and their reasons; notices from people without an account give a reason but
-- weigh nothing, or anybody could hold anything. $1 article, $2 comment
SELECT coalesce(sum(weight), 0)::float8 AS weight, coalesce(array_agg(DISTINCT reason), '{}') AS reasons
FROM (
    SELECT reason, weight FROM flags WHERE article_key = $1 AND comment_id = $2 AND state = 'open'
    UNION ALL
    SELECT 'illegal', 0 FROM notices WHERE article_key = $1 AND comment_id = $2 AND state = 'open'
) AS told

-- answer_flags
-- Answer the open flags. $1 article, $2 comment, $3 upheld or dismissed, $4 decision
UPDATE flags SET state = $3, decision_id = $4,
       upheld_against = CASE WHEN $3 = 'upheld' THEN
           (SELECT c.author_key FROM comments c WHERE c.article_key = $1 AND c.id = $2) END
WHERE article_key = $1 AND comment_id = $2 AND state = 'open'
