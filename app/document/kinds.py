"""Kinds of request that a document makes, each with what it needs beyond the scene and what becomes of its result.

A picture may take several requests: a sentence gives a layout, which becomes the document's label map, of which the
picture is painted. Each of them is a kind here: one line of `register` makes it part of undo, kept pictures, files and
requests. The kind that paints the picture is the scene's own (`Scene.kind`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from app.shell.i18n import tr
from engine.errors import BadRequest
from engine.requests.render import RenderRequest

if TYPE_CHECKING:
    from typing_extensions import Self

    from app.document.document import Document
    from engine.requests.label_map_data import LabelMapData
    from engine.requests.styles import Style


@dataclass(frozen=True)
class NoInputs:
    """The inputs of a kind that needs nothing but what every scene has."""


@dataclass(frozen=True)
class Kind:
    """How a document uses one kind of request.

    request: the request, which takes from scene and inputs what it has fields for (`Role.key`).
    take: what becomes of its result: (document, result) -> anything.
    inputs: a frozen dataclass of what it needs beyond the scene (a hole, a sentence, weights of its own), made of
        `scene_field`s with defaults. Where scene and inputs have the same key, the inputs count.
    """

    request: type[Any]
    take: Callable[[Document, Any], object]
    inputs: type[Any] = NoInputs

    @property
    def name(self) -> str:
        """As JSON has it."""
        return str(self.request.__struct_config__.tag)


class SceneRequest(Protocol):
    """A request that says enough for a document to begin with."""

    @property
    def weights(self) -> str: ...

    @property
    def label_map(self) -> LabelMapData: ...

    @property
    def styles(self) -> dict[int, Style]: ...

    def replace(self, **changes: Any) -> Self: ...


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known."""
    _KINDS[kind.name] = kind
    return kind


def opens(request: Any) -> TypeGuard[SceneRequest]:
    """Whether a document can begin with the request: its kind is known, and it has a label map and styles."""
    name = str(request.__struct_config__.tag)
    return name in _KINDS and {"label_map", "styles"} <= set(request.__struct_fields__)


def kind_named(name: str) -> Kind:
    """The kind of that name. Raises BadRequest where documents know none."""
    if name not in _KINDS:
        raise BadRequest(tr("A document cannot hold a request of the kind {0}.").format(name))
    return _KINDS[name]


RENDER = register(Kind(RenderRequest, lambda document, result: document.set_picture(result.pixels)))
