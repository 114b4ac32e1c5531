-- Votes, flags, edits, queues and appeals.

ALTER TABLE outbox ADD COLUMN up_delta smallint NOT NULL DEFAULT 0, ADD COLUMN down_delta smallint NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN up_delta smallint NOT NULL DEFAULT 0, ADD COLUMN down_delta smallint NOT NULL DEFAULT 0;
-- the decision that made the change
ALTER TABLE outbox ADD COLUMN decision_id uuid;
ALTER TABLE events ADD COLUMN decision_id uuid;

-- One row per comment and author; 0 is a withdrawn vote. previous lets one statement know what it changed.
CREATE TABLE votes (
    article_key  bigint NOT NULL,
    comment_id   uuid NOT NULL,
    author_key   bigint NOT NULL REFERENCES authors,
    value        smallint NOT NULL CHECK (value IN (-1, 0, 1)),
    previous     smallint NOT NULL DEFAULT 0 CHECK (previous IN (-1, 0, 1)),
    CONSTRAINT votes_one_per_author PRIMARY KEY (article_key, comment_id, author_key),
    CONSTRAINT votes_comment FOREIGN KEY (article_key, comment_id) REFERENCES comments (article_key, id)
);
-- serves: an author's own votes on an article (own_votes)
CREATE INDEX votes_by_author ON votes (author_key, article_key);

-- pending_revision waits beside the published one; approved: a person approved the words as they are;
-- edited: the words changed since the last decision.
ALTER TABLE comments
    ADD COLUMN site_key integer,
    ADD COLUMN pending_revision integer,
    ADD COLUMN approved boolean NOT NULL DEFAULT false,
    ADD COLUMN edited boolean NOT NULL DEFAULT false;
UPDATE comments c SET site_key = a.site_key FROM articles a WHERE a.key = c.article_key;
ALTER TABLE comments ALTER COLUMN site_key SET NOT NULL;
-- serves: an author's own held and removed comments on an article (own_unpublished)
CREATE INDEX comments_own_unpublished ON comments (author_key, article_key) WHERE status IN ('pending', 'removed', 'spam');

CREATE TABLE flags (
    article_key  bigint NOT NULL,
    comment_id   uuid NOT NULL,
    author_key   bigint NOT NULL REFERENCES authors,
    reason       text NOT NULL
        CHECK (reason IN ('spam', 'abuse', 'hate', 'off_topic', 'misinformation', 'illegal', 'other')),
    note         text,
    weight       real NOT NULL DEFAULT 1 CHECK (weight BETWEEN 0 AND 1),
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'upheld', 'dismissed')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT flags_one_per_author PRIMARY KEY (article_key, comment_id, author_key),
    CONSTRAINT flags_comment FOREIGN KEY (article_key, comment_id) REFERENCES comments (article_key, id)
);
-- serves: an author's own flags on an article, and how their flags were judged (own_flags, insert_flag)
CREATE INDEX flags_by_author ON flags (author_key, article_key);

-- What waits for a person; written and deleted in the transaction of the change that makes it wait.
-- urgency: 1000 for illegal content, plus the weight of open flags; among equals the oldest first.
CREATE TABLE queue (
    site_key     integer NOT NULL REFERENCES sites,
    kind         text NOT NULL CHECK (kind IN ('pending', 'flagged', 'appeals')),
    article_key  bigint NOT NULL,
    comment_id   uuid NOT NULL,
    author_key   bigint NOT NULL REFERENCES authors,
    urgency      real NOT NULL DEFAULT 0,
    since        timestamptz NOT NULL DEFAULT now(),
    checks       text[] NOT NULL DEFAULT '{}',
    reasons      text[] NOT NULL DEFAULT '{}',
    CONSTRAINT queue_pkey PRIMARY KEY (article_key, comment_id, kind),
    CONSTRAINT queue_comment FOREIGN KEY (article_key, comment_id) REFERENCES comments (article_key, id)
);
INSERT INTO queue (site_key, kind, article_key, comment_id, author_key, checks)
SELECT site_key, 'pending', article_key, id, author_key, held_by FROM comments WHERE status = 'pending';

-- One appeal for each removal; version is the comment's when it was removed.
CREATE TABLE appeals (
    article_key  bigint NOT NULL,
    comment_id   uuid NOT NULL,
    version      integer NOT NULL,
    author_key   bigint NOT NULL REFERENCES authors,
    text         text NOT NULL,
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'granted', 'refused')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    decided_at   timestamptz,
    CONSTRAINT appeals_one_per_removal PRIMARY KEY (article_key, comment_id, version),
    CONSTRAINT appeals_comment FOREIGN KEY (article_key, comment_id) REFERENCES comments (article_key, id)
);

-- Moderators' notes on decisions: words, so not in the log itself.
CREATE TABLE decision_notes (
    decision_id  uuid PRIMARY KEY REFERENCES decisions,
    text         text NOT NULL
);

-- serves: the last decision on a comment (own_unpublished)
CREATE INDEX decisions_by_comment ON decisions (comment_id, created_at) WHERE comment_id IS NOT NULL;
