-- Notices of illegal content, answers to flags and appeals, notifications.

-- What somebody says is illegal (EU Digital Services Act, article 16): with a flag, or without an account.
-- author_key is null for the latter; name and contact are theirs. Words are for moderators only.
CREATE TABLE notices (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    site_key      integer NOT NULL REFERENCES sites,
    article_key   bigint NOT NULL,
    comment_id    uuid NOT NULL,
    author_key    bigint REFERENCES authors,
    explanation   text NOT NULL,
    legal_ground  text NOT NULL,
    name          text,
    contact       text,
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'upheld', 'dismissed')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    answered_at   timestamptz,
    decision_id   uuid,
    CONSTRAINT notices_comment FOREIGN KEY (article_key, comment_id) REFERENCES comments (article_key, id),
    CONSTRAINT notices_answered CHECK ((state = 'open') = (answered_at IS NULL))
);
-- serves: the notices of a comment (lock_comment, open_flags, answer_notices)
CREATE INDEX notices_by_comment ON notices (article_key, comment_id);

-- The decision that answered it.
ALTER TABLE flags ADD COLUMN decision_id uuid;
ALTER TABLE appeals ADD COLUMN decision_id uuid;
-- withdrawn: its author deleted the comment
ALTER TABLE appeals DROP CONSTRAINT appeals_state_check,
    ADD CONSTRAINT appeals_state_check CHECK (state IN ('open', 'granted', 'refused', 'withdrawn'));

-- What people are told of, written by the lane of that name; position is the event's. Codes only: words are read when
-- they are shown, as whoever looks may see them then.
CREATE TABLE notifications (
    author_key   bigint NOT NULL REFERENCES authors,
    position     bigint NOT NULL,
    type         text NOT NULL
        CHECK (type IN ('reply', 'approved', 'removed', 'appeal_decided', 'flag_answered', 'ban_changed')),
    article_key  bigint,
    comment_id   uuid,
    reason       text,
    created_at   timestamptz NOT NULL,
    CONSTRAINT notifications_pkey PRIMARY KEY (author_key, position, type)
);
-- serves: what is new for anybody (notifications_after)
CREATE INDEX notifications_by_position ON notifications (position);
-- A reply is told once, however often it is held and approved.
CREATE UNIQUE INDEX notifications_reply_once ON notifications (comment_id) WHERE type = 'reply';

INSERT INTO followers (name, position) SELECT 'notifications', coalesce(max(position), 0) FROM events;
