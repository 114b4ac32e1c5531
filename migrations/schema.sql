-- What the migrations build, to read and to compare. Written by `python -m tests.snapshot`; never applied.

CREATE FUNCTION public.controversy(up integer, down integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((up = 0) OR (down = 0)) THEN (0)::double precision ELSE ((((up)::double precision + (down)::double precision) * (LEAST(up, down))::double precision) / (GREATEST(up, down))::double precision) END;

CREATE FUNCTION public.first_id_at(moment timestamp with time zone) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((lpad(to_hex(((EXTRACT(epoch FROM moment) * (1000)::numeric))::bigint), 12, '0'::text) || repeat('0'::text, 20)))::uuid;

CREATE FUNCTION public.fold_text(words text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN NORMALIZE(replace(replace(replace(translate(regexp_replace(lower(NORMALIZE(words, NFKD)), '[̀-ͯ]'::text, ''::text, 'g'::text), 'øłđħŧı'::text, 'oldhti'::text), 'ß'::text, 'ss'::text), 'æ'::text, 'ae'::text), 'œ'::text, 'oe'::text), NFC);

CREATE FUNCTION public.forget_words() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
BEGIN
    UPDATE comment_words w SET words = NULL FROM comments c
    WHERE c.article_key = OLD.article_key AND c.id = OLD.comment_id
        AND w.site_key = c.site_key AND w.comment_id = c.id AND w.words IS NOT NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION public.hour_of(id uuid) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_timestamp((((((('x'::text || encode(SUBSTRING(uuid_send(id) FROM 1 FOR 6), 'hex'::text)))::bit(48))::bigint / 3600000) * 3600))::double precision);

CREATE TABLE public.articles (
    key bigint NOT NULL,
    site_key integer NOT NULL,
    external_id text NOT NULL,
    title text,
    url text,
    section text,
    registered boolean DEFAULT false NOT NULL,
    locked boolean DEFAULT false NOT NULL,
    locked_reason text,
    moderation text,
    visibility text DEFAULT 'shown'::text NOT NULL,
    opens_at timestamp with time zone,
    closes_at timestamp with time zone,
    source jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    slow_mode_seconds integer,
    unlocked_at timestamp with time zone,
    merged_into bigint,
    CONSTRAINT articles_moderation_check CHECK ((moderation = ANY (ARRAY['pre'::text, 'post'::text]))),
    CONSTRAINT articles_slow_mode_seconds_check CHECK (((slow_mode_seconds >= 1) AND (slow_mode_seconds <= 86400))),
    CONSTRAINT articles_visibility_check CHECK ((visibility = ANY (ARRAY['shown'::text, 'hidden'::text])))
);

CREATE FUNCTION public.is_locked(a public.articles, auto_lock_days integer) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((a).locked OR ((a).visibility = 'hidden'::text) OR ((a).merged_into IS NOT NULL) OR COALESCE((now() < (a).opens_at), false) OR COALESCE((now() >= COALESCE((a).closes_at, (GREATEST((a).created_at, (a).opens_at, (a).unlocked_at) + ((auto_lock_days)::double precision * '1 day'::interval)))), false));

CREATE FUNCTION public.search_configuration(language text) RETURNS regconfig
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE split_part(COALESCE(language, 'en'::text), '-'::text, 1) WHEN 'ar'::text THEN 'arabic'::regconfig WHEN 'ca'::text THEN 'catalan'::regconfig WHEN 'da'::text THEN 'danish'::regconfig WHEN 'de'::text THEN 'german'::regconfig WHEN 'el'::text THEN 'greek'::regconfig WHEN 'en'::text THEN 'english'::regconfig WHEN 'es'::text THEN 'spanish'::regconfig WHEN 'eu'::text THEN 'basque'::regconfig WHEN 'fi'::text THEN 'finnish'::regconfig WHEN 'fr'::text THEN 'french'::regconfig WHEN 'ga'::text THEN 'irish'::regconfig WHEN 'hi'::text THEN 'hindi'::regconfig WHEN 'hu'::text THEN 'hungarian'::regconfig WHEN 'hy'::text THEN 'armenian'::regconfig WHEN 'id'::text THEN 'indonesian'::regconfig WHEN 'it'::text THEN 'italian'::regconfig WHEN 'lt'::text THEN 'lithuanian'::regconfig WHEN 'nb'::text THEN 'norwegian'::regconfig WHEN 'ne'::text THEN 'nepali'::regconfig WHEN 'nl'::text THEN 'dutch'::regconfig WHEN 'nn'::text THEN 'norwegian'::regconfig WHEN 'no'::text THEN 'norwegian'::regconfig WHEN 'pt'::text THEN 'portuguese'::regconfig WHEN 'ro'::text THEN 'romanian'::regconfig WHEN 'ru'::text THEN 'russian'::regconfig WHEN 'sr'::text THEN 'serbian'::regconfig WHEN 'sv'::text THEN 'swedish'::regconfig WHEN 'ta'::text THEN 'tamil'::regconfig WHEN 'tr'::text THEN 'turkish'::regconfig WHEN 'yi'::text THEN 'yiddish'::regconfig ELSE 'simple'::regconfig END;

CREATE FUNCTION public.search_vector(language text, words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector(public.search_configuration(language), translate(public.fold_text(words), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~’‘“”„«»…–—·'::text, repeat(' '::text, 43)));

CREATE FUNCTION public.trim_events(older_than interval) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
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

CREATE FUNCTION public.why_locked(a public.articles, auto_lock_days integer) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ((NOT public.is_locked(a, auto_lock_days)) OR ((a).visibility = 'hidden'::text)) THEN NULL::text WHEN ((a).locked OR ((a).locked_reason IS NOT NULL)) THEN (a).locked_reason WHEN ((a).merged_into IS NOT NULL) THEN 'This discussion is moving to another article.'::text WHEN (now() < (a).opens_at) THEN 'This discussion is not open yet.'::text ELSE 'This discussion is closed.'::text END;

CREATE FUNCTION public.wilson_lower_bound(up integer, down integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (up = 0) THEN (0)::double precision ELSE (((((up)::double precision / ((up)::double precision + (down)::double precision)) + (((1.96)::double precision * (1.96)::double precision) / ((2)::double precision * ((up)::double precision + (down)::double precision)))) - ((1.96)::double precision * sqrt((((((up)::double precision / ((up)::double precision + (down)::double precision)) * ((1)::double precision - ((up)::double precision / ((up)::double precision + (down)::double precision)))) + (((1.96)::double precision * (1.96)::double precision) / ((4)::double precision * ((up)::double precision + (down)::double precision)))) / ((up)::double precision + (down)::double precision))))) / ((1)::double precision + (((1.96)::double precision * (1.96)::double precision) / ((up)::double precision + (down)::double precision)))) END;

CREATE TABLE public.addresses (
    site_key integer NOT NULL,
    author_key bigint NOT NULL,
    hash bytea NOT NULL,
    first_seen timestamp with time zone DEFAULT now() NOT NULL,
    last_seen timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT addresses_hash_check CHECK ((octet_length(hash) = 16))
);

CREATE TABLE public.api_keys (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    site_key integer NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone
);

CREATE TABLE public.appeals (
    article_key bigint NOT NULL,
    comment_id uuid NOT NULL,
    version integer NOT NULL,
    author_key bigint NOT NULL,
    text text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    decided_at timestamp with time zone,
    decision_id uuid,
    CONSTRAINT appeals_state_check CHECK ((state = ANY (ARRAY['open'::text, 'granted'::text, 'refused'::text, 'withdrawn'::text])))
);

CREATE TABLE public.article_counts (
    article_key bigint NOT NULL,
    comment_count bigint DEFAULT 0 NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    CONSTRAINT article_counts_not_negative CHECK ((comment_count >= 0))
);

CREATE TABLE public.article_hours (
    site_key integer NOT NULL,
    hour timestamp with time zone NOT NULL,
    article_key bigint NOT NULL,
    comments integer NOT NULL
);

CREATE TABLE public.article_ids (
    site_key integer NOT NULL,
    external_id text NOT NULL,
    article_key bigint NOT NULL,
    CONSTRAINT article_ids_external_id_check CHECK (((external_id ~ '^[A-Za-z0-9._~:-]{1,200}$'::text) AND (external_id <> ALL (ARRAY['.'::text, '..'::text]))))
);

ALTER TABLE public.articles ALTER COLUMN key ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.articles_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.author_counts (
    author_key bigint NOT NULL,
    published bigint NOT NULL,
    pending bigint NOT NULL,
    removed bigint NOT NULL,
    spam bigint NOT NULL,
    deleted bigint NOT NULL
);

CREATE TABLE public.author_notes (
    id uuid NOT NULL,
    site_key integer NOT NULL,
    author_key bigint NOT NULL,
    moderator_key bigint NOT NULL,
    text text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.authors (
    key bigint NOT NULL,
    id uuid NOT NULL,
    site_key integer NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    name text NOT NULL,
    avatar_url text,
    roles text[] DEFAULT '{}'::text[] NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    guest boolean DEFAULT false NOT NULL,
    granted_role text,
    banned_until timestamp with time zone,
    ban_reason text,
    revoked_before timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    hidden boolean DEFAULT false NOT NULL,
    CONSTRAINT authors_granted_role_check CHECK ((granted_role = ANY (ARRAY['staff'::text, 'moderator'::text, 'admin'::text])))
);

ALTER TABLE public.authors ALTER COLUMN key ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.authors_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.comment_words (
    site_key integer NOT NULL,
    comment_id uuid NOT NULL,
    words tsvector
);

CREATE TABLE public.comments (
    article_key bigint NOT NULL,
    id uuid NOT NULL,
    parent_id uuid,
    root_id uuid NOT NULL,
    depth smallint NOT NULL,
    path bytea NOT NULL,
    author_key bigint NOT NULL,
    status text NOT NULL,
    prior_status text,
    version integer DEFAULT 1 NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    held_by text[] DEFAULT '{}'::text[] NOT NULL,
    featured boolean DEFAULT false NOT NULL,
    edited_at timestamp with time zone,
    up integer DEFAULT 0 NOT NULL,
    down integer DEFAULT 0 NOT NULL,
    reply_count integer DEFAULT 0 NOT NULL,
    descendant_count integer DEFAULT 0 NOT NULL,
    source jsonb,
    listed boolean GENERATED ALWAYS AS (((status = 'published'::text) OR (descendant_count > 0))) STORED,
    top double precision GENERATED ALWAYS AS (public.wilson_lower_bound(up, down)) STORED,
    controversy double precision GENERATED ALWAYS AS (public.controversy(up, down)) STORED,
    site_key integer NOT NULL,
    pending_revision integer,
    approved boolean DEFAULT false NOT NULL,
    edited boolean DEFAULT false NOT NULL,
    held_details jsonb,
    deleted_at timestamp with time zone,
    CONSTRAINT comments_check CHECK ((octet_length(path) = (16 * (depth + 1)))),
    CONSTRAINT comments_depth_check CHECK (((depth >= 0) AND (depth <= 8))),
    CONSTRAINT comments_descendants_not_negative CHECK ((descendant_count >= 0)),
    CONSTRAINT comments_down_check CHECK ((down >= 0)),
    CONSTRAINT comments_prior_status_check CHECK ((prior_status = ANY (ARRAY['pending'::text, 'published'::text]))),
    CONSTRAINT comments_replies_not_negative CHECK ((reply_count >= 0)),
    CONSTRAINT comments_root_is_own CHECK (((parent_id IS NULL) = (root_id = id))),
    CONSTRAINT comments_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'published'::text, 'removed'::text, 'spam'::text, 'deleted'::text]))),
    CONSTRAINT comments_up_check CHECK ((up >= 0))
)
WITH (fillfactor='85');

CREATE TABLE public.decision_notes (
    decision_id uuid NOT NULL,
    text text NOT NULL
);

CREATE TABLE public.decisions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    site_key integer NOT NULL,
    article_key bigint,
    comment_id uuid,
    author_key bigint,
    action text NOT NULL,
    from_status text,
    to_status text,
    check_name text,
    moderator_key bigint,
    reason text,
    version integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.deliveries (
    webhook_key bigint NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    article_key bigint,
    comment_id uuid,
    author_key bigint,
    decision_id uuid,
    happened_at timestamp with time zone NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone DEFAULT clock_timestamp(),
    last_status smallint,
    CONSTRAINT deliveries_next_when_pending CHECK (((status = 'pending'::text) = (next_at IS NOT NULL))),
    CONSTRAINT deliveries_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text])))
);

