"""Pictures and label maps drawn by code, for tests; never a picture of a data set.

The face is a cartoon: ellipses in the published order of the 19 face labels (0 background, 1 skin, 2 nose,
3 glasses, 4/5 eyes, 6/7 brows, 8/9 ears, 10 mouth, 11/12 lips, 13 hair, 17 neck, 18 cloth).
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

_FACE = (  # label, centre x, centre y, half width, half height, in parts of the side; later ones on top
    (13, 0.50, 0.38, 0.34, 0.34),
    (18, 0.50, 1.00, 0.45, 0.18),
    (17, 0.50, 0.80, 0.12, 0.16),
    (8, 0.24, 0.50, 0.04, 0.08),
    (9, 0.76, 0.50, 0.04, 0.08),
    (1, 0.50, 0.50, 0.25, 0.32),
    (6, 0.39, 0.38, 0.08, 0.02),
    (7, 0.61, 0.38, 0.08, 0.02),
    (4, 0.39, 0.45, 0.06, 0.03),
    (5, 0.61, 0.45, 0.06, 0.03),
    (2, 0.50, 0.55, 0.04, 0.08),
    (11, 0.50, 0.68, 0.09, 0.02),
    (12, 0.50, 0.72, 0.08, 0.02),
)
_COLOURS = {0: (176, 196, 210), 1: (222, 182, 158), 2: (214, 168, 144), 13: (72, 48, 34), 17: (206, 166, 142)}


def face_label_map(side: int = 64) -> np.ndarray:
    """(side, side) uint8: a cartoon face in the order of the face labels."""
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side
    label_map = np.zeros((side, side), np.uint8)
    for label, cx, cy, rx, ry in _FACE:
        label_map[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1] = label
    return label_map


def photo_of(label_map: np.ndarray, seed: int = 0) -> np.ndarray:
    """(H, W, 3) uint8: each region in a colour of its own with a little shading and grain, as in a photo."""
    rng = np.random.default_rng(seed)
    ids = np.arange(256)
    table = np.stack([ids * 37 % 200 + 30, ids * 71 % 200 + 30, ids * 113 % 200 + 30], 1)
    for label, colour in _COLOURS.items():
        table[label] = colour
    table = np.clip(table + rng.integers(-25, 26, table.shape), 0, 255)
    height, width = label_map.shape
    shade = np.linspace(12, -12, height)[:, None, None] + np.linspace(-6, 6, width)[None, :, None]
    grain = rng.normal(0, 4, (height, width, 1))
    return np.clip(table[label_map] + shade + grain, 0, 255).astype(np.uint8)


def random_label_map(height: int, width: int, labels: int, seed: int = 0, block: int = 8) -> np.ndarray:
    """(height, width) uint8: blocks of random labels below `labels`."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, labels, (-(-height // block), -(-width // block)), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(block, 0).repeat(block, 1)[:height, :width])


def png_bytes(pixels: np.ndarray) -> bytes:
    """A PNG of (H, W) or (H, W, 3) uint8 pixels."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def write_dataset(folder: Path, *, side: int = 64, train: int = 6, val: int = 3) -> Path:
    """A dataset folder of cartoon faces, each shifted and coloured differently, with the face labels."""
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    stems = [f"{split}_{n:03d}" for split, count in (("train", train), ("val", val)) for n in range(count)]
    for seed, stem in enumerate(stems):
        label_map = np.roll(face_label_map(side), seed % 7 - 3, axis=1)
        Image.fromarray(photo_of(label_map, seed)).save(folder / "images" / f"{stem}.jpg", quality=95)
        Image.fromarray(label_map).save(folder / "labels" / f"{stem}.png")
    faces = Path(__file__).parents[1] / "resources" / "labelsets" / "faces.json"
    (folder / "classes.json").write_text(faces.read_text("utf-8"), "utf-8")
    splits = {split: [s for s in stems if s.startswith(split)] for split in ("train", "val")}
    (folder / "splits.json").write_text(json.dumps(splits), "utf-8")
    return folder


@pytest.fixture(scope="session")
def _tiny_shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    from engine.labels.label_sets import load_label_set
    from engine.nn.style_encoder import StyleEncoderConfig
    from engine.systems.parser.network import Parser, ParserConfig
    from engine.systems.sean.network import SEANConfig, SEANGenerator
    from engine.weights.card import Card
    from engine.weights.store import save_weights

    shelf = tmp_path_factory.mktemp("shelf")
    faces = load_label_set("faces").to_dict()
    sean = SEANConfig(
        resolution=64,
        channels=(8, 8, 8, 8, 8),
        upsample_before=(False, True, True, True),
        styled_blocks=3,
        style_width=8,
        style_hidden=8,
        spade_hidden=8,
        encoder=StyleEncoderConfig(widths=(4, 4, 8, 8), norm="none"),
    )
    parser = ParserConfig(resolution=64, widths=(8, 8, 8))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        painter = SEANGenerator(sean).state_dict()
        painter["mean_style"] = torch.randn(1, sean.labels, sean.style_width)
        for name, tensor in painter.items():  # untrained, all paint grey without noise: make all count
            if "noise" in name or "weight" in name:
                painter[name] = tensor.normal_(0, tensor[0].numel() ** -0.5)
        found = Parser(parser).state_dict()
    licence = {"data": "drawings", "data_licence": "CC0", "weights_licence": "CC0", "label_set": faces}
    card = Card(name="tiny-sean", system="sean", config=asdict(sean), **licence)
    save_weights(shelf / card.name, card, painter)
    card = Card(name="tiny-parser", system="parser", config=asdict(parser), **licence)
    save_weights(shelf / card.name, card, found)
    return shelf


@pytest.fixture
def tiny_weights(_tiny_shelf: Path, monkeypatch: pytest.MonkeyPatch, _fresh_settings: None) -> Path:
    """The only weights in sight are "tiny-sean" and "tiny-parser": untrained, 64 x 64, faces.

    The user's own folder is empty, what ships is hidden. What they paint is no picture, but it follows label map,
    styles, seed and photo as real weights would.
    """
    from engine.files import root
    from engine.weights import store

    monkeypatch.setenv("TESSERA_WEIGHTS", str(_tiny_shelf))
    everywhere = store.search_path
    shipped = root() / "weights"
    monkeypatch.setattr(store, "search_path", lambda: tuple(p for p in everywhere() if p != shipped))
    return _tiny_shelf


@pytest.fixture
def tiny_dataset(tmp_path: Path) -> Path:
    """A dataset folder of 6 + 3 cartoon faces, 64 x 64, splits "train" and "val"."""
    return write_dataset(tmp_path / "dataset")


@pytest.fixture
def tiny_label_map() -> np.ndarray:
    """(64, 64) uint8 cartoon face."""
    return face_label_map(64)


@pytest.fixture
def tiny_photo(tiny_label_map: np.ndarray) -> np.ndarray:
    """(64, 64, 3) uint8, the photo of `tiny_label_map`."""
    return photo_of(tiny_label_map)
