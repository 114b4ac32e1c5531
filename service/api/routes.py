"""The whole URL table on one page: what each route does, who may call it, what it takes and gives.

The OpenAPI document is made from this table, so a route cannot be without its description.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Literal

from aiohttp import web
from marshmallow import Schema

from schemas.appeals import AppealRequestSchema, AppealSchema
from schemas.articles import (
    ArticlePatchSchema,
    MergeRequestSchema,
    MergeSchema,
    MostDiscussedSchema,
    RegistrationSchema,
    StatsSchema,
)
from schemas.authors import GuestRequestSchema, GuestSchema, MeSchema
from schemas.comments import (
    ArticleSchema,
    CountsRequestSchema,
    CountsSchema,
    EditedSchema,
    EditSchema,
    OwnCommentSchema,
    PageSchema,
    PermalinkSchema,
    PostSchema,
    PreviewRequestSchema,
    PreviewSchema,
    RepliesSchema,
)
from schemas.common import ARTICLE_ID
from schemas.decisions import DecisionLogSchema
from schemas.directory import ArticlesSchema, AuthorsSchema
from schemas.flags import FlagRequestSchema, FlagSchema
from schemas.health import AliveSchema, ReadySchema
from schemas.me import MineSchema
from schemas.moderation import DecisionsAnswerSchema, DecisionsRequestSchema
from schemas.notices import NoticeRequestSchema, NoticeSchema, NoticeStateSchema
from schemas.notifications import NotificationsSchema
from schemas.people import (
    AuthorBanSchema,
    BanRequestSchema,
    NetworkBanRequestSchema,
    NetworkBanSchema,
    NetworkBansSchema,
    NoteRequestSchema,
    NoteSchema,
    PersonSchema,
    RemovalSchema,
    RoleRequestSchema,
    RolesSchema,
)
from schemas.queue import ItemDetailSchema, ItemsSchema, QueueCountsSchema, StatementsSchema
from schemas.rights import ErasureBegunSchema, ErasureSchema, ExportSchema
from schemas.sites import SettingsPatchSchema, SiteSchema, TrialAnswerSchema, TrialSchema, WholeSettingsSchema
from schemas.votes import VoteRequestSchema, VoteSchema
from schemas.webhooks import (
    DeliveriesSchema,
    DeliverySchema,
    NewWebhookSchema,
    WebhookChangeSchema,
    WebhookRequestSchema,
    WebhookSchema,
    WebhooksSchema,
)
from service.api import (
    activity,
    appeals,
    articles,
    authors,
    comments,
    counts,
    decisions,
    directory,
    docs,
    feeds,
    flags,
    fragments,
    health,
    live,
    metrics,
    moderation,
    notices,
    notifications,
    openapi,
    people,
    queue,
    rights,
    sites,
    votes,
    webhooks,
)
from service.api.edge import Kind
from service.operations.queue import QUEUES

Who = Literal["anybody", "signed in", "moderator", "admin", "publisher"]  # publisher: an API key, or an admin
SITE = "/api/v1/sites/{site}"
STREAM = "text/event-stream"
NOTHING = ""  # the media type of an answer without a body

# fmt: off
PUBLIC_READ = ("site_not_found", "rate_limited", "unavailable")
SIGNED_IN = ("site_not_found", "origin_not_allowed", "token_missing", "token_invalid", "token_expired", "unavailable")
STAFF = (*SIGNED_IN, "forbidden", "banned")
WITH_BODY = ("invalid_json", "invalid_text", "validation_error", "body_too_large", "unsupported_media_type", "request_timeout", "bad_request")
# fmt: on


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter."""

    name: str
    description: str
    schema: Mapping[str, object]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path. `kind` is how browsers of other origins may call it (the contract's CORS section).

    Answers are schemas, or the media type of what is no JSON of ours. `headers` are the request's that mean something
    here. Public answers are kept and conditional (ETag, 304) unless they are `live`.
    """

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    kind: Kind
    who: Who
    answers: Mapping[int, type[Schema] | str]
    errors: tuple[str, ...]
    query: tuple[Parameter, ...] = ()
    body: type[Schema] | None = None
    headers: tuple[str, ...] = field(default_factory=tuple)
    live: bool = False

    @property
    def name(self) -> str:
        """The operation's id."""
        return f"{self.handler.__module__.rpartition('.')[2]}_{self.handler.__name__}"

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    @property
    def description(self) -> str:
        """What else there is to know of it."""
        return cleandoc(self.handler.__doc__ or "").partition("\n")[2].strip()

    @property
    def cached(self) -> bool:
        """Whether the answer may be kept by anybody and has an entity tag."""
        return self.kind == "public" and not self.live


# fmt: off
LIMIT = Parameter("limit", "How many at most", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20})
CURSOR = Parameter("cursor", "Where the last page ended: its next_cursor", {"type": "string", "minLength": 1})
PAGE_PARAMETERS = (
    Parameter(
        "sort",
        "Order of root comments",
        {"type": "string", "enum": ["newest", "oldest", "top", "controversial"], "default": "newest"},
    ),
    LIMIT,
    CURSOR,
    Parameter("replies", "First replies of each root", {"type": "integer", "minimum": 0, "maximum": 50, "default": 10}),
    Parameter("featured", "Featured root comments only", {"type": "string", "enum": ["true", "false"]}),
)
ROOT = Parameter("root", "Only the replies below this root comment", {"type": "string", "format": "uuid"})
ARTICLES = Parameter("article", "An article id; repeat it for more (at most 200)", {"type": "array", "minItems": 1, "maxItems": 200, "items": {"type": "string", "pattern": ARTICLE_ID}}, True)
NETWORK = Parameter("network", "The banned network as the list tells it", {"type": "string", "minLength": 1}, True)
WINDOW = Parameter("window", "How far back", {"type": "string", "enum": ["24h", "7d"], "default": "24h"})
AFTER = Parameter("after", "Go on after this id; Last-Event-ID goes before it", {"type": "string", "pattern": "^[0-9]{1,19}$"})
STRICT = Parameter("strict", "1: not ready either while PostgreSQL or Redis is away", {"type": "string"})
ID = {"type": "string", "format": "uuid"}
MOMENT = {"type": "string", "format": "date-time"}
LINE = {"type": "string", "minLength": 1, "maxLength": 200}
SECTION = Parameter("section", "Articles of this section only", LINE)
FIND_ARTICLES = Parameter("q", "Words of the title, or how the id begins", LINE)
FIND_AUTHORS = Parameter("q", "How the name begins", LINE)
QUEUE_PARAMETERS = (
    Parameter("queue", "What waits (pending, flagged, appeals), or comments by status", {"type": "string", "enum": list(QUEUES), "default": QUEUES[0]}),
    Parameter("article", "On this article only", {"type": "string", "pattern": ARTICLE_ID}),
    Parameter("author", "By this author only", ID),
    SECTION,
    Parameter("reason", "Flagged for or decided with this reason only", LINE),
    Parameter("check", "Held by this check only", LINE),
    Parameter("before", "Written before this time", MOMENT),
    Parameter("after", "Written at this time or later", MOMENT),
    Parameter("q", "Words to find; newest first", {"type": "string", "minLength": 1, "maxLength": 500}),
)
LOG_PARAMETERS = (
    Parameter("comment", "On this comment only", ID),
    Parameter("moderator", "By this moderator only", ID),
    Parameter("author", "On this author and what they wrote only", ID),
)