CREATE TABLE public.erased_people (
    site_key integer NOT NULL,
    hash bytea NOT NULL,
    banned_until timestamp with time zone,
    erased_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT erased_people_hash_check CHECK ((octet_length(hash) = 32))
);

CREATE TABLE public.erasures (
    id uuid NOT NULL,
    site_key integer NOT NULL,
    author_key bigint,
    hash bytea NOT NULL,
    mode text NOT NULL,
    state text DEFAULT 'words'::text NOT NULL,
    at uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    asked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    done_at timestamp with time zone,
    CONSTRAINT erasures_done CHECK ((((state = 'done'::text) = (author_key IS NULL)) AND ((state = 'done'::text) = (done_at IS NOT NULL)))),
    CONSTRAINT erasures_mode_check CHECK ((mode = ANY (ARRAY['anonymise'::text, 'delete'::text]))),
    CONSTRAINT erasures_state_check CHECK ((state = ANY (ARRAY['words'::text, 'comments'::text, 'done'::text])))
);

CREATE TABLE public.events (
    "position" bigint NOT NULL,
    kind text NOT NULL,
    site_key integer NOT NULL,
    article_key bigint,
    comment_id uuid,
    author_key bigint,
    from_status text,
    to_status text,
    written_at timestamp with time zone NOT NULL,
    logged_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    up_delta smallint DEFAULT 0 NOT NULL,
    down_delta smallint DEFAULT 0 NOT NULL,
    decision_id uuid,
    reason text
);

