-- Publishers' servers, what time changes of articles, the log of settings, and counts by the hour.

-- unlocked_at: when a moderator last opened it, auto_lock_days count from then; merged_into: its comments move there.
ALTER TABLE articles
    ADD COLUMN unlocked_at timestamptz,
    ADD COLUMN merged_into bigint REFERENCES articles;
ALTER TABLE sites ADD COLUMN auto_lock_days integer
    GENERATED ALWAYS AS (CASE WHEN jsonb_typeof(settings -> 'auto_lock_days') = 'number'
                              THEN least((settings ->> 'auto_lock_days')::numeric, 36500)::integer END) STORED;

-- Whether an article takes no comments now: locked by a person, hidden, moving, or by its times. Its own closing time
-- counts instead of the site's auto_lock_days.
CREATE FUNCTION is_locked(a articles, auto_lock_days integer) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN a.locked OR a.visibility = 'hidden' OR a.merged_into IS NOT NULL
        OR coalesce(now() < a.opens_at, false)
        OR coalesce(now() >= coalesce(a.closes_at, greatest(a.created_at, a.opens_at, a.unlocked_at)
                                                   + auto_lock_days * interval '1 day'), false);

-- What people are told of it: a person's reason stands before those of times.
CREATE FUNCTION why_locked(a articles, auto_lock_days integer) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN NOT is_locked(a, auto_lock_days) OR a.visibility = 'hidden' THEN NULL
        WHEN a.locked OR a.locked_reason IS NOT NULL THEN a.locked_reason
        WHEN a.merged_into IS NOT NULL THEN 'This discussion is moving to another article.'
        WHEN now() < a.opens_at THEN 'This discussion is not open yet.'
        ELSE 'This discussion is closed.'
    END;

-- serves: articles that open now (tell_times)
CREATE INDEX articles_by_opening ON articles (opens_at) WHERE opens_at IS NOT NULL;
-- serves: articles that close now (tell_times)
CREATE INDEX articles_by_closing ON articles (closes_at) WHERE closes_at IS NOT NULL;
-- serves: articles that are old enough now to be locked (tell_times)
CREATE INDEX articles_by_age ON articles (site_key, greatest(created_at, opens_at, unlocked_at)) WHERE closes_at IS NULL;
-- serves: the sites that lock old articles (tell_times)
CREATE INDEX sites_that_lock ON sites (key) WHERE auto_lock_days IS NOT NULL;
-- serves: articles whose comments are still moving (next_merge)
CREATE INDEX articles_merging ON articles (merged_into) WHERE merged_into IS NOT NULL;
-- moved_at of this lane is the moment up to which times have been told.
INSERT INTO followers (name) VALUES ('timers');

-- serves: a comment's replies whatever their status, when they move to another article (move_thread, settle_thread)
CREATE INDEX comments_by_parent ON comments (article_key, parent_id) WHERE parent_id IS NOT NULL;

-- What hangs on a comment goes with it to another article.
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT conname, conrelid::regclass AS place, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE contype = 'f' AND confrelid = 'comments'::regclass AND confupdtype <> 'c'
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s ON UPDATE CASCADE',
                       found.place, found.conname, found.conname, found.definition);
    END LOOP;
END $$;

-- serves: what people were told of comments that move to another article (settle_thread, move_notifications)
CREATE INDEX notifications_by_article ON notifications (article_key, comment_id) WHERE article_key IS NOT NULL;

-- Append-only: what each change of a site's settings was; who and when stand in its decision.
CREATE TABLE settings_changes (
    decision_id  uuid PRIMARY KEY REFERENCES decisions,
    site_key     integer NOT NULL REFERENCES sites,
    version      integer NOT NULL,
    fields       text[] NOT NULL,
    previous     jsonb NOT NULL,
    CONSTRAINT settings_changes_one_per_version UNIQUE (site_key, version)
);

-- The code that goes with an event: a flag's reason.
ALTER TABLE outbox ADD COLUMN reason text;
ALTER TABLE events ADD COLUMN reason text;

-- The hour a comment was written in, as its id tells.
CREATE FUNCTION hour_of(id uuid) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_timestamp((('x' || encode(substring(uuid_send(id) FROM 1 FOR 6), 'hex'))::bit(48)::bigint / 3600000) * 3600);

-- Published comments by the hour they were written in, for eight days; kept by advance_log alone.
CREATE TABLE article_hours (
    site_key     integer NOT NULL,
    hour         timestamptz NOT NULL,
    article_key  bigint NOT NULL,
    comments     integer NOT NULL,
    CONSTRAINT article_hours_pkey PRIMARY KEY (site_key, hour, article_key)
);
-- serves: forgetting them after eight days (forget_hours)
CREATE INDEX article_hours_by_hour ON article_hours (hour);

INSERT INTO article_hours (site_key, hour, article_key, comments)
SELECT site_key, hour_of(id), article_key, count(*) FROM comments c
WHERE status = 'published' AND NOT EXISTS (SELECT FROM outbox o WHERE o.comment_id = c.id)
    AND id >= (lpad(to_hex((extract(epoch FROM now() - interval '8 days') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
GROUP BY 1, 2, 3;

-- What happened on a site in an hour; measure is comments, held, removed, waiting, oldest_seconds, check:NAME or
-- reason:NAME.
CREATE TABLE site_hours (
    site_key  integer NOT NULL,
    hour      timestamptz NOT NULL,
    measure   text NOT NULL,
    number    bigint NOT NULL,
    CONSTRAINT site_hours_pkey PRIMARY KEY (site_key, hour, measure)
);
-- serves: forgetting them after eight days (forget_hours)
CREATE INDEX site_hours_by_hour ON site_hours (hour);
INSERT INTO followers (name, position) SELECT 'hours', coalesce(max(position), 0) FROM events;
