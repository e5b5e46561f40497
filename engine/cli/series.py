"""Several pictures at once, for `render --variations` and `morph`: painted, then written whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.cli.common import Answer, OnProgress
from engine.cli.styles import StyleReader
from engine.errors import BadFile, Cancelled
from engine.pictures.images import write_image
from engine.pictures.montage import grid, strip
from engine.requests.animation import gif_frames, paint_all, write_gif, write_sequence
from engine.requests.render import RenderRequest
from engine.requests.styles import SampleStyle
from engine.requests.variations import variations
from engine.session import Session

Array = np.ndarray


def paint_variations(
    session: Session,
    job: RenderRequest,
    reader: StyleReader,
    chosen: list[str],
    count: int,
    first: int,
    out: Path,
    report: OnProgress,
    cancel: threading.Event,
) -> Answer:
    """Paint variations of the chosen labels (none: of all) and write them: a grid, or, without a suffix, a folder."""
    labels = reader.labels("--label", chosen, job)
    requests = variations(job, labels, count, first)
    pictures, notes = paint_all(session.run, requests, report, cancel)
    if cancel.is_set():
        raise Cancelled()
    if out.suffix:
        write_image(out, grid(pictures))
    else:
        write_sequence(out, pictures, requests)
    styles = [request.style(labels[0]) for request in requests]
    seeds = [style.seed for style in styles if isinstance(style, SampleStyle)]
    names = [reader.label_set[label].name for label in labels]
    facts = {"out": out, "pictures": count, "labels": names, "samples": seeds}
    words = ", ".join(f"sample:{seed}" for seed in seeds)
    return Answer(facts, [f"{out}  {count} variations, read from left to right: {words}"], notes)


def check_series(out: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse, before long work, a folder for pictures that could not be made. Raises BadFile."""
    if out.suffix:
        raise BadFile('Cannot write "{0}": its name must end in {1}, or have no ending.', out, " or ".join(suffixes))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadFile('Cannot write "{0}": there is something of that name; choose a new folder.', out)
    if not out.absolute().parent.is_dir():
        raise BadFile(
            'Cannot write "{0}": the folder "{1}" does not exist; create it first.',
            out, out.absolute().parent,
        )


def write_morph(
    out: Path, pictures: list[Array], requests: list[RenderRequest], seconds: float, back: bool, notes: Sequence[str]
) -> Answer:
    """Write a morph by what `out` ends in: a GIF, a strip, or a folder of PNG files."""
    height, width = pictures[0].shape[:2]
    if out.suffix.lower() == ".gif":
        write_gif(out, pictures, seconds_per_frame=seconds, back=back)
        kind = "gif"
    elif out.suffix:
        write_image(out, strip(pictures))
        kind = "strip"
    else:
        write_sequence(out, pictures, requests)
        kind = "folder"
    facts = {"out": out, "kind": kind, "frames": len(pictures), "width": width, "height": height}
    there_and_back = f", {gif_frames(len(pictures))} there and back" if kind == "gif" and back else ""
    return Answer(facts, [f"{out}  {len(pictures)} frames of {width} x {height}{there_and_back}"], notes)