ALTER TABLE public.events ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.events_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.flags (
    article_key bigint NOT NULL,
    comment_id uuid NOT NULL,
    author_key bigint NOT NULL,
    reason text NOT NULL,
    note text,
    weight real DEFAULT 1 NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    upheld_against bigint,
    decision_id uuid,
    CONSTRAINT flags_reason_check CHECK ((reason = ANY (ARRAY['spam'::text, 'abuse'::text, 'hate'::text, 'off_topic'::text, 'misinformation'::text, 'illegal'::text, 'other'::text]))),
    CONSTRAINT flags_state_check CHECK ((state = ANY (ARRAY['open'::text, 'upheld'::text, 'dismissed'::text]))),
    CONSTRAINT flags_weight_check CHECK (((weight >= (0)::double precision) AND (weight <= (1)::double precision)))
);

CREATE TABLE public.followers (
    name text NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    epoch uuid DEFAULT gen_random_uuid() NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.idempotency_keys (
    author_key bigint NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    article_key bigint NOT NULL,
    comment_id uuid NOT NULL,
    status smallint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    replayed_at timestamp with time zone
);

CREATE UNLOGGED TABLE public.import_replies (
    import_id uuid NOT NULL,
    n bigint NOT NULL,
    key bytea NOT NULL,
    parent_key bytea,
    level integer,
    size integer NOT NULL,
    record jsonb NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.near_texts (
    site_key integer NOT NULL,
    fingerprint bigint NOT NULL,
    author_key bigint NOT NULL,
    said_at timestamp with time zone NOT NULL
);

CREATE TABLE public.network_bans (
    site_key integer NOT NULL,
    network cidr NOT NULL,
    until timestamp with time zone NOT NULL,
    reason text NOT NULL,
    moderator_key bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT network_bans_network_check CHECK ((masklen((network)::inet) >=
CASE family((network)::inet)
    WHEN 4 THEN 16
    ELSE 32
END))
);

CREATE TABLE public.notices (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    site_key integer NOT NULL,
    article_key bigint NOT NULL,
    comment_id uuid NOT NULL,
    author_key bigint,
    explanation text NOT NULL,
    legal_ground text NOT NULL,
    name text,
    contact text,
    state text DEFAULT 'open'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    answered_at timestamp with time zone,
    decision_id uuid,
    CONSTRAINT notices_answered CHECK (((state = 'open'::text) = (answered_at IS NULL))),
    CONSTRAINT notices_state_check CHECK ((state = ANY (ARRAY['open'::text, 'upheld'::text, 'dismissed'::text])))
);

CREATE TABLE public.notifications (
    author_key bigint NOT NULL,
    "position" bigint NOT NULL,
    type text NOT NULL,
    article_key bigint,
    comment_id uuid,
    reason text,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT notifications_type_check CHECK ((type = ANY (ARRAY['reply'::text, 'approved'::text, 'removed'::text, 'appeal_decided'::text, 'flag_answered'::text, 'ban_changed'::text])))
);

CREATE TABLE public.outbox (
    n bigint NOT NULL,
    kind text NOT NULL,
    site_key integer NOT NULL,
    article_key bigint,
    comment_id uuid,
    author_key bigint,
    from_status text,
    to_status text,
    written_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    up_delta smallint DEFAULT 0 NOT NULL,
    down_delta smallint DEFAULT 0 NOT NULL,
    decision_id uuid,
    reason text
);

ALTER TABLE public.outbox ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_n_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.overdue_queues (
    site_key integer NOT NULL,
    told_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.queue (
    site_key integer NOT NULL,
    kind text NOT NULL,
    article_key bigint NOT NULL,
    comment_id uuid NOT NULL,
    author_key bigint NOT NULL,
    urgency real DEFAULT 0 NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    checks text[] DEFAULT '{}'::text[] NOT NULL,
    reasons text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT queue_kind_check CHECK ((kind = ANY (ARRAY['pending'::text, 'flagged'::text, 'appeals'::text])))
);

CREATE TABLE public.recent_texts (
    author_key bigint NOT NULL,
    fingerprint bytea NOT NULL,
    comment_id uuid NOT NULL,
    said_at timestamp with time zone NOT NULL,
    repeats integer DEFAULT 0 NOT NULL,
    CONSTRAINT recent_texts_same_text_again CHECK ((repeats = 0))
);

CREATE TABLE public.removals (
    id uuid NOT NULL,
    site_key integer NOT NULL,
    author_key bigint NOT NULL,
    moderator_key bigint,
    state text DEFAULT 'running'::text NOT NULL,
    done integer DEFAULT 0 NOT NULL,
    total integer NOT NULL,
    at uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT removals_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'undoing'::text, 'undone'::text])))
);

