"""Writing and reading a document's file: the scene, the pictures that are kept with what made each, a thumbnail.

Written in a worker, of values that never change. What the file held before is not made again: pictures are named by
what made them, all else by its content. Read without trust: what is damaged is left out and said.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import engine
from app.document.kinds import title_of
from app.document.results import Result
from app.document.saved.history_data import NO_STEPS, history_data, read_history
from app.document.saved.scene_data import ReadScene, read_scene, scene_data
from app.document.scene import Scene
from app.document.timeline import Steps
from app.raster.frozen_maps import FrozenMap
from app.texts.translate import translate
from engine.documents.archive import Archive, open_archive, write_archive
from engine.documents.document_file import HISTORY, MANIFEST, PREVIEW, RESULTS, SCENE, SCHEMA, THUMBNAIL, read_texts
from engine.documents.parts import PartsIn, PartsOut
from engine.documents.pictures import decode_picture, encode_picture, encode_preview, encode_thumbnail
from engine.errors import BadFile, EngineError, Message, listed
from engine.requests.photo_reference import PhotoReference

if TYPE_CHECKING:
    from app.document.document import Document

PICTURES = "pictures"


@dataclass(frozen=True)
class Snapshot:
    """All that a file holds of a document at one moment; cheap to take, in the GUI thread.

    picture: (H, W, 3) uint8 of the scene, None where none is at hand that shows it. title: what the document is called.
    path: the file that holds it, "" while there is none. steps: how many lead to the scene. look: what was
    painted last, whatever it shows. history: the steps, as far as they are of this document.
    """

    scene: Scene
    picture: np.ndarray | None
    results: tuple[Result, ...]
    title: str
    path: str = ""
    steps: int = 0
    look: np.ndarray | None = None
    history: Steps = NO_STEPS


@dataclass(frozen=True)
class Manifest:
    """What a file says of itself. saved: seconds since 1970."""

    title: str = ""
    path: str = ""
    steps: int = 0
    saved: float = 0.0
    picture: str = ""


@dataclass(frozen=True)
class SavedDocument:
    """A document's file, read. preview: the picture reduced, where it is not there itself. damage: what of the file
    cannot be read, each a clause; empty for a sound one."""

    manifest: Manifest
    scene: ReadScene
    picture: np.ndarray | None
    results: tuple[Result, ...]
    history: Steps = NO_STEPS
    preview: np.ndarray | None = None
    damage: tuple[Message, ...] = field(default=())


def snapshot_of(document: Document, picture: np.ndarray | None) -> Snapshot:
    """A document as it is now; `picture`: what shows it, if any is at hand."""
    history = document.timeline.stored
    return Snapshot(
        scene=document.scene,
        picture=picture,
        results=document.results,
        title=title_of(document),
        path="" if document.path is None else str(document.path),
        steps=len(history[0]),  # of this document alone: undo goes on to the one before it
        look=document.picture,
        history=history,
    )


# ---------------------------------------------------------------- writing


def write_document(
    path: Path,
    snapshot: Snapshot,
    *,
    photo: PhotoReference | None,
    sources: tuple[Path, ...] = (),
    clock: Callable[[], float] = time.time,
) -> None:
    """Write a document's file in one step. `photo`: as the file refers to it; `sources`: files whose pictures are
    taken over. Raises BadFile: it cannot be written, and what stood there still stands."""
    parts = PartsOut()
    pictures: dict[str, Callable[[], bytes]] = {}
    texts: dict[str, Any] = {
        SCENE: parts.take(scene_data(snapshot.scene, photo)),
        RESULTS: [_result_data(result, parts, pictures) for result in snapshot.results],
        HISTORY: parts.take(history_data(snapshot.history)),
    }
    picture_name = ""
    if snapshot.picture is not None and not snapshot.scene.kind.shows_photo:  # that is made again in no time
        picture_name = _keep_picture(snapshot.scene, snapshot.picture, pictures)
    about = {"title": snapshot.title, "path": snapshot.path, "steps": snapshot.steps, "picture": picture_name}
    manifest = {"schema": SCHEMA, "program": engine.__version__, "saved": clock(), **about}
    contents: dict[str, Callable[[], bytes]] = {MANIFEST: _as_text(manifest)}
    look = snapshot.picture if snapshot.look is None else snapshot.look
    shown = _of_labels(snapshot.scene) if look is None else look
    contents[THUMBNAIL] = lambda: encode_thumbnail(shown)
    if look is not None and not picture_name:
        contents[PREVIEW] = lambda: encode_preview(look)
    contents |= {name: _as_text(data) for name, data in texts.items()}
    contents |= {name: _constant(content) for name, content in parts.contents.items()}
    write_archive(path, contents | pictures, (path, *sources))


def _result_data(result: Result, parts: PartsOut, pictures: dict[str, Callable[[], bytes]]) -> dict[str, Any]:
    photo = result.scene.photo  # its bytes stand with the scene, if anywhere
    scene = scene_data(result.scene, None if photo is None else photo.replace(data=None))
    picture = _keep_picture(result.scene, result.pixels, pictures, result.key)
    about = {"number": result.number, "starred": result.starred, "made": result.made, "picture": picture}
    return {**about, "scene": parts.take(scene)}


def _keep_picture(
    scene: Scene, pixels: np.ndarray, pictures: dict[str, Callable[[], bytes]], key: bytes | None = None
) -> str:
    """The name of the part that a picture becomes. A photo's is made again from its request when it is exported."""
    exact = not scene.kind.shows_photo
    stem = (scene.picture_key() if key is None else key).hex()[:40]
    name = f"{PICTURES}/{stem}{'.png' if exact else '.jpg'}"
    pictures[name] = lambda: encode_picture(pixels, exact=exact)
    return name


