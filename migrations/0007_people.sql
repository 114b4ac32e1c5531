-- People: bans by network, removing everything somebody wrote, notes, address hashes, forgetting deleted words.

-- Typed by a moderator; the addresses of people are never stored. until is the last day there is for a ban without end.
CREATE TABLE network_bans (
    site_key       integer NOT NULL REFERENCES sites,
    network        cidr NOT NULL CHECK (masklen(network) >= CASE family(network) WHEN 4 THEN 16 ELSE 32 END),
    until          timestamptz NOT NULL,
    reason         text NOT NULL,
    moderator_key  bigint REFERENCES authors,
    created_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT network_bans_pkey PRIMARY KEY (site_key, network)
);
-- serves: whether an address is banned (network_ban, posting_context)
CREATE INDEX network_bans_by_address ON network_bans USING gist (network inet_ops);
-- serves: forgetting bans that are over (forget_network_bans)
CREATE INDEX network_bans_by_end ON network_bans (until);

-- hidden: everything they wrote is being removed, and nobody sees it meanwhile.
ALTER TABLE authors ADD COLUMN hidden boolean NOT NULL DEFAULT false;
-- serves: whose comments are hidden as a whole; hardly ever anybody's (page_newest, page_oldest, page_top,
-- page_controversial, page_featured, replies_of_root)
CREATE INDEX authors_hidden ON authors (key) WHERE hidden;

-- Removing everything an author wrote, one comment a transaction, by whichever process takes the row's lock.
-- at is the last comment that was looked at; done of total were removed, or restored once it is being undone.
CREATE TABLE removals (
    id             uuid NOT NULL PRIMARY KEY,
    site_key       integer NOT NULL REFERENCES sites,
    author_key     bigint NOT NULL REFERENCES authors,
    moderator_key  bigint REFERENCES authors,
    state          text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'undoing', 'undone')),
    done           integer NOT NULL DEFAULT 0,
    total          integer NOT NULL,
    at             uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    created_at     timestamptz NOT NULL DEFAULT now()
);
-- serves: an author's last removal (find_removal)
CREATE INDEX removals_by_author ON removals (author_key, id);
-- serves: the removals that have work left (next_removal)
CREATE INDEX removals_with_work ON removals (id) WHERE state IN ('running', 'undoing');
CREATE UNIQUE INDEX removals_one_at_a_time ON removals (author_key) WHERE state IN ('running', 'undoing');

-- What a removal removed, and the version it left: undoing it restores what is still so.
CREATE TABLE removed_comments (
    removal_id  uuid NOT NULL REFERENCES removals,
    comment_id  uuid NOT NULL,
    version     integer NOT NULL,
    CONSTRAINT removed_comments_pkey PRIMARY KEY (removal_id, comment_id)
);

-- What moderators tell each other about somebody.
CREATE TABLE author_notes (
    id             uuid NOT NULL PRIMARY KEY,
    site_key       integer NOT NULL REFERENCES sites,
    author_key     bigint NOT NULL REFERENCES authors,
    moderator_key  bigint NOT NULL REFERENCES authors,
    text           text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);
-- serves: the notes on somebody (read_notes)
CREATE INDEX author_notes_by_author ON author_notes (author_key, id);

-- Where somebody posted from, as a keyed hash of site and network: it tells only whether two are the same.
CREATE TABLE addresses (
    site_key    integer NOT NULL REFERENCES sites,
    author_key  bigint NOT NULL REFERENCES authors,
    hash        bytea NOT NULL CHECK (octet_length(hash) = 16),
    first_seen  timestamptz NOT NULL DEFAULT now(),
    last_seen   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT addresses_pkey PRIMARY KEY (author_key, hash)
);
-- serves: who else posted from there (same_network)
CREATE INDEX addresses_by_hash ON addresses (hash, author_key);
-- serves: forgetting what a site does not keep any longer (forget_addresses)
CREATE INDEX addresses_by_time ON addresses (site_key, last_seen);

-- When a comment was deleted, for as long as its words are kept.
ALTER TABLE comments ADD COLUMN deleted_at timestamptz;
UPDATE comments SET deleted_at = now() WHERE status = 'deleted';
-- serves: forgetting the words of deleted comments (forget_deleted_words)
CREATE INDEX comments_deleted_words ON comments (site_key, deleted_at) WHERE deleted_at IS NOT NULL;