CREATE TABLE public.removed_comments (
    removal_id uuid NOT NULL,
    comment_id uuid NOT NULL,
    version integer NOT NULL
);

CREATE TABLE public.revisions (
    article_key bigint NOT NULL,
    comment_id uuid NOT NULL,
    number integer NOT NULL,
    text text NOT NULL,
    html text NOT NULL,
    renderer integer NOT NULL,
    status text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT revisions_status_check CHECK ((status = ANY (ARRAY['published'::text, 'pending'::text, 'rejected'::text])))
);

CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.settings_changes (
    decision_id uuid NOT NULL,
    site_key integer NOT NULL,
    version integer NOT NULL,
    fields text[] NOT NULL,
    previous jsonb NOT NULL
);

CREATE TABLE public.signing_keys (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    site_key integer NOT NULL,
    kid text,
    algorithm text NOT NULL,
    issuer text NOT NULL,
    secret bytea,
    public_jwk jsonb,
    jwks_url text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT signing_keys_algorithm_check CHECK ((algorithm = ANY (ARRAY['HS256'::text, 'RS256'::text, 'ES256'::text, 'EdDSA'::text]))),
    CONSTRAINT signing_keys_one_material CHECK ((num_nonnulls(secret, public_jwk, jwks_url) = 1)),
    CONSTRAINT signing_keys_secret_check CHECK ((octet_length(secret) >= 32)),
    CONSTRAINT signing_keys_secret_is_hs256 CHECK (((secret IS NOT NULL) = (algorithm = 'HS256'::text)))
);

