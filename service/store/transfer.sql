-- settle_import
-- Settings of an import's transaction: it gives way to readers, and uses indexes, which the planner thinks little of
-- while the tables are being filled. For the same reason OFFSET 0 below has rows looked up one by one.
SELECT set_config('lock_timeout', '10s', true), set_config('enable_seqscan', 'off', true)

-- find_imported
-- What records of imports became: foreign ones by what follows the time in their id, our own by their id.
-- $1 site, $2 ends of ids, $3 ids
SELECT t.wanted AS key, c.article_key, c.id, c.root_id, c.depth, c.path
FROM unnest($2::bytea[]) AS t (wanted)
CROSS JOIN LATERAL (
    SELECT * FROM comments WHERE substring(uuid_send(id) FROM 7) = t.wanted AND source IS NOT NULL OFFSET 0
) c
WHERE (SELECT a.site_key FROM articles a WHERE a.key = c.article_key) = $1
UNION ALL
SELECT uuid_send(t.wanted), c.article_key, c.id, c.root_id, c.depth, c.path
FROM unnest($3::uuid[]) AS t (wanted)
CROSS JOIN LATERAL (SELECT * FROM comments WHERE id = t.wanted OFFSET 0) c
WHERE (SELECT a.site_key FROM articles a WHERE a.key = c.article_key) = $1

-- open_articles
-- Open the articles whose ids nobody knows, in the given order; those that are there stay as they are.
-- $1 site, $2 articles
WITH given AS MATERIALIZED (
    SELECT g.* FROM jsonb_to_recordset($2::jsonb) AS g (
        n integer, external_id text, title text, url text, section text, registered boolean, locked boolean,
        locked_reason text, moderation text, visibility text, opens_at timestamptz, closes_at timestamptz,
        source jsonb, created_at timestamptz, aliases text[])
    WHERE (SELECT i.article_key FROM article_ids i WHERE i.site_key = $1 AND i.external_id = g.external_id) IS NULL
), opened AS (
    INSERT INTO articles (site_key, external_id, title, url, section, registered, locked, locked_reason, moderation,
                          visibility, opens_at, closes_at, source, created_at)
    SELECT $1, external_id, title, url, section, registered, locked, locked_reason, moderation,
           visibility, opens_at, closes_at, source, created_at
    FROM given ORDER BY n
    ON CONFLICT ON CONSTRAINT articles_external_id_unique DO NOTHING
    RETURNING key, external_id
), named AS (
    INSERT INTO article_ids (site_key, external_id, article_key)
    SELECT $1, name, key FROM (
        SELECT 0 AS rank, external_id AS name, key FROM opened
        UNION ALL
        SELECT 1, unnest(g.aliases), o.key FROM opened o JOIN given g USING (external_id)
    ) AS names ORDER BY rank, name
    ON CONFLICT ON CONSTRAINT article_ids_pkey DO NOTHING
), counted AS (
    INSERT INTO article_counts (article_key) SELECT key FROM opened
)
SELECT count(*) AS opened FROM opened

-- article_keys
-- Articles by any of their ids. $1 site, $2 article ids
SELECT i.external_id, i.article_key
FROM unnest($2::text[]) AS t (wanted)
CROSS JOIN LATERAL (SELECT * FROM article_ids WHERE site_key = $1 AND external_id = t.wanted OFFSET 0) i

-- insert_authors
-- Store authors nobody knows; those who are known keep their newer name. An id another site has gives way to the spare.
-- $1 site, $2 authors
WITH stored AS (
    INSERT INTO authors (id, site_key, issuer, subject, name, avatar_url, roles, labels, guest, created_at)
    SELECT CASE WHEN EXISTS (SELECT FROM authors taken WHERE taken.id = g.id) THEN g.spare_id ELSE g.id END, $1,
           g.issuer, g.subject, g.name, g.avatar_url, g.roles, g.labels, g.guest, g.created_at
    FROM jsonb_to_recordset($2::jsonb) AS g (
        n integer, id uuid, spare_id uuid, issuer text, subject text, name text, avatar_url text, roles text[],
        labels text[], guest boolean, created_at timestamptz)
    WHERE (SELECT u.key FROM authors u
           WHERE u.site_key = $1 AND u.issuer = g.issuer AND u.subject = g.subject) IS NULL
    ORDER BY g.n
    ON CONFLICT DO NOTHING
    RETURNING key
)
SELECT count(*) AS stored FROM stored

-- author_keys
-- Authors by who vouches for them. $1 site, $2 issuers, $3 subjects
SELECT u.issuer, u.subject, u.key
FROM unnest($2::text[], $3::text[]) AS t (issuer, subject)
CROSS JOIN LATERAL (
    SELECT * FROM authors WHERE site_key = $1 AND issuer = t.issuer AND subject = t.subject OFFSET 0
) u

