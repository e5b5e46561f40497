"""Layout: a sentence becomes boxes, each with the label of what is in it."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol

from msgspec import Meta, structs

from engine.errors import BadRequest, Message
from engine.files import PathLike, write_text
from engine.pictures.images import write_image
from engine.pictures.layouts import draw_layout
from engine.requests.base import Frozen, Report, Request, Services
from engine.requests.styles import MAX_SEED, as_seed

WORD = re.compile(r"\w+")
MOST_WORDS = 100
SHARP = 0.4
"""The usual temperature: that of Obj-GAN's layouts (Li et al., CVPR 2019)."""


class PlacedBox(Frozen, frozen=True):
    """One thing of a layout: its label, and its box in shares of the picture's sides."""

    label: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Plan:
    """What weights make of a sentence: boxes from left to right, and the domain that their labels belong to."""

    boxes: tuple[PlacedBox, ...]
    domain: str


class Planner(Protocol):
    """Weights in use that serve layout requests."""

    def plan(self, sentence: str, domain: str, seed: int, temperature: float) -> Plan:
        """A layout; `domain` "" is the one that the sentence sounds like. Raises BadRequest for an unknown one."""
        ...

    def unknown_words(self, sentence: str) -> dict[str, list[str]]:
        """Words that the weights do not know, with near ones that they do."""
        ...

    def knows_any_word(self, sentence: str) -> bool:
        """Whether there is a word to go by."""
        ...


@dataclass(frozen=True)
class LayoutResult:
    """plan: the boxes. unknown: words of the sentence that were passed over. seconds taken."""

    plan: Plan
    request: LayoutRequest
    unknown: dict[str, list[str]]
    seconds: float
    notes: tuple[str, ...] = ()

    def save(self, path: PathLike) -> None:
        """Write the boxes as JSON, or a drawing of them by the name's suffix. Raises BadFile."""
        if Path(path).suffix.lower() == ".json":
            write_text(path, json.dumps(self._layout(), ensure_ascii=False, indent=1) + "\n")
            return
        boxes = [(box.label, (box.left, box.top, box.right, box.bottom)) for box in self.plan.boxes]
        write_image(path, draw_layout(boxes, sentence=self.request.sentence))

    def facts(self) -> dict[str, Any]:
        """The layout, the words that were passed over and the time."""
        return {**self._layout(), "unknown_words": self.unknown, "seconds": self.seconds}

    def lines(self) -> list[str]:
        """How many boxes, and a line for each: its label and its place in shares."""
        boxes = self.plan.boxes
        first_line = f"{len(boxes)} {'box' if len(boxes) == 1 else 'boxes'}  {self.seconds:.2f} s"
        return [
            first_line,
            *(f"  {box.left:.2f} {box.top:.2f} {box.right:.2f} {box.bottom:.2f}  {box.label}" for box in boxes),
        ]

    def _layout(self) -> dict[str, Any]:
        return {
            "sentence": self.request.sentence,
            "domain": self.plan.domain,
            "seed": self.request.seed,
            "boxes": [structs.asdict(box) for box in self.plan.boxes],
        }


class LayoutRequest(Request[LayoutResult], frozen=True, tag="layout"):
    """Infer where things are in a picture that a sentence describes.

    sentence: in English, 100 words at most. domain: the data set whose labels the boxes have, "" for the one that the
    sentence sounds like. seed: of what the sentence leaves open. temperature: 0 for the likeliest, 1 for the full
    variety.
    """

    task: ClassVar[Message] = Message("lay out sentences")
    suffixes: ClassVar[tuple[str, ...]] = (".json", ".png", ".jpg", ".webp")

    sentence: str
    domain: str = ""
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] = 0
    temperature: float = SHARP

    def __post_init__(self) -> None:
        structs.force_setattr(self, "seed", as_seed(self.seed))
        word_count = len(WORD.findall(self.sentence))
        if not word_count:
            raise BadRequest("The sentence has no word; describe a picture in English.")
        if word_count > MOST_WORDS:
            raise BadRequest("The sentence has {0} words; give at most {1}.", word_count, MOST_WORDS)
        if not 0 <= self.temperature <= 1:
            raise BadRequest('The key "temperature" is {0}; give a number from 0 to 1.', self.temperature)

    def run(self, services: Services, report: Report) -> LayoutResult:
        """Load the weights and lay the sentence out; words that they do not know are noted and passed over.

        Raises BadRequest for a sentence of unknown words alone and for an unknown domain; WeightsError, Cancelled.
        """
        started = time.perf_counter()
        report(0.0, Message("loading"))
        planner: Planner = services.runtime(self)
        if not planner.knows_any_word(self.sentence):
            raise BadRequest(
                'The weights "{0}" know no word of "{1}"; describe the picture in other words, in English.',
                self.weights, self.sentence,
            )
        report(0.5, Message("laying out"))
        plan = planner.plan(self.sentence, self.domain, self.seed, self.temperature)
        unknown = planner.unknown_words(self.sentence)
        notes = tuple(_unknown_note(word, similar) for word, similar in unknown.items())
        report(1.0, Message("laid out"))
        return LayoutResult(plan, self, unknown, time.perf_counter() - started, notes)


def _unknown_note(word: str, similar: list[str]) -> Message:
    if similar:
        return Message('The weights do not know the word "{0}"; near ones are {1}.', word, ", ".join(similar))
    return Message('The weights do not know the word "{0}"; it was passed over.', word)
