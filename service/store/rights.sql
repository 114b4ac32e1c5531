-- begin_erasure
-- Take a person's name off everything at once, and note what is left to do; no row when that was done before. A ban
-- stays with the hash. What was being removed anyway is deleted. $1 id, $2 author, $3 hash, $4 hashes by older keys too,
-- $5 anonymise or delete, $6 issuer of nobody, $7 name of nobody, $8 until when they are banned besides
WITH was AS MATERIALIZED (
    SELECT key, site_key, banned_until FROM authors WHERE key = $2 AND issuer <> $6 FOR UPDATE
), nameless AS (
    UPDATE authors u SET issuer = $6, subject = gen_random_uuid()::text, name = $7, avatar_url = NULL, roles = '{}',
           labels = '{}', guest = false, granted_role = NULL, banned_until = NULL, ban_reason = NULL
    FROM was WHERE u.key = was.key
), older AS (
    DELETE FROM erased_people p USING was
    WHERE p.site_key = was.site_key AND p.hash = ANY($4::bytea[]) AND p.hash <> $3
), remembered AS (
    INSERT INTO erased_people (site_key, hash, banned_until) SELECT site_key, $3, greatest(banned_until, $8) FROM was
    ON CONFLICT ON CONSTRAINT erased_people_pkey DO UPDATE
    SET banned_until = excluded.banned_until, erased_at = excluded.erased_at
), stopped AS (
    UPDATE removals r SET state = 'done', total = done FROM was
    WHERE r.author_key = was.key AND r.state IN ('running', 'undoing')
)
INSERT INTO erasures (id, site_key, author_key, hash, mode)
SELECT $1, site_key, key, $3,
       CASE WHEN EXISTS (SELECT FROM removals r WHERE r.author_key = key AND r.state = 'running') THEN 'delete' ELSE $5 END
FROM was
RETURNING mode

-- last_erasure
-- A person's last erasure. $1 site, $2 hashes
SELECT id, state FROM erasures WHERE site_key = $1 AND hash = ANY($2::bytea[]) ORDER BY asked_at DESC LIMIT 1

-- find_erasure
-- A person's erasure by id. $1 site, $2 id, $3 hashes
SELECT state FROM erasures WHERE id = $2 AND site_key = $1 AND hash = ANY($3::bytea[])

-- next_erasure
-- An erasure that has work left and that no other process works on just now.
SELECT e.id, e.author_key, e.mode, e.state, e.at, s.name AS site
FROM erasures e JOIN sites s ON s.key = e.site_key
WHERE e.state <> 'done' ORDER BY e.asked_at LIMIT 1 FOR UPDATE OF e SKIP LOCKED

-- take_erasure
-- The right to do an erasure's next step, until the transaction ends; no row when another process has it or did it.
-- $1 id, $2 state, $3 last comment that was looked at
SELECT id FROM erasures WHERE id = $1 AND state = $2 AND at <= $3 FOR UPDATE SKIP LOCKED

-- advance_erasure
-- Comments were looked at. $1 id, $2 state from now on, $3 the last of them
UPDATE erasures SET state = $2, at = $3 WHERE id = $1

-- finish_erasure
-- Nothing is left to do, and nothing tells whose the nameless author was. $1 id
WITH shown AS (
    UPDATE authors SET hidden = false WHERE key = (SELECT author_key FROM erasures WHERE id = $1) AND hidden
)
UPDATE erasures SET state = 'done', author_key = NULL, done_at = clock_timestamp() WHERE id = $1

-- forget_words
-- Clear the next comments' words: all of them, or, where published ones are kept, what those said before; whoever keeps
-- a copy of these is told that they changed. Gives the last one looked at. $1 author, $2 after this id, $3 at most so
-- many, $4 whether published ones are kept
WITH mine AS MATERIALIZED (
    SELECT site_key, article_key, id, status, revision FROM comments
    WHERE author_key = $1 AND id > $2 ORDER BY id LIMIT $3
), cleared AS (
    UPDATE revisions r SET text = '', html = ''
    FROM mine m
    WHERE r.article_key = m.article_key AND r.comment_id = m.id AND r.text <> ''
        AND (NOT $4 OR m.status = 'deleted' OR (m.status = 'published' AND r.number <> m.revision AND r.status <> 'pending'))
), told AS (
    INSERT INTO outbox (kind, site_key, article_key, comment_id, author_key, from_status, to_status)
    SELECT 'comment.updated', site_key, article_key, id, $1, status, status FROM mine
    WHERE $4 AND status = 'published'
)
SELECT id FROM mine ORDER BY id DESC LIMIT 1

-- left_to_delete
-- The next comments to be deleted, or whose waiting edit is to be discarded. $1 author, $2 after this id, $3 at most so
-- many, $4 whether published ones are kept
SELECT id FROM comments
WHERE author_key = $1 AND id > $2 AND status <> 'deleted'
    AND (NOT $4 OR status <> 'published' OR pending_revision IS NOT NULL)
ORDER BY id LIMIT $3

-- clear_comment
-- Clear a locked comment's words but for the revision that is kept. $1 article, $2 comment, $3 number or null
WITH details AS (
    UPDATE comments SET held_details = NULL WHERE article_key = $1 AND id = $2 AND held_details IS NOT NULL
)
UPDATE revisions SET text = '', html = ''
WHERE article_key = $1 AND comment_id = $2 AND number IS DISTINCT FROM $3 AND text <> ''

-- forget_keys
-- $1 author: their Idempotency-Keys
DELETE FROM idempotency_keys WHERE author_key = $1

-- forget_texts
-- $1 author: fingerprints of what they said lately
DELETE FROM recent_texts WHERE author_key = $1

-- forget_near_texts
-- $1 author: fingerprints of what they said lately, by likeness
DELETE FROM near_texts WHERE author_key = $1