CREATE TABLE public.site_counts (
    site_key integer NOT NULL,
    published bigint NOT NULL,
    pending bigint NOT NULL,
    removed bigint NOT NULL,
    spam bigint NOT NULL,
    deleted bigint NOT NULL
);

CREATE TABLE public.site_hours (
    site_key integer NOT NULL,
    hour timestamp with time zone NOT NULL,
    measure text NOT NULL,
    number bigint NOT NULL
);

CREATE TABLE public.sites (
    key integer NOT NULL,
    name text NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    hook_secret bytea DEFAULT (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) NOT NULL,
    auto_lock_days integer GENERATED ALWAYS AS (
CASE
    WHEN (jsonb_typeof((settings -> 'auto_lock_days'::text)) = 'number'::text) THEN (LEAST(((settings ->> 'auto_lock_days'::text))::numeric, (36500)::numeric))::integer
    ELSE NULL::integer
END) STORED,
    CONSTRAINT sites_hook_secret_check CHECK (((octet_length(hook_secret) >= 24) AND (octet_length(hook_secret) <= 64))),
    CONSTRAINT sites_name_check CHECK ((name ~ '^[a-z0-9-]{1,40}$'::text))
);

ALTER TABLE public.sites ALTER COLUMN key ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.sites_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.votes (
    article_key bigint NOT NULL,
    comment_id uuid NOT NULL,
    author_key bigint NOT NULL,
    value smallint NOT NULL,
    previous smallint DEFAULT 0 NOT NULL,
    CONSTRAINT votes_previous_check CHECK ((previous = ANY (ARRAY['-1'::integer, 0, 1]))),
    CONSTRAINT votes_value_check CHECK ((value = ANY (ARRAY['-1'::integer, 0, 1])))
);

