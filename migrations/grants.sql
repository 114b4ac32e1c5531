-- What the service's own login may do; applied after every migration when it is not the owner.
-- :app is replaced by that login's quoted name.
GRANT USAGE ON SCHEMA public TO :app;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    sites, signing_keys, api_keys, articles, article_ids, article_counts, authors, comments, revisions,
    recent_texts, idempotency_keys, import_replies, outbox, followers,
    votes, flags, queue, appeals, decision_notes, near_texts,
    comment_words, author_counts, site_counts,
    notices, notifications,
    erased_people, erasures,
    network_bans, removals, removed_comments, author_notes, addresses,
    article_hours, site_hours,
    webhooks, deliveries, overdue_queues TO :app;
GRANT SELECT, INSERT ON decisions, events, settings_changes TO :app;
GRANT SELECT ON schema_migrations TO :app;
GRANT EXECUTE ON FUNCTION trim_events(interval) TO :app;