def _of_labels(scene: Scene) -> np.ndarray:
    """A small map in the colours of its labels, where no picture is at hand."""
    height, width = scene.label_map.shape
    factor = min(1.0, 256 / max(height, width))
    small_map = scene.label_map.resized(max(1, round(height * factor)), max(1, round(width * factor)))
    return np.ascontiguousarray(scene.label_set.palette()[small_map])


def _as_text(data: Any) -> Callable[[], bytes]:
    return lambda: json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")


def _constant(content: bytes) -> Callable[[], bytes]:
    return lambda: content


# ---------------------------------------------------------------- reading


def damage_sentence(path: Path, damage: tuple[Message, ...]) -> str:
    """What the user is told of a file of which not all could be read."""
    sentence = Message(
        '"{0}" is damaged: {1} cannot be read. The file stays as it is; saving asks for another name.',
        path, listed(damage),
    )  # fmt: skip
    return translate(sentence)


def read_document(path: Path) -> SavedDocument:
    """All that can be read of a document's file; where its scene cannot, what made the newest picture stands for it.

    Raises BadFile: it is none, may do harm, is of a newer Tessera, or nothing that can be opened is left of it.
    """
    with open_archive(path) as archive:
        texts, unreadable = read_texts(archive, path)
        damage = [Message("its list of parts")] if archive.salvaged else []
        damage += [_TEXT_NAMES[name] for name in unreadable if name != SCENE]
        parts = PartsIn(archive.read)
        manifest = _manifest(texts.get(MANIFEST, {}))
        results, scenes = _read_results(archive, texts.get(RESULTS, []), parts, damage)
        problem = unreadable.get(SCENE)
        try:
            if problem is not None:
                raise problem
            scene = read_scene(texts[SCENE], parts)
            history = _read_history(texts.get(HISTORY), parts, scene.scene({}), damage)
            picture = _read_picture(archive, manifest.picture, damage)
        except EngineError as error:
            if not results:
                raise BadFile(
                    '"{0}" is damaged, and nothing is left of it that can be opened: {1}', path, error,
                    details=repr(error),
                ) from error
            damage.append(Message("its label map and styles (those of picture {0} are shown)", results[-1].number))
            scene, picture, history = scenes[-1], results[-1].pixels, NO_STEPS
        preview = _read_preview(archive) if picture is None else None
        return SavedDocument(manifest, scene, picture, tuple(results), history, preview, tuple(damage))


_TEXT_NAMES = {
    MANIFEST: Message("what it says of itself"),
    RESULTS: Message("the list of pictures"),
    HISTORY: Message("the history"),
}


def _read_history(data: Any, parts: PartsIn, scene: Scene, damage: list[Message]) -> Steps:
    if data is None:
        return NO_STEPS
    steps, is_whole = read_history(data, parts, scene)
    if not is_whole:
        damage.append(_TEXT_NAMES[HISTORY])
    return steps


def read_manifest(path: Path) -> tuple[Manifest, bytes]:
    """What a document's file says of itself, and its thumbnail as PNG, b"" where that is damaged. Raises BadFile."""
    with open_archive(path) as archive:
        texts, _ = read_texts(archive, path)
        try:
            thumbnail = archive.read(THUMBNAIL)
        except BadFile:
            thumbnail = b""
        return _manifest(texts.get(MANIFEST, {})), thumbnail


def _manifest(data: dict[str, Any]) -> Manifest:
    """What is right of it; the rest has its defaults."""
    types: dict[str, Any] = {"title": str, "path": str, "steps": int, "saved": (int, float), "picture": str}
    return Manifest(**{key: data[key] for key, kind in types.items() if isinstance(data.get(key), kind)})


def _read_picture(archive: Archive, name: str, damage: list[Message]) -> np.ndarray | None:
    if not name:
        return None
    try:
        return decode_picture(archive.read(name), Message("the picture"))
    except EngineError:
        damage.append(Message("its picture (it is painted again)"))
        return None


def _read_preview(archive: Archive) -> np.ndarray | None:
    """None where there is none that reads: nothing is lost by that."""
    try:
        return decode_picture(archive.read(PREVIEW), Message("the picture"))
    except EngineError:
        return None


def _read_results(
    archive: Archive, data: list[Any], parts: PartsIn, damage: list[Message]
) -> tuple[list[Result], list[ReadScene]]:
    """The kept pictures that can be read, with what made each."""
    results: list[Result] = []
    scenes: list[ReadScene] = []
    maps: dict[str, FrozenMap] = {}
    for position, entry in enumerate(data, 1):
        try:
            number, made = int(entry["number"]), float(entry["made"])
            read = read_scene(entry["scene"], parts)
            scene = read.scene(maps)
            pixels = decode_picture(archive.read(entry["picture"]), Message("the picture"))
        except (EngineError, KeyError, TypeError, ValueError):
            damage.append(Message("picture {0}", position))
            continue
        results.append(Result(scene, pixels, number, entry.get("starred") is True, made, scene.picture_key()))
        scenes.append(read)
    return results, scenes
