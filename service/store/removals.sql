-- insert_removal
-- Begin to remove everything an author wrote; no row when $5 and nothing is left. $1 id, $2 site, $3 author,
-- $4 moderator or null, $5 whether it was done before
INSERT INTO removals (id, site_key, author_key, moderator_key, total)
SELECT $1, $2, $3, $4, count(*) FROM comments WHERE author_key = $3 AND status IN ('published', 'pending')
HAVING count(*) > 0 OR NOT $5::boolean
RETURNING id, state, done, total

-- show_author
-- Hide an author's comments as a whole or show them again, tell the log of every article they stand on, and give the
-- ids those are cached under. $1 author, $2 whether hidden, $3 kind of event
WITH flagged AS (
    UPDATE authors SET hidden = $2 WHERE key = $1 RETURNING key, site_key
), written_on AS (
    SELECT DISTINCT article_key FROM comments WHERE author_key = $1 AND status = 'published'
), told AS (
    INSERT INTO outbox (kind, site_key, article_key, author_key)
    SELECT $3, f.site_key, w.article_key, f.key FROM flagged f, written_on w
)
SELECT i.external_id AS article_id FROM written_on w JOIN article_ids i ON i.article_key = w.article_key

-- reveal_author
-- Nothing of theirs is left to hide. $1 author
UPDATE authors SET hidden = false WHERE key = $1

-- find_removal
-- An author's last removal. $1 author
SELECT id, state, done, total FROM removals WHERE author_key = $1 ORDER BY id DESC LIMIT 1

-- removed_author
-- Whom a removal is about. $1 site, $2 id
SELECT u.id AS author_id FROM removals r JOIN authors u ON u.key = r.author_key WHERE r.id = $2 AND r.site_key = $1

-- lock_removal
-- A removal about to change state. $1 id
SELECT id, state, done, total FROM removals WHERE id = $1 FOR UPDATE

-- undo_removal
-- From now on what it removed is restored. $1 id
UPDATE removals SET state = 'undoing', total = done, done = 0, at = '00000000-0000-0000-0000-000000000000'
WHERE id = $1 RETURNING id, state, done, total

-- next_removal
-- A removal that has work left and that no other process works on just now.
SELECT r.id, r.state, r.author_key, r.moderator_key, r.at, r.created_at, s.name AS site
FROM removals r JOIN sites s ON s.key = r.site_key
WHERE r.state IN ('running', 'undoing') ORDER BY r.id LIMIT 1 FOR UPDATE OF r SKIP LOCKED

-- written_after
-- The next comments of an author, whatever their status, but for what they wrote once they were free to again.
-- $1 author, $2 after this id, $3 at most so many, $4 when the removal began (a post may have been under way)
SELECT id AS comment_id, 0 AS version FROM comments
WHERE author_key = $1 AND id > $2 AND id < first_id_at($4::timestamptz + interval '5 seconds') ORDER BY id LIMIT $3

-- removed_after
-- The next comments that a removal removed, and the version it left. $1 removal, $2 after this id, $3 at most so many
SELECT comment_id, version FROM removed_comments WHERE removal_id = $1 AND comment_id > $2 ORDER BY comment_id LIMIT $3

-- take_removal
-- The right to do a removal's next step, until the transaction ends; no row when another process has it or it is over.
-- $1 id, $2 state
SELECT at FROM removals WHERE id = $1 AND state = $2 FOR UPDATE SKIP LOCKED

-- advance_removal
-- A comment was looked at. $1 id, $2 comment, $3 how many more were done
UPDATE removals SET at = $2, done = done + $3 WHERE id = $1

-- insert_removed
-- Remember what is to be restored when it is undone. $1 removal, $2 comment, $3 version
INSERT INTO removed_comments (removal_id, comment_id, version) VALUES ($1, $2, $3)

-- finish_removal
-- Nothing is left of it to do. $1 id, $2 done or undone
UPDATE removals SET state = $2, total = done WHERE id = $1
