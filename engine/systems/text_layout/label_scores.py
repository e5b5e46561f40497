"""How well sets of labels agree with the true ones, and what reading alone gives: a matcher of words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from engine.data.captioning.nouns import NOUNS, plural_of
from engine.data.vocabulary import words_of

PERSON_WORDS = "man woman men women boy girl boys girls child children people guy lady player players person".split()


@dataclass
class LabelScores:
    """Labels that were rightly said, said at all, and there; of many pictures together (micro)."""

    right: int = 0
    said: int = 0
    there: int = 0

    def add(self, said: Collection[int], there: Collection[int]) -> None:
        """Sets of labels of one picture."""
        self.right += len(set(said) & set(there))
        self.said += len(set(said))
        self.there += len(set(there))

    def f1(self) -> float:
        """Twice what is right, by what is said and what is there; 0 where there is neither."""
        return 2 * self.right / max(1, self.said + self.there)


class KeywordMatcher:
    """Labels whose name, plural or synonym stands in a sentence; nothing is learnt."""

    def __init__(self, class_names: Sequence[str]) -> None:
        self._phrases = [[f" {' '.join(words_of(form))} " for form in _forms(name)] for name in class_names]

    def labels_in(self, sentence: str, allowed: Collection[int]) -> set[int]:
        """Of those allowed, the labels that the sentence names."""
        text = f" {' '.join(words_of(sentence))} "
        return {label for label in allowed if any(phrase in text for phrase in self._phrases[label])}


def _forms(class_name: str) -> list[str]:
    forms = [class_name, plural_of(class_name)]
    if class_name in NOUNS:
        forms += [word for words in NOUNS[class_name].words for word in words]
    return forms + PERSON_WORDS if class_name == "person" else forms
