"""What labels are called in sentences, and what can be said of each. Labels of every set that ships share this table;
one that it does not list goes by its own name and has no more said of it than where it is and how large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.data.captioning.colours import HAIR, PLAIN, Palette
from engine.labels.label_sets import LabelSet

Number = Literal["counted", "one", "plural", "mass"]
"""How a noun goes: "a car, two cars"; "a coat", whose pieces belong together; "trousers"; "hair"."""
Scene = Literal["face", "person", "street", "front", "town", "scene"]


@dataclass(frozen=True)
class Noun:
    """words: singular and plural, alike where the noun has one form; synonyms after the usual ones. number: see above.
    palette: of its colours, None where they say nothing. placed, sized: whether where and how large it is tells one
    picture from another. worn: by a person."""

    words: tuple[tuple[str, str], ...]
    number: Number = "counted"
    palette: Palette | None = None
    placed: bool = False
    sized: bool = False
    worn: bool = False


def _counted(
    *singulars: str, palette: Palette | None = None, placed: bool = False, sized: bool = False, worn: bool = False
) -> Noun:
    return Noun(tuple((word, plural_of(word)) for word in singulars), "counted", palette, placed, sized, worn)


def _uncounted(
    *words: str, number: Number = "mass", palette: Palette | None = PLAIN, placed: bool = False, worn: bool = False
) -> Noun:
    return Noun(tuple((word, word) for word in words), number, palette, placed, worn=worn)


def _singular(*words: str, palette: Palette | None = PLAIN, placed: bool = False, worn: bool = False) -> Noun:
    return _uncounted(*words, number="one", palette=palette, placed=placed, worn=worn)


def plural_of(word: str) -> str:
    """"car" -> "cars", "bench" -> "benches", "balcony" -> "balconies"."""
    if word in ("person", "woman", "man", "shelf"):
        return {"person": "people", "woman": "women", "man": "men", "shelf": "shelves"}[word]
    if word.endswith(("s", "x", "ch", "sh")):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else f"{word}s"


SILENT = frozenset(
    "background skin nose neck mouth other unlabelled unlabeled void static dynamic unknown ground".split()
) | {"ego vehicle", "rectification border", "out of roi", "upper lip", "lower lip", "license plate"} | {
    f"{side} {feature}" for side in ("left", "right") for feature in ("eye", "eyebrow", "ear")
}  # fmt: skip
"""Labels that no sentence names: every picture of their kind shows them, or they are nothing in particular."""

BACKGROUND = "background"
"""What a face is in front of: its colour alone is told."""
NOUNS: dict[str, Noun] = {
    "hair": _uncounted("hair", palette=HAIR),
    "eyeglasses": _uncounted("glasses", "eyeglasses", "spectacles", number="plural", palette=None, worn=True),
    "glasses": _uncounted("glasses", "sunglasses", number="plural", palette=None, worn=True),
    "hat": _singular("hat", worn=True),
    "earring": _counted("earring", worn=True),
    "necklace": _singular("necklace", palette=None, worn=True),
    "clothes": _uncounted("clothes", number="plural", worn=True),
    "jewellery": _uncounted("jewellery", palette=None, worn=True),
    "top": _singular("top", "shirt", worn=True),
    "coat": _singular("coat", "jacket", worn=True),
    "dress": _singular("dress", worn=True),
    "skirt": _singular("skirt", worn=True),
    "trousers": _uncounted("trousers", "pants", number="plural", worn=True),
    "shorts": _uncounted("shorts", number="plural", worn=True),
    "tights": _uncounted("tights", number="plural", worn=True),
    "shoes": _uncounted("shoes", number="plural", worn=True),
    "belt": _singular("belt", worn=True),
    "scarf": _singular("scarf", worn=True),
    "bag": _singular("bag", "handbag"),
    "sky": _singular("sky"),
    "road": _singular("road", palette=None),
    "pavement": _singular("pavement", "sidewalk", palette=None, placed=True),
    "sidewalk": _singular("sidewalk", "pavement", palette=None, placed=True),
    "building": Noun((("buildings", "buildings"), ("houses", "houses")), "plural", PLAIN, placed=True, sized=True),
    "vegetation": _uncounted("greenery", "vegetation", palette=None, placed=True),
    "tree": _counted("tree", placed=True, sized=True),
    "pole": _counted("pole", placed=True),
    "sign": _counted("sign", "road sign", placed=True),
    "fence": _singular("fence", palette=None, placed=True),
    "car": _counted("car", palette=PLAIN, placed=True, sized=True),
    "truck": _counted("truck", palette=PLAIN, placed=True, sized=True),
    "bus": _counted("bus", palette=PLAIN, placed=True, sized=True),
    "pedestrian": _counted("pedestrian", placed=True),
    "person": _counted("person", placed=True),
    "rider": _counted("rider", placed=True),
    "bicyclist": _counted("cyclist", placed=True),
    "bicycle": _counted("bicycle", "bike", placed=True),
    "window": _counted("window"),
    "door": _counted("door", palette=PLAIN, placed=True),
    "shop": _counted("shop", placed=True),
    "balcony": _counted("balcony", placed=True),
    "pillar": _counted("pillar"),
    "blind": _counted("blind", "shutter"),
    "sill": _counted("sill"),
    "cornice": _counted("cornice"),
    "molding": _counted("molding"),
    "decoration": _counted("decoration"),
    "wall": _singular("wall"),
    "grass": _uncounted("grass", palette=None),
    "water": _uncounted("water", placed=True),
}
"""By the name of a label."""

_SCENES: tuple[tuple[Scene, frozenset[str]], ...] = (
    ("face", frozenset({"nose", "upper lip", "hair"})),
    ("person", frozenset({"trousers", "dress", "bag"})),
    ("street", frozenset({"road", "pole", "car"})),
    ("front", frozenset({"cornice", "window", "sill"})),
    ("town", frozenset({"building", "vegetation", "pavement"})),
)


MOST_OF_ONE_SCENE = 40
"""Labels of a set whose pictures are all of one kind."""


def scene_of(label_set: LabelSet) -> Scene:
    """What pictures with these labels are of."""
    names = {label.name for label in label_set.labels}
    if len(names) > MOST_OF_ONE_SCENE:
        return "scene"
    return next((scene for scene, typical_names in _SCENES if typical_names <= names), "scene")


def noun_of(label_name: str) -> Noun | None:
    """How a label is spoken of; None for those that are not."""
    if label_name in SILENT:
        return None
    return NOUNS.get(label_name) or Noun(((label_name, label_name),), "mass", None, placed=True)


def palette_of(label_name: str) -> Palette | None:
    """The names of a label's colours; None where its colour says nothing."""
    if label_name == BACKGROUND:
        return PLAIN
    noun = noun_of(label_name)
    return None if noun is None else noun.palette