CREATE TABLE public.webhooks (
    key bigint NOT NULL,
    id uuid NOT NULL,
    site_key integer NOT NULL,
    url text NOT NULL,
    secret text NOT NULL,
    types text[] DEFAULT '{}'::text[] NOT NULL,
    active boolean DEFAULT true NOT NULL,
    failing_since timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.webhooks ALTER COLUMN key ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.webhooks_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.addresses
    ADD CONSTRAINT addresses_pkey PRIMARY KEY (author_key, hash);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_hash_unique UNIQUE (hash);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.appeals
    ADD CONSTRAINT appeals_one_per_removal PRIMARY KEY (article_key, comment_id, version);

ALTER TABLE ONLY public.article_counts
    ADD CONSTRAINT article_counts_pkey PRIMARY KEY (article_key);

ALTER TABLE ONLY public.article_hours
    ADD CONSTRAINT article_hours_pkey PRIMARY KEY (site_key, hour, article_key);

ALTER TABLE ONLY public.article_ids
    ADD CONSTRAINT article_ids_pkey PRIMARY KEY (site_key, external_id);

ALTER TABLE ONLY public.articles
    ADD CONSTRAINT articles_external_id_unique UNIQUE (site_key, external_id);

ALTER TABLE ONLY public.articles
    ADD CONSTRAINT articles_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.author_counts
    ADD CONSTRAINT author_counts_pkey PRIMARY KEY (author_key);

ALTER TABLE ONLY public.author_notes
    ADD CONSTRAINT author_notes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.authors
    ADD CONSTRAINT authors_id_unique UNIQUE (id);

ALTER TABLE ONLY public.authors
    ADD CONSTRAINT authors_identity_unique UNIQUE (site_key, issuer, subject);

ALTER TABLE ONLY public.authors
    ADD CONSTRAINT authors_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.comment_words
    ADD CONSTRAINT comment_words_pkey PRIMARY KEY (site_key, comment_id);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_pkey PRIMARY KEY (article_key, id);

ALTER TABLE ONLY public.decision_notes
    ADD CONSTRAINT decision_notes_pkey PRIMARY KEY (decision_id);

ALTER TABLE ONLY public.decisions
    ADD CONSTRAINT decisions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (webhook_key, id);

ALTER TABLE ONLY public.erased_people
    ADD CONSTRAINT erased_people_pkey PRIMARY KEY (site_key, hash);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.flags
    ADD CONSTRAINT flags_one_per_author PRIMARY KEY (article_key, comment_id, author_key);

ALTER TABLE ONLY public.followers
    ADD CONSTRAINT followers_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (author_key, key);

ALTER TABLE ONLY public.import_replies
    ADD CONSTRAINT import_replies_pkey PRIMARY KEY (import_id, key);

ALTER TABLE ONLY public.near_texts
    ADD CONSTRAINT near_texts_pkey PRIMARY KEY (site_key, fingerprint, author_key);

ALTER TABLE ONLY public.network_bans
    ADD CONSTRAINT network_bans_pkey PRIMARY KEY (site_key, network);

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (author_key, "position", type);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (n);

ALTER TABLE ONLY public.overdue_queues
    ADD CONSTRAINT overdue_queues_pkey PRIMARY KEY (site_key);

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (article_key, comment_id, kind);

ALTER TABLE ONLY public.recent_texts
    ADD CONSTRAINT recent_texts_pkey PRIMARY KEY (author_key, fingerprint);

ALTER TABLE ONLY public.removals
    ADD CONSTRAINT removals_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.removed_comments
    ADD CONSTRAINT removed_comments_pkey PRIMARY KEY (removal_id, comment_id);

ALTER TABLE ONLY public.revisions
    ADD CONSTRAINT revisions_pkey PRIMARY KEY (article_key, comment_id, number);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.settings_changes
    ADD CONSTRAINT settings_changes_one_per_version UNIQUE (site_key, version);

ALTER TABLE ONLY public.settings_changes
    ADD CONSTRAINT settings_changes_pkey PRIMARY KEY (decision_id);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.site_counts
    ADD CONSTRAINT site_counts_pkey PRIMARY KEY (site_key);

ALTER TABLE ONLY public.site_hours
    ADD CONSTRAINT site_hours_pkey PRIMARY KEY (site_key, hour, measure);

ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_name_unique UNIQUE (name);

ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.votes
    ADD CONSTRAINT votes_one_per_author PRIMARY KEY (article_key, comment_id, author_key);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_id_unique UNIQUE (id);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (key);

CREATE INDEX addresses_by_hash ON public.addresses USING btree (hash, author_key);

CREATE INDEX addresses_by_time ON public.addresses USING btree (site_key, last_seen);

CREATE INDEX appeals_by_author ON public.appeals USING btree (author_key, article_key, comment_id, version);

CREATE INDEX article_hours_by_hour ON public.article_hours USING btree (hour);

CREATE INDEX article_ids_by_article ON public.article_ids USING btree (article_key);

CREATE INDEX articles_by_age ON public.articles USING btree (site_key, GREATEST(created_at, opens_at, unlocked_at)) WHERE (closes_at IS NULL);

CREATE INDEX articles_by_closing ON public.articles USING btree (closes_at) WHERE (closes_at IS NOT NULL);

CREATE INDEX articles_by_id_prefix ON public.articles USING btree (site_key, external_id COLLATE "C");

CREATE INDEX articles_by_opening ON public.articles USING btree (opens_at) WHERE (opens_at IS NOT NULL);

CREATE INDEX articles_by_section ON public.articles USING btree (site_key, section, key);

CREATE INDEX articles_by_site ON public.articles USING btree (site_key, key);

CREATE INDEX articles_by_title ON public.articles USING gin (public.search_vector('simple'::text, title));

CREATE INDEX articles_merging ON public.articles USING btree (merged_into) WHERE (merged_into IS NOT NULL);

CREATE INDEX author_notes_by_author ON public.author_notes USING btree (author_key, id);

CREATE INDEX authors_by_name ON public.authors USING btree (site_key, public.fold_text(name) COLLATE "C", key);

CREATE INDEX authors_hidden ON public.authors USING btree (key) WHERE hidden;

CREATE INDEX authors_with_roles ON public.authors USING btree (site_key) WHERE ((granted_role IS NOT NULL) OR (roles <> '{}'::text[]));

CREATE INDEX comment_words_by_word ON public.comment_words USING gin (words) WITH (gin_pending_list_limit='512');

CREATE INDEX comment_words_unread ON public.comment_words USING btree (site_key, comment_id) WHERE (words IS NULL);

CREATE INDEX comments_by_author ON public.comments USING btree (author_key, id);

CREATE INDEX comments_by_id ON public.comments USING btree (id);

CREATE INDEX comments_by_import ON public.comments USING btree (SUBSTRING(uuid_send(id) FROM 7)) WHERE (source IS NOT NULL);

CREATE INDEX comments_by_parent ON public.comments USING btree (article_key, parent_id) WHERE (parent_id IS NOT NULL);

CREATE INDEX comments_by_site ON public.comments USING btree (site_key, id);

CREATE INDEX comments_deleted_words ON public.comments USING btree (site_key, deleted_at) WHERE (deleted_at IS NOT NULL);

CREATE INDEX comments_featured_roots ON public.comments USING btree (article_key, id) WHERE ((parent_id IS NULL) AND listed AND featured);

CREATE INDEX comments_own_unpublished ON public.comments USING btree (author_key, article_key) WHERE (status = ANY (ARRAY['pending'::text, 'removed'::text, 'spam'::text]));

CREATE INDEX comments_refused ON public.comments USING btree (site_key, status, id) WHERE (status = ANY (ARRAY['removed'::text, 'spam'::text]));

CREATE INDEX comments_replies_in_reading_order ON public.comments USING btree (article_key, root_id, path) WHERE ((parent_id IS NOT NULL) AND listed);

CREATE INDEX comments_roots_by_controversy ON public.comments USING btree (article_key, controversy, id) WHERE ((parent_id IS NULL) AND listed);

CREATE INDEX comments_roots_by_time ON public.comments USING btree (article_key, id) WHERE ((parent_id IS NULL) AND listed);

CREATE INDEX comments_roots_by_top ON public.comments USING btree (article_key, top, id) WHERE ((parent_id IS NULL) AND listed);

CREATE INDEX decisions_by_author ON public.decisions USING btree (author_key, created_at, id) WHERE (author_key IS NOT NULL);

CREATE INDEX decisions_by_comment ON public.decisions USING btree (comment_id, created_at) WHERE (comment_id IS NOT NULL);

CREATE INDEX decisions_by_moderator ON public.decisions USING btree (moderator_key, created_at, id) WHERE (moderator_key IS NOT NULL);

CREATE INDEX decisions_by_site ON public.decisions USING btree (site_key, created_at, id);

CREATE INDEX deliveries_by_time ON public.deliveries USING btree (happened_at);

CREATE INDEX deliveries_due ON public.deliveries USING btree (webhook_key, next_at) WHERE (status = 'pending'::text);

CREATE INDEX erasures_by_person ON public.erasures USING btree (site_key, hash, asked_at);

CREATE INDEX erasures_with_work ON public.erasures USING btree (asked_at) WHERE (state <> 'done'::text);

CREATE INDEX events_by_article ON public.events USING btree (article_key, "position") WHERE (article_key IS NOT NULL);

CREATE INDEX events_with_decision ON public.events USING btree (site_key, "position") WHERE (decision_id IS NOT NULL);

CREATE INDEX flags_by_author ON public.flags USING btree (author_key, article_key);

CREATE INDEX flags_upheld ON public.flags USING btree (upheld_against) WHERE (upheld_against IS NOT NULL);

CREATE INDEX idempotency_keys_by_time ON public.idempotency_keys USING btree (created_at);

CREATE INDEX import_replies_by_parent ON public.import_replies USING btree (import_id, parent_key);

CREATE INDEX import_replies_in_order ON public.import_replies USING btree (import_id, level, n);

CREATE INDEX near_texts_by_author ON public.near_texts USING btree (author_key);

CREATE INDEX near_texts_by_time ON public.near_texts USING btree (said_at);

CREATE INDEX near_texts_lately ON public.near_texts USING btree (site_key, fingerprint, said_at);

CREATE INDEX network_bans_by_address ON public.network_bans USING gist (network inet_ops);

CREATE INDEX network_bans_by_end ON public.network_bans USING btree (until);

CREATE INDEX notices_by_author ON public.notices USING btree (author_key, id) WHERE (author_key IS NOT NULL);

CREATE INDEX notices_by_comment ON public.notices USING btree (article_key, comment_id);

CREATE INDEX notifications_by_article ON public.notifications USING btree (article_key, comment_id) WHERE (article_key IS NOT NULL);

CREATE INDEX notifications_by_position ON public.notifications USING btree ("position");

CREATE UNIQUE INDEX notifications_reply_once ON public.notifications USING btree (comment_id) WHERE (type = 'reply'::text);

CREATE INDEX queue_in_order ON public.queue USING btree (site_key, kind, ((- urgency)), since, comment_id);

CREATE INDEX queue_waiting_longest ON public.queue USING btree (site_key, since) WHERE (kind = 'pending'::text);

CREATE INDEX recent_texts_by_time ON public.recent_texts USING btree (said_at);

CREATE INDEX removals_by_author ON public.removals USING btree (author_key, id);

CREATE UNIQUE INDEX removals_one_at_a_time ON public.removals USING btree (author_key) WHERE (state = ANY (ARRAY['running'::text, 'undoing'::text]));

CREATE INDEX removals_with_work ON public.removals USING btree (id) WHERE (state = ANY (ARRAY['running'::text, 'undoing'::text]));

CREATE INDEX signing_keys_by_site ON public.signing_keys USING btree (site_key) WHERE (retired_at IS NULL);

CREATE INDEX site_hours_by_hour ON public.site_hours USING btree (hour);

CREATE INDEX sites_by_overdue_minutes ON public.sites USING btree (((settings ->> 'overdue_minutes'::text)));

CREATE INDEX sites_that_lock ON public.sites USING btree (key) WHERE (auto_lock_days IS NOT NULL);

CREATE INDEX votes_by_author ON public.votes USING btree (author_key, article_key);

CREATE INDEX webhooks_by_site ON public.webhooks USING btree (site_key, id);

CREATE TRIGGER revisions_forget_words AFTER DELETE OR UPDATE OF text ON public.revisions FOR EACH ROW EXECUTE FUNCTION public.forget_words();

ALTER TABLE ONLY public.addresses
    ADD CONSTRAINT addresses_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.addresses
    ADD CONSTRAINT addresses_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.appeals
    ADD CONSTRAINT appeals_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.appeals
    ADD CONSTRAINT appeals_comment FOREIGN KEY (article_key, comment_id) REFERENCES public.comments(article_key, id) ON UPDATE CASCADE;

ALTER TABLE ONLY public.article_counts
    ADD CONSTRAINT article_counts_article_key_fkey FOREIGN KEY (article_key) REFERENCES public.articles(key);

ALTER TABLE ONLY public.article_ids
    ADD CONSTRAINT article_ids_article_key_fkey FOREIGN KEY (article_key) REFERENCES public.articles(key);

ALTER TABLE ONLY public.article_ids
    ADD CONSTRAINT article_ids_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.articles
    ADD CONSTRAINT articles_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES public.articles(key);

ALTER TABLE ONLY public.articles
    ADD CONSTRAINT articles_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.author_notes
    ADD CONSTRAINT author_notes_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.author_notes
    ADD CONSTRAINT author_notes_moderator_key_fkey FOREIGN KEY (moderator_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.author_notes
    ADD CONSTRAINT author_notes_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.authors
    ADD CONSTRAINT authors_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_article_key_fkey FOREIGN KEY (article_key) REFERENCES public.articles(key);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_parent_on_same_article FOREIGN KEY (article_key, parent_id) REFERENCES public.comments(article_key, id) ON UPDATE CASCADE;

ALTER TABLE ONLY public.decision_notes
    ADD CONSTRAINT decision_notes_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES public.decisions(id);

ALTER TABLE ONLY public.decisions
    ADD CONSTRAINT decisions_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_webhook FOREIGN KEY (webhook_key) REFERENCES public.webhooks(key) ON DELETE CASCADE;

ALTER TABLE ONLY public.erased_people
    ADD CONSTRAINT erased_people_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.flags
    ADD CONSTRAINT flags_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.flags
    ADD CONSTRAINT flags_comment FOREIGN KEY (article_key, comment_id) REFERENCES public.comments(article_key, id) ON UPDATE CASCADE;

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.near_texts
    ADD CONSTRAINT near_texts_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.near_texts
    ADD CONSTRAINT near_texts_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.network_bans
    ADD CONSTRAINT network_bans_moderator_key_fkey FOREIGN KEY (moderator_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.network_bans
    ADD CONSTRAINT network_bans_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_comment FOREIGN KEY (article_key, comment_id) REFERENCES public.comments(article_key, id) ON UPDATE CASCADE;

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.overdue_queues
    ADD CONSTRAINT overdue_queues_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_comment FOREIGN KEY (article_key, comment_id) REFERENCES public.comments(article_key, id) ON UPDATE CASCADE;

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.recent_texts
    ADD CONSTRAINT recent_texts_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.removals
    ADD CONSTRAINT removals_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.removals
    ADD CONSTRAINT removals_moderator_key_fkey FOREIGN KEY (moderator_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.removals
    ADD CONSTRAINT removals_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.removed_comments
    ADD CONSTRAINT removed_comments_removal_id_fkey FOREIGN KEY (removal_id) REFERENCES public.removals(id);

ALTER TABLE ONLY public.revisions
    ADD CONSTRAINT revisions_comment FOREIGN KEY (article_key, comment_id) REFERENCES public.comments(article_key, id) ON UPDATE CASCADE;

ALTER TABLE ONLY public.settings_changes
    ADD CONSTRAINT settings_changes_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES public.decisions(id);

ALTER TABLE ONLY public.settings_changes
    ADD CONSTRAINT settings_changes_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.votes
    ADD CONSTRAINT votes_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.votes
    ADD CONSTRAINT votes_comment FOREIGN KEY (article_key, comment_id) REFERENCES public.comments(article_key, id) ON UPDATE CASCADE;

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);
