"""Phrases that know what they state: words, and the attributes that are true where they are.

Joining phrases joins what they state, so a sentence cannot say what is not on its list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from engine.data.captioning.attributes import Attribute
from engine.data.captioning.nouns import Noun, noun_of

Chance = np.random.Generator
T = TypeVar("T")

NUMBERS = "one two three four five six seven eight nine ten eleven twelve".split()
SIDES = {
    "left": ("on the left", "to the left", "on the left side"),
    "middle": ("in the middle", "in the centre"),
    "right": ("on the right", "to the right", "on the right side"),
}
LEVELS = {"top": ("at the top",), "bottom": ("at the bottom",), "middle": ()}
SIZES = {"large": ("large", "big"), "small": ("small", "little")}
VOWELS = "aeiou"


@dataclass(frozen=True)
class Phrase:
    """words; states: what they say; plural: whether a verb behind them is."""

    words: str
    states: frozenset[Attribute] = frozenset()
    plural: bool = False

    def __add__(self, other: Phrase | str) -> Phrase:
        """Both in a row, a space between them."""
        following = other if isinstance(other, Phrase) else Phrase(other)
        words = " ".join(filter(None, (self.words, following.words)))
        return Phrase(words, self.states | following.states, self.plural)


def text(template: str, *phrases: Phrase) -> Phrase:
    """Words with phrases in the places {0}, {1} ... of a template; all that they state."""
    words = template.format(*(phrase.words for phrase in phrases))
    return Phrase(words, frozenset().union(*(phrase.states for phrase in phrases)))


def listed(phrases: Sequence[Phrase]) -> Phrase:
    """"a", "a and b", "a, b and c"; plural where there are several."""
    words = [phrase.words for phrase in phrases]
    joined = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    plural = len(words) > 1 or phrases[0].plural
    return Phrase(joined, frozenset().union(*(phrase.states for phrase in phrases)), plural)


def pick(chance: Chance, options: Sequence[T]) -> T:
    """One of several, all alike."""
    return options[int(chance.integers(len(options)))]


def with_article(words: str) -> str:
    """"car" -> "a car", "open mouth" -> "an open mouth"."""
    return f"{'an' if words[0] in VOWELS and not words.startswith(('one', 'uni')) else 'a'} {words}"


class AttributeTable:
    """The attributes of a picture, asked for by what they are of."""

    def __init__(self, attributes: Iterable[Attribute]) -> None:
        self._by_name: dict[tuple[str, str], list[Attribute]] = {}
        for attribute in attributes:
            self._by_name.setdefault((attribute.subject, attribute.aspect), []).append(attribute)

    def all(self, subject: str, aspect: str) -> tuple[Attribute, ...]:
        """Every value of that name."""
        return tuple(self._by_name.get((subject, aspect), ()))

    def value(self, subject: str, aspect: str) -> Attribute | None:
        """The value of that name, None where it was not measured."""
        values = self.all(subject, aspect)
        return values[0] if values else None

    def subjects(self) -> list[str]:
        """Labels that are there and can be spoken of."""
        return [subject for subject, aspect in self._by_name if aspect == "present" and noun_of(subject) is not None]


# ---------------------------------------------------------------- phrases of one label


def colour_phrase(table: AttributeTable, subject: str) -> Phrase:
    """"dark blue", "black and white"; empty where no colour was measured."""
    colours = table.all(subject, "colour")
    return Phrase(" and ".join(colour.value for colour in colours), frozenset(colours))


def noun_phrase(table: AttributeTable, subject: str, chance: Chance) -> Phrase:
    """A label with some of what is known of it before its noun: "three cars", "a large grey building".
    """
    noun = noun_of(subject)
    assert noun is not None, subject
    states = set(table.all(subject, "present"))
    adjectives = _adjectives(table, subject, chance)
    states |= adjectives.states
    count = table.value(subject, "count")
    several = count is not None and count.value != "1"
    singular, plural = noun.words[0] if chance.random() < 0.7 else pick(chance, noun.words)
    words = f"{adjectives.words} {plural if several else singular}".strip()
    if count is None:
        words = with_article(words) if noun.number == "one" else words
        return Phrase(words, frozenset(states), noun.number == "plural")
    number = _number_words(count, noun, chance)
    if number:
        states.add(count)
        return Phrase(f"{number} {words}", frozenset(states), several)
    return Phrase(words if several else with_article(words), frozenset(states), several)


def _adjectives(table: AttributeTable, subject: str, chance: Chance) -> Phrase:
    """Size, length, texture and colour, each said three times of four."""
    adjectives = Phrase("")
    for aspect in ("size", "length", "texture"):
        attribute = table.value(subject, aspect)
        if attribute is not None and chance.random() < 0.75:
            adjectives += Phrase(pick(chance, SIZES.get(attribute.value, (attribute.value,))), frozenset({attribute}))
    colours = colour_phrase(table, subject)
    return adjectives + colours if colours.words and chance.random() < 0.75 else adjectives


def _number_words(count: Attribute, noun: Noun, chance: Chance) -> str:
    """"three", "many"; "" where no number is said: always of one thing that is worn, mostly of one thing, seldom of
    several."""
    if count.value == "many":
        return pick(chance, ("many", "a lot of")) if chance.random() < 0.7 else ""
    if count.value == "1":
        return pick(chance, ("one", "a single")) if not noun.worn and chance.random() < 0.2 else ""
    return NUMBERS[int(count.value) - 1] if chance.random() < 0.8 else ""


def place_phrase(table: AttributeTable, subject: str, chance: Chance) -> Phrase:
    """"on the left", "at the top right" in words; empty where a label has no place of its own."""
    place = Phrase("")
    side, level = table.value(subject, "side"), table.value(subject, "level")
    if side is not None and chance.random() < 0.8:
        place += Phrase(pick(chance, SIDES[side.value]), frozenset({side}))
    if level is not None and LEVELS[level.value] and chance.random() < 0.25:
        place += Phrase(pick(chance, LEVELS[level.value]), frozenset({level}))
    return place


def placed_phrase(table: AttributeTable, subject: str, chance: Chance) -> Phrase:
    """A label, and where it is: "two cars on the right"."""
    return noun_phrase(table, subject, chance) + place_phrase(table, subject, chance)
