"""From what people write to the HTML that readers get: a Markdown subset, then an allow-list.

The HTML must never be normalised to NFC afterwards: `>` and U+0338 compose to one character.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.list import list_block
from markdown_it.rules_core import StateCore
from markdown_it.rules_core.linkify import linkify
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from service.domain.text import cap_marks, drop_unprintable, refuse_unstorable

RENDERER: Final = 1  # stored beside the HTML; grows with every change of what the same text becomes

ALLOWED_TAGS: Final = frozenset({"p", "br", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a"})
_MAX_PASSES: Final = 8
LINK_REL: Final = "nofollow ugc noopener"

_CORE_RULES: Final = ("normalize", "block", "inline", "text_join")
_BLOCK_RULES: Final = ("blockquote", "code", "fence", "list", "paragraph")
_INLINE_RULES: Final = (
    *("text", "linkify", "newline", "escape", "backticks", "strikethrough", "emphasis", "link", "image", "autolink"),
    *("balance_pairs", "fragments_join"),
)
_ENCODED_LINK_TARGET: Final = re.compile(
    r"(?:https?://(?![/?#])|mailto:(?!\?))[A-Za-z0-9;/?:@&=+$,\-_.!~*'()#%\[\]]+", re.IGNORECASE | re.ASCII
)
_SCHEME_BEFORE: Final = re.compile(r"(?:^|[^a-z0-9.+-])(https?)$", re.IGNORECASE)
_BULLET_RULE: Final = re.compile(r"([-*])(?:[ \t]*\1){2,}[ \t]*")
_NUMBER: Final = re.compile(r"(\d+)[.)]", re.ASCII)


_SAME_MEANING: Final = {
    "b": "strong",
    **dict.fromkeys(("i", "u", "ins", "cite", "dfn", "var"), "em"),
    **dict.fromkeys(("s", "strike"), "del"),
    **dict.fromkeys(("tt", "kbd", "samp"), "code"),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "div", "section", "article", "tr", "dt", "dd"), "p"),
}
_RENAMED_TAG: Final = re.compile(rf"<(/?)({'|'.join(_SAME_MEANING)})(?=[\s/>])", re.IGNORECASE)
_EMPTY_PARAGRAPH: Final = re.compile(r"<p>\s*</p>")
_LEADING_NEWLINES: Final = re.compile(r"<pre>\n+")  # parsers drop the first
_MARK_AFTER_TAG: Final = re.compile(">\u0338+")  # would compose to one character
_TAG: Final = re.compile(r"<[^>]*>")
_LINK_TARGET: Final = re.compile(r'<a href="([^"]*)"')

_DIRECTIONAL: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_DIRECTIONAL_OR_BLOCK: Final = re.compile("([\u202a-\u202e\u2066-\u2069]|</?(?:p|br|pre|blockquote|ul|ol|li)>)")
_ISOLATES: Final = "\u2066\u2067\u2068"
_POP_ISOLATE: Final = "\u2069"
_EMBEDDINGS: Final = "\u202a\u202b\u202c\u202d\u202e"


class _Markdown(MarkdownIt):
    """CommonMark without what a comment should not have; what is left out shows as typed."""

    def __init__(self) -> None:
        super().__init__("zero", {"linkify": True, "breaks": True, "maxNesting": 20})
        self.enable([*_CORE_RULES, *_BLOCK_RULES, *_INLINE_RULES])
        self.inline.ruler.at("image", _image_as_typed)
        self.add_render_rule("s_open", _deletion)
        self.add_render_rule("s_close", _deletion)
        self.inline.ruler.at("linkify", _address)
        self.core.ruler.at("linkify", _remaining_addresses)
        self.block.ruler.at("list", _list, {"alt": ["paragraph", "reference", "blockquote"]})
        assert self.linkify is not None
        self.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
        for scheme in ("ftp:", "//", "mailto:"):
            self.linkify.add(scheme, None)
        self.linkify.pretest = lambda text: "://" in text  # its own misses an address in underscores

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return _ENCODED_LINK_TARGET.fullmatch(url) is not None

    def normalizeLinkText(self, url: str) -> str:  # noqa: N802
        """As typed: decoding punycode and percents would let one address look like another."""
        return url


def _address(state: StateInline, silent: bool) -> bool:
    """A bare http(s) URL, met at its "://". The library's rule searches all the text before, in quadratic time."""
    if state.linkLevel or not state.src.startswith("://", state.pos):
        return False
    scheme = _SCHEME_BEFORE.search(state.pending[-6:])
    if scheme is None:
        return False
    assert state.md.linkify is not None
    found = state.md.linkify.match_at_start(state.src[state.pos - len(scheme[1]) :])
    if found is None:
        return False
    url: str = found.url.rstrip("*")  # ends an emphasis
    href = state.md.normalizeLink(url)
    if not state.md.validateLink(href):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[1])]
        state.push("link_open", "a", 1).attrs = {"href": href}
        state.push("text", "", 0).content = url
        state.push("link_close", "a", -1)
    state.pos += len(url) - len(scheme[1])
    return True


def _remaining_addresses(state: StateCore) -> None:
    """The library's second search for URLs, 100 us a comment, only where the first has left one."""
    for token in state.tokens:
        children = token.children or []
        for child, before in zip(children, [None, *children], strict=False):
            if child.type == "text" and "://" in child.content and (before is None or before.type != "link_open"):
                linkify(state)
                return


