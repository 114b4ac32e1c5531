-- People's rights: being forgotten, and staying so.

-- Who was erased, as a keyed hash of who vouched for them: imports and restored backups must not bring them back, and
-- a ban outlives them. Their tokens from before are refused.
CREATE TABLE erased_people (
    site_key      integer NOT NULL REFERENCES sites,
    hash          bytea NOT NULL CHECK (octet_length(hash) = 32),
    banned_until  timestamptz,
    erased_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT erased_people_pkey PRIMARY KEY (site_key, hash)
);

-- Erasing what somebody wrote, by whichever process takes the row's lock: first all words, then one comment a
-- transaction. at is the last comment that was looked at in this state. author_key goes when nothing is left to do, so
-- that nothing ties the nameless author to the hash.
CREATE TABLE erasures (
    id          uuid PRIMARY KEY,
    site_key    integer NOT NULL REFERENCES sites,
    author_key  bigint REFERENCES authors,
    hash        bytea NOT NULL,
    mode        text NOT NULL CHECK (mode IN ('anonymise', 'delete')),
    state       text NOT NULL DEFAULT 'words' CHECK (state IN ('words', 'comments', 'done')),
    at          uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at     timestamptz,
    CONSTRAINT erasures_done CHECK ((state = 'done') = (author_key IS NULL) AND (state = 'done') = (done_at IS NOT NULL))
);
-- serves: the erasures that have work left (next_erasure)
CREATE INDEX erasures_with_work ON erasures (asked_at) WHERE state <> 'done';
-- serves: somebody's last erasure (last_erasure)
CREATE INDEX erasures_by_person ON erasures (site_key, hash, asked_at);

-- serves: what somebody appealed (export_appeals, forget_appeals)
CREATE INDEX appeals_by_author ON appeals (author_key, article_key, comment_id, version);
-- serves: what somebody gave notice of (export_notices, forget_notices)
CREATE INDEX notices_by_author ON notices (author_key, id) WHERE author_key IS NOT NULL;
-- serves: forgetting what somebody said lately (forget_near_texts)
CREATE INDEX near_texts_by_author ON near_texts (author_key);