-- forget_addresses_of
-- $1 author: where they posted from
DELETE FROM addresses WHERE author_key = $1

-- forget_notes
-- $1 author: what moderators noted of them and of decisions on them
WITH decided AS (
    DELETE FROM decision_notes n USING decisions d WHERE d.author_key = $1 AND n.decision_id = d.id
)
DELETE FROM author_notes WHERE author_key = $1

-- forget_notifications
-- $1 author: what they were told
DELETE FROM notifications WHERE author_key = $1

-- forget_flags
-- $1 author: their flags' notes; the flags count on
UPDATE flags SET note = NULL WHERE author_key = $1 AND note IS NOT NULL

-- forget_notices
-- $1 author: their notices' words; that there was one is reported
UPDATE notices SET explanation = '', legal_ground = '', name = NULL, contact = NULL WHERE author_key = $1

-- forget_appeals
-- $1 author: their appeals' words
UPDATE appeals SET text = '' WHERE author_key = $1

-- known_erased
-- Which of these people were erased. $1 site, $2 hashes
SELECT p.hash FROM unnest($2::bytea[]) AS t (wanted)
CROSS JOIN LATERAL (SELECT hash FROM erased_people WHERE site_key = $1 AND hash = t.wanted OFFSET 0) p

-- each_erased
-- Everybody who was erased, on all sites.
SELECT s.name AS site, p.hash, p.banned_until, p.erased_at
FROM erased_people p JOIN sites s ON s.key = p.site_key ORDER BY s.name, p.erased_at, p.hash

-- remember_erased
-- Add somebody to the list, as another copy of this database had them. $1 site, $2 hash, $3 banned until, $4 erased at
INSERT INTO erased_people (site_key, hash, banned_until, erased_at) VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT erased_people_pkey DO UPDATE
SET banned_until = excluded.banned_until, erased_at = excluded.erased_at
WHERE erased_people.erased_at < excluded.erased_at

-- next_authors
-- A site's authors but for erased ones, in the order they came. $1 site, $2 after this key, $3 at most so many, $4 issuer of nobody
SELECT key, issuer, subject, created_at FROM authors
WHERE site_key = $1 AND key > $2 AND issuer <> $4 ORDER BY key LIMIT $3

-- export_author
-- What is stored of a person themself. $1 author
SELECT u.id, u.issuer, u.subject, u.name, u.avatar_url, u.roles, u.granted_role, u.labels, u.guest, u.created_at,
       u.revoked_before, u.banned_until, u.ban_reason, clock_timestamp() AS now,
       (SELECT count(*) FROM idempotency_keys WHERE author_key = u.key) AS idempotency_keys,
       (SELECT count(*) FROM recent_texts WHERE author_key = u.key) AS recent_texts
FROM authors u WHERE u.key = $1

-- export_comments
-- The next of their comments, whatever their status, with every wording. $1 author, $2 after this id, $3 at most so many
SELECT c.id, a.external_id AS article_id, c.parent_id, c.status, c.featured, c.edited_at, c.deleted_at, c.up, c.down,
       c.held_by, c.source,
       ARRAY(SELECT jsonb_build_object('version', r.number, 'text', r.text, 'html', r.html, 'status', r.status,
                                       'created_at', r.created_at)
             FROM revisions r WHERE r.article_key = c.article_key AND r.comment_id = c.id ORDER BY r.number) AS revisions
FROM comments c JOIN articles a ON a.key = c.article_key
WHERE c.author_key = $1 AND c.id > $2 ORDER BY c.id LIMIT $3

-- export_votes
-- The next of their votes. $1 author, $2 after this article, $3 and comment, $4 at most so many
SELECT article_key, comment_id, value FROM votes
WHERE author_key = $1 AND (article_key, comment_id) > ($2, $3::uuid) ORDER BY article_key, comment_id LIMIT $4

-- export_flags
-- The next of their flags. $1 author, $2 after this article, $3 and comment, $4 at most so many
SELECT article_key, comment_id, reason, note, state, created_at FROM flags
WHERE author_key = $1 AND (article_key, comment_id) > ($2, $3::uuid) ORDER BY article_key, comment_id LIMIT $4

-- export_notices
-- The next of their notices. $1 author, $2 after this id, $3 at most so many
SELECT id, comment_id, explanation, legal_ground, name, contact, state, created_at, answered_at FROM notices
WHERE author_key = $1 AND id > $2 ORDER BY id LIMIT $3

-- export_appeals
-- The next of their appeals. $1 author, $2 after this article, $3 comment, $4 and version, $5 at most so many
SELECT article_key, comment_id, version, text, state, created_at, decided_at FROM appeals
WHERE author_key = $1 AND (article_key, comment_id, version) > ($2, $3::uuid, $4)
ORDER BY article_key, comment_id, version LIMIT $5

-- export_notifications
-- The next of what they were told. $1 author, $2 after this position, $3 and type, $4 at most so many
SELECT position, type, comment_id, reason, created_at FROM notifications
WHERE author_key = $1 AND (position, type) > ($2, $3::text) ORDER BY position, type LIMIT $4

-- export_decisions
-- The next decisions on them and what they wrote. $1 author, $2 after this time, $3 and id, $4 at most so many
SELECT id, comment_id, action, from_status, to_status, check_name, reason, version, created_at FROM decisions
WHERE author_key = $1 AND (created_at, id) > ($2, $3::uuid) ORDER BY created_at, id LIMIT $4

-- export_addresses
-- When they posted from each of their addresses, which themselves are not known. $1 author, $2 after this hash, $3 at most so many
SELECT hash, first_seen, last_seen FROM addresses WHERE author_key = $1 AND hash > $2 ORDER BY hash LIMIT $3