def _image_as_typed(state: StateInline, silent: bool) -> bool:
    """No images: the brackets of `![alt](src)` make no link either, and the address becomes one by itself."""
    if not state.src.startswith("![", state.pos):
        return False
    if not silent:
        state.pending += "!["
    state.pos += 2
    return True


def _list(state: StateBlock, first_line: int, last_line: int, silent: bool) -> bool:
    """CommonMark's lists, but none that would change what was said: `<ol>` has no `start` here, so "1984. What a
    book" would read "1.", and with no `<hr>` "* * *" would be three lists without an item.
    """
    start, end = state.bMarks[first_line] + state.tShift[first_line], state.eMarks[first_line]
    if _BULLET_RULE.fullmatch(state.src, start, end):
        return False
    number = None if silent else _NUMBER.match(state.src, start, end)  # silent: it asks for a next item, too
    if number is not None and number[1] != "1":
        return False
    return list_block(state, first_line, last_line, silent)


def _deletion(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    """`~~` is a deletion; markdown-it's own `<s>` says no more than that something is out of date."""
    return "<del>" if tokens[index].nesting == 1 else "</del>"


def _attribute_value(_tag: str, attribute: str, value: str) -> str | None:
    """What an attribute that the allow-list lets through may be; None drops it.

    An href is an address with one of our schemes and a host, percent-encoded to ASCII; rel is the cleaner's own.
    """
    if attribute != "href" or _ENCODED_LINK_TARGET.fullmatch(value):
        return value
    url = normalizeLink(value.strip())
    return url if _ENCODED_LINK_TARGET.fullmatch(url) else None


_MARKDOWN: Final = _Markdown()
_CLEANER: Final = nh3.Cleaner(
    tags=set(ALLOWED_TAGS),
    # "*" is spelled out: when it is missing, nh3 keeps its own default of lang and title.
    attributes={"*": set(), "a": {"href"}},
    attribute_filter=_attribute_value,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel=LINK_REL,
)


def render_markdown(text: str) -> str:
    """A comment's HTML from its Markdown, as `clean_text` left it. Never more than the tags in `ALLOWED_TAGS` and
    `href` and `rel` on links; `sanitise_html` leaves it as it is. 0.1 ms for 400 characters.

    Raises InvalidText for NUL and lone surrogates.
    """
    refuse_unstorable(text)
    return _finished(_CLEANER.clean(_MARKDOWN.render(text)))


def sanitise_html(html: str) -> str:
    """Imported HTML on the same allow-list; tags that mean the same are renamed (b to strong). Doing it again changes
    nothing.

    Raises InvalidText for NUL and lone surrogates.
    """
    refuse_unstorable(html)
    # Misnested tags (links in tables in links) come apart differently once the tags between them are gone.
    for _ in range(_MAX_PASSES):
        before, html = html, _sanitised_once(html)
        if html == before:
            return html
    return f"<p>{entities.escape(text_of(html), quote=False)}</p>"


def _sanitised_once(html: str) -> str:
    html = _RENAMED_TAG.sub(lambda tag: f"<{tag[1]}{_SAME_MEANING[tag[2].lower()]}", html)
    return _finished(_CLEANER.clean(drop_unprintable(html)))


def text_of(html: str) -> str:
    """The words of HTML made here, without its tags; blank (`is_blank`) where nothing can be seen."""
    return entities.unescape(_TAG.sub("", html))


def link_targets(html: str) -> list[str]:
    """The addresses behind the links of HTML made here, percent-encodings decoded."""
    return [unquote(entities.unescape(target)) for target in _LINK_TARGET.findall(html)]


def _finished(html: str) -> str:
    """Clean what only shows once entities are characters, and what would not survive a second parsing."""
    html = drop_unprintable(html)
    if not html.isascii():
        html = cap_marks(html)
        if _DIRECTIONAL.search(html):
            html = _isolated(html)
        html = _MARK_AFTER_TAG.sub(">", html)
    return _LEADING_NEWLINES.sub("<pre>", _EMPTY_PARAGRAPH.sub("", html))


def _isolated(html: str) -> str:
    """HTML whose directional controls end with the block or line they stand in.

    Embeddings and overrides are dropped: isolates replace them (UAX 9, 2.4), and what overrides are still used for is
    to make a text read otherwise than it is ("Trojan Source"). Isolates are what right-to-left writers need: they
    stay, those left open are closed, and a close without an open one is dropped, because it could end the isolate
    that a page, a feed or an e-mail puts around the comment.
    """
    parts: list[str] = []
    open_isolates = 0
    for part in _DIRECTIONAL_OR_BLOCK.split(html):
        if not part or part in _EMBEDDINGS:
            continue
        if part in _ISOLATES:
            open_isolates += 1
        elif part == _POP_ISOLATE:
            if not open_isolates:
                continue
            open_isolates -= 1
        elif part[0] == "<" and _DIRECTIONAL_OR_BLOCK.fullmatch(part):
            parts.append(_POP_ISOLATE * open_isolates)
            open_isolates = 0
        parts.append(part)
    parts.append(_POP_ISOLATE * open_isolates)
    return "".join(parts)
