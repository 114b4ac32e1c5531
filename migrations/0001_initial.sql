-- Sites, articles, people, comments and the event log.

CREATE TABLE sites (
    key         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL CONSTRAINT sites_name_unique UNIQUE CHECK (name ~ '^[a-z0-9-]{1,40}$'),
    settings    jsonb NOT NULL DEFAULT '{}',
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- Publishers' keys that sign readers' tokens. Secrets are stored as they are: HS256 cannot be verified with less.
CREATE TABLE signing_keys (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    site_key    integer NOT NULL REFERENCES sites,
    kid         text,
    algorithm   text NOT NULL CHECK (algorithm IN ('HS256', 'RS256', 'ES256', 'EdDSA')),
    issuer      text NOT NULL,
    secret      bytea CHECK (octet_length(secret) >= 32),
    public_jwk  jsonb,
    jwks_url    text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz,
    CONSTRAINT signing_keys_one_material CHECK (num_nonnulls(secret, public_jwk, jwks_url) = 1),
    CONSTRAINT signing_keys_secret_is_hs256 CHECK ((secret IS NOT NULL) = (algorithm = 'HS256'))
);
-- serves: the keys of a site, read with its settings (find_site)
CREATE INDEX signing_keys_by_site ON signing_keys (site_key) WHERE retired_at IS NULL;

CREATE TABLE api_keys (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    site_key    integer NOT NULL REFERENCES sites,
    name        text NOT NULL,
    hash        bytea NOT NULL CONSTRAINT api_keys_hash_unique UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz
);

-- A publisher's page. Its ids (the canonical one and its aliases) are rows of article_ids.
CREATE TABLE articles (
    key           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_key      integer NOT NULL REFERENCES sites,
    external_id   text NOT NULL,
    title         text,
    url           text,
    section       text,
    registered    boolean NOT NULL DEFAULT false,
    locked        boolean NOT NULL DEFAULT false,
    locked_reason text,
    moderation    text CHECK (moderation IN ('pre', 'post')),
    visibility    text NOT NULL DEFAULT 'shown' CHECK (visibility IN ('shown', 'hidden')),
    opens_at      timestamptz,
    closes_at     timestamptz,
    source        jsonb,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT articles_external_id_unique UNIQUE (site_key, external_id)
);

CREATE TABLE article_ids (
    site_key     integer NOT NULL REFERENCES sites,
    external_id  text NOT NULL CHECK (external_id ~ '^[A-Za-z0-9._~:-]{1,200}$' AND external_id NOT IN ('.', '..')),
    article_key  bigint NOT NULL REFERENCES articles,
    CONSTRAINT article_ids_pkey PRIMARY KEY (site_key, external_id)
);
-- serves: all ids of an article, for dropping its cached pages and counts (read_events, counts_since)
CREATE INDEX article_ids_by_article ON article_ids (article_key);

-- Kept by advance_log alone. position is the article's last event.
CREATE TABLE article_counts (
    article_key    bigint PRIMARY KEY REFERENCES articles,
    comment_count  bigint NOT NULL DEFAULT 0 CONSTRAINT article_counts_not_negative CHECK (comment_count >= 0),
    position       bigint NOT NULL DEFAULT 0
);

CREATE TABLE authors (
    key             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id              uuid NOT NULL CONSTRAINT authors_id_unique UNIQUE,
    site_key        integer NOT NULL REFERENCES sites,
    issuer          text NOT NULL,
    subject         text NOT NULL,
    name            text NOT NULL,
    avatar_url      text,
    roles           text[] NOT NULL DEFAULT '{}',
    labels          text[] NOT NULL DEFAULT '{}',
    guest           boolean NOT NULL DEFAULT false,
    granted_role    text CHECK (granted_role IN ('staff', 'moderator', 'admin')),
    banned_until    timestamptz,
    ban_reason      text,
    revoked_before  timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT authors_identity_unique UNIQUE (site_key, issuer, subject)
);

-- The same formulas stand in service/domain/ranking.py, operation by operation; a test compares them bit for bit.
CREATE FUNCTION wilson_lower_bound(up integer, down integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN up = 0 THEN 0::double precision ELSE
        (up / (up::double precision + down) + 1.96::double precision * 1.96 / (2 * (up::double precision + down))
         - 1.96 * sqrt((up / (up::double precision + down) * (1 - up / (up::double precision + down))
                        + 1.96::double precision * 1.96 / (4 * (up::double precision + down)))
                       / (up::double precision + down)))
        / (1 + 1.96::double precision * 1.96 / (up::double precision + down)) END;

CREATE FUNCTION controversy(up integer, down integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN up = 0 OR down = 0 THEN 0::double precision ELSE
        (up::double precision + down) * least(up, down) / greatest(up, down) END;

-- path: the binary ids from root to self, at most nine (depth 8); a deeper reply stands beside its parent.
-- words are in revisions; counters are changed by advance_log alone.
CREATE TABLE comments (
    article_key       bigint NOT NULL REFERENCES articles,
    id                uuid NOT NULL,
    parent_id         uuid,
    root_id           uuid NOT NULL,
    depth             smallint NOT NULL CHECK (depth BETWEEN 0 AND 8),
    path              bytea NOT NULL CHECK (octet_length(path) = 16 * (depth + 1)),
    author_key        bigint NOT NULL REFERENCES authors,
    status            text NOT NULL CHECK (status IN ('pending', 'published', 'removed', 'spam', 'deleted')),
    prior_status      text CHECK (prior_status IN ('pending', 'published')),
    version           integer NOT NULL DEFAULT 1,
    revision          integer NOT NULL DEFAULT 1,
    held_by           text[] NOT NULL DEFAULT '{}',
    featured          boolean NOT NULL DEFAULT false,
    edited_at         timestamptz,
    up                integer NOT NULL DEFAULT 0 CHECK (up >= 0),
    down              integer NOT NULL DEFAULT 0 CHECK (down >= 0),
    reply_count       integer NOT NULL DEFAULT 0 CONSTRAINT comments_replies_not_negative CHECK (reply_count >= 0),
    descendant_count  integer NOT NULL DEFAULT 0 CONSTRAINT comments_descendants_not_negative CHECK (descendant_count >= 0),
    source            jsonb,
    listed            boolean GENERATED ALWAYS AS (status = 'published' OR descendant_count > 0) STORED,
    top               double precision GENERATED ALWAYS AS (wilson_lower_bound(up, down)) STORED,
    controversy       double precision GENERATED ALWAYS AS (controversy(up, down)) STORED,
    CONSTRAINT comments_pkey PRIMARY KEY (article_key, id),
    CONSTRAINT comments_parent_on_same_article FOREIGN KEY (article_key, parent_id) REFERENCES comments (article_key, id),
    CONSTRAINT comments_root_is_own CHECK ((parent_id IS NULL) = (root_id = id))
) WITH (fillfactor = 85);
-- serves: a comment by its id alone (find_listed, find_own, lock_comment, posting_context)
CREATE INDEX comments_by_id ON comments (id);
-- serves: pages newest and oldest first (page_newest, page_oldest)
CREATE INDEX comments_roots_by_time ON comments (article_key, id) WHERE parent_id IS NULL AND listed;
-- serves: pages by top (page_top)
CREATE INDEX comments_roots_by_top ON comments (article_key, top, id) WHERE parent_id IS NULL AND listed;
-- serves: pages by controversial (page_controversial)
CREATE INDEX comments_roots_by_controversy ON comments (article_key, controversy, id) WHERE parent_id IS NULL AND listed;
-- serves: pages with featured=true (page_featured)
CREATE INDEX comments_featured_roots ON comments (article_key, id) WHERE parent_id IS NULL AND listed AND featured;
-- serves: the replies of a root in reading order (replies_of_root, page_newest, page_oldest, page_top,
-- page_controversial, page_featured)
CREATE INDEX comments_replies_in_reading_order ON comments (article_key, root_id, path) WHERE parent_id IS NOT NULL AND listed;
-- serves: the comment a record of an import became, to find it again and its replies' parent (find_imported); what
-- follows the time in its id is made of site, source and the source's id
CREATE INDEX comments_by_import ON comments (substring(uuid_send(id) FROM 7)) WHERE source IS NOT NULL;

-- Every wording a comment had. The published one is comments.revision.
CREATE TABLE revisions (
    article_key  bigint NOT NULL,
    comment_id   uuid NOT NULL,
    number       integer NOT NULL,
    text         text NOT NULL,
    html         text NOT NULL,
    renderer     integer NOT NULL,
    status       text NOT NULL CHECK (status IN ('published', 'pending', 'rejected')),
    created_at   timestamptz NOT NULL,
    CONSTRAINT revisions_pkey PRIMARY KEY (article_key, comment_id, number),
    CONSTRAINT revisions_comment FOREIGN KEY (article_key, comment_id) REFERENCES comments (article_key, id)
);

-- What somebody said lately, so that saying it again is refused even when both arrive at once.
CREATE TABLE recent_texts (
    author_key   bigint NOT NULL REFERENCES authors,
    fingerprint  bytea NOT NULL,
    comment_id   uuid NOT NULL,
    said_at      timestamptz NOT NULL,
    repeats      integer NOT NULL DEFAULT 0 CONSTRAINT recent_texts_same_text_again CHECK (repeats = 0),
    CONSTRAINT recent_texts_pkey PRIMARY KEY (author_key, fingerprint)
);
-- serves: forgetting what is older than a day (forget_old_rows)
CREATE INDEX recent_texts_by_time ON recent_texts (said_at);

CREATE TABLE idempotency_keys (
    author_key    bigint NOT NULL REFERENCES authors,
    key           text NOT NULL,
    request_hash  bytea NOT NULL,
    article_key   bigint NOT NULL,
    comment_id    uuid NOT NULL,
    status        smallint NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    replayed_at   timestamptz,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (author_key, key)
);
-- serves: forgetting keys after 24 hours (forget_old_rows)
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);

-- Replies that stood before their parents in the file of a running import. key and parent_key are those of find_imported.
CREATE UNLOGGED TABLE import_replies (
    import_id   uuid NOT NULL,
    n           bigint NOT NULL,
    key         bytea NOT NULL,
    parent_key  bytea,
    level       integer,
    size        integer NOT NULL,
    record      jsonb NOT NULL,
    written_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT import_replies_pkey PRIMARY KEY (import_id, key)
);
-- serves: the replies to a reply (order_replies)
CREATE INDEX import_replies_by_parent ON import_replies (import_id, parent_key);
-- serves: the next replies whose parents are there (next_replies)
CREATE INDEX import_replies_in_order ON import_replies (import_id, level, n);

-- Append-only: who decided what. Ids, codes and statuses only, never words.
CREATE TABLE decisions (
    id             uuid NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
    site_key       integer NOT NULL REFERENCES sites,
    article_key    bigint,
    comment_id     uuid,
    author_key     bigint,
    action         text NOT NULL,
    from_status    text,
    to_status      text,
    check_name     text,
    moderator_key  bigint,
    reason         text,
    version        integer,
    created_at     timestamptz NOT NULL DEFAULT now()
);

-- Where writers leave ids in the transaction of the change; advance_log moves them into events.
CREATE TABLE outbox (
    n            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL,
    site_key     integer NOT NULL,
    article_key  bigint,
    comment_id   uuid,
    author_key   bigint,
    from_status  text,
    to_status    text,
    written_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Append-only: the one order of everything that happened.
CREATE TABLE events (
    position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL,
    site_key     integer NOT NULL,
    article_key  bigint,
    comment_id   uuid,
    author_key   bigint,
    from_status  text,
    to_status    text,
    written_at   timestamptz NOT NULL,
    logged_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row per lane: its row lock is the right to take the next batch. epoch names this log among others, so that what
-- Redis holds of another database's log is never taken for ours.
CREATE TABLE followers (
    name      text PRIMARY KEY,
    position  bigint NOT NULL DEFAULT 0,
    epoch     uuid NOT NULL DEFAULT gen_random_uuid(),
    moved_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO followers (name) VALUES ('log'), ('retention');

-- The service may not delete from its logs; the owner's function may, and only what is old.
CREATE FUNCTION trim_events(older_than interval) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    trimmed bigint;
BEGIN
    IF older_than < interval '7 days' THEN
        RAISE EXCEPTION 'events younger than 7 days are kept' USING ERRCODE = 'check_violation';
    END IF;
    -- In slices, so that the first read from the beginning never meets a million dead rows.
    DELETE FROM public.events WHERE position IN (
        SELECT oldest.position
        FROM (SELECT e.position, e.logged_at FROM public.events e ORDER BY e.position LIMIT 10000) AS oldest
        WHERE oldest.logged_at < now() - older_than);
    GET DIAGNOSTICS trimmed = ROW_COUNT;
    RETURN trimmed;
END $$;
REVOKE ALL ON FUNCTION trim_events(interval) FROM PUBLIC;