# The hot reads stand first: the router walks the patterns that share a prefix in this order.
ROUTES = (
    Route("GET", f"{SITE}/articles/{{article_id}}/comments", comments.get_page, "public", "anybody",
          {200: PageSchema}, (*PUBLIC_READ, "invalid_article_id", "invalid_cursor", "validation_error"), PAGE_PARAMETERS),
    Route("GET", f"{SITE}/counts", counts.get_counts, "public", "anybody",
          {200: CountsSchema}, (*PUBLIC_READ, "invalid_article_id", "validation_error", "uri_too_long"), (ARTICLES,)),
    Route("POST", f"{SITE}/counts", counts.post_counts, "public", "anybody",
          {200: CountsSchema}, (*PUBLIC_READ, "invalid_article_id", *WITH_BODY), body=CountsRequestSchema),
    Route("GET", f"{SITE}/articles/{{article_id}}/events", live.get_article_events, "public", "anybody",
          {200: STREAM}, (*PUBLIC_READ, "invalid_article_id", "validation_error", "too_many_streams"), (AFTER,),
          headers=("Last-Event-ID",), live=True),
    Route("GET", f"{SITE}/comments/{{comment_id}}/replies", comments.get_replies, "public", "anybody",
          {200: RepliesSchema}, (*PUBLIC_READ, "comment_not_found", "invalid_cursor", "validation_error"), (LIMIT, CURSOR)),
    Route("GET", f"{SITE}/comments/{{comment_id}}", comments.get_comment, "public", "anybody",
          {200: PermalinkSchema}, (*PUBLIC_READ, "comment_not_found")),
    Route("GET", SITE, sites.get_site, "public", "anybody", {200: SiteSchema}, ("site_not_found", "unavailable")),
    Route("GET", f"{SITE}/articles/{{article_id}}/comments.html", fragments.get_fragment, "public", "anybody",
          {200: "text/html"}, (*PUBLIC_READ, "invalid_article_id", "invalid_cursor", "comment_not_found"), (CURSOR, ROOT)),
    Route("GET", f"{SITE}/articles/{{article_id}}/feed.atom", feeds.get_article_feed, "public", "anybody",
          {200: "application/atom+xml"}, (*PUBLIC_READ, "invalid_article_id")),
    Route("GET", f"{SITE}/feed.atom", feeds.get_site_feed, "public", "anybody", {200: "application/atom+xml"}, PUBLIC_READ),

    Route("GET", f"{SITE}/articles/most_discussed", activity.get_most_discussed, "public", "anybody",
          {200: MostDiscussedSchema}, (*PUBLIC_READ, "validation_error"), (WINDOW, LIMIT)),
    Route("PUT", f"{SITE}/articles/{{article_id}}", articles.put_article, "private", "publisher",
          {200: ArticleSchema, 201: ArticleSchema},
          (*STAFF, *WITH_BODY, "invalid_article_id", "conflict"), body=RegistrationSchema),
    Route("PUT", f"{SITE}/articles/{{article_id}}/aliases/{{other_id}}", articles.put_alias, "private", "publisher",
          {204: NOTHING}, (*STAFF, "invalid_article_id", "article_not_found", "conflict")),
    Route("POST", f"{SITE}/moderation/articles/{{article_id}}/merge", articles.post_merge, "private", "publisher",
          {200: MergeSchema, 202: MergeSchema},
          (*STAFF, *WITH_BODY, "invalid_article_id", "article_not_found", "conflict"), body=MergeRequestSchema),
    Route("PATCH", f"{SITE}/moderation/articles/{{article_id}}", articles.patch_article, "private", "moderator",
          {200: ArticleSchema},
          (*STAFF, *WITH_BODY, "invalid_article_id", "article_not_found"), body=ArticlePatchSchema),
    Route("GET", f"{SITE}/moderation/settings", sites.get_settings, "private", "admin",
          {200: WholeSettingsSchema}, STAFF),
    Route("PATCH", f"{SITE}/moderation/settings", sites.patch_settings, "private", "admin",
          {200: WholeSettingsSchema}, (*STAFF, *WITH_BODY, "conflict"), body=SettingsPatchSchema),
    Route("POST", f"{SITE}/moderation/settings/try", sites.post_try, "private", "admin",
          {200: TrialAnswerSchema}, (*STAFF, *WITH_BODY), body=TrialSchema),
    Route("GET", f"{SITE}/moderation/stats", activity.get_stats, "private", "moderator",
          {200: StatsSchema}, (*STAFF, "validation_error"), (WINDOW,)),

    Route("POST", f"{SITE}/articles/{{article_id}}/comments", comments.post, "private", "signed in",
          {201: OwnCommentSchema, 202: OwnCommentSchema},
          (*SIGNED_IN, *WITH_BODY, "invalid_article_id", "invalid_idempotency_key", "idempotency_in_progress",
           "idempotency_key_reused", "article_not_found", "comment_not_found", "parent_not_visible", "banned",
           "guests_not_allowed", "forbidden", "posting_closed", "article_locked", "slow_mode", "too_many_links",
           "duplicate_comment", "banned_word", "reserved_name", "rate_limited"),
          body=PostSchema, headers=("Idempotency-Key",)),
    Route("PATCH", f"{SITE}/comments/{{comment_id}}", comments.patch_comment, "private", "signed in",
          {200: OwnCommentSchema, 202: EditedSchema},
          (*SIGNED_IN, *WITH_BODY, "comment_not_found", "forbidden", "not_visible", "edit_window_closed", "banned",
           "guests_not_allowed", "posting_closed", "article_locked", "too_many_links", "duplicate_comment", "banned_word",
           "reserved_name", "rate_limited"), body=EditSchema),
    Route("DELETE", f"{SITE}/comments/{{comment_id}}", comments.delete, "private", "signed in",
          {204: NOTHING}, (*SIGNED_IN, "comment_not_found", "forbidden")),
    Route("PUT", f"{SITE}/comments/{{comment_id}}/vote", votes.put_vote, "private", "signed in",
          {200: VoteSchema}, (*SIGNED_IN, *WITH_BODY, "comment_not_found", "not_visible", "own_comment", "banned",
                              "guests_not_allowed", "rate_limited"), body=VoteRequestSchema),
    Route("POST", f"{SITE}/comments/{{comment_id}}/flags", flags.post_flag, "private", "signed in",
          {200: FlagSchema, 201: FlagSchema}, (*SIGNED_IN, *WITH_BODY, "comment_not_found", "not_visible", "own_comment",
                                               "banned", "guests_not_allowed", "rate_limited"), body=FlagRequestSchema),
    Route("POST", f"{SITE}/notices", notices.post_notice, "private", "anybody",
          {201: NoticeSchema}, ("site_not_found", "origin_not_allowed", "unavailable", *WITH_BODY, "comment_not_found",
                                "rate_limited"), body=NoticeRequestSchema),
    Route("GET", f"{SITE}/notices/{{notice_id}}", notices.get_notice, "private", "anybody",
          {200: NoticeStateSchema}, ("site_not_found", "origin_not_allowed", "unavailable", "not_found", "rate_limited")),
    Route("POST", f"{SITE}/me/comments/{{comment_id}}/appeal", appeals.post_appeal, "private", "signed in",
          {201: AppealSchema}, (*SIGNED_IN, *WITH_BODY, "comment_not_found", "forbidden", "conflict", "already_appealed"),
          body=AppealRequestSchema),
    Route("GET", f"{SITE}/me/notifications", notifications.get_notifications, "private", "signed in",
          {200: NotificationsSchema}, (*SIGNED_IN, "invalid_cursor", "validation_error"), (LIMIT, CURSOR)),
    Route("GET", f"{SITE}/me/articles/{{article_id}}", authors.get_mine, "private", "signed in",
          {200: MineSchema}, (*SIGNED_IN, "invalid_article_id")),
    Route("POST", f"{SITE}/moderation/decisions", moderation.post_decisions, "private", "moderator",
          {200: DecisionsAnswerSchema}, (*STAFF, *WITH_BODY), body=DecisionsRequestSchema),
    Route("GET", f"{SITE}/moderation/decisions", decisions.get_decisions, "private", "moderator",
          {200: DecisionLogSchema}, (*STAFF, "validation_error", "invalid_cursor"), (*LOG_PARAMETERS, LIMIT, CURSOR)),
    Route("GET", f"{SITE}/moderation/comments", queue.get_comments, "private", "moderator", {200: ItemsSchema},
          (*STAFF, "validation_error", "invalid_article_id", "invalid_text", "invalid_cursor"), (*QUEUE_PARAMETERS, LIMIT, CURSOR)),
    Route("GET", f"{SITE}/moderation/comments/{{comment_id}}", queue.get_comment, "private", "moderator",
          {200: ItemDetailSchema}, (*STAFF, "comment_not_found")),
    Route("GET", f"{SITE}/moderation/comments/{{comment_id}}/statements", queue.get_statements, "private", "moderator",
          {200: StatementsSchema}, (*STAFF, "comment_not_found")),
    Route("GET", f"{SITE}/moderation/counts", queue.get_counts, "private", "moderator",
          {200: QueueCountsSchema}, STAFF),
    Route("GET", f"{SITE}/moderation/articles", directory.get_articles, "private", "moderator", {200: ArticlesSchema},
          (*STAFF, "validation_error", "invalid_text", "invalid_cursor"), (FIND_ARTICLES, SECTION, LIMIT, CURSOR)),
    Route("GET", f"{SITE}/moderation/authors", directory.get_authors, "private", "moderator", {200: AuthorsSchema},
          (*STAFF, "validation_error", "invalid_text", "invalid_cursor"), (FIND_AUTHORS, LIMIT, CURSOR)),
    Route("GET", f"{SITE}/moderation/authors/{{author_id}}", people.get_author, "private", "moderator",
          {200: PersonSchema}, (*STAFF, "not_found")),
    Route("GET", f"{SITE}/moderation/authors/{{author_id}}/ban", people.get_ban, "private", "moderator",
          {200: AuthorBanSchema}, (*STAFF, "not_found")),
    Route("PUT", f"{SITE}/moderation/authors/{{author_id}}/ban", people.put_ban, "private", "moderator",
          {200: AuthorBanSchema}, (*STAFF, *WITH_BODY, "not_found", "conflict"), body=BanRequestSchema),
    Route("DELETE", f"{SITE}/moderation/authors/{{author_id}}/ban", people.delete_ban, "private", "moderator",
          {204: NOTHING}, (*STAFF, "not_found")),
    Route("POST", f"{SITE}/moderation/authors/{{author_id}}/notes", people.post_note, "private", "moderator",
          {201: NoteSchema}, (*STAFF, *WITH_BODY, "not_found"), body=NoteRequestSchema),
    Route("POST", f"{SITE}/moderation/authors/{{author_id}}/revoke", people.post_revoke, "private", "admin",
          {204: NOTHING}, (*STAFF, "not_found")),
    Route("PUT", f"{SITE}/moderation/authors/{{author_id}}/roles", people.put_roles, "private", "admin",
          {200: RolesSchema}, (*STAFF, *WITH_BODY, "not_found"), body=RoleRequestSchema),
    Route("POST", f"{SITE}/moderation/removals/{{removal_id}}/undo", people.undo_removal, "private", "moderator",
          {200: RemovalSchema}, (*STAFF, "not_found", "conflict")),
    Route("GET", f"{SITE}/moderation/network_bans", people.get_network_bans, "private", "moderator",
          {200: NetworkBansSchema}, (*STAFF, "invalid_cursor", "validation_error"), (LIMIT, CURSOR)),
    Route("PUT", f"{SITE}/moderation/network_bans", people.put_network_ban, "private", "moderator",
          {200: NetworkBanSchema}, (*STAFF, *WITH_BODY), body=NetworkBanRequestSchema),
    Route("DELETE", f"{SITE}/moderation/network_bans", people.delete_network_ban, "private", "moderator",
          {204: NOTHING}, (*STAFF, "validation_error"), (NETWORK,)),
    Route("GET", f"{SITE}/moderation/webhooks", webhooks.get_webhooks, "private", "admin",
          {200: WebhooksSchema}, (*STAFF, "invalid_cursor", "validation_error"), (LIMIT, CURSOR)),
    Route("POST", f"{SITE}/moderation/webhooks", webhooks.post_webhook, "private", "admin",
          {201: NewWebhookSchema}, (*STAFF, *WITH_BODY, "conflict"), body=WebhookRequestSchema),
    Route("PATCH", f"{SITE}/moderation/webhooks/{{webhook_id}}", webhooks.patch_webhook, "private", "admin",
          {200: WebhookSchema}, (*STAFF, *WITH_BODY, "not_found"), body=WebhookChangeSchema),
    Route("DELETE", f"{SITE}/moderation/webhooks/{{webhook_id}}", webhooks.delete, "private", "admin",
          {204: NOTHING}, (*STAFF, "not_found")),
    Route("GET", f"{SITE}/moderation/webhooks/{{webhook_id}}/deliveries", webhooks.get_deliveries, "private", "admin",
          {200: DeliveriesSchema}, (*STAFF, "not_found", "invalid_cursor", "validation_error"), (LIMIT, CURSOR)),
    Route("POST", f"{SITE}/moderation/webhooks/{{webhook_id}}/deliveries/{{delivery_id}}/replay", webhooks.post_replay, "private", "admin",
          {202: DeliverySchema}, (*STAFF, "not_found", "conflict")),
    Route("POST", f"{SITE}/preview", comments.post_preview, "private", "signed in",
          {200: PreviewSchema}, (*SIGNED_IN, *WITH_BODY, "rate_limited"), body=PreviewRequestSchema),
    Route("GET", f"{SITE}/me/export", rights.get_export, "private", "signed in",
          {200: ExportSchema}, (*SIGNED_IN, "rate_limited")),
    Route("DELETE", f"{SITE}/me", rights.delete_me, "private", "signed in", {202: ErasureBegunSchema}, SIGNED_IN),
    Route("GET", f"{SITE}/me/erasures/{{erase_id}}", rights.get_erasure, "private", "signed in",
          {200: ErasureSchema}, (*SIGNED_IN, "not_found")),
    Route("GET", f"{SITE}/me/events", live.get_my_events, "private", "signed in",
          {200: STREAM}, (*SIGNED_IN, "validation_error", "too_many_streams"), (AFTER,), headers=("Last-Event-ID",), live=True),
    Route("GET", f"{SITE}/moderation/events", live.get_moderation_events, "private", "moderator",
          {200: STREAM}, (*STAFF, "validation_error", "too_many_streams"), (AFTER,),
          headers=("Last-Event-ID",), live=True),
    Route("GET", f"{SITE}/me", authors.get_me, "private", "signed in", {200: MeSchema}, SIGNED_IN),
    Route("POST", f"{SITE}/guests", authors.post_guest, "private", "anybody",
          {201: GuestSchema}, ("site_not_found", "origin_not_allowed", "unavailable", *WITH_BODY, "guests_not_allowed", "banned",
          "banned_word", "reserved_name", "rate_limited"),
          body=GuestRequestSchema),
)

# What is not the API itself.
OPERATIONS = (
    Route("GET", "/livez", health.get_livez, "public", "anybody", {200: AliveSchema}, (), live=True),
    Route("GET", "/readyz", health.get_readyz, "public", "anybody", {200: ReadySchema, 503: ReadySchema}, (), (STRICT,), live=True),
    Route("GET", "/api/v1/openapi.json", openapi.get_openapi, "public", "anybody", {200: "application/json"}, ()),
    Route("GET", "/docs", docs.get_docs, "public", "anybody", {200: "text/html"}, ()),
    Route("GET", "/metrics", metrics.get_metrics, "public", "anybody", {200: "text/plain"}, ("not_found",), live=True),
)
