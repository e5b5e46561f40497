"""Paint the style samples and the sample document that come with Tessera, with Tessera's own weights.

No picture of a data set is shipped: each style sample is painted from a template drawn by code, in styles whose codes
were read from a few training pictures. Then the sample document takes its styles from those painted samples, as a
user's document would.

    python tools/make_samples.py --weights sean-faces --data FOLDER
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from engine.data.labelled import LabelledFolder
from engine.labels.label_maps import read_label_map
from engine.pictures.images import encode_png
from engine.requests.json_text import to_json
from engine.requests.label_map_data import LabelMapData, encode_map
from engine.requests.render import RenderRequest
from engine.requests.styles import ImageStyle, Style, encode_code
from engine.session import Session

RESOURCES = Path(__file__).resolve().parents[1] / "resources"

SAMPLES = (  # (name, template, training picture that lends its styles)
    ("golden", "portrait-fringe", "0006"),
    ("blonde", "portrait-long-hair", "0037"),
    ("black", "portrait-bob", "0075"),
    ("curls", "portrait-curly", "0001"),
    ("grey", "portrait-older", "0005"),
    ("long-dark", "portrait-turned", "0041"),
    ("moustache", "portrait-short-hair", "0052"),
    ("light-brown", "portrait-young", "0078"),
)
DOCUMENT: tuple[str, str, dict[int, str]] = ("portrait-long-hair", "long-dark", {})
"""Template, sample for all regions, {label: another sample}."""


def paint_samples(session: Session, weights: str, data: LabelledFolder, out: Path) -> None:
    """Write OUT/NAME.png and OUT/NAME.labels.png for every sample."""
    label_set = session.painter(weights).label_set
    out.mkdir(parents=True, exist_ok=True)
    for name, template, stem in SAMPLES:
        index = data.stems.index(stem)
        found = session.encode(weights, data.images[index], data.label_maps[index])
        template_file = RESOURCES / "templates" / f"{template}.png"
        label_map = read_label_map(template_file, label_set).label_map
        styles: dict[int, Style] = {
            int(label): ImageStyle(path=stem, label=int(label), code=encode_code(found.codes[label]))
            for label in np.flatnonzero(found.present)
        }
        result = session.run(RenderRequest(weights, LabelMapData.from_array(label_map), styles))
        (out / f"{name}.png").write_bytes(encode_png(result.pixels))
        (out / f"{name}.labels.png").write_bytes(template_file.read_bytes())


def write_document(session: Session, weights: str, samples: Path, out: Path) -> None:
    """Write the sample document: a request whose styles come from the painted samples beside it."""
    from engine.pictures.images import read_image

    label_set = session.painter(weights).label_set
    template, main, others = DOCUMENT
    label_map = read_label_map(RESOURCES / "templates" / f"{template}.png", label_set).label_map
    styles: dict[int, Style] = {}
    for label in np.unique(label_map):
        sample = others.get(int(label), main)
        maps = read_label_map(samples / f"{sample}.labels.png", label_set).label_map
        found = session.encode(weights, read_image(samples / f"{sample}.png").pixels, maps)
        if found.present[label]:
            styles[int(label)] = ImageStyle(
                path=f"../styles/{sample}.png",
                label=int(label),
                label_map_png=encode_map(maps),
                code=encode_code(found.codes[label]),
                made_by=found.made_by or None,
            )
    out.parent.mkdir(parents=True, exist_ok=True)
    request = RenderRequest(weights, LabelMapData.from_array(label_map), styles)
    out.write_text(to_json(request, indent=1), encoding="utf-8")
    json.loads(out.read_text(encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="sean-faces")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--resources", type=Path, default=RESOURCES, help="where styles/ and sample/ are written")
    options = parser.parse_args()
    session = Session("cpu")
    side = session.painter(options.weights).config.resolution
    data = LabelledFolder(options.data, "train", side)
    paint_samples(session, options.weights, data, options.resources / "styles")
    write_document(
        session, options.weights, options.resources / "styles", options.resources / "sample" / "sample.request.json"
    )


if __name__ == "__main__":
    main()
