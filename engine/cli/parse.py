"""`tessera parse`: the label map of a photo."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.common import Device, JsonFlag, cancelling, check_target, progress, say, say_json, tell


class Kind(str, Enum):
    """How a label map is written."""

    INDEXED = "indexed"
    RAW = "raw"
    COLOUR = "colour"


def parse(
    photo: Annotated[Path, typer.Argument(help="A picture file.")],
    weights: Annotated[str, typer.Option("--weights", help="Name or folder of a parser's weights.")],
    out: Annotated[Path, typer.Option("--out", help="Where the label map goes: a .png.")],
    kind: Annotated[
        Kind, typer.Option("--kind", help="Palette of the labels' colours, bare ids, or colours.")
    ] = Kind.INDEXED,
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Find the label map of a photo and say which labels it has and how sure that is."""
    check_target(out, (".png",))

    import numpy as np

    from engine.cli.weights import label_set_of
    from engine.labels.label_maps import write_label_map
    from engine.requests.render import ParseRequest
    from engine.session import Session

    label_set = label_set_of(weights)
    session = Session(device)
    with progress("parsing", quiet=as_json) as report, cancelling() as cancel:
        result = session.run(ParseRequest(weights, path=str(photo)), on_progress=report, cancel=cancel)
    write_label_map(out, result.label_map, label_set, kind=kind.value)
    tell(result.notes)
    counts = np.bincount(result.label_map.ravel(), minlength=len(label_set))
    shares = {x.name: float(counts[x.id] / counts.sum()) for x in label_set.labels if counts[x.id]}
    if as_json:
        answer = {"out": out, "confidence": result.confidence, "labels": shares, "notes": result.notes}
        say_json(answer)
        return
    say(f"{out}  confidence {result.confidence:.2f}")
    for name, share in sorted(shares.items(), key=lambda item: -item[1]):
        say(f"  {name:<16} {share:7.2%}")
