-- network_ban
-- Why nobody takes part from an address now; no row when it is not banned. $1 site, $2 address
SELECT reason FROM network_bans
WHERE site_key = $1 AND network >>= $2::inet AND until > clock_timestamp()
ORDER BY until DESC LIMIT 1

-- read_network_bans
-- A site's running bans in the order of their networks. $1 site, $2 after this network or null, $3 at most so many
SELECT b.network, b.until, b.reason, b.created_at, u.id AS moderator_id, u.name AS moderator_name
FROM network_bans b LEFT JOIN authors u ON u.key = b.moderator_key
WHERE b.site_key = $1 AND b.network > coalesce($2::cidr, '0.0.0.0/0') AND b.until > clock_timestamp()
ORDER BY b.network LIMIT $3

-- upsert_network_ban
-- Ban a network, or ban it anew. $1 site, $2 network, $3 until, $4 reason, $5 moderator
INSERT INTO network_bans (site_key, network, until, reason, moderator_key) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT ON CONSTRAINT network_bans_pkey DO UPDATE
SET until = excluded.until, reason = excluded.reason, moderator_key = excluded.moderator_key
RETURNING network, until, reason, created_at

-- delete_network_ban
-- Lift a ban; no row when there is none. $1 site, $2 network
DELETE FROM network_bans WHERE site_key = $1 AND network = $2 RETURNING network

-- forget_network_bans
-- Drop bans that are over, at most 1,000 at a time.
DELETE FROM network_bans WHERE (site_key, network) IN (
    SELECT site_key, network FROM network_bans WHERE until < now() ORDER BY until LIMIT 1000)
