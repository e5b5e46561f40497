"""Every reader of files: a whole file that it reads, and how it is called on the file's path."""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from app.document.opening import look_at, read_request_file
from app.jobs.photos import style_label_map
from app.library.store import adopt, read_library
from app.studio.sheets import read_sheet
from app.training.history import read_history
from engine.bench.synthesis import read_json as read_bench_rows
from engine.cli.edit_folder import read_record as read_edit_record
from engine.cli.evaluate import _read_metrics
from engine.cli.pictures import read_mask
from engine.cli.request import read_request
from engine.data.caption_files import CAPTIONS, LAYOUTS, read_captions, read_layouts
from engine.data.captioning.write import FACTS, read_facts
from engine.data.labelled import LabelledFolder
from engine.data.layout import read_splits
from engine.data.parse_folder import _read_record as read_parse_record
from engine.data.report import Look, inspect_labelled
from engine.documents.archive import open_archive, write_archive
from engine.documents.document_file import read_document_request
from engine.documents.pictures import decode_picture, encode_picture
from engine.evaluation.kept_measurements import KeptMeasurements
from engine.golden.cases import read_case
from engine.labels.colour_tables import read_colour_table
from engine.labels.label_maps import read_certain_map, read_data_map, read_label_map, used_colours
from engine.labels.label_sets import load_label_set
from engine.painting.style_spread import StyleSpread, read_spread, spread_tensors
from engine.pictures.images import read_image
from engine.pictures.photos import read_photo
from engine.pictures.png import carries_style, read_embedded_request
from engine.pictures.rasters import read_header
from engine.pictures.sniffing import has_label_colours, is_torch_file, sets_by_colours, sniff
from engine.requests.json_text import to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.requests.render import RenderRequest
from engine.requests.style_file import make_kept, read_style, rename_style, write_style
from engine.requests.styles import ImageStyle, MixStyle, SampleStyle, encode_code
from engine.training.recipe import FOLDER as RECIPES
from engine.training.recipe import bundled_recipes, load_recipe
from engine.training.run.checkpoint import read_networks
from engine.training.run.record import BEST, CONFIG, LAST, read_record, settings_before
from engine.training.run.snapshot import Snapshot, read_numbers, read_snapshot, write_weights
from engine.weights.card import Card, read_card
from engine.weights.folder import styles_file, tensors_file
from engine.weights.pth import read_pth
from engine.weights.store import check_weights, list_weights, load_weights, read_tensors, save_weights
from tests.engine.drawn_pictures import smooth
from tests.fixtures import face_label_map, write_dataset

FACES = load_label_set("faces")


@dataclass(frozen=True)
class Reader:
    """make: writes whole files into an empty folder and gives the path of the one that is changed. calls: read it."""

    make: Callable[[Path], Path]
    calls: tuple[Callable[[Path], object], ...]
    is_text: bool = False


class _Work:
    """What the window's worker lends to jobs."""

    def progress(self, *report: object) -> None: ...

    def check(self) -> None: ...


