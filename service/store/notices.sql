-- insert_notice
-- Keep a notice of illegal content. $1 site, $2 article, $3 comment, $4 author or null, $5 explanation, $6 legal ground,
-- $7 name or null, $8 contact or null
INSERT INTO notices (site_key, article_key, comment_id, author_key, explanation, legal_ground, name, contact)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id, created_at

-- answer_notices
-- Answer a comment's open notices. $1 article, $2 comment, $3 upheld or dismissed, $4 decision
UPDATE notices SET state = $3, answered_at = clock_timestamp(), decision_id = $4
WHERE article_key = $1 AND comment_id = $2 AND state = 'open'

-- find_notice
-- How a notice stands, and the reason of the decision that answered it; none of its words. $1 site, $2 id
SELECT n.id, n.state, n.created_at, n.answered_at, d.reason
FROM notices n LEFT JOIN decisions d ON d.id = n.decision_id
WHERE n.id = $2 AND n.site_key = $1
