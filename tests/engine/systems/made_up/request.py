"""Its kind of request: play a tone, and get a file of numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from engine.errors import Message
from engine.files import PathLike, write_text
from engine.requests.base import Report, Request, Services


@dataclass(frozen=True)
class Tone:
    """A wave, and the pitch that the hearer hears in it."""

    wave: tuple[float, ...]
    heard: float
    notes: tuple[str, ...] = ()

    def save(self, path: PathLike) -> None:
        write_text(path, json.dumps(list(self.wave)))

    def facts(self) -> dict[str, Any]:
        return {"heard": self.heard}

    def lines(self) -> list[str]:
        return [f"{len(self.wave)} numbers"]


class ToneRequest(Request[Tone], frozen=True, tag="tone"):
    """Play a tone of that pitch."""

    task: ClassVar[Message] = Message("play tones")
    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    pitch: Annotated[float, Meta(ge=0)] = 0.5

    def run(self, services: Services, report: Report) -> Tone:
        report(0.5, Message("painting"))
        wave, heard = services.runtime(self).play(self.pitch)
        return Tone(wave, heard)
