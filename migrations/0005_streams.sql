-- What live streams resume from.

-- serves: an article's events after a stream's last id, and the votes just before it (article_events)
CREATE INDEX events_by_article ON events (article_key, position) WHERE article_key IS NOT NULL;
-- serves: a site's decisions after a stream's last id (site_decisions)
CREATE INDEX events_with_decision ON events (site_key, position) WHERE decision_id IS NOT NULL;
