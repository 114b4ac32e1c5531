-- What moderators find comments, articles and people by, and the numbers kept for them.

-- Words as they are compared: case and accents folded, compatible forms made one. Not by a dictionary of PostgreSQL's
-- (unaccent), as extensions are not everybody's to install.
CREATE FUNCTION fold_text(words text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN normalize(replace(replace(replace(translate(
        regexp_replace(lower(normalize(words, NFKD)), U&'[\0300-\036F]', '', 'g'),
        'øłđħŧı', 'oldhti'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), NFC);

-- How the words of a language are stemmed; where PostgreSQL knows no such language they are taken as they are.
CREATE FUNCTION search_configuration(language text) RETURNS regconfig
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE split_part(coalesce(language, 'en'), '-', 1)
        WHEN 'ar' THEN 'pg_catalog.arabic'::regconfig
        WHEN 'ca' THEN 'pg_catalog.catalan'::regconfig
        WHEN 'da' THEN 'pg_catalog.danish'::regconfig
        WHEN 'de' THEN 'pg_catalog.german'::regconfig
        WHEN 'el' THEN 'pg_catalog.greek'::regconfig
        WHEN 'en' THEN 'pg_catalog.english'::regconfig
        WHEN 'es' THEN 'pg_catalog.spanish'::regconfig
        WHEN 'eu' THEN 'pg_catalog.basque'::regconfig
        WHEN 'fi' THEN 'pg_catalog.finnish'::regconfig
        WHEN 'fr' THEN 'pg_catalog.french'::regconfig
        WHEN 'ga' THEN 'pg_catalog.irish'::regconfig
        WHEN 'hi' THEN 'pg_catalog.hindi'::regconfig
        WHEN 'hu' THEN 'pg_catalog.hungarian'::regconfig
        WHEN 'hy' THEN 'pg_catalog.armenian'::regconfig
        WHEN 'id' THEN 'pg_catalog.indonesian'::regconfig
        WHEN 'it' THEN 'pg_catalog.italian'::regconfig
        WHEN 'lt' THEN 'pg_catalog.lithuanian'::regconfig
        WHEN 'nb' THEN 'pg_catalog.norwegian'::regconfig
        WHEN 'ne' THEN 'pg_catalog.nepali'::regconfig
        WHEN 'nl' THEN 'pg_catalog.dutch'::regconfig
        WHEN 'nn' THEN 'pg_catalog.norwegian'::regconfig
        WHEN 'no' THEN 'pg_catalog.norwegian'::regconfig
        WHEN 'pt' THEN 'pg_catalog.portuguese'::regconfig
        WHEN 'ro' THEN 'pg_catalog.romanian'::regconfig
        WHEN 'ru' THEN 'pg_catalog.russian'::regconfig
        WHEN 'sr' THEN 'pg_catalog.serbian'::regconfig
        WHEN 'sv' THEN 'pg_catalog.swedish'::regconfig
        WHEN 'ta' THEN 'pg_catalog.tamil'::regconfig
        WHEN 'tr' THEN 'pg_catalog.turkish'::regconfig
        WHEN 'yi' THEN 'pg_catalog.yiddish'::regconfig
        ELSE 'pg_catalog.simple'::regconfig
    END;

-- Folded words one by one; punctuation parts them, so that a search finds the parts of addresses and compounds.
CREATE FUNCTION search_vector(language text, words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector(search_configuration(language),
                       translate(fold_text(words), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~’‘“”„«»…–—·', repeat(' ', 43)));

-- The words of every comment that is not deleted, an edit that waits included; kept by the lane of that name.
-- null: it is still to read them (again).
CREATE TABLE comment_words (
    site_key    integer NOT NULL,
    comment_id  uuid NOT NULL,
    words       tsvector,
    CONSTRAINT comment_words_pkey PRIMARY KEY (site_key, comment_id)
);
-- serves: comments with rare words (search_words)
CREATE INDEX comment_words_by_word ON comment_words USING gin (words) WITH (gin_pending_list_limit = 512);
-- serves: comments whose words are still to be read (follow_words)
CREATE INDEX comment_words_unread ON comment_words (site_key, comment_id) WHERE words IS NULL;
INSERT INTO comment_words (site_key, comment_id) SELECT site_key, id FROM comments WHERE status <> 'deleted';
INSERT INTO followers (name, position) SELECT 'search', coalesce(max(position), 0) FROM events;

-- Whoever clears words need not know of the search: nothing can be found by them from the same moment.
CREATE FUNCTION forget_words() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
BEGIN
    UPDATE comment_words w SET words = NULL FROM comments c
    WHERE c.article_key = OLD.article_key AND c.id = OLD.comment_id
        AND w.site_key = c.site_key AND w.comment_id = c.id AND w.words IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER revisions_forget_words AFTER UPDATE OF text OR DELETE ON revisions
    FOR EACH ROW EXECUTE FUNCTION forget_words();

-- serves: queues in order (walk_queue, count_queues)
CREATE INDEX queue_in_order ON queue (site_key, kind, (-urgency), since, comment_id);
-- serves: what was removed, or is spam, newest first (walk_removed, walk_spam)
CREATE INDEX comments_refused ON comments (site_key, status, id) WHERE status IN ('removed', 'spam');

-- serves: the log of a site (decisions_of_site)
CREATE INDEX decisions_by_site ON decisions (site_key, created_at, id);
-- serves: what a moderator decided (decisions_of_moderator)
CREATE INDEX decisions_by_moderator ON decisions (moderator_key, created_at, id) WHERE moderator_key IS NOT NULL;
-- serves: what was decided on somebody and what they wrote (decisions_of_author)
CREATE INDEX decisions_by_author ON decisions (author_key, created_at, id) WHERE author_key IS NOT NULL;

-- serves: articles, newest first (articles_of_site)
CREATE INDEX articles_by_site ON articles (site_key, key);
-- serves: a section's articles, newest first (articles_of_section)
CREATE INDEX articles_by_section ON articles (site_key, section, key);
-- serves: articles whose id begins so (find_articles)
CREATE INDEX articles_by_id_prefix ON articles (site_key, external_id COLLATE "C");
-- serves: articles with these words in their title (find_articles)
CREATE INDEX articles_by_title ON articles USING gin (search_vector('simple', title));
-- serves: people whose name begins so (find_authors)
CREATE INDEX authors_by_name ON authors (site_key, fold_text(name) COLLATE "C", key);

-- Whose comment a flag was upheld against.
ALTER TABLE flags ADD COLUMN upheld_against bigint;
UPDATE flags f SET upheld_against = c.author_key FROM comments c
WHERE f.state = 'upheld' AND c.article_key = f.article_key AND c.id = f.comment_id;
-- serves: how many flags were upheld against an author (read_items, find_authors)
CREATE INDEX flags_upheld ON flags (upheld_against) WHERE upheld_against IS NOT NULL;

-- Comments by status, as of the log's end; kept by advance_log alone.
CREATE TABLE author_counts (
    author_key  bigint PRIMARY KEY,
    published   bigint NOT NULL,
    pending     bigint NOT NULL,
    removed     bigint NOT NULL,
    spam        bigint NOT NULL,
    deleted     bigint NOT NULL
);
CREATE TABLE site_counts (
    site_key    integer PRIMARY KEY,
    published   bigint NOT NULL,
    pending     bigint NOT NULL,
    removed     bigint NOT NULL,
    spam        bigint NOT NULL,
    deleted     bigint NOT NULL
);
-- From here on nobody writes until this is committed: what waits in the outbox is counted when it gets its place.
LOCK TABLE outbox IN SHARE MODE;
CREATE TEMPORARY TABLE counted ON COMMIT DROP AS
SELECT site_key, author_key,
       coalesce(sum(n) FILTER (WHERE status = 'published'), 0) AS published,
       coalesce(sum(n) FILTER (WHERE status = 'pending'), 0) AS pending,
       coalesce(sum(n) FILTER (WHERE status = 'removed'), 0) AS removed,
       coalesce(sum(n) FILTER (WHERE status = 'spam'), 0) AS spam,
       coalesce(sum(n) FILTER (WHERE status = 'deleted'), 0) AS deleted
FROM (
    SELECT site_key, author_key, status, 1 AS n FROM comments
    UNION ALL
    SELECT site_key, author_key, to_status, -1 FROM outbox
    WHERE comment_id IS NOT NULL AND to_status IS NOT NULL AND to_status IS DISTINCT FROM from_status
    UNION ALL
    SELECT site_key, author_key, from_status, 1 FROM outbox
    WHERE comment_id IS NOT NULL AND from_status IS NOT NULL AND to_status IS DISTINCT FROM from_status
) AS changes
GROUP BY site_key, author_key;
INSERT INTO author_counts SELECT author_key, published, pending, removed, spam, deleted FROM counted;
INSERT INTO site_counts
SELECT site_key, sum(published), sum(pending), sum(removed), sum(spam), sum(deleted) FROM counted GROUP BY site_key;
