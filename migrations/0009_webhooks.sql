-- Publishers' webhooks, what is delivered to them, and whose queue was called overdue.

-- The secret is stored as it is: signing needs it. failing_since: no delivery has succeeded since the one that failed then.
CREATE TABLE webhooks (
    key            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id             uuid NOT NULL CONSTRAINT webhooks_id_unique UNIQUE,
    site_key       integer NOT NULL REFERENCES sites,
    url            text NOT NULL,
    secret         text NOT NULL,
    types          text[] NOT NULL DEFAULT '{}',
    active         boolean NOT NULL DEFAULT true,
    failing_since  timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now()
);
-- serves: a site's webhooks (list_webhooks, insert_webhook), and whom its events are for (tell_webhooks)
CREATE INDEX webhooks_by_site ON webhooks (site_key, id);

-- One event for one webhook. Ids only: the words are looked up when they are sent, so erasure need not come here.
-- next_at is the end of the lease while a process sends it, so nothing is lost with the process.
CREATE TABLE deliveries (
    webhook_key  bigint NOT NULL CONSTRAINT deliveries_webhook REFERENCES webhooks ON DELETE CASCADE,
    id           uuid NOT NULL,
    type         text NOT NULL,
    article_key  bigint,
    comment_id   uuid,
    author_key   bigint,
    decision_id  uuid,
    happened_at  timestamptz NOT NULL,
    status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts     integer NOT NULL DEFAULT 0,
    next_at      timestamptz DEFAULT clock_timestamp(),
    last_status  smallint,
    CONSTRAINT deliveries_pkey PRIMARY KEY (webhook_key, id),
    CONSTRAINT deliveries_next_when_pending CHECK ((status = 'pending') = (next_at IS NOT NULL))
);
-- serves: what is due, by webhook (claim_deliveries, delivery_lag)
CREATE INDEX deliveries_due ON deliveries (webhook_key, next_at) WHERE status = 'pending';
-- serves: forgetting deliveries after 30 days (forget_deliveries)
CREATE INDEX deliveries_by_time ON deliveries (happened_at);

-- Sites whose queue was called overdue and has not been caught up with since.
CREATE TABLE overdue_queues (
    site_key  integer PRIMARY KEY REFERENCES sites,
    told_at   timestamptz NOT NULL DEFAULT now()
);
-- serves: what has waited longest for a moderator (tell_overdue)
CREATE INDEX queue_waiting_longest ON queue (site_key, since) WHERE kind = 'pending';
-- serves: the sites that want to be told (tell_overdue)
CREATE INDEX sites_by_overdue_minutes ON sites ((settings ->> 'overdue_minutes'));

INSERT INTO followers (name, position) SELECT 'webhooks', coalesce(max(position), 0) FROM events;
INSERT INTO followers (name) VALUES ('overdue');
