-- find_site
-- A site with its settings, its active signing keys and the names of its staff. $1 name
SELECT s.key, s.name, s.settings, s.version, s.hook_secret,
       ARRAY(SELECT u.name FROM authors u
             WHERE u.site_key = s.key AND (u.granted_role IS NOT NULL OR u.roles <> '{}') LIMIT 1000) AS staff,
       coalesce((SELECT jsonb_agg(jsonb_build_object(
                    'id', k.id, 'kid', k.kid, 'algorithm', k.algorithm, 'issuer', k.issuer,
                    'secret', encode(k.secret, 'hex'), 'public_jwk', k.public_jwk, 'jwks_url', k.jwks_url)
                    ORDER BY k.created_at)
                 FROM signing_keys k WHERE k.site_key = s.key AND k.retired_at IS NULL), '[]') AS keys
FROM sites s WHERE s.name = $1;

-- list_sites
-- Every site by name.
SELECT key, name, settings, version, created_at FROM sites ORDER BY name;

-- insert_site
-- A new site; none when the name is taken. $1 name, $2 settings
INSERT INTO sites (name, settings) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key;

-- update_settings
-- Replace a site's settings if its version is still the one that was read. $1 key, $2 settings, $3 version
UPDATE sites SET settings = $2, version = version + 1 WHERE key = $1 AND version = $3 RETURNING version;

-- renew_hook_secret
-- A new secret for the publisher's own check. $1 site
UPDATE sites SET hook_secret = uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) WHERE key = $1
RETURNING hook_secret;

-- lock_settings
-- A site's settings, which nobody else changes until the transaction ends. $1 key
SELECT settings, version FROM sites WHERE key = $1 FOR NO KEY UPDATE;

-- insert_settings_change
-- Log what a change of settings was. $1 decision, $2 site, $3 version, $4 names, $5 what they were before
INSERT INTO settings_changes (decision_id, site_key, version, fields, previous) VALUES ($1, $2, $3, $4, $5);

-- list_settings_changes
-- Changes of a site's settings, newest first. $1 site, $2 at most so many
SELECT c.version, c.fields, c.previous, d.created_at, u.id AS moderator_id, u.name AS moderator_name
FROM (SELECT * FROM settings_changes WHERE site_key = $1 ORDER BY version DESC LIMIT $2) c
JOIN decisions d ON d.id = c.decision_id LEFT JOIN authors u ON u.key = d.moderator_key
ORDER BY c.version DESC;

-- insert_signing_key
-- A key that signs readers' tokens. $1 site, $2 kid, $3 algorithm, $4 issuer, $5 secret, $6 public JWK, $7 JWKS URL
INSERT INTO signing_keys (site_key, kid, algorithm, issuer, secret, public_jwk, jwks_url)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id;

-- list_signing_keys
-- All signing keys of a site, retired ones too. $1 site
SELECT id, kid, algorithm, issuer, jwks_url, created_at, retired_at FROM signing_keys
WHERE site_key = $1 ORDER BY created_at;

-- retire_signing_key
-- Stop trusting a key. $1 site, $2 id
UPDATE signing_keys SET retired_at = now() WHERE site_key = $1 AND id = $2 AND retired_at IS NULL RETURNING id;

-- insert_api_key
-- A server's key, stored hashed. $1 site, $2 name, $3 SHA-256 of the key
INSERT INTO api_keys (site_key, name, hash) VALUES ($1, $2, $3) RETURNING id;

-- list_api_keys
-- All API keys of a site, retired ones too. $1 site
SELECT id, name, created_at, retired_at FROM api_keys WHERE site_key = $1 ORDER BY created_at;

-- find_api_key
-- An API key that counts. $1 site, $2 SHA-256 of the key
SELECT id FROM api_keys WHERE hash = $2 AND site_key = $1 AND retired_at IS NULL;

-- retire_api_key
-- Stop trusting an API key. $1 site, $2 id
UPDATE api_keys SET retired_at = now() WHERE site_key = $1 AND id = $2 AND retired_at IS NULL RETURNING id;
