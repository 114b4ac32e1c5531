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

-- upsert_author
-- An author as the newest token tells. $1 id for a new one, $2 site, $3 issuer, $4 subject, $5 name, $6 avatar, $7 roles, $8 labels, $9 guest
INSERT INTO authors (id, site_key, issuer, subject, name, avatar_url, roles, labels, guest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
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
