"""Paint the style samples and the sample document that come with Tessera, with Tessera's own weights.

No picture of a data set is shipped: each style sample is painted from a template drawn by code, in styles whose codes
were read from a few training pictures, or, for streets and house fronts, in styles drawn by a seed. Then the sample
document takes its styles from those painted samples, as a user's document would. Without --data only the picture of the
first document, which carries its request, is made again: where weights or composition have changed.

    python tools/make_samples.py [--weights sean-faces --data FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from engine.data.labelled import LabelledFolder
from engine.labels.label_maps import read_label_map, resize_label_map, write_label_map
from engine.pictures.images import encode_png
from engine.pictures.photo_files import write_photo
from engine.pictures.png import read_embedded_request
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import LabelMapData, encode_map
from engine.requests.render import RenderRequest
from engine.requests.styles import ImageStyle, SampleStyle, Style, encode_code
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
DRAWN = {  # weights: (name, template, seed of all its styles)
    "sean-street": (
        ("street-bright", "street-houses", 2),
        ("street-clear", "street-avenue", 7),
        ("street-blue", "street-crossing", 5),
        ("street-dusk", "street-park", 6),
    ),
    "sean-facades": (
        ("facade-cream", "facade-palace", 1),
        ("facade-blue", "facade-apartments", 2),
        ("facade-grey", "facade-palace", 4),
        ("facade-orange", "facade-apartments", 6),
        ("facade-ochre", "facade-modern", 8),
    ),
}
DOCUMENT: tuple[str, str, dict[int, str]] = ("portrait-long-hair", "long-dark", {})
"""Template, sample for all regions, {label: another sample}."""


def paint_samples(session: Session, weights: str, lenders: LabelledFolder, styles_folder: Path) -> None:
    """Write OUT/NAME.png and OUT/NAME.labels.png for every sample."""
    label_set = session.painter(weights).label_set
    styles_folder.mkdir(parents=True, exist_ok=True)
    for sample_name, template_name, lender_stem in SAMPLES:
        lender_index = lenders.stems.index(lender_stem)
        lender_styles = session.encode(weights, lenders.images[lender_index], lenders.label_maps[lender_index])
        template_file = RESOURCES / "templates" / f"{template_name}.png"
        label_map = read_label_map(template_file, label_set).label_map
        styles: dict[int, Style] = {
            int(label): ImageStyle(path=lender_stem, label=int(label), code=encode_code(lender_styles.codes[label]))
            for label in np.flatnonzero(lender_styles.present)
        }
        result = session.run(RenderRequest(weights, LabelMapData.from_array(label_map), styles))
        (styles_folder / f"{sample_name}.png").write_bytes(encode_png(result.pixels))
        (styles_folder / f"{sample_name}.labels.png").write_bytes(template_file.read_bytes())


def paint_drawn_samples(session: Session, styles_folder: Path) -> None:
    """Write OUT/NAME.png and OUT/NAME.labels.png for every sample whose styles are drawn."""
    for weights, samples in DRAWN.items():
        painter = session.painter(weights)
        for sample_name, template_name, seed in samples:
            label_map = read_label_map(RESOURCES / "templates" / f"{template_name}.png", painter.label_set).label_map
            factor = painter.config.resolution / max(label_map.shape)
            label_map = resize_label_map(label_map, *(round(side * factor / 32) * 32 for side in label_map.shape))
            styles: dict[int, Style] = dict.fromkeys(range(len(painter.label_set)), SampleStyle(seed))
            result = session.run(RenderRequest(weights, LabelMapData.from_array(label_map), styles))
            (styles_folder / f"{sample_name}.png").write_bytes(encode_png(result.pixels))
            write_label_map(styles_folder / f"{sample_name}.labels.png", label_map, painter.label_set)


def write_document(session: Session, weights: str, samples_folder: Path, document_path: Path) -> None:
    """Write the sample document: a request whose styles come from the painted samples beside it."""
    from engine.pictures.images import read_image

    label_set = session.painter(weights).label_set
    template_name, main_sample, other_samples = DOCUMENT
    label_map = read_label_map(RESOURCES / "templates" / f"{template_name}.png", label_set).label_map
    styles: dict[int, Style] = {}
    for label in np.unique(label_map):
        sample_name = other_samples.get(int(label), main_sample)
        sample_map = read_label_map(samples_folder / f"{sample_name}.labels.png", label_set).label_map
        sample_styles = session.encode(weights, read_image(samples_folder / f"{sample_name}.png").pixels, sample_map)
        if sample_styles.present[label]:
            styles[int(label)] = ImageStyle(
                path=f"../styles/{sample_name}.png",
                label=int(label),
                label_map_png=encode_map(sample_map),
                code=encode_code(sample_styles.codes[label]),
                made_by=sample_styles.made_by or None,
            )
    document_path.parent.mkdir(parents=True, exist_ok=True)
    request = RenderRequest(weights, LabelMapData.from_array(label_map), styles)
    document_path.write_text(to_json(request, indent=1), encoding="utf-8")


def renew_picture(session: Session, document_path: Path) -> None:
    """Make the picture of an edited photo again that a PNG stores with its request."""
    request_json = read_embedded_request(document_path)
    assert request_json is not None
    result = session.run(from_json(request_json).located(document_path.parent))
    write_photo(document_path, result.samples, result.photo, request_json=request_json)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="sean-faces")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--resources", type=Path, default=RESOURCES, help="where styles/ and sample/ are written")
    options = parser.parse_args()
    session = Session("cpu")
    renew_picture(session, options.resources / "sample" / "edited.png")
    if options.data is None:
        return
    side = session.painter(options.weights).config.resolution
    data = LabelledFolder(options.data, "train", side)
    styles_folder = options.resources / "styles"
    paint_samples(session, options.weights, data, styles_folder)
    paint_drawn_samples(session, styles_folder)
    write_document(session, options.weights, styles_folder, options.resources / "sample" / "sample.request.json")


if __name__ == "__main__":
    main()
