-- Automated checks: slow mode, what held a comment in words, near duplicates, what is known of an author, the hook.

-- Seconds between two comments of one reader; null: no slow mode.
ALTER TABLE articles ADD COLUMN slow_mode_seconds integer CHECK (slow_mode_seconds BETWEEN 1 AND 86400);

-- What each check of held_by found, {"suspect_word": "casino"}: words, so not in the log, and cleared when it is published.
ALTER TABLE comments ADD COLUMN held_details jsonb;

-- Signs what is sent to the publisher's own check.
ALTER TABLE sites ADD COLUMN hook_secret bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    CHECK (octet_length(hook_secret) BETWEEN 24 AND 64);

-- The lowest id that a comment of this time or later can have.
CREATE FUNCTION first_id_at(moment timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- Who said something alike lately; a text has a few fingerprints, and is like another when they share one.
CREATE TABLE near_texts (
    site_key     integer NOT NULL REFERENCES sites,
    fingerprint  bigint NOT NULL,
    author_key   bigint NOT NULL REFERENCES authors,
    said_at      timestamptz NOT NULL,
    CONSTRAINT near_texts_pkey PRIMARY KEY (site_key, fingerprint, author_key)
);
-- serves: the last authors of a text (posting_context)
CREATE INDEX near_texts_lately ON near_texts (site_key, fingerprint, said_at);
-- serves: forgetting what is older than a day (forget_old_rows)
CREATE INDEX near_texts_by_time ON near_texts (said_at);

-- serves: what an author wrote lately, and whether they are new (posting_context)
CREATE INDEX comments_by_author ON comments (author_key, id);
-- serves: the names that nobody else may use (find_site), and who else may decide on an appeal
-- (another_moderator)
CREATE INDEX authors_with_roles ON authors (site_key) WHERE granted_role IS NOT NULL OR roles <> '{}';
-- serves: the last comments of a site, to try new rules on (recent_comments)
CREATE INDEX comments_by_site ON comments (site_key, id);
