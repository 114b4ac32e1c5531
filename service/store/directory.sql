-- columns_fragment
-- of an article x on the site s
x.key, x.external_id AS article_id, x.title, x.url, x.section, is_locked(x, s.auto_lock_days) AS locked,
why_locked(x, s.auto_lock_days) AS locked_reason, x.created_at AS article_created_at, x.moderation, x.visibility,
x.slow_mode_seconds

-- counted_fragment
) a
CROSS JOIN LATERAL (SELECT k.comment_count FROM article_counts k WHERE k.article_key = a.key LIMIT 1) n
ORDER BY a.key DESC

-- articles_of_site
-- A site's articles, newest first. $1 site, $2 before this one, $3 at most so many
SELECT a.*, n.comment_count
FROM (
    SELECT
-- include columns_fragment
    FROM articles x JOIN sites s ON s.key = $1
    WHERE x.site_key = $1 AND x.key < $2 ORDER BY x.key DESC LIMIT $3
-- include counted_fragment

-- articles_of_section
-- A section's articles, newest first. $1 site, $2 before this one, $3 at most so many, $4 section
SELECT a.*, n.comment_count
FROM (
    SELECT
-- include columns_fragment
    FROM articles x JOIN sites s ON s.key = $1
    WHERE x.site_key = $1 AND x.section = $4 AND x.key < $2 ORDER BY x.key DESC LIMIT $3
-- include counted_fragment

-- find_articles
-- Articles whose id begins so or whose title has these words, newest first. $1 site, $2 before this one, $3 at most so many,
-- $4 section or null, $5 beginning of the id, $6 where ids that begin so end, $7 words
WITH found AS (
    SELECT x.key FROM articles x
    WHERE x.site_key = $1 AND x.external_id COLLATE "C" >= $5 AND x.external_id COLLATE "C" < $6
    UNION
    SELECT x.key FROM articles x
    WHERE x.site_key = $1 AND search_vector('simple', x.title) @@ plainto_tsquery('simple', fold_text($7))
)
SELECT a.*, n.comment_count
FROM (
    SELECT
-- include columns_fragment
    FROM (SELECT f.key FROM found f WHERE f.key < $2 ORDER BY f.key DESC OFFSET 0) f
    JOIN articles x ON x.key = f.key
    JOIN sites s ON s.key = $1
    WHERE $4::text IS NULL OR x.section = $4
    ORDER BY f.key DESC LIMIT $3
-- include counted_fragment

-- find_authors
-- People whose name begins so, by name. $1 site, $2 beginning of the name, $3 after this folded name, $4 and this author,
-- $5 at most so many
SELECT u.key, u.id AS author_id, u.name AS author_name, u.avatar_url, u.roles, u.labels, u.guest, u.created_at AS first_seen,
       u.banned_until, u.ban_reason, now() AS now, u.folded,
       coalesce(k.published, 0) AS approved, coalesce(k.pending, 0) AS pending, coalesce(k.removed + k.spam, 0) AS removed,
       (SELECT count(*) FROM flags b WHERE b.upheld_against = u.key) AS flags_upheld
FROM (
    SELECT x.*, fold_text(x.name) AS folded FROM authors x
    WHERE x.site_key = $1 AND fold_text(x.name) COLLATE "C" >= fold_text($2)
        AND fold_text(x.name) COLLATE "C" < fold_text($2) || chr(1114111)
        AND (fold_text(x.name) COLLATE "C", x.key) > ($3, $4)
    ORDER BY fold_text(x.name) COLLATE "C", x.key LIMIT $5
) u
LEFT JOIN LATERAL (SELECT * FROM author_counts x WHERE x.author_key = u.key LIMIT 1) k ON true
ORDER BY u.folded COLLATE "C", u.key
