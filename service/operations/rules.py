"""A site's rules as this process keeps them, and what they say of a name."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from service.deps import Deps
from service.domain.moderation import NAME_CHECKS, Draft, Refused, judge
from service.domain.rules import Rules, rules_from, skeletons
from service.domain.sites import Site

FEW_WORDS = 200  # more, and the list is made ready in a thread
RULES_KEPT = 200  # sites


async def rules_of(deps: Deps, site: Site) -> Rules:
    """The site's rules, made once for each version of its settings; long lists of words in a thread."""
    known = deps.rules.pop(site.key, None)
    if known is None or known[0] != site.version:
        settings = site.settings
        if len(settings.banned_words) + len(settings.suspect_words) <= FEW_WORDS:
            known = (site.version, rules_from(settings))
        else:
            known = (site.version, await asyncio.to_thread(rules_from, settings))
    deps.rules[site.key] = known  # the last one asked for stands last
    while len(deps.rules) > RULES_KEPT:
        del deps.rules[next(iter(deps.rules))]
    return known[1]


async def refuse_name(deps: Deps, site: Site, name: str) -> None:
    """Raise BannedWord or ReservedName for a name that nobody but the staff may have."""
    draft = Draft(
        now=datetime.fromtimestamp(deps.now(), UTC),
        settings=site.settings,
        links=0,
        guest=False,
        rules=await rules_of(deps, site),
        name=name,
        staff_names=skeletons(site.staff_names),
    )
    try:
        judge(draft, NAME_CHECKS)
    except Refused as refused:
        deps.refusals[refused.check] += 1
        raise refused.error from None
