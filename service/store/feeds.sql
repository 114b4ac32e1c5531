-- feed_of_article
-- The newest published comments of an article, but for those of hidden authors. $1 article, $2 at most so many
SELECT c.id, c.parent_id, c.edited_at, r.html, u.name AS author_name, a.external_id AS article_id, a.title, a.url
FROM comments c
CROSS JOIN LATERAL (SELECT * FROM authors k WHERE k.key = c.author_key AND NOT k.hidden LIMIT 1) u
CROSS JOIN LATERAL (
    SELECT w.html FROM revisions w
    WHERE w.article_key = c.article_key AND w.comment_id = c.id AND w.number = c.revision LIMIT 1
) r
JOIN articles a ON a.key = c.article_key
WHERE c.article_key = $1 AND c.status = 'published'
ORDER BY c.id DESC LIMIT $2

-- feed_of_site
-- The same of a whole site, of articles that are registered and shown, among its newest so many: where hardly any
-- article is registered, looking further would read them all. $1 site, $2 at most so many, $3 among so many
SELECT c.id, c.parent_id, c.edited_at, r.html, u.name AS author_name, a.external_id AS article_id, a.title, a.url
FROM (
    SELECT * FROM comments WHERE site_key = $1 AND status = 'published' ORDER BY id DESC LIMIT $3
) c
CROSS JOIN LATERAL (
    SELECT * FROM articles k WHERE k.key = c.article_key AND k.registered AND k.visibility = 'shown' LIMIT 1
) a
CROSS JOIN LATERAL (SELECT * FROM authors k WHERE k.key = c.author_key AND NOT k.hidden LIMIT 1) u
CROSS JOIN LATERAL (
    SELECT w.html FROM revisions w
    WHERE w.article_key = c.article_key AND w.comment_id = c.id AND w.number = c.revision LIMIT 1
) r
ORDER BY c.id DESC LIMIT $2