def _file(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def _json(name: str, value: Any) -> Callable[[Path], Path]:
    return _file(name, json.dumps(value, indent=1).encode())


def _picture(format_name: str, mode: str = "RGB", **more: Any) -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(smooth()).convert(mode).save(buffer, format_name, exif=exif.tobytes(), **more)
    return buffer.getvalue()


def _request() -> RenderRequest:
    code = encode_code(np.arange(8, dtype=np.float32))
    image_style = ImageStyle("anna.png", 13, code=code)
    styles = {13: MixStyle(image_style, SampleStyle(3), 0.5), 1: image_style}
    return RenderRequest("tiny-sean", LabelMapData.from_array(face_label_map(32)), styles, seed=5)


def _request_png(folder: Path) -> Path:
    from engine.pictures.images import write_image

    write_image(folder / "a.png", smooth(), request_json=to_json(_request()))
    return folder / "a.png"


def _label_map(folder: Path) -> Path:
    from engine.labels.label_maps import write_label_map

    write_label_map(folder / "a.png", face_label_map(32), FACES)
    return folder / "a.png"


def _weights(changed_file: Callable[[Path, Card], Path]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        spread = StyleSpread(*(np.zeros(shape, np.float32) for shape in ((3, 4), (3, 2, 4), (3, 1, 4))))
        state = {"a": torch.ones(8)}
        metrics = {"val": {"psnr": 1.0}}
        card = Card(name="w", system="sean", label_set=FACES.to_dict(), config={"labels": 19}, metrics=metrics)
        saved = save_weights(folder / "w", card, state, styles=spread_tensors(spread))
        return changed_file(folder / "w", saved)

    return make


def _style(folder: Path) -> Path:
    write_style(folder / "a.png", make_kept("hair", FACES, 13, SampleStyle(3)), smooth())
    return folder / "a.png"


def _run(changed_file: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        snapshot = Snapshot("parser", {"resolution": 16}, {"a": torch.ones(3)}, 3, 1.0, {"psnr": 1.0})
        write_weights(folder / BEST, snapshot)
        recipe = {"system": "parser", "steps": 4, "resolution": 16, "batch": 2}
        (folder / CONFIG).write_text(json.dumps({"data": "x", "recipe": recipe, "label_set": FACES.to_dict()}))
        reports = [{"event": "step", "step": n, "seconds": 1.0, "losses": {"a": 0.5}} for n in range(4)]
        (folder / "stats.jsonl").write_text("".join(json.dumps(report) + "\n" for report in reports))
        (folder / LAST[0]).mkdir()
        torch.save({"modules": {"parser": {"a": torch.ones(3)}}, "step": 3}, folder.joinpath(*LAST))
        return folder / changed_file

    return make


def _dataset(changed_file: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        write_dataset(folder, side=16, train=2, val=1)
        return sorted(folder.glob(changed_file))[0]

    return make


def _golden(folder: Path) -> Path:
    np.savez(folder / "a.npz", out=np.zeros(3))
    text = {"seed": 1, "config": {"a": 1}, "state": {"w": [1, 2]}, "inputs": {"x": {"shape": [1]}}}
    (folder / "a.json").write_text(json.dumps(text))
    return folder / "a.json"


def _golden_arrays(folder: Path) -> Path:
    return _golden(folder).with_suffix(".npz")


def _measured(folder: Path) -> Path:
    kept = KeptMeasurements(folder / "kept", {"a": 1})
    np.savez(folder / "kept" / "00000.npz", **{"edit|ours": np.zeros(3)})
    assert kept is not None
    return folder / "kept" / "00000.npz"


def _data_folder(path: Path) -> Path:
    return next(parent for parent in path.parents if (parent / "labels").exists())


def _in_folder(read: Callable[[Path], object]) -> Callable[[Path], object]:
    """Called on the folder of a file."""
    return lambda path: read(path.parent)


def _own(path: Path) -> Path:
    """The folder of a file."""
    return path.parent


def _deep_tiff() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16).save(buffer, "TIFF")
    return buffer.getvalue()


def _recipe(folder: Path) -> Path:
    name = bundled_recipes()[0]
    (folder / "a.toml").write_bytes((RECIPES / f"{name}.toml").read_bytes())
    return folder / "a.toml"


def _colours(path: Path) -> object:
    return read_colour_table(path, FACES)


def _layouts(folder: Path) -> Path:
    records = [{"captions": ["a house."], "boxes": [[0, 0.1, 0.1, 0.5, 0.5]]}]
    return _json(LAYOUTS, {"classes": ["house"], "records": records})(folder)


def _pth(folder: Path) -> Path:
    torch.save({"state_dict": {"module.fc.weight": torch.ones(4, 3)}}, folder / "a.pth")
    return folder / "a.pth"


def _old_pth(folder: Path) -> Path:
    torch.save({"fc.weight": torch.ones(4, 3)}, folder / "a.pth", _use_new_zipfile_serialization=False)
    return folder / "a.pth"


def _adopt(path: Path) -> object:
    return adopt(path.parent / "library", path)


def _document(folder: Path) -> Path:
    scene = json.dumps({"request": json.loads(to_json(_request()))}).encode()
    picture = encode_picture(smooth(), exact=True)
    parts = {"manifest.json": b'{"schema": 1}', "scene.json": scene, "pictures/a.png": picture}
    write_archive(folder / "a.tessera", {name: partial(bytes, content) for name, content in parts.items()})
    return folder / "a.tessera"


def _all_parts(path: Path) -> object:
    with open_archive(path) as archive:
        contents = {name: archive.read(name) for name in archive.names}
    return decode_picture(contents["pictures/a.png"], "the picture") if "pictures/a.png" in contents else None


def _saved_again(path: Path) -> object:
    return write_archive(path.with_name("b.tessera"), {"pictures/a.png": lambda: b"made again"}, (path,))


def _look_at(path: Path) -> object:
    return look_at(_Work(), path)


IMAGE_CALLS = (read_image, read_photo, read_header, sniff, has_label_colours, sets_by_colours, used_colours)
MAP_CALLS = (
    lambda path: read_label_map(path, FACES),
    lambda path: read_certain_map(path, FACES),
    lambda path: read_data_map(path, FACES),
    lambda path: style_label_map(ImageStyle("a.png", 1, label_map_path=str(path)), FACES),
    read_mask,
)
REQUEST_CALLS = (read_request, sniff, read_embedded_request, lambda path: look_at(_Work(), path), read_request_file)
DATA_CALLS = (
    lambda path: inspect_labelled(_data_folder(path), Look()),
    lambda path: inspect_labelled(_data_folder(path), Look(quick=True)),
    lambda path: LabelledFolder(_data_folder(path), "train", 16),
)
WEIGHTS_CALLS = (
    _in_folder(load_weights),
    _in_folder(check_weights),
    lambda path: read_spread(_own(path), read_card(_own(path)), 3, 4),
    lambda path: list_weights(),
)


def _stamp(path: Path) -> object:
    """What run.py reads of its own set-up."""
    spec = importlib.util.spec_from_file_location("run", Path(__file__).parents[2] / "run.py")
    assert spec is not None and spec.loader is not None
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    run.ROOT = str(path.parents[1])  # type: ignore[attr-defined]
    return run.read_stamp()


def _set_up(folder: Path) -> Path:
    (folder / ".venv").mkdir()
    return _json(".venv/tessera-setup.json", {"key": "0" * 64, "extras": ["test"], "safe_path": True})(folder)


READERS = {
    "png": Reader(_file("a.png", _picture("PNG")), IMAGE_CALLS),
    "jpeg": Reader(_file("a.jpg", _picture("JPEG")), IMAGE_CALLS),
    "webp": Reader(_file("a.webp", _picture("WEBP")), IMAGE_CALLS),
    "tiff": Reader(_file("a.tiff", _picture("TIFF", compression="tiff_lzw")), IMAGE_CALLS),
    "deep tiff": Reader(_file("a.tif", _deep_tiff()), IMAGE_CALLS),
    "bmp": Reader(_file("a.bmp", _picture("BMP")), IMAGE_CALLS),
    "gif": Reader(_file("a.gif", _picture("GIF", "P")), IMAGE_CALLS),
    "pnm": Reader(_file("a.ppm", _picture("PPM")), IMAGE_CALLS, is_text=True),
    "sheet": Reader(_file("a.png", _picture("PNG")), (lambda path: read_sheet(_Work(), path),)),
    "label map": Reader(_label_map, MAP_CALLS),
    "request in a picture": Reader(_request_png, (*REQUEST_CALLS, carries_style)),
    "request": Reader(_file("a.json", to_json(_request()).encode()), REQUEST_CALLS, is_text=True),
    "photo of a request": Reader(_file("a.png", _picture("PNG")), (PhotoReference.of,)),
    "document": Reader(_document, (_all_parts, _saved_again, read_document_request, sniff, _look_at)),
    "label set": Reader(_json("classes.json", FACES.to_dict()), (load_label_set,), is_text=True),
    "recipe": Reader(_recipe, (load_recipe,), is_text=True),
    "colours": Reader(_json("t.json", {"#a01030": "hair", "#000001": 3}), (_colours,), is_text=True),
    "splits": Reader(_json("splits.json", {"train": ["a", "b"], "val": ["c"]}), (_in_folder(read_splits),), True),
    "captions": Reader(_json(CAPTIONS, {"a": ["x.", "y."], "b": "z."}), (_in_folder(read_captions),), True),
    "layouts": Reader(_layouts, (_in_folder(read_layouts),), True),
    "facts": Reader(_json(FACTS, {"a": {"age": 3}}), (_in_folder(read_facts),), True),
    "picture of a data set": Reader(_dataset("images/*"), DATA_CALLS),
    "map of a data set": Reader(_dataset("labels/*"), DATA_CALLS),
    "splits of a data set": Reader(_dataset("splits.json"), DATA_CALLS, True),
    "labels of a data set": Reader(_dataset("classes.json"), DATA_CALLS, True),
    "card": Reader(_weights(lambda folder, card: folder / "card.json"), (*WEIGHTS_CALLS, _in_folder(read_card)), True),
    "tensors": Reader(_weights(tensors_file), (*WEIGHTS_CALLS, read_tensors, sniff)),
    "styles": Reader(_weights(styles_file), WEIGHTS_CALLS),
    "checkpoint of others": Reader(_pth, (read_pth, is_torch_file, sniff)),
    "old checkpoint of others": Reader(_old_pth, (read_pth, is_torch_file, sniff)),
    "kept style": Reader(
        _style,
        (read_style, lambda path: rename_style(path, "new"), _adopt, _in_folder(read_library)),
    ),
    "record of a run": Reader(_run(CONFIG), (_in_folder(read_record), _in_folder(settings_before)), True),
    "reports of a run": Reader(_run("stats.jsonl"), (_in_folder(read_history),), True),
    "best of a run": Reader(_run(BEST), (read_snapshot, read_numbers)),
    "checkpoint": Reader(_run("/".join(LAST)), (lambda path: read_networks(path.parents[1]),)),
    "record of edits": Reader(_json("edited.json", {"photos": {}}), (read_edit_record,), True),
    "record of parsing": Reader(
        _json("parsed.json", {"weights": "w", "sha256": "0", "sure": 0.7, "pictures": {}}),
        (read_parse_record,),
        True,
    ),
    "golden case": Reader(_golden, (read_case,), True),
    "golden arrays": Reader(_golden_arrays, (lambda path: read_case(path.with_suffix(".json")),)),
    "kept measurements": Reader(_measured, (lambda path: KeptMeasurements(_own(path), {"a": 1}).read(0),)),
    "metrics": Reader(
        _json("m.json", {"weights": "w", "system": "sean", "data": "d", "split": "val"}),
        (_read_metrics,),
        True,
    ),
    "stamp of run.py": Reader(_set_up, (_stamp,), True),
    "rows of a benchmark": Reader(_json("rows.json", []), (read_bench_rows,), True),
}
"""By what the file is."""
