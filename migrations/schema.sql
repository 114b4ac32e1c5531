-- What the migrations build, to read and to compare. Written by `python -m tests.snapshot`; never applied.

CREATE FUNCTION public.controversy(up integer, down integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((up = 0) OR (down = 0)) THEN (0)::double precision ELSE ((((up)::double precision + (down)::double precision) * (LEAST(up, down))::double precision) / (GREATEST(up, down))::double precision) END;

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

CREATE FUNCTION public.wilson_lower_bound(up integer, down integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (up = 0) THEN (0)::double precision ELSE (((((up)::double precision / ((up)::double precision + (down)::double precision)) + (((1.96)::double precision * (1.96)::double precision) / ((2)::double precision * ((up)::double precision + (down)::double precision)))) - ((1.96)::double precision * sqrt((((((up)::double precision / ((up)::double precision + (down)::double precision)) * ((1)::double precision - ((up)::double precision / ((up)::double precision + (down)::double precision)))) + (((1.96)::double precision * (1.96)::double precision) / ((4)::double precision * ((up)::double precision + (down)::double precision)))) / ((up)::double precision + (down)::double precision))))) / ((1)::double precision + (((1.96)::double precision * (1.96)::double precision) / ((up)::double precision + (down)::double precision)))) END;

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
    CONSTRAINT appeals_state_check CHECK ((state = ANY (ARRAY['open'::text, 'granted'::text, 'refused'::text])))
);

CREATE TABLE public.article_counts (
    article_key bigint NOT NULL,
    comment_count bigint DEFAULT 0 NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    CONSTRAINT article_counts_not_negative CHECK ((comment_count >= 0))
);

CREATE TABLE public.article_ids (
    site_key integer NOT NULL,
    external_id text NOT NULL,
    article_key bigint NOT NULL,
    CONSTRAINT article_ids_external_id_check CHECK (((external_id ~ '^[A-Za-z0-9._~:-]{1,200}$'::text) AND (external_id <> ALL (ARRAY['.'::text, '..'::text]))))
);

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
    CONSTRAINT articles_moderation_check CHECK ((moderation = ANY (ARRAY['pre'::text, 'post'::text]))),
    CONSTRAINT articles_visibility_check CHECK ((visibility = ANY (ARRAY['shown'::text, 'hidden'::text])))
);

ALTER TABLE public.articles ALTER COLUMN key ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.articles_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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
    decision_id uuid
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
    decision_id uuid
);

ALTER TABLE public.outbox ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_n_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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

