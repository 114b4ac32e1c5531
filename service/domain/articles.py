"""Articles: pages of a publisher, known by the publisher's own ids."""

from __future__ import annotations

import re

from service.domain.errors import InvalidArticleId

ARTICLE_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~:-]{1,200}")
SITE_WIDE = ""  # instead of an article id: whatever happens on the site


def check_article_id(article_id: str) -> None:
    """Raise InvalidArticleId for what cannot be one."""
    if not ARTICLE_ID.fullmatch(article_id):
        raise InvalidArticleId
