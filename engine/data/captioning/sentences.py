"""Sentences about a picture, out of the attributes that were measured in it: several, in varied grammar, each with the
attributes that it states. The same seed gives the same sentences.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from engine.data.captioning.attributes import Attribute
from engine.data.captioning.nouns import BACKGROUND, Scene, noun_of
from engine.data.captioning.phrases import (
    AttributeTable,
    Chance,
    Phrase,
    colour_phrase,
    listed,
    noun_phrase,
    pick,
    place_phrase,
    placed_phrase,
    text,
    with_article,
)

TRIES = 8
"""Drafts per sentence that is wanted: pictures of which little is known run out of different ones."""
MOST_NAMED = 5
"""Labels that one sentence names."""
SCENE_NAMES: dict[Scene, tuple[str, ...]] = {
    "street": ("street", "city street", "road scene"),
    "front": ("house front", "building front", "facade"),
    "town": ("town", "town scene", "street in a town"),
    "scene": ("scene",),
    "face": ("face",),
    "person": ("person",),
}


@dataclass(frozen=True)
class Sentence:
    """text: with a capital and a full stop. states: what it says, in order."""

    text: str
    states: tuple[Attribute, ...]


def sentences_about(
    attributes: Iterable[Attribute], scene: Scene, count: int, *, seed: int = 0, name: str = ""
) -> list[Sentence]:
    """At most `count` different sentences about a picture with these attributes, at least one.

    name: of the picture; it decides the sentences together with the seed.
    """
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    chance = np.random.default_rng((seed, int.from_bytes(digest, "big")))
    table = AttributeTable(attributes)
    drafts = _DRAFTS.get(scene, _SCENE_DRAFTS)
    sentences: dict[str, Sentence] = {}
    for _ in range(TRIES * count):
        if len(sentences) == count:
            break
        phrase = pick(chance, drafts)(table, scene, chance)
        sentence = Sentence(f"{phrase.words[0].upper()}{phrase.words[1:]}.", tuple(sorted(phrase.states)))
        sentences.setdefault(sentence.text, sentence)
    return list(sentences.values())


def _some(subjects: list[str], chance: Chance, most: int = MOST_NAMED) -> list[str]:
    """One or more of these, in random order."""
    if not subjects:
        return []
    wanted = int(chance.integers(1, min(most, len(subjects)) + 1))
    return [subjects[index] for index in chance.permutation(len(subjects))[:wanted]]


# ---------------------------------------------------------------- faces and people


def _subject(table: AttributeTable, chance: Chance, plain: tuple[str, ...] = ("person",)) -> Phrase:
    """"a smiling young woman"; `plain`: what one is called whose sex is not known or not said."""
    adjectives = Phrase("")
    for aspect in ("expression", "age"):
        attribute = table.value("person", aspect)
        if attribute is not None and chance.random() < 0.7:
            synonyms = {"old": ("old", "elderly")}.get(attribute.value, (attribute.value,))
            adjectives += Phrase(pick(chance, synonyms), frozenset({attribute}))
    sex = table.value("person", "sex")
    noun = Phrase(pick(chance, plain))
    if sex is not None and chance.random() < 0.85:
        noun = Phrase(sex.value, frozenset({sex}))
    subject = adjectives + noun
    return Phrase(with_article(subject.words), subject.states)


def _someone(table: AttributeTable, chance: Chance) -> Phrase:
    """A subject for verbs: "a woman", "this person", "someone"."""
    known = table.value("person", "sex") or table.value("person", "age")
    return _subject(table, chance) if known else Phrase(pick(chance, ("this person", "someone", "the person")))


def _face_parts(table: AttributeTable, chance: Chance) -> list[Phrase]:
    """What a face has: some of hair, beard, mouth and what is worn, in random order."""
    parts = [
        noun_phrase(table, subject, chance)
        for subject in _some([name for name in table.subjects() if not _is_worn(name)], chance)
    ]
    mouth = table.value("mouth", "state")
    if mouth is not None and chance.random() < 0.6:
        parts.append(Phrase(with_article(f"{mouth.value} mouth"), frozenset({mouth})))
    return parts


def _is_worn(subject: str) -> bool:
    noun = noun_of(subject)
    return noun is not None and noun.worn


def _worn(table: AttributeTable, chance: Chance, most: int = 3) -> list[Phrase]:
    subjects = _some([name for name in table.subjects() if _is_worn(name)], chance, most)
    return [noun_phrase(table, subject, chance) for subject in subjects]


def _in_front(table: AttributeTable, chance: Chance) -> Phrase:
    """"in front of a light grey background"; empty where its colour is not known or not said."""
    colour = colour_phrase(table, BACKGROUND)
    if not colour.words or chance.random() < 0.4:
        return Phrase("")
    preposition = pick(chance, ("in front of", "against", "before"))
    return Phrase(f"{preposition} {with_article(f'{colour.words} background')}", colour.states)


def _face_with(table: AttributeTable, scene: Scene, chance: Chance) -> Phrase:
    parts = [*_face_parts(table, chance), *(_worn(table, chance, 2) if chance.random() < 0.6 else [])]
    subject = _subject(table, chance, ("face", "person"))
    opener = pick(chance, ("{0}", "a portrait of {0}", "a photo of {0}", "a close-up of {0}"))
    named = text(f"{opener} with {{1}}", subject, listed(parts)) if parts else text(opener, subject)
    return named + _in_front(table, chance)


def _face_wearing(table: AttributeTable, scene: Scene, chance: Chance) -> Phrase:
    worn = _worn(table, chance)
    if not worn:
        return _face_with(table, scene, chance)
    parts = _face_parts(table, chance)
    subject = _subject(table, chance)
    if not parts:
        return text("{0} wearing {1}", subject, listed(worn)) + _in_front(table, chance)
    template = pick(chance, ("{0} with {2}, wearing {1}", "{0} wearing {1}, with {2}", "{0} who wears {1} and has {2}"))
    return text(template, subject, listed(worn), listed(parts)) + _in_front(table, chance)


def _face_has(table: AttributeTable, scene: Scene, chance: Chance) -> Phrase:
    parts, worn = _face_parts(table, chance), _worn(table, chance, 2)
    subject = _someone(table, chance)
    if parts and worn:
        return text(pick(chance, ("{0} has {1} and wears {2}", "{0} wears {2} and has {1}")),
                    subject, listed(parts), listed(worn))
    if parts or worn:
        return text("{0} has {1}" if parts else "{0} wears {1}", subject, listed(parts or worn))
    return _face_with(table, scene, chance)


def _face_before(table: AttributeTable, scene: Scene, chance: Chance) -> Phrase:
    """The background first."""
    colour = colour_phrase(table, BACKGROUND)
    parts = [*_face_parts(table, chance), *(_worn(table, chance, 2) if chance.random() < 0.4 else [])]
    if not colour.words or not parts:
        return _face_has(table, scene, chance)
    background = Phrase(with_article(f"{colour.words} background"), colour.states)
    template = pick(chance, ("before {0}, {1} with {2}", "{0} behind {1} with {2}", "on {0} one sees {1} with {2}"))
    return text(template, background, _subject(table, chance, ("face", "person")), listed(parts))


def _dressed(table: AttributeTable, scene: Scene, chance: Chance) -> Phrase:
    garments = _worn(table, chance, 4)
    if not garments:
        return _face_has(table, scene, chance)
    template = pick(
        chance,
        ("{0} in {1}", "{0} wearing {1}", "{0} dressed in {1}", "{0} wears {1}", "a photo of {0} in {1}",
         "a full-length picture of {0} in {1}"),
    )  # fmt: skip
    phrase = text(template, _subject(table, chance), listed(garments))
    if table.value("bag", "present") is not None and chance.random() < 0.7:
        bag = noun_phrase(table, "bag", chance)
        phrase = text(pick(chance, ("{0}, carrying {1}", "{0}, with {1}")), phrase, bag)
    elif table.value("hair", "present") is not None and chance.random() < 0.5:
        phrase = text("{0}, with {1}", phrase, noun_phrase(table, "hair", chance))
    return phrase


def _person_with(table: AttributeTable, scene: Scene, chance: Chance) -> Phrase:
    named = [noun_phrase(table, subject, chance) for subject in _some(table.subjects(), chance, 4)]
    if not named:
        return text("a picture of {0}", _subject(table, chance))
    return text(pick(chance, ("{0} with {1}", "there is {0} with {1}", "one sees {0} with {1}")),
                _subject(table, chance), listed(named))


# ---------------------------------------------------------------- streets, fronts and other scenes


def _place_name(scene: Scene, chance: Chance) -> Phrase:
    return Phrase(with_article(pick(chance, SCENE_NAMES[scene])))


def _sky(table: AttributeTable, subjects: list[str], chance: Chance) -> Phrase:
    """"under a blue sky", which then is no longer among the subjects; mostly where there is a sky."""
    if "sky" not in subjects or chance.random() < 0.3:
        return Phrase("")
    subjects.remove("sky")
    return text("under {0}", noun_phrase(table, "sky", chance))


def _scene_with(table: AttributeTable, scene: Scene, chance: Chance) -> Phrase:
    subjects = table.subjects()
    sky = _sky(table, subjects, chance)
    named = [placed_phrase(table, subject, chance) for subject in _some(subjects, chance)]
    opener = pick(chance, ("{0}", "a photo of {0}", "a view of {0}", "a picture of {0}"))
    place = text(opener, _place_name(scene, chance))
    return (text("{0} with {1}", place, listed(named)) if named else place) + sky


def _there_are(table: AttributeTable, scene: Scene, chance: Chance) -> Phrase:
    subjects = table.subjects()
    sky = _sky(table, subjects, chance)
    named = [placed_phrase(table, subject, chance) for subject in _some(subjects, chance, 4)]
    if not named:
        return _scene_with(table, scene, chance)
    things = listed(named)
    verb = "are" if named[0].plural else "is"
    template = pick(chance, (f"there {verb} {{0}}", f"there {verb} {{0}} in {{1}}", "one can see {0}", "{1} shows {0}"))
    return text(template, things, _place_name(scene, chance)) + sky


def _by_place(table: AttributeTable, scene: Scene, chance: Chance) -> Phrase:
    """Places first: "on the left a tree, on the right two cars"."""
    clauses = []
    subjects = _some([name for name in table.subjects() if table.value(name, "side") is not None], chance, 3)
    for subject in subjects:
        place = place_phrase(table, subject, chance)
        noun = noun_phrase(table, subject, chance)
        if place.words:
            verb = "are" if noun.plural else "is"
            clauses.append(place + (verb if len(subjects) == 1 else pick(chance, ("", verb))) + noun)
    if not clauses:
        return _there_are(table, scene, chance)
    phrase = listed(clauses)
    return text("{0}: {1}", _place_name(scene, chance), phrase) if chance.random() < 0.4 else phrase


def _stands(table: AttributeTable, scene: Scene, chance: Chance) -> Phrase:
    """A thing with a verb: "three cars stand on the right of a street"."""
    placed = [name for name in table.subjects() if table.value(name, "side") is not None and name != "sky"]
    if not placed:
        return _scene_with(table, scene, chance)
    subject = pick(chance, placed)
    noun, place = noun_phrase(table, subject, chance), place_phrase(table, subject, chance)
    verb = pick(chance, ("stand", "are")) if noun.plural else pick(chance, ("stands", "is"))
    other_subjects = [name for name in table.subjects() if name != subject]
    clause = noun + verb + (place if place.words else Phrase("")) + text("in {0}", _place_name(scene, chance))
    named = [placed_phrase(table, name, chance) for name in _some(other_subjects, chance, 2)]
    return text("{0}, with {1}", clause, listed(named)) if named and chance.random() < 0.6 else clause


Draft = Callable[[AttributeTable, Scene, Chance], Phrase]
_SCENE_DRAFTS: tuple[Draft, ...] = (_scene_with, _scene_with, _there_are, _by_place, _stands)
_DRAFTS: dict[Scene, tuple[Draft, ...]] = {
    "face": (_face_with, _face_with, _face_wearing, _face_has, _face_before),
    "person": (_dressed, _dressed, _face_has, _person_with),
}
