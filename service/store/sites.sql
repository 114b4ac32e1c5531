-- find_site
-- A site with its settings and its active signing keys. $1 name
SELECT s.key, s.name, s.settings, s.version,
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

-- retire_api_key
-- Stop trusting an API key. $1 site, $2 id
UPDATE api_keys SET retired_at = now() WHERE site_key = $1 AND id = $2 AND retired_at IS NULL RETURNING id;
