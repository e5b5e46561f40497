"""Several pictures at once, for `render --variations` and `morph`: painted, then written whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.cli.common import Answer
from engine.cli.styles import StyleReader
from engine.errors import BadFile, Cancelled, one_of
from engine.files import check_name
from engine.pictures.images import write_image
from engine.pictures.montage import grid, strip
from engine.progress import Progress
from engine.requests.animation import gif_frames, paint_all, write_gif, write_sequence
from engine.requests.render import RenderRequest
from engine.requests.styles import SampleStyle
from engine.requests.variations import variations
from engine.session import Session

Array = np.ndarray


def paint_variations(
    session: Session,
    base_request: RenderRequest,
    style_reader: StyleReader,
    label_names: list[str],
    count: int,
    first_seed: int,
    target: Path,
    on_progress: Progress,
    cancel: threading.Event,
) -> Answer:
    """Paint variations of the chosen labels (none: of all) and write them: a grid, or, without a suffix, a folder."""
    labels = style_reader.labels("--label", label_names, base_request)
    requests = variations(base_request, labels, count, first_seed)
    pictures, notes = paint_all(session.run, requests, on_progress, cancel)
    if cancel.is_set():
        raise Cancelled()
    if target.suffix:
        write_image(target, grid(pictures))
    else:
        write_sequence(target, pictures, requests)
    styles = [request.style(labels[0]) for request in requests]
    seeds = [style.seed for style in styles if isinstance(style, SampleStyle)]
    varied_names = [style_reader.label_set[label].name for label in labels]
    answer_facts = {"out": target, "pictures": count, "labels": varied_names, "samples": seeds}
    seed_words = ", ".join(f"sample:{seed}" for seed in seeds)
    return Answer(answer_facts, [f"{target}  {count} variations, read from left to right: {seed_words}"], notes)


def check_series(target: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse, before long work, a folder for pictures that could not be made. Raises BadFile."""
    check_name(target)
    if target.suffix:
        raise BadFile('Cannot write "{0}": its name must end in {1}, or have no ending.', target, one_of(suffixes))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadFile('Cannot write "{0}": there is something of that name; choose a new folder.', target)
    if not target.absolute().parent.is_dir():
        raise BadFile(
            'Cannot write "{0}": the folder "{1}" does not exist; create it first.',
            target, target.absolute().parent,
        )


def write_morph(
    target: Path,
    pictures: list[Array],
    requests: list[RenderRequest],
    seconds: float,
    backwards_too: bool,
    notes: Sequence[str],
) -> Answer:
    """Write a morph by what `target` ends in: a GIF, a strip, or a folder of PNG files."""
    height, width = pictures[0].shape[:2]
    if target.suffix.lower() == ".gif":
        write_gif(target, pictures, seconds_per_frame=seconds, back=backwards_too)
        target_kind = "gif"
    elif target.suffix:
        write_image(target, strip(pictures))
        target_kind = "strip"
    else:
        write_sequence(target, pictures, requests)
        target_kind = "folder"
    answer_facts = {"out": target, "kind": target_kind, "frames": len(pictures), "width": width, "height": height}
    there_and_back = f", {gif_frames(len(pictures))} there and back" if target_kind == "gif" and backwards_too else ""
    return Answer(answer_facts, [f"{target}  {len(pictures)} frames of {width} x {height}{there_and_back}"], notes)
