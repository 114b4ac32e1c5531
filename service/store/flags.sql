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
-- What the open flags of a comment weigh, and their reasons. $1 article, $2 comment
SELECT coalesce(sum(weight), 0)::float8 AS weight, coalesce(array_agg(DISTINCT reason), '{}') AS reasons
FROM flags WHERE article_key = $1 AND comment_id = $2 AND state = 'open'
