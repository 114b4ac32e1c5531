-- own_votes
-- How an author voted on an article. $1 author, $2 article
SELECT comment_id, value FROM votes WHERE author_key = $1 AND article_key = $2 AND value <> 0

-- own_flags
-- What an author flagged on an article. $1 author, $2 article
SELECT comment_id FROM flags WHERE author_key = $1 AND article_key = $2

-- own_unpublished
-- An author's held and removed comments on an article, newest first; of removed ones the reason, and whether an appeal
-- is open to them: one for each removal (1 is the version of what was imported so). $1 author, $2 article
SELECT c.id, c.parent_id, c.root_id, c.depth, c.status, c.featured, c.edited_at, c.up, c.down, c.reply_count,
       c.descendant_count, c.held_by, c.version, r.text, r.html, u.id AS author_id, u.name AS author_name,
       u.avatar_url, u.roles, u.labels, u.guest,
       d.reason,
       NOT EXISTS (
           SELECT FROM appeals a WHERE a.article_key = c.article_key AND a.comment_id = c.id
               AND (a.version = coalesce(d.version, 1) OR a.state = 'open')
       ) AS appealable
FROM comments c
JOIN revisions r ON r.article_key = c.article_key AND r.comment_id = c.id AND r.number = c.revision
JOIN authors u ON u.key = c.author_key
LEFT JOIN LATERAL (
    SELECT x.version, coalesce(x.reason, x.check_name) AS reason FROM decisions x
    WHERE x.comment_id = c.id AND x.to_status IN ('removed', 'spam') AND x.from_status IN ('pending', 'published')
    ORDER BY x.version DESC LIMIT 1
) d ON true
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
