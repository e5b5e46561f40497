"""An engine that paints in no time: each region in the colour of its style, so that tests can tell what was used."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from app.catalogue import Catalogue
from app.core import Core
from app.document.kinds import EDIT
from app.shell.settings import Settings
from app.window.main_window import MainWindow
from engine.errors import Cancelled, EngineError, MissingStyle
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import load_label_set
from engine.labels.looked_at import Part, without_unseen
from engine.pictures.face_frames import Face, FaceFrame, moved
from engine.pictures.images import read_image
from engine.pictures.photos import at_view_size, read_photo
from engine.requests.base import Request, Services
from engine.requests.edit import EditRequest, EditResult
from engine.requests.editing.filled_hole import with_filled
from engine.requests.faces.find_faces import FindFacesRequest, FoundFaces
from engine.requests.inpaint import InpaintRequest
from engine.requests.kept import Kept
from engine.requests.make import MakeRequest
from engine.requests.parse import ParseRequest
from engine.requests.render import RenderRequest
from engine.requests.styles import BlockStyle, ImageStyle, MixStyle, SampleStyle
from engine.weights.card import Card
from engine.weights.store import WeightsEntry
from tests.fixtures import face_label_map, photo_of

FACES = load_label_set("faces")
WIDTH = 4
FILLED = (200, 40, 160)


def cards(resolution: int = 64) -> list[WeightsEntry]:
    """A painter and a parser for the face labels."""
    common = {"label_set": FACES.to_dict(), "data": "drawings", "weights_licence": "none"}
    shares = {label.name: 0.0 if label.name == "necklace" else 0.05 for label in FACES.labels}
    painter = Card(
        name="fake-faces",
        system="sean",
        config={"resolution": resolution},
        metrics={"label_shares": shares},
        styles_sha256="0" * 64,
        **common,
    )
    other = painter.replace(name="fake-streets", label_set=load_label_set("street").to_dict())
    parser = Card(name="fake-parser", system="parser", config={"resolution": resolution}, **common)
    plain = painter.replace(name="fake-plain", styles_sha256="")
    whole = painter.replace(name="fake-whole", system="spade", config={"resolution": resolution, "latent": 4})
    found = [painter, other, painter.replace(name="fake-other"), plain, whole, parser]
    return [WeightsEntry(card.name, Path("weights") / card.name, card) for card in found]


@dataclass(frozen=True)
class StyleCodes:
    """As engine.painting.painter's, which imports torch."""

    codes: np.ndarray
    present: np.ndarray
    made_by: str = ""


@dataclass(frozen=True)
class RenderResult:
    """As engine.session's."""

    pixels: np.ndarray
    seconds: float
    device: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParseResult:
    """As engine.session's."""

    label_map: np.ndarray
    confidence: float
    notes: tuple[str, ...] = ()
    looked_at: Part | None = None
    doubtful: tuple[int, ...] = ()


@dataclass
class Engine:
    """What all fake sessions share: counters, and switches that tests turn."""

    renders: int = 0
    parses: int = 0
    encodes: int = 0
    edits: list[EditRequest] = field(default_factory=list)
    confidence: float = 0.95
    notes: tuple[str, ...] = ()
    looked_at: Part | None = None  # the part of a photo that the parser looks at
    doubtful: tuple[int, ...] = ()  # labels that it finds and is unsure of
    faces: tuple[FaceFrame, ...] = ()  # that a finder finds in a photo, in its pixels, the largest first
    error: EngineError | None = None
    devices: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    gate: threading.Event | None = None  # when set: a render waits for it, or for its cancellation


