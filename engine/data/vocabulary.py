"""Words of sentences: how a sentence is taken apart, and which words of many sentences are worth knowing."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

WORD = re.compile(r"\w+")
LEAST_TIMES = 2
"""A word that is seen less often is not learnt."""


def words_of(sentence: str) -> list[str]:
    """The words of a sentence in lower case, without punctuation."""
    return WORD.findall(unicodedata.normalize("NFKC", sentence).casefold())


def vocabulary_of(sentences: Iterable[str]) -> tuple[str, ...]:
    """The words of these sentences, the most frequent first."""
    counts = Counter(word for sentence in sentences for word in words_of(sentence))
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(word for word, times in ordered if times >= LEAST_TIMES)
