"""The steps of a document's history as plain data, so that undo survives a save and a crash.

What is read is tried on the scene that it leads to: a step that does not fit it ends the history there.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import numpy as np

from app.document.commands import PixelStep, SceneStep, ValuesStep
from app.document.kinds import Kind
from app.document.saved.scene_data import plain_value, read_scene, read_value, scene_data
from app.document.scene import Scene
from app.document.scene_fields import roles
from app.document.timeline import Steps
from app.document.undo import Step
from app.raster.boxes import Box
from app.raster.changes import PixelChange, PixelRuns
from engine.documents.parts import PartsIn
from engine.errors import EngineError

NO_STEPS: Steps = ((), ())


# ---------------------------------------------------------------- writing


def history_data(steps: Steps) -> dict[str, Any]:
    """Plain data of a history, bytes as they are: for workers."""
    done, undone = steps
    return {"done": list(map(_step_data, done)), "undone": list(map(_step_data, undone))}


def _step_data(step: Step) -> dict[str, Any]:
    if isinstance(step, PixelStep):
        return {"text": step.text, "box": list(step.change.box), "pixels": step.change.runs.to_plain()}
    if isinstance(step, ValuesStep):
        return {"text": step.text, "old": _values_data(step.old), "new": _values_data(step.new)}
    if isinstance(step, SceneStep):
        if not step.plain:  # a map of many megapixels is compressed once, however often the document is kept
            scene = step.scene()
            step.plain.update(scene_data(scene, None if scene.photo is None else scene.photo.replace(data=None)))
        return {"text": step.text, "scene": step.plain}
    return {"text": step.text}


def _values_data(values: Any) -> dict[str, Any]:
    return {
        name: value.name if isinstance(value, Kind) else plain_value(roles(Scene)[name], value)
        for name, value in values.items()
    }


# ---------------------------------------------------------------- reading


def read_history(data: Any, parts: PartsIn, scene: Scene) -> tuple[Steps, bool]:
    """The steps that lead to a scene and on from it, as far as they can be read and fit; and whether all do."""
    entries = [data.get(side) for side in ("done", "undone")]
    listed_done, listed_undone = (side if isinstance(side, list) else [None] for side in entries)
    done, undone = _fitting(reversed(listed_done), parts, scene), _fitting(listed_undone, parts, scene)
    is_whole = len(done) == len(listed_done) and len(undone) == len(listed_undone)
    return (tuple(reversed(done)), tuple(undone)), is_whole


def _fitting(entries: Iterable[Any], parts: PartsIn, scene: Scene) -> list[Step]:
    """The steps that can be made from a scene on, one after the other."""
    steps: list[Step] = []
    for entry in entries:
        try:
            step = _read_step(parts.put(entry), parts, entry, scene)
        except (EngineError, KeyError, TypeError, ValueError, AttributeError, IndexError):
            break
        if isinstance(step, SceneStep):
            scene = step.scene()
        steps.append(step)
    return steps


def _read_step(data: Any, parts: PartsIn, entry: Any, scene: Scene) -> Step:
    """Raises ValueError among others: it does not fit the scene."""
    text = str(data["text"])
    if "pixels" in data:
        pixels = data["pixels"]
        plain = {key: list(map(base64.b64decode, pixels[key])) for key in ("runs", "raw") if key in pixels}
        box, runs = Box(*map(int, data["box"])), PixelRuns.from_plain({**plain, "shape": pixels["shape"]})
        if (box.height, box.width) != tuple(pixels["shape"]) or min(box.x0, box.y0) < 0:
            raise ValueError("the box is another one than that of the pixels")
        if box.x1 > scene.label_map.width or box.y1 > scene.label_map.height:
            raise ValueError("the pixels lie outside the map")
        values, changed = runs.decode()
        if int(np.max(values, where=changed, initial=0)) >= len(scene.label_set):
            raise ValueError("there is no such label")
        return PixelStep(text, PixelChange(box, runs))
    if "old" in data:
        old, new = (_read_values(data[side], scene) for side in ("old", "new"))
        if old.keys() != new.keys():
            raise ValueError("a value has no other side")
        return ValuesStep(text, old, new)
    if "scene" in data:
        other_scene = read_scene(entry["scene"], parts).scene({})
        return SceneStep(text, lambda: other_scene)
    return Step(text)


def _read_values(data: Any, scene: Scene) -> dict[str, Any]:
    """Checked as the scene would have them. Raises EngineError."""
    values = {name: value if name == "kind" else read_value(name, value) for name, value in data.items()}
    checked = scene.with_checked(**values)
    return {name: getattr(checked, name) for name in values}
