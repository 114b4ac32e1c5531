-- insert_decision
-- Log who did what to a comment or an author. $1 site, $2 article, $3 comment, $4 author, $5 action, $6 from, $7 to,
-- $8 check, $9 moderator, $10 reason, $11 version, $12 note
WITH decided AS (
    INSERT INTO decisions (site_key, article_key, comment_id, author_key, action, from_status, to_status, check_name,
                           moderator_key, reason, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id
), noted AS (
    INSERT INTO decision_notes (decision_id, text) SELECT id, $12 FROM decided WHERE $12::text IS NOT NULL
)
SELECT id FROM decided

-- find_removing_decision
-- The decision that took a comment out of sight last: its version then, who, and the reason. $1 comment
SELECT version, moderator_key, coalesce(reason, check_name) AS reason FROM decisions
WHERE comment_id = $1 AND to_status IN ('removed', 'spam') AND from_status IN ('pending', 'published')
ORDER BY version DESC LIMIT 1