class FakeSession:
    """Has engine.session.Session's methods."""

    def __init__(self, engine: Engine, device: str) -> None:
        self._engine = engine
        self._device = device
        engine.devices.append(device)

    def run(
        self,
        request: Request[Any],
        on_progress: Callable[[float, str], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Any:
        self._engine.threads.add(threading.current_thread().name)
        if isinstance(request, ParseRequest):
            return self._parse(request)
        if isinstance(request, FindFacesRequest):
            height, width = read_photo(request.photo.source()).samples.shape[:2]
            return FoundFaces(tuple(face_in(frame) for frame in self._engine.faces), width, height)
        if isinstance(request, EditRequest):
            self._engine.edits.append(request)
        elif isinstance(request, RenderRequest):
            self._engine.renders += 1
        if self._engine.error is not None:
            raise self._engine.error
        while self._engine.gate is not None and not self._engine.gate.wait(0.01):
            if cancel is not None and cancel.is_set():
                raise Cancelled()
            if on_progress is not None:
                on_progress(0.5, "painting")
        if isinstance(request, EditRequest):
            return edited(request, self.encode)
        if isinstance(request, InpaintRequest | MakeRequest):
            services = Services(cast(Any, OneColour()), cast(Any, None), Kept(), cast(Any, None), threading.Event())
            return request.run(services, on_progress or (lambda part, text: None))
        if not isinstance(request, RenderRequest):
            return request.run(cast(Any, None), on_progress or (lambda part, text: None))  # made up: it needs no engine
        return RenderResult(paint(request, self.encode), 0.01, self._device)

    def unload(self) -> None:
        """There is nothing to give back."""

    def sizes(self, weights: str, height: int, width: int, detail: str) -> tuple[object, list[tuple[int, int]]]:
        """As engine.session.Session.sizes, for a network of 64 x 64 that takes any size."""
        shares = (0.75, 0.5, 0.25)
        return (height, width), [(max(1, round(height * s)), max(1, round(width * s))) for s in shares]

    def _parse(self, request: ParseRequest) -> ParseResult:
        self._engine.parses += 1
        height, width = request.image().pixels.shape[:2]
        label_map = resize_label_map(face_label_map(max(height, width)), height, width)
        looked_at = self._engine.looked_at
        label_map = label_map * (without_unseen(np.zeros_like(label_map), looked_at) == 0)
        return ParseResult(label_map, self._engine.confidence, self._engine.notes, looked_at, self._engine.doubtful)

    def encode(self, weights: str, pixels: np.ndarray, label_map: np.ndarray) -> StyleCodes:
        """The code of a region is its mean colour."""
        self._engine.encodes += 1
        small = resize_label_map(label_map, *pixels.shape[:2])
        codes = np.zeros((len(FACES), WIDTH), np.float32)
        present = np.zeros(len(FACES), bool)
        for label in np.unique(small):
            codes[label, :3] = pixels[small == label].mean(0)
            present[label] = True
        return StyleCodes(codes, present)


class OneColour:
    """A shelf of weights that fill any hole with one colour, and make pictures of two classes, dark and light."""

    side, least_side = 32, 8
    class_names, finds_entities = ("night", "day"), True

    def make(self, seeds: Any, shares: Any, truncation: float, report: Any) -> np.ndarray:
        """Each as light as it is day, and a little more by its seed."""
        shades = [200 * shares[1] + seed % 50 for seed in seeds]
        return np.stack([np.full((16, 16, 3), shade, np.uint8) for shade in shades])

    def entities(self, seeds: Any, shares: Any, truncation: float) -> np.ndarray:
        left = np.zeros((len(seeds), 2, 4, 4), np.float32)
        left[:, 0, :, :2], left[:, 1, :, 2:] = 1, 1
        return left

    def serving(self, weights_name: str, request_kind: type[Any]) -> OneColour:
        return self

    def paint(self, pixels: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
        return np.broadcast_to(np.array(FILLED, np.uint8), pixels.shape).copy()


def edited(request: EditRequest, encode: Callable[..., StyleCodes]) -> EditResult:
    """The photo of the size that is asked for, each edited region in its style's colour as far as its strength says."""
    request.photo.identity(Kept())
    photo = read_photo(request.photo.source())
    photo = replace(photo, samples=with_filled(photo.samples, request.filled_holes))
    if request.view:
        photo = at_view_size(photo, request.view)
    samples = photo.samples.copy()
    for frame in (request.own_frame, *request.other_frames):
        if not frame.edits or frame.label_map is None:
            continue
        label_map = resize_label_map(frame.label_map.array(), *photo.samples.shape[:2])
        label_map = without_unseen(label_map, frame.looked_at)
        for edit in frame.edits:
            if edit.on and edit.strength > 0:
                region, colour = label_map == edit.label, style_colour(edit.style, encode)
                mixed = (1 - edit.strength) * samples[region] + edit.strength * colour
                samples[region] = np.clip(np.rint(mixed), 0, 255)
    return EditResult(samples, photo, request, 0.01)


def face_in(frame: FaceFrame) -> Face:
    """The face that has a frame."""
    unit = np.array([[0.377, 0.475], [0.622, 0.475], [0.5, 0.75]])
    return Face(moved(unit, frame.outwards(1)), 0.9)


def style_colour(style: object, encode: Callable[..., StyleCodes]) -> np.ndarray:
    """(3,) float: the colour that a style paints; grey for the mean."""
    if isinstance(style, ImageStyle):
        code = style.code_array()
        if code is None:
            pixels, label_map = read_image(style.path).pixels, style.label_map()
            if label_map is None:
                raise MissingStyle(f'"{style.path}" has no label map.')
            code = encode("", pixels, label_map).codes[style.label]
        return code[:3]
    if isinstance(style, MixStyle):
        return (1 - style.amount) * style_colour(style.a, encode) + style.amount * style_colour(style.b, encode)
    if isinstance(style, BlockStyle):
        return np.mean([style_colour(part, encode) for part in style.blocks], axis=0)
    if isinstance(style, SampleStyle):
        return np.array([style.seed % 199, style.seed % 233, style.seed % 251], np.float32)
    return np.array([128.0, 128.0, 128.0], np.float32)


def paint(request: RenderRequest, encode: Callable[..., StyleCodes]) -> np.ndarray:
    """(H, W, 3) uint8: each region in its style's colour (grey for the mean), shifted by the seed."""
    table = np.stack([style_colour(request.style(label), encode) for label in range(len(FACES))])
    table = np.clip(table + request.seed % 7, 0, 255)
    return np.ascontiguousarray(np.rint(table[request.label_map.array()]).astype(np.uint8))


class NullBox:
    """Remembers what the window asked the user."""

    def __init__(self) -> None:
        self.asked = 0


def make_core(tmp_path: Path, engine: Engine, *, resolution: int = 64) -> Core:
    """A core on the fake engine with settings of its own."""
    settings = Settings(tmp_path / "settings.ini")
    catalogue = Catalogue(lambda: cards(resolution))
    core = Core(
        settings,
        sessions=lambda device: lambda: FakeSession(engine, device),  # type: ignore[arg-type, return-value]
        catalogue=catalogue,
    )
    core.document.new(label_set=FACES, label_map=face_label_map(resolution), weights="fake-faces", undoable=False)
    return core


@pytest.fixture
def engine() -> Engine:
    """Switches and counters of the fake engine."""
    return Engine()


@pytest.fixture
def core(qtbot, tmp_path, engine):
    """A core on the fake engine; its workers end with the test."""
    made = make_core(tmp_path, engine)
    yield made
    made.shutdown()
    made.deleteLater()


@pytest.fixture
def photo(core):
    """The document, of the kind that edits a photo, with hair chosen."""
    label_map = face_label_map(64)
    core.document.new(
        label_set=FACES,
        label_map=label_map,
        weights="fake-faces",
        kind=EDIT,
        picture=photo_of(label_map),
        undoable=False,
    )
    core.document.set_current_label(FACES.find("hair"))
    return core.document


@pytest.fixture
def window(qtbot, core):
    """The main window, shown and rendering."""
    made = MainWindow(core)
    made.resize(1280, 860)
    made.controllers.unsaved.ask = lambda: pytest.fail("asked about unsaved changes")  # type: ignore[method-assign]
    qtbot.addWidget(made, before_close_func=lambda w: core.document.mark_saved())
    made.show()
    qtbot.waitExposed(made)
    made.controllers.render.start()
    qtbot.waitUntil(lambda: core.document.picture is not None and made.controllers.render.up_to_date)
    return made
