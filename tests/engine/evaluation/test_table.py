"""Tables of several weights: what is bold, what is missing, what is compared with what."""

from __future__ import annotations

from typing import Any

import pytest

from engine.evaluation.table import rows, tables
from engine.systems import all_systems
from engine.systems.base import System, load_part


def _painter(name: str, **numbers: Any) -> dict[str, Any]:
    about = {"weights": name, "system": "sean", "data": "faces", "split": "test", "pictures": 100, "resolution": 128}
    return about | {"ssim": 0.5, "rmse": 0.2, "psnr": 14.0, "FID-MobileNetV2": 50.0, "diversity": None} | numbers


def test_the_better_number_is_bold_whichever_side_is_better() -> None:
    text = tables([_painter("a", ssim=0.61, rmse=0.15), _painter("b", ssim=0.6, rmse=0.14)])
    assert text.startswith("**Reconstruction**, faces/test:")
    a, b = [line for line in text.splitlines() if line.startswith(("| a", "| b"))]
    assert "| **0.610** | 0.150 |" in a and "| 0.600 | **0.140** |" in b
    assert "SSIM ↑ | RMSE ↓" in text
    assert "**100**" not in text  # numbers that say nothing about quality


def test_equal_numbers_are_both_bold_and_a_single_row_has_no_best() -> None:
    text = tables([_painter("a"), _painter("b")])
    assert text.count("**0.500**") == 2
    assert "**0.500**" not in tables([_painter("a")])


def test_what_does_not_compare_is_never_best_of_each_other() -> None:
    text = tables([_painter("a"), _painter("b", ssim=0.7, resolution=256), _painter("c", ssim=0.8, data="street")])
    assert "**0." not in text
    assert text.index("| a (sean)") < text.index("| b (sean)") < text.index("street/test") < text.index("| c (sean)")


def test_missing_numbers_are_a_dash_and_kinds_have_their_own_tables() -> None:
    drawn = {"pictures": 24, "mcsd": 0.1, "mocd": 0.01, "inside_difference": 9.0, "outside_difference": 0.5}
    parser = {"weights": "p", "system": "parser", "data": "faces", "split": "test", "pictures": 100, "resolution": 256}
    parser |= {"miou": 0.5, "miou_without_rare": 0.6, "accuracy": 0.9, "iou": {"hair": 0.8, "hat": None}}
    text = tables([_painter("a", **{"FID-MobileNetV2": None}), _painter("b", diversity=drawn), parser])
    reconstruction, variety, maps, labels = text.split("\n\n**")
    assert "| – |" in reconstruction
    assert "| b (sean) | 24 | 0.1000 | 0.0100 | 9.00 | 0.50 | – |" in variety and "| a " not in variety
    assert "| p (parser) | 100 | 0.500 | 0.600 | 0.900 |" in maps
    assert "| hair | 0.800 |" in labels and "| hat | – |" in labels


def test_weights_stand_in_the_tables_of_their_own_system() -> None:
    """Whatever else they have in common with others: the figures of an evaluation are not a system's name."""
    filled = {"weights": "f", "system": "an-inpaint", "data": "photos", "split": "all", "pictures": 5}
    numbers = {"psnr_hole": 21.0, "ssim_hole": 0.7, "l1_hole": 0.05, "psnr": 30.0}
    text = tables([filled | numbers, filled | numbers | {"weights": "g", "psnr_hole": 22.5}])
    assert text.startswith("**Filled holes**, photos/all:") and "Reconstruction" not in text
    assert "PSNR in the hole ↑" in text and "| f (an-inpaint) | 5 | – | 21.00 |" in text and "**22.50**" in text
    unknown = _painter("later", system="of-a-later-version")
    assert tables([unknown]).strip() == ""


@pytest.mark.parametrize("system", all_systems(), ids=lambda system: system.id)
def test_every_system_that_is_measured_says_its_tables(system: System) -> None:
    assert bool(system.measuring.measure) == bool(system.measuring.tables)
    for table in map(load_part, system.measuring.tables):
        assert table.columns and any(column.more is not None for column in table.columns)


def test_figures_within_figures_are_named_on_one_line() -> None:
    (line,) = rows({"classes": {"sea": {"pictures": 3, "nearest": "forest"}}})
    assert line == ("classes: sea", "pictures 3, nearest to forest")


def test_lines_for_a_terminal_name_each_label_of_the_diversity() -> None:
    drawn = {"pictures": 1, "mcsd": 0.1, "by_label": {"hair": {"mcsd": 0.1, "mocd": None, "pictures": 1}}}
    lines = dict(rows({"diversity": drawn, "missing": {}}))
    assert lines["diversity: mcsd"] == "0.1000" and lines["diversity: hair"] == "mcsd 0.1000, mocd -, pictures 1"


def test_the_document_takes_new_tables_between_its_marks_however_often() -> None:
    from tools.model_tables import DOCUMENT, with_tables

    text = DOCUMENT.read_text("utf-8")
    once = with_tables(text, "| a |")
    assert "-->\n\n| a |\n\n<!-- /tables -->" in once
    assert with_tables(once, "| b |") == with_tables(text, "| b |")
