-- find_author
-- An author by who vouches for them. $1 site, $2 issuer, $3 subject
SELECT key, id, issuer, subject, name, avatar_url, roles, labels, guest, granted_role, banned_until, ban_reason,
       revoked_before, clock_timestamp() AS now
FROM authors WHERE site_key = $1 AND issuer = $2 AND subject = $3;

-- find_author_by_id
-- An author by public id. $1 site, $2 id
SELECT key, id, issuer, subject, name, avatar_url, roles, labels, guest, granted_role, banned_until, ban_reason,
       revoked_before, clock_timestamp() AS now
FROM authors WHERE site_key = $1 AND id = $2;

-- find_participant
-- An author about to take part, and why nobody may from where they are. $1 site, $2 issuer, $3 subject, $4 address
SELECT u.key, u.id, u.issuer, u.subject, u.name, u.avatar_url, u.roles, u.labels, u.guest, u.granted_role,
       u.banned_until, u.ban_reason, u.revoked_before, clock_timestamp() AS now, n.reason AS network_ban
FROM (VALUES (1)) AS one
LEFT JOIN authors u ON u.site_key = $1 AND u.issuer = $2 AND u.subject = $3
LEFT JOIN LATERAL (
    SELECT b.reason FROM network_bans b WHERE b.site_key = $1 AND b.network >>= $4::inet AND b.until > clock_timestamp()
    ORDER BY b.until DESC LIMIT 1
) n ON true;

-- lock_author
-- An author about to be banned, revoked or given a role. $1 site, $2 id
SELECT key, id, issuer, subject, name, avatar_url, roles, labels, guest, granted_role, banned_until, ban_reason,
       revoked_before, clock_timestamp() AS now
FROM authors WHERE site_key = $1 AND id = $2 FOR NO KEY UPDATE;

-- lock_author_key
-- The same, by key: before a removal's row, as banning takes them in this order. $1 key
SELECT key FROM authors WHERE key = $1 FOR NO KEY UPDATE;

-- upsert_author
-- An author as the newest token tells; no row when the person was erased since it was issued. A ban outlives that, and
-- so does the refusal of older tokens. $1 id for a new one, $2 site, $3 issuer, $4 subject, $5 name, $6 avatar, $7 roles,
-- $8 labels, $9 guest, $10 hashes of an erased person, $11 when the token was issued
WITH erased AS (
    SELECT max(banned_until) AS banned_until, max(erased_at) AS erased_at FROM erased_people
    WHERE site_key = $2 AND hash = ANY($10::bytea[])
)
INSERT INTO authors (id, site_key, issuer, subject, name, avatar_url, roles, labels, guest, banned_until, revoked_before)
SELECT $1, $2, $3, $4, $5, $6, $7::text[], $8::text[], $9, e.banned_until, e.erased_at
FROM erased e WHERE e.erased_at IS NULL OR e.erased_at < $11
ON CONFLICT ON CONSTRAINT authors_identity_unique DO UPDATE
SET name = excluded.name, avatar_url = excluded.avatar_url, roles = excluded.roles, labels = excluded.labels
RETURNING key, id, issuer, subject, name, avatar_url, roles, labels, guest, granted_role, banned_until, ban_reason,
          revoked_before, clock_timestamp() AS now;

-- revoke_author
-- Refuse every token issued up to now. $1 key
UPDATE authors SET revoked_before = clock_timestamp() WHERE key = $1;

-- grant_role
-- Give a role beyond what tokens carry, or take it away with null. $1 key, $2 role
UPDATE authors SET granted_role = $2 WHERE key = $1;

-- ban_author
-- Ban until a time; null lifts the ban. $1 key, $2 until, $3 reason
UPDATE authors SET banned_until = $2, ban_reason = $3 WHERE key = $1;

-- remap_author
-- Give an author a new issuer and subject; no row when there is no such author. $1 site, $2 old issuer, $3 old subject, $4 new issuer, $5 new subject
UPDATE authors SET issuer = $4, subject = $5
WHERE site_key = $1 AND issuer = $2 AND subject = $3 RETURNING key;

-- another_moderator
-- Whether somebody else may decide on this site. $1 site, $2 the moderator
SELECT EXISTS (
    SELECT FROM authors
    WHERE site_key = $1 AND key <> $2 AND (banned_until IS NULL OR banned_until < now())
        AND (granted_role IS NOT NULL OR roles <> '{}')
        AND (granted_role IN ('moderator', 'admin') OR roles && ARRAY['moderator', 'admin'])
) AS found
