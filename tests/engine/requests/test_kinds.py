"""Kinds of request follow from the systems: a made-up system brings its own, which is read, described and performed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pytest
from msgspec import Meta

import engine.systems
from engine.errors import BadRequest, Message, WeightsError
from engine.pictures.images import read_image, write_image
from engine.pictures.png import read_embedded_request
from engine.requests.base import Report, Request, Services
from engine.requests.json_text import SCHEMA, from_json, kinds, schema_of, to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.parse import ParseRequest
from engine.requests.render import RenderRequest
from engine.session import Session
from engine.systems import all_systems
from engine.systems.base import load_part
from tests.commands import Runner, one_sentence
from tests.fixtures import face_label_map

ALL_KINDS = ", ".join(kinds())


@dataclass(frozen=True)
class Grey:
    """A picture of one value."""

    pixels: np.ndarray
    notes: tuple[str, ...] = ("Painted without a network.",)

    def save(self, path: Any) -> None:
        write_image(path, self.pixels)

    def facts(self) -> dict[str, Any]:
        return {"value": int(self.pixels[0, 0, 0])}

    def lines(self) -> list[str]:
        return [f"value {self.facts()['value']}"]


class GreyRequest(Request[Grey], frozen=True, tag="grey"):
    """Paint everything in one value."""

    task: ClassVar[Message] = Message("paint grey")
    suffixes: ClassVar[tuple[str, ...]] = (".png",)

    value: Annotated[int, Meta(ge=0, le=255)]

    def run(self, services: Services, report: Report) -> Grey:
        report(0.5, "painting grey")
        side = services.runtime(self).config.resolution
        return Grey(np.full((side, side, 3), self.value, np.uint8))


@pytest.fixture
def grey_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more system, registered in front by one line; it takes the place of those that cards call "sean"."""
    system = engine.systems.system("sean")
    grey = replace(system, requests=(f"{__name__}:GreyRequest",))
    others = [other for other in engine.systems.SYSTEMS if other is not system]
    monkeypatch.setattr("engine.systems.SYSTEMS", (grey, *others))


def test_the_kinds_are_those_that_the_systems_name() -> None:
    named = [load_part(path) for system in all_systems() for path in system.requests]
    assert list(kinds().values()) == list(dict.fromkeys(named))
    assert kinds()["render"] is RenderRequest and kinds()["parse"] is ParseRequest
    with pytest.raises(BadRequest, match=f'"kind".*\'dream\'; this version knows {ALL_KINDS}'):
        from_json(json.dumps({"schema": SCHEMA, "kind": "dream", "weights": "w"}))


def test_a_systems_own_kind_is_read_written_and_performed(grey_system: None, tiny_weights: Path) -> None:
    request = GreyRequest("tiny-sean", value=7)
    assert from_json(to_json(request)) == request
    with pytest.raises(BadRequest, match='unknown key "valeu"; did you mean "value"'):
        from_json(to_json(request).replace('"value"', '"valeu"'))
    reported: list[str] = []
    result = Session("cpu").run(request, lambda fraction, text: reported.append(text))
    assert reported == ["painting grey"] and result.pixels.shape == (64, 64, 3) and (result.pixels == 7).all()


def test_weights_that_cannot_serve_a_kind_are_refused_with_those_that_can(
    grey_system: None, tiny_weights: Path
) -> None:
    label_map = LabelMapData.from_array(face_label_map())
    with pytest.raises(WeightsError, match=r'"tiny-sean" does not paint label maps.*\(smis, spade, pix2pixhd\)'):
        Session("cpu").run(RenderRequest("tiny-sean", label_map))
    with pytest.raises(WeightsError, match=r'"tiny-parser" does not paint grey.*\(sean\)'):
        Session("cpu").run(GreyRequest("tiny-parser", value=1))


@pytest.mark.parametrize("kind", ["render", "parse"])
def test_every_kind_has_a_schema_that_names_all_that_its_json_has(kind: str) -> None:
    described = schema_of(kinds()[kind])
    style = {"style": "image", "path": "a.png", "label": 1, "label_map_png": LabelMapData.from_array(EYE).png}
    fields: dict[str, Any] = {"label_map": LabelMapData.from_array(EYE)} if kind == "render" else {"path": "a.png"}
    data = json.loads(to_json(kinds()[kind]("w", **fields)))
    if kind == "render":
        data["styles"] = {"1": style}
        data = json.loads(to_json(from_json(json.dumps(data))))
        assert data["styles"]["1"].keys() <= described["$defs"]["ImageStyle"]["properties"].keys()
    assert data.keys() <= described["properties"].keys()
    assert set(described["required"]) <= data.keys()


EYE = np.eye(4, dtype=np.uint8)


# ---------------------------------------------------------------- the command line


def test_any_kind_is_performed_by_one_command(run: Runner, desk: Path, grey_system: None) -> None:
    Path("grey.json").write_text(to_json(GreyRequest("tiny-sean", value=9)), "utf-8")
    done = run("request", "grey.json", "--out", "grey.png", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"out": "grey.png", "value": 9, "notes": ["Painted without a network."]}
    assert (read_image("grey.png").pixels == 9).all()
    done = run("request", "grey.json", "--out", "grey.jpg")
    assert done.code == 2 and "must end in .png" in one_sentence(done.err)


def test_render_and_request_write_the_same_file(run: Runner, desk: Path) -> None:
    assert run("render", "--weights", "tiny-sean", "--labels", "face.png", "--out", "first.png").code == 0
    Path("job.json").write_text(read_embedded_request("first.png") or "", "utf-8")
    for name in ("job.json", "first.png"):
        done = run("request", name, "--out", "again.png")
        assert done.code == 0 and done.out.startswith("again.png  64 x 64  ")
        assert Path("again.png").read_bytes() == Path("first.png").read_bytes()


def test_parse_and_request_write_the_same_file(run: Runner, desk: Path) -> None:
    assert run("parse", "anna.png", "--weights", "tiny-parser", "--out", "first.png").code == 0
    folder = Path("jobs")
    folder.mkdir()
    Path("anna.png").rename(folder / "anna.png")
    (folder / "job.json").write_text(to_json(ParseRequest("tiny-parser", path="anna.png")), "utf-8")
    done = run("request", folder / "job.json", "--out", "again.png")  # the photo is looked for beside the request
    assert done.code == 0 and "confidence" in done.out, done.err
    assert Path("again.png").read_bytes() == Path("first.png").read_bytes()


def test_the_schema_of_a_kind_is_printed(run: Runner) -> None:
    done = run("request", "--schema", "parse")
    assert done.code == 0 and json.loads(done.out) == schema_of(ParseRequest)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], "--schema"),
        (["job.json"], "--out"),
        (["--schema", "dream"], ALL_KINDS),
        (["job.json", "--schema", "render"], "stands alone"),
        (["gone.json", "--out", "a.png"], "gone.json"),
        (["face.png", "--out", "a.png"], "carries no request"),
        (["broken.json", "--out", "a.png"], '"broken.json" cannot be used'),
    ],
)
def test_a_mistake_gets_one_sentence(run: Runner, desk: Path, words: list[str], names: str) -> None:
    Path("broken.json").write_text(f'{{"schema": "{SCHEMA}", "kind": "render"}}', "utf-8")
    done = run("request", *words)
    assert done.code == 2
    assert names in one_sentence(done.err)