-- insert_comments
-- Write comments with their words and their rows for the log; those that are there stay as they are.
-- $1 site, $2 comments
WITH given AS MATERIALIZED (
    SELECT g.* FROM jsonb_to_recordset($2::jsonb) AS g (
        n integer, article_key bigint, id uuid, parent_id uuid, root_id uuid, depth smallint, path text,
        author_key bigint, status text, prior_status text, held_by text[], featured boolean, edited_at timestamptz,
        up integer, down integer, source jsonb, text text, html text, renderer integer, revision_status text,
        worded_at timestamptz)
), inserted AS (
    INSERT INTO comments (site_key, article_key, id, parent_id, root_id, depth, path, author_key, status, prior_status,
                          held_by, featured, edited_at, up, down, source)
    SELECT $1, article_key, id, parent_id, root_id, depth, decode(path, 'hex'), author_key, status, prior_status, held_by,
           featured, edited_at, up, down, source
    FROM given ORDER BY n
    ON CONFLICT ON CONSTRAINT comments_pkey DO NOTHING
    RETURNING article_key, id, author_key, status, held_by
), waiting AS (
    INSERT INTO queue (site_key, kind, article_key, comment_id, author_key, checks)
    SELECT $1, 'pending', article_key, id, author_key, held_by FROM inserted WHERE status = 'pending'
), worded AS (
    INSERT INTO revisions (article_key, comment_id, number, text, html, renderer, status, created_at)
    SELECT i.article_key, i.id, 1, g.text, g.html, g.renderer, g.revision_status, g.worded_at
    FROM inserted i JOIN given g USING (article_key, id)
), told AS (
    INSERT INTO outbox (kind, site_key, article_key, comment_id, author_key, to_status)
    SELECT 'comment.imported', $1, article_key, id, author_key, status FROM inserted
)
SELECT count(*) AS inserted FROM inserted

-- keep_replies
-- Put aside replies whose parents have not come yet. $1 import, $2 replies
WITH kept AS (
    INSERT INTO import_replies (import_id, n, key, parent_key, size, record)
    SELECT $1, g.n, decode(g.key, 'hex'), decode(g.parent_key, 'hex'), g.size, g.record
    FROM jsonb_to_recordset($2::jsonb) AS g (n bigint, key text, parent_key text, size integer, record jsonb)
    ON CONFLICT ON CONSTRAINT import_replies_pkey DO NOTHING
    RETURNING 1
)
SELECT count(*) AS kept FROM kept

-- order_replies
-- Parents before replies: the level of each reply below those whose parent does not wait. What is in a circle gets none.
-- $1 import
WITH RECURSIVE ordered AS (
    SELECT r.key, 0 AS level FROM import_replies r
    WHERE r.import_id = $1 AND r.level IS NULL
      AND NOT EXISTS (SELECT FROM import_replies p WHERE p.import_id = $1 AND p.key = r.parent_key)
    UNION ALL
    SELECT r.key, o.level + 1 FROM ordered o CROSS JOIN LATERAL (
        SELECT key FROM import_replies WHERE import_id = $1 AND parent_key = o.key OFFSET 0
    ) r
)
UPDATE import_replies r SET level = o.level FROM ordered o WHERE r.import_id = $1 AND r.key = o.key

-- open_circles
-- Let go of the parent that stands at or after its reply: every circle has one such. $1 import
WITH opened AS (
    UPDATE import_replies r SET parent_key = NULL
    FROM import_replies p
    WHERE r.import_id = $1 AND r.level IS NULL AND p.import_id = $1 AND p.key = r.parent_key AND p.n >= r.n
    RETURNING 1
)
SELECT count(*) AS opened FROM opened

-- next_replies
-- The next replies in order, and no more than a million characters of them. $1 import, $2 after this level, $3 and number, $4 at most so many
SELECT x.key, x.parent_key, x.level, x.n, x.record FROM (
    SELECT r.*, sum(r.size) OVER (ORDER BY r.level, r.n) - r.size AS before FROM (
        SELECT * FROM import_replies
        WHERE import_id = $1 AND level IS NOT NULL AND (level, n) > ($2::integer, $3::bigint)
        ORDER BY level, n LIMIT $4
    ) r
) x WHERE x.before < 1000000 ORDER BY x.level, x.n

-- forget_replies
-- Drop what an import put aside, and what killed ones left more than a day ago. $1 import
DELETE FROM import_replies WHERE import_id = $1 OR written_at < now() - interval '1 day'

-- each_article
-- All articles of a site in the order they were opened. $1 site
SELECT a.external_id, a.title, a.url, a.section, a.registered, a.locked, a.locked_reason, a.moderation, a.visibility,
       a.opens_at, a.closes_at, a.source, a.created_at,
       ARRAY(SELECT i.external_id FROM article_ids i WHERE i.article_key = a.key AND i.external_id <> a.external_id
             ORDER BY i.external_id COLLATE "C") AS aliases
FROM articles a WHERE a.site_key = $1 ORDER BY a.key

-- each_comment
-- All comments of a site, article by article, in reading order. $1 site
SELECT a.external_id AS article_id, c.id, c.parent_id, c.depth, c.path, c.status, c.prior_status, c.held_by, c.featured, c.edited_at,
       c.up, c.down, c.source, r.text, r.html, r.renderer,
       u.id AS author_id, u.issuer, u.subject, u.name, u.avatar_url, u.roles, u.labels, u.guest
FROM articles a
JOIN comments c ON c.article_key = a.key
JOIN revisions r ON r.article_key = c.article_key AND r.comment_id = c.id AND r.number = c.revision
JOIN authors u ON u.key = c.author_key
WHERE a.site_key = $1 ORDER BY a.key, c.path, c.id
