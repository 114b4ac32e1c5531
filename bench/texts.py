"""The words that benchmarks post and store: the same for the service, the floor and Isso."""

from __future__ import annotations

import random

_SOURCE = (
    "the council voted again on a plan nobody had read and then asked why people were angry about it while our street"
    " still floods every autumn because the drain was never cleaned I have lived here for thirty years and would rather"
    " pay for the repair than for another report by consultants who measure the water when it is dry thank you for"
    " writing this down so plainly"
)
WORDS = _SOURCE.split()


def sentence(rng: random.Random, words: int) -> str:
    """So many words, capitalised, with a full stop."""
    return " ".join(rng.choices(WORDS, k=words)).capitalize() + "."


def stored_texts(rng: random.Random, count: int) -> list[str]:
    """Comments as people write them: mostly short, some of two paragraphs, some with Markdown."""
    texts = []
    for number in range(count):
        text = sentence(rng, rng.choice((4, 9, 14, 20, 30, 45)))
        if number % 4 == 0:
            text += f"\n\n{sentence(rng, 12)}"
        if number % 5 == 0:
            text += f" See **{rng.choice(WORDS)}** at https://example.org/{number} and `{rng.choice(WORDS)}`."
        texts.append(text)
    return texts


# About 390 characters with a link, code and bold. %s makes it unique.
POSTED = (
    "I do not agree with **the second point** of the article, and number %s in the list shows why: the drain under our"
    " street was measured when it was dry. The figures are [in the council's own report](https://example.org/report),"
    " page 12, where `flow = 0` is given for the whole of October. Thirty years ago this was cleaned every autumn.\n\n"
    "Would somebody who was at the meeting say what was answered to that?"
)
