"""Sheets: what is in them, and that no photograph gets into the one that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.labelled import LabelledFolder
from engine.errors import BadRequest, NotSupported
from engine.evaluation import card_sheet
from engine.labels.label_maps import colourise
from engine.labels.label_sets import load_label_set
from engine.session import Session
from engine.systems.repainting import own_styles, repaint
from tools.make_card_sheet import SHOWN, check_private, templates


@pytest.fixture
def painter(tiny_weights: Path):
    return Session("cpu").painter("tiny-sean")


@pytest.fixture
def data(tiny_dataset: Path) -> LabelledFolder:
    return LabelledFolder(tiny_dataset, "train", 64)


def _cells(path: Path, columns: int) -> list[list[np.ndarray]]:
    """The sheet's cells, from its lower right corner."""
    pixels = np.asarray(Image.open(path))
    step = 64 + card_sheet.GAP
    assert pixels.shape[1] == step * columns + card_sheet.GAP
    rows = (pixels.shape[0] - 30) // step
    bottom = pixels.shape[0]
    return [
        [pixels[bottom - step * (rows - r) :][:64, card_sheet.GAP + step * c :][:, :64] for c in range(columns)]
        for r in range(rows)
    ]


def test_a_run_sheet_shows_real_reconstruction_and_swapped_styles(painter, data, tmp_path) -> None:
    card_sheet.reconstruction_sheet(painter, data, tmp_path / "sheet.png", row_count=3)
    cells = _cells(tmp_path / "sheet.png", 3)[-3:]
    chosen = [0, 2, 5]
    styles = [own_styles(painter, data.images[n], data.label_maps[n]) for n in chosen]
    for row, (cell, n) in enumerate(zip(cells, chosen, strict=True)):
        assert np.array_equal(cell[0], data.images[n])
        assert np.array_equal(cell[1], repaint(painter, data.label_maps[n], styles[row]))
        assert np.array_equal(cell[2], repaint(painter, data.label_maps[n], styles[(row + 1) % 3]))


def test_the_shipped_sheet_holds_painted_pictures_and_own_label_maps_only(painter, data, tmp_path) -> None:
    drawn = templates(data.label_set, ("portrait-bob", "portrait-hat"))
    card_sheet.shipped_sheet(painter, data, drawn, tmp_path / "samples.png", styles=2)
    cells = _cells(tmp_path / "samples.png", 4)[-3:]
    faces = data.label_set
    small = card_sheet.fit_square_label_map(drawn[1][1], 64)
    assert np.array_equal(cells[2][0], colourise(small, faces))
    for row in cells:
        for cell in row:
            assert not any(np.array_equal(cell, photo) for photo in data.images)
            assert not any(np.array_equal(cell, colourise(m, faces)) for m in data.label_maps)


def test_variations_change_the_drawn_region_and_hold_no_data_set_picture(painter, data, tmp_path, monkeypatch) -> None:
    """tiny-sean cannot draw, so here each seed's style is a code of its own."""
    drawn = templates(data.label_set, ("portrait-bob",))
    with pytest.raises(NotSupported, match="cannot draw"):
        card_sheet.variation_sheet(painter, data, drawn, tmp_path / "x.png", labels=[13])
    monkeypatch.setattr(card_sheet, "can_sample", lambda _: True)
    monkeypatch.setattr(painter, "sample", lambda label, seed: np.full(painter.code_length, seed / 2, np.float32))
    card_sheet.variation_sheet(painter, data, drawn, tmp_path / "x.png", labels=[13, 16])
    cells = _cells(tmp_path / "x.png", 2 + card_sheet.VARIATIONS)[-1]  # one row: the template has no necklace
    region = card_sheet.fit_square_label_map(drawn[0][1], 64) == 13
    gap = np.abs(cells[2].astype(int) - cells[3].astype(int)).mean(-1)
    assert gap[region].mean() > gap[~region].mean()
    assert not any(np.array_equal(cell, photo) for cell in cells for photo in data.images)


def test_styles_are_as_different_as_usual_pictures_are_or_chosen_by_name(painter, data, tmp_path) -> None:
    data.images[3] = 255 - data.images[3]  # too odd to lend its styles
    chosen = card_sheet.most_different(data, 4)
    assert len(set(chosen)) == 4 and 3 not in chosen
    with pytest.raises(BadRequest, match="no picture"):
        card_sheet.shipped_sheet(painter, data, [], tmp_path / "x.png", styles=["nobody"])


def test_a_sheet_with_photographs_cannot_be_put_where_git_sees_it(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    with pytest.raises(BadRequest, match="runs/"):
        check_private(root / "weights" / "sean-faces" / "samples.png")
    check_private(root / "runs" / "sean" / "sheet.png")
    check_private(tmp_path / "sheet.png")


def test_the_rows_of_the_shipped_sheet_are_templates_that_exist() -> None:
    for name, shown in SHOWN.items():
        assert len(templates(load_label_set(name), shown)) == len(shown)
