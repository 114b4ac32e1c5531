-- insert_appeal
-- Appeal against a removal; no row when that was done before. $1 article, $2 comment, $3 its version when it was removed,
-- $4 author, $5 text
INSERT INTO appeals (article_key, comment_id, version, author_key, text) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT ON CONSTRAINT appeals_one_per_removal DO NOTHING
RETURNING created_at

-- close_appeal
-- Answer the open appeal. $1 article, $2 comment, $3 granted, refused or withdrawn, $4 decision
UPDATE appeals SET state = $3, decided_at = clock_timestamp(), decision_id = $4
WHERE article_key = $1 AND comment_id = $2 AND state = 'open'
