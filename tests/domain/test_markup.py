from __future__ import annotations

import inspect
import json
import re
import sys
import time
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from service.domain.errors import InvalidText
from service.domain.markup import ALLOWED_TAGS, LINK_REL, RENDERER, render_markdown, sanitise_html, text_of
from service.domain.text import clean_line, clean_text, count_links, is_blank

NAUGHTY: list[str] = json.loads((Path(__file__).parents[1] / "fixtures" / "naughty-strings.json").read_text("utf-8"))
EMBEDDINGS, ISOLATES, POP_ISOLATE = "\u202a\u202b\u202c\u202d\u202e", "\u2066\u2067\u2068", "\u2069"
BLOCKS = {"p", "br", "pre", "blockquote", "ul", "ol", "li"}


class Judge(HTMLParser):
    """Reads HTML as strictly as it can and notes everything a comment must not have.

    It knows nothing of how the HTML was made: tags, attributes, addresses, nesting and directional controls only.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.open_tags: list[str] = []
        self.open_isolates = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED_TAGS:
            self.faults.append(f"tag {tag}")
        for name, value in attributes:
            if tag == "a" and name == "href":
                if not re.fullmatch(r"(?i:https?://|mailto:)[!#-;=?-Z\[\]_a-z~]+", value or ""):
                    self.faults.append(f"href {value!r}")
                if ("rel", LINK_REL) not in attributes:
                    self.faults.append("link without rel")
            elif (tag, name, value) != ("a", "rel", LINK_REL):
                self.faults.append(f"attribute {tag} {name}")
        if tag != "br":
            self.open_tags.append(tag)
        self.end_of_line(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open_tags or self.open_tags.pop() != tag:
            self.faults.append(f"misnested {tag}")
        self.end_of_line(tag)

    def end_of_line(self, tag: str) -> None:
        if tag in BLOCKS:
            if self.open_isolates:
                self.faults.append("an isolate leaks")
            self.open_isolates = 0

    def handle_data(self, text: str) -> None:
        for character in text:
            self.open_isolates += (character in ISOLATES) - (character == POP_ISOLATE)
            if character in EMBEDDINGS or self.open_isolates < 0:
                self.faults.append("a directional control leaks")

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        self.faults.append(f"declaration {decl!r}")

    def unknown_decl(self, data: str) -> None:
        self.faults.append(f"declaration {data!r}")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"processing instruction {data!r}")


def faults_in(html: str) -> list[str]:
    judge = Judge()
    judge.feed(html)
    judge.close()
    judge.end_of_line("p")
    return judge.faults + [f"unclosed {tag}" for tag in judge.open_tags]


HTML_VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src='javascript:alert(1)'>",
    "<img/src=`x`onerror=alert(1)>",
    '<img src="x" title="a>b" onerror="alert(1)">',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table></mtext></math>",
    "<math><a href='javascript:alert(1)'>x</a></math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<embed src=javascript:alert(1)>",
    "<body onload=alert(1)>",
    "<form action=javascript:alert(1)><input type=submit></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<link rel=stylesheet href=javascript:alert(1)>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href='javascript:/'>",
    "<style>@import 'javascript:alert(1)';</style>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<p onclick=alert(1)>x</p>",
    "<p class=discuss-admin id=x title=y lang=z dir=rtl>x</p>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<xmp><img title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!-- a --!><img src=x onerror=alert(1)>",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version='1.0'?><img src=x onerror=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='&#x6A&#x61vascript:alert(1)'>x</a>",
    "<a href='javascript&colon;alert(1)'>x</a>",
    "<a href='java&Tab;script:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='\u00a0javascript:alert(1)'>x</a>",
    "<a href='\u2028javascript:alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>x</a>",
    "<a href='file:///etc/passwd'>x</a>",
    "<a href='blob:https://a.b/c'>x</a>",
    "<a href='//evil.example'>x</a>",
    "<a href='/relative'>x</a>",
    "<a href='https:evil.example'>x</a>",
    "<a href='http:///evil.example'>x</a>",
    "<a href='https://a.b' target=_blank onclick=alert(1) rel=opener>x</a>",
    "<a href='https://a.b' ping='https://evil.example' download>x</a>",
    "<a href='https://a.b' style='position:fixed;inset:0'>x</a>",
    "<a href='https://a.b/\"onclick=alert(1)//'>x</a>",
    "<a href=https://a.b><table><td><a href=javascript:alert(1)>x",
    "<b onmouseover=alert(1)>x</b>",
    "<i/onclick=alert(1)>x</i>",
    "<div><h1 onclick=alert(1)>x</h1></div>",
    "<strike style=x>y</strike>",
    "<s\x0conclick=alert(1)>x</s>",
    "<p>&#x202e;reversed",
    "<em>\u2067open",
    "closed\u2069",
    "</p></div></discuss-comments><script>alert(1)</script>",
]
MARKDOWN_VECTORS = [
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](javascript&colon;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](java%0ascript:alert(1))",
    "[x](\\javascript:alert(1))",
    "[x](\u00a0javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:image/svg+xml;base64,PHN2Zz4=)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](/relative)",
    "[x](#top)",
    "[x]()",
    '[x](https://a.b "onclick=alert(1)")',
    "[x](https://a.b 'a\" onclick=\"alert(1)')",
    "[x]: javascript:alert(1)\n\n[x]",
    "[[x](javascript:alert(1))](https://a.b)",
    "[![x](javascript:alert(1))](https://a.b)",
    "![x](javascript:alert(1))",
    "![x](https://a.b/tracker.gif)",
    '![x"onerror=alert(1)](x)',
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    '<https://a.b/"onclick=alert(1)>',
    'https://a.b/"onclick="alert(1)',
    "https://a.b/'onclick='alert(1)",
    "https://a.b/<script>alert(1)</script>",
    '```"><script>alert(1)</script>\ncode\n```',
    "```x onclick=alert(1)\n```",
    "> <img src=x onerror=alert(1)>",
    "- <iframe src=javascript:alert(1)>",
    "# heading\n\n---\n\na | b\n- | -\n1 | 2",
    "3. third",
    "*\u202eover*ride",
    "`\u2066`open",
    "a\u2069\u2067b",
]


# Harmless with any Markdown library, as long as what escapes them stays.
ESCAPED_VECTORS = [
    "javascript://a.b/%0aalert(1)",
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "- [x] done",
]


@pytest.mark.parametrize("vector", HTML_VECTORS + MARKDOWN_VECTORS + ESCAPED_VECTORS)
def test_nothing_dangerous_comes_through(vector: str) -> None:
    for make in (render_markdown, sanitise_html):
        html = make(vector)
        assert faults_in(html) == []
        assert sanitise_html(html) == html


def test_the_judge_convicts_every_vector_that_nobody_sanitises() -> None:
    assert [vector for vector in HTML_VECTORS if not faults_in(vector)] == []

    class Permissive(MarkdownIt):
        def validateLink(self, url: str) -> bool:  # noqa: N802
            return True

    permissive = Permissive("gfm-like", {"html": True})
    harmless = [vector for vector in MARKDOWN_VECTORS if not faults_in(permissive.render(vector))]
    assert harmless == []
    assert len(HTML_VECTORS) + len(MARKDOWN_VECTORS) >= 60


@pytest.mark.parametrize("make", [render_markdown, sanitise_html])
def test_naughty_strings_come_through_harmless(make: Callable[[str], str]) -> None:
    for naughty in NAUGHTY:
        for clean in (clean_text, clean_line, str):
            try:
                html = make(clean(naughty))
            except InvalidText:
                assert "\x00" in naughty or not naughty.isascii()
            else:
                assert faults_in(html) == []
                assert sanitise_html(html) == html


@pytest.mark.parametrize("make", [render_markdown, sanitise_html])
@pytest.mark.parametrize("bad", ["\x00", "a\ud800"])
def test_what_cannot_be_stored_is_refused(make: Callable[[str], str], bad: str) -> None:
    with pytest.raises(InvalidText):
        make(bad)


LINK = f'<a href="https://a.b" rel="{LINK_REL}">'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("one\ntwo\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>\n"),
        ("hard  \nbreak", "<p>hard<br>\nbreak</p>\n"),
        (
            "*em* **strong** ~~del~~ `code`",
            "<p><em>em</em> <strong>strong</strong> <del>del</del> <code>code</code></p>\n",
        ),
        ("```python\nif a < b:\n```", "<pre><code>if a &lt; b:\n</code></pre>\n"),
        ("> quoted\n\nanswer", "<blockquote>\n<p>quoted</p>\n</blockquote>\n<p>answer</p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"),
        ("[a](https://a.b 'title')", f"<p>{LINK}a</a></p>\n"),
        ("<https://a.b>", f"<p>{LINK}https://a.b</a></p>\n"),
        ("so (https://a.b).", f"<p>so ({LINK}https://a.b</a>).</p>\n"),
        ("see.https://a.b", f"<p>see.{LINK}https://a.b</a></p>\n"),
        ("_https://a.b_", f"<p><em>{LINK}https://a.b</a></em></p>\n"),
        ("`https://a.b`", "<p><code>https://a.b</code></p>\n"),
        ("[m](mailto:a@b.c)", f'<p><a href="mailto:a@b.c" rel="{LINK_REL}">m</a></p>\n'),
        ("HTTP://a.b", f'<p><a href="HTTP://a.b" rel="{LINK_REL}">HTTP://a.b</a></p>\n'),
    ],
)
def test_the_subset(text: str, html: str) -> None:
    assert render_markdown(text) == html


@pytest.mark.parametrize(
    "text",
    [
        "# no heading",
        "#hashtag",
        "no heading<br>\n===",
        "***",
        "* * *",
        "- - -",
        "1984. What a book",
        "a | b<br>\n--|--<br>\n1 | 2",
        "&lt;b&gt;raw&lt;/b&gt; &lt;!-- html --&gt;",
        "&amp;nbsp; &amp;lt; &amp;#8238;",
        "![alt](/picture.png)",
        "[x](javascript:alert(1))",
        "[a][1]",
        "www.a.b a@b.c ftp://a.b mailto:a@b.c //a.b",
        "+1",
        "2 * 3 * 4 snake_case_name",
    ],
)
def test_what_is_no_markup_here_shows_as_typed(text: str) -> None:
    typed = text_of(text.replace("<br>", ""))
    assert render_markdown(typed) == f"<p>{text}</p>\n"


def test_the_address_of_a_picture_becomes_a_link() -> None:
    assert render_markdown("![cat](https://a.b)") == f"<p>![cat]({LINK}https://a.b</a>)</p>\n"


def test_link_text_shows_what_was_typed_not_what_it_decodes_to() -> None:
    html = render_markdown("https://xn--80ak6aa92e.com/%E2%80%AE")
    assert text_of(html) == "https://xn--80ak6aa92e.com/%E2%80%AE\n"


def test_numbered_lists_only_begin_with_one_but_go_on() -> None:
    assert render_markdown("1. a\n1. b\n7. c").count("<li>") == 3
    assert render_markdown("- a\n2. b") == "<ul>\n<li>a</li>\n</ul>\n<p>2. b</p>\n"


@pytest.mark.parametrize(
    ("imported", "html"),
    [
        (
            "<b>b</b><i class=x>i</i><s>s</s><strike>k</strike><u>u</u>",
            "<strong>b</strong><em>i</em><del>s</del><del>k</del><em>u</em>",
        ),
        ("<B>b</B>", "<strong>b</strong>"),
        ("<div>a</div><div>b</div>", "<p>a</p><p>b</p>"),
        ("<div><p>a</p></div>", "<p>a</p>"),
        ("<h2>title</h2>text", "<p>title</p>text"),
        ("a<br/>b<hr>c", "a<br>bc"),
        ("<script>gone</script>kept<style>gone</style>", "kept"),
        ("<a href='https://a.b' title=t>x</a>", f"{LINK}x</a>"),
        ("<a href=' https://a.b '>x</a>", f"{LINK}x</a>"),
        (
            "<a href='https://пример.рф/ж'>x</a>",
            f'<a href="https://xn--e1afmkfd.xn--p1ai/%D0%B6" rel="{LINK_REL}">x</a>',
        ),
        ("<pre>" + "\n" * 20 + "x</pre>", "<pre>x</pre>"),
        ("x &lt;b&gt; &amp; y", "x &lt;b&gt; &amp; y"),
        ("&#x202e;a&#7;&#xfffe;", "a"),
        ("unclosed <b>b", "unclosed <strong>b</strong>"),
        ("x" + "&#x316;" * 20, "x" + "\u0316" * 8),
    ],
)
def test_imported_html_keeps_what_means_the_same(imported: str, html: str) -> None:
    assert sanitise_html(imported) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a\u202eb\u202c", "<p>ab</p>\n"),
        ("a\u2067b", "<p>a\u2067b\u2069</p>\n"),
        ("a\u2067b\n\nc\u2069", "<p>a\u2067b\u2069</p>\n<p>c</p>\n"),
        ("a\u2067b\nc", "<p>a\u2067b\u2069<br>\nc</p>\n"),
        ("\u2068*a\u2069*", "<p>\u2068<em>a\u2069</em></p>\n"),
        ("- \u2066\u2066a", "<ul>\n<li>\u2066\u2066a\u2069\u2069</li>\n</ul>\n"),
        ("\u200fא\u200e", "<p>\u200fא\u200e</p>\n"),
    ],
)
def test_directional_controls_stay_within_their_line(text: str, html: str) -> None:
    assert render_markdown(text) == html


def test_a_tag_does_not_compose_with_what_follows() -> None:
    for html in (render_markdown("\u0338\u0338a"), sanitise_html("<p>&#x338;a")):
        assert faults_in(unicodedata.normalize("NFC", html)) == []


def test_html_without_anything_to_see_is_known_by_its_text() -> None:
    for text in ("> ", "-", "```\n```", "[\u200b](https://a.b)", "1. "):
        assert is_blank(text_of(render_markdown(text))), text
    assert text_of(render_markdown("a < *b* & `c`")) == "a < b & c\n"


def test_rendered_links_are_counted() -> None:
    text = 'https://a.b [b](https://c.d) <e@f.g> [no](/x) `https://h.i` <a href="https://j.k">'
    assert count_links(render_markdown(text)) == 4  # the last one's address stands in the text shown


def test_the_renderer_has_a_version() -> None:
    assert isinstance(RENDERER, int)


MARKUP = st.lists(
    st.one_of(
        st.sampled_from("*_`~[]()<>!#-+>&\\\"' \n\t1.:/"),
        st.sampled_from(
            ["**", "~~", "```", "](", "![", "https://a.b", "mailto:a@b.c", "javascript:", "\n\n", "\n> ", "\n- "]
        ),
        st.sampled_from(
            ["\u202e", "\u2067", "\u2069", "\u0338", "\u0316" * 9, "\u00a0", "&#x202e;", "&lt;", "&nbsp;", "\x01"]
        ),
        st.text(max_size=3).filter(lambda text: "\x00" not in text),
    ),
    max_size=40,
).map("".join)
TAGS = st.lists(
    st.one_of(
        st.sampled_from(
            ["a", "p", "b", "pre", "ul", "li", "table", "td", "svg", "math", "div", "style", "h1", "br"]
        ).flatmap(lambda tag: st.sampled_from([f"<{tag}>", f"</{tag}>", f"<{tag} title=x onclick=y>", f"<{tag}/>"])),
        st.sampled_from(
            [
                "<a href='https://a.b/ é\"'>",
                "<a href=javascript:x>",
                "<!--",
                "-->",
                "<![CDATA[",
                "\n",
                "&lt;",
                "&#x338;",
            ]
        ),
        st.sampled_from(
            ["\u202e", "\u2067", "\u2069", "&#x202e;", "x", " ", "<", ">", "\r\n", "&#13;", "&#1;", "\ufffe"]
        ),
        st.sampled_from(["<a href='http://[::1]/'>", "<a href='https://%zz@h:9/\\?#[]'>", "<a href='mailto:é@ü.ß'>"]),
    ),
    max_size=25,
).map("".join)


@settings(max_examples=300)
@given(MARKUP)
@example("\u0338")
def test_rendered_html_is_allowed_and_sanitised_already(text: str) -> None:
    try:
        html = render_markdown(text)
    except InvalidText:
        with pytest.raises(InvalidText):
            clean_text(text)
        return
    assert faults_in(html) == []
    assert sanitise_html(html) == html


@settings(max_examples=500)
@given(TAGS)
@example("<a href=https://a.b><table><td><a href=https://c.d>x")
@example("<pre>\n\n\n")
def test_sanitised_html_is_allowed_and_stays_as_it_is(html: str) -> None:
    once = sanitise_html(html)
    assert faults_in(once) == []
    assert sanitise_html(once) == once


def cut(text: str) -> str:
    return text[:10_000]


def half(before: str, after: str) -> str:
    times = 5_000 // len(before)
    return before * times + "b" + after * times


# The inputs that broke Markdown parsers, after cmark's list of them, at the longest a comment may be; then ours.
PATHOLOGICAL = {
    "nested strong and em": half("*a **a ", " a** a*"),
    "em closers without openers": cut("a_ " * 10_000),
    "em openers without closers": cut("_a " * 10_000),
    "link closers without openers": cut("a]" * 10_000),
    "link openers without closers": cut("[a" * 10_000),
    "mismatched openers and closers": cut("*a_ " * 10_000),
    "multiples of three": cut("a**b" + "c* " * 10_000),
    "link openers and em closers": cut("[ a_" * 10_000),
    "pattern [ (](": cut("[ (](" * 10_000),
    "pattern ![[]()": cut("![[]()" * 10_000),
    "hard link and em": cut("**x [a*b**c*](d) " * 10_000),
    "nested brackets": half("[", "]"),
    "nested quotes": cut("> " * 10_000),
    "nested quotes without spaces": cut(">" * 9_999 + "a"),
    "deep lists": cut("".join("  " * depth + "* a\n" for depth in range(1_000))),
    "lists in one line": cut("* " * 9_999 + "a"),
    "lists and quotes in turn": cut("- > " * 10_000),
    "backticks of all lengths": cut("".join("e" + "`" * length for length in range(1, 1_000))),
    "unclosed links <": cut("[a](<b" * 10_000),
    "unclosed links": cut("[a](b" * 10_000),
    "unclosed comments": cut("</" + "<!--" * 10_000),
    "empty comments and declarations": cut("<!A <?<![CDATA[" * 10_000),
    "many references": cut("".join(f"[{n}]: u\n" for n in range(700)) + "[0] " * 10_000),
    "nested parentheses in a link": cut("[a](" + "(" * 10_000),
    "tables": cut("|" * 500 + "\n" + "-|" * 500 + "\n" + "|a" * 10_000),
    "tildes": cut("~~a " * 10_000),
    "addresses in addresses": cut("http://" * 10_000),
    "addresses glued to dots": cut(".http://a.b" * 10_000),
    "addresses full of brackets": cut("http://a.b/" + "(" * 10_000),
    "addresses full of dots": cut("http://" + "a." * 10_000),
    "autolinks": cut("<http://a.b>" * 10_000),
    "emphasis runs": cut("*" * 4_999 + "a" + "*" * 5_000),
    "isolates": cut("\u2067" * 10_000),
    "isolates in lines": cut("\u2067\n\n" * 10_000),
    "blank lines": "\n" * 10_000,
    "lines in a list": cut("1. a\n" * 10_000),
    "escapes": cut("\\" * 10_000),
    "fences": cut("```\n" * 10_000),
}


def takes_less_than(seconds: float, call: Callable[[], object]) -> bool:
    """Whether one of ten runs stays below this processor time: the others may have shared their core."""
    for _ in range(10):
        start = time.process_time()
        call()
        if time.process_time() - start < seconds:
            return True
    return False


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_pathological_text_is_rendered_in_time(name: str) -> None:
    text = PATHOLOGICAL[name]
    assert 9_900 <= len(text) <= 10_001 or name == "many references"
    html = render_markdown(text)
    assert faults_in(html) == []
    assert sanitise_html(html) == html
    assert takes_less_than(0.150, lambda: render_markdown(text))


@pytest.mark.parametrize(
    "html", ["<div>" * 2_000, "<b><p>" * 1_500, "<a href=https://a.b><table><td>" * 300, "<ul><li>" * 1_200]
)
def test_deep_html_is_sanitised_in_time(html: str) -> None:
    assert faults_in(sanitise_html(html)) == []
    assert takes_less_than(0.5, lambda: sanitise_html(html))


def test_nesting_leaves_the_stack_room() -> None:
    """The deepest nesting has to do with half of Python's stack: requests come with frames of their own."""
    limit = sys.getrecursionlimit()
    depth = len(inspect.stack(0))
    sys.setrecursionlimit(depth + 500)
    try:
        for name in ("nested quotes", "deep lists", "lists in one line", "lists and quotes in turn", "nested brackets"):
            render_markdown(PATHOLOGICAL[name])
    finally:
        sys.setrecursionlimit(limit)