CREATE TABLE public.sites (
    key integer NOT NULL,
    name text NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
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

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_hash_unique UNIQUE (hash);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.appeals
    ADD CONSTRAINT appeals_one_per_removal PRIMARY KEY (article_key, comment_id, version);

ALTER TABLE ONLY public.article_counts
    ADD CONSTRAINT article_counts_pkey PRIMARY KEY (article_key);

ALTER TABLE ONLY public.article_ids
    ADD CONSTRAINT article_ids_pkey PRIMARY KEY (site_key, external_id);

ALTER TABLE ONLY public.articles
    ADD CONSTRAINT articles_external_id_unique UNIQUE (site_key, external_id);

ALTER TABLE ONLY public.articles
    ADD CONSTRAINT articles_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.authors
    ADD CONSTRAINT authors_id_unique UNIQUE (id);

ALTER TABLE ONLY public.authors
    ADD CONSTRAINT authors_identity_unique UNIQUE (site_key, issuer, subject);

ALTER TABLE ONLY public.authors
    ADD CONSTRAINT authors_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_pkey PRIMARY KEY (article_key, id);

ALTER TABLE ONLY public.decision_notes
    ADD CONSTRAINT decision_notes_pkey PRIMARY KEY (decision_id);

ALTER TABLE ONLY public.decisions
    ADD CONSTRAINT decisions_pkey PRIMARY KEY (id);

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

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (n);

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (article_key, comment_id, kind);

ALTER TABLE ONLY public.recent_texts
    ADD CONSTRAINT recent_texts_pkey PRIMARY KEY (author_key, fingerprint);

ALTER TABLE ONLY public.revisions
    ADD CONSTRAINT revisions_pkey PRIMARY KEY (article_key, comment_id, number);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_name_unique UNIQUE (name);

ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.votes
    ADD CONSTRAINT votes_one_per_author PRIMARY KEY (article_key, comment_id, author_key);

CREATE INDEX article_ids_by_article ON public.article_ids USING btree (article_key);

CREATE INDEX comments_by_id ON public.comments USING btree (id);

CREATE INDEX comments_by_import ON public.comments USING btree (SUBSTRING(uuid_send(id) FROM 7)) WHERE (source IS NOT NULL);

CREATE INDEX comments_featured_roots ON public.comments USING btree (article_key, id) WHERE ((parent_id IS NULL) AND listed AND featured);

CREATE INDEX comments_own_unpublished ON public.comments USING btree (author_key, article_key) WHERE (status = ANY (ARRAY['pending'::text, 'removed'::text, 'spam'::text]));

CREATE INDEX comments_replies_in_reading_order ON public.comments USING btree (article_key, root_id, path) WHERE ((parent_id IS NOT NULL) AND listed);

CREATE INDEX comments_roots_by_controversy ON public.comments USING btree (article_key, controversy, id) WHERE ((parent_id IS NULL) AND listed);

CREATE INDEX comments_roots_by_time ON public.comments USING btree (article_key, id) WHERE ((parent_id IS NULL) AND listed);

CREATE INDEX comments_roots_by_top ON public.comments USING btree (article_key, top, id) WHERE ((parent_id IS NULL) AND listed);

CREATE INDEX decisions_by_comment ON public.decisions USING btree (comment_id, created_at) WHERE (comment_id IS NOT NULL);

CREATE INDEX flags_by_author ON public.flags USING btree (author_key, article_key);

CREATE INDEX idempotency_keys_by_time ON public.idempotency_keys USING btree (created_at);

CREATE INDEX import_replies_by_parent ON public.import_replies USING btree (import_id, parent_key);

CREATE INDEX import_replies_in_order ON public.import_replies USING btree (import_id, level, n);

CREATE INDEX recent_texts_by_time ON public.recent_texts USING btree (said_at);

CREATE INDEX signing_keys_by_site ON public.signing_keys USING btree (site_key) WHERE (retired_at IS NULL);

CREATE INDEX votes_by_author ON public.votes USING btree (author_key, article_key);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.appeals
    ADD CONSTRAINT appeals_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.appeals
    ADD CONSTRAINT appeals_comment FOREIGN KEY (article_key, comment_id) REFERENCES public.comments(article_key, id);

ALTER TABLE ONLY public.article_counts
    ADD CONSTRAINT article_counts_article_key_fkey FOREIGN KEY (article_key) REFERENCES public.articles(key);

ALTER TABLE ONLY public.article_ids
    ADD CONSTRAINT article_ids_article_key_fkey FOREIGN KEY (article_key) REFERENCES public.articles(key);

ALTER TABLE ONLY public.article_ids
    ADD CONSTRAINT article_ids_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.articles
    ADD CONSTRAINT articles_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.authors
    ADD CONSTRAINT authors_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_article_key_fkey FOREIGN KEY (article_key) REFERENCES public.articles(key);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_parent_on_same_article FOREIGN KEY (article_key, parent_id) REFERENCES public.comments(article_key, id);

ALTER TABLE ONLY public.decision_notes
    ADD CONSTRAINT decision_notes_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES public.decisions(id);

ALTER TABLE ONLY public.decisions
    ADD CONSTRAINT decisions_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.flags
    ADD CONSTRAINT flags_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.flags
    ADD CONSTRAINT flags_comment FOREIGN KEY (article_key, comment_id) REFERENCES public.comments(article_key, id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_comment FOREIGN KEY (article_key, comment_id) REFERENCES public.comments(article_key, id);

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.recent_texts
    ADD CONSTRAINT recent_texts_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.revisions
    ADD CONSTRAINT revisions_comment FOREIGN KEY (article_key, comment_id) REFERENCES public.comments(article_key, id);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_site_key_fkey FOREIGN KEY (site_key) REFERENCES public.sites(key);

ALTER TABLE ONLY public.votes
    ADD CONSTRAINT votes_author_key_fkey FOREIGN KEY (author_key) REFERENCES public.authors(key);

ALTER TABLE ONLY public.votes
    ADD CONSTRAINT votes_comment FOREIGN KEY (article_key, comment_id) REFERENCES public.comments(article_key, id);
