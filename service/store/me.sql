-- own_votes
-- How an author voted on an article. $1 author, $2 article
SELECT comment_id, value FROM votes WHERE author_key = $1 AND article_key = $2 AND value <> 0

-- own_flags
-- What an author flagged on an article. $1 author, $2 article
SELECT comment_id FROM flags WHERE author_key = $1 AND article_key = $2

-- own_unpublished
-- An author's held and removed comments on an article, newest first, with the reason of the last decision. $1 author, $2 article
SELECT c.id, c.parent_id, c.root_id, c.depth, c.status, c.featured, c.edited_at, c.up, c.down, c.reply_count,
       c.descendant_count, c.held_by, c.version, r.text, r.html, u.id AS author_id, u.name AS author_name,
       u.avatar_url, u.roles, u.labels, u.guest,
       (SELECT d.reason FROM decisions d WHERE d.comment_id = c.id ORDER BY d.created_at DESC LIMIT 1) AS reason
FROM comments c
JOIN revisions r ON r.article_key = c.article_key AND r.comment_id = c.id AND r.number = c.revision
JOIN authors u ON u.key = c.author_key
WHERE c.author_key = $1 AND c.article_key = $2 AND c.status IN ('pending', 'removed', 'spam')
ORDER BY c.id DESC LIMIT 100

-- own_editable
-- What an author may still edit on an article: text and id of what was written since. $1 author, $2 article, $3 first id
SELECT c.id, coalesce(w.text, r.text) AS text
FROM comments c
JOIN revisions r ON r.article_key = c.article_key AND r.comment_id = c.id AND r.number = c.revision
LEFT JOIN revisions w ON w.article_key = c.article_key AND w.comment_id = c.id AND w.number = c.pending_revision
WHERE c.author_key = $1 AND c.article_key = $2 AND c.id >= $3 AND c.status IN ('published', 'pending')
ORDER BY c.id DESC LIMIT 100
