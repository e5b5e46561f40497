"""The HTML report: one page that needs nothing else, with tables, plots and pictures."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from engine.evaluation.report import bar_plot, html_report
from engine.systems.measuring import Cell, Row
from tests.commands import Runner

VOID = {"meta", "img", "br", "line", "rect"}


class Balance(HTMLParser):
    """Finds tags that are not closed where they should be, and everything a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.sources += [value or "" for name, value in attributes if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def read(page: str) -> Balance:
    found = Balance()
    found.feed(page)
    assert found.open == []
    return found


def painter(name: str, **numbers: Any) -> dict[str, Any]:
    about = {"weights": name, "system": "sean", "data": "faces", "split": "val", "pictures": 9, "resolution": 128}
    kinds = {"reconstructions": {"miou": 0.5, "accuracy": 0.8, "iou": {"hair": 0.7, "hat": None}}}
    return about | {"ssim": 0.5, "psnr": 14.0, "missing": {"mcsd": "no <network>"}, "networks": {}} | kinds | numbers


def test_a_page_compares_weights_in_tables_plots_and_pictures() -> None:
    pixels = np.full((300, 300, 3), 90, np.uint8)
    rows = [Row("007", (Cell("photograph", pixels),), (Cell("a & b", pixels),))]
    page = html_report([painter("a"), painter("<b>", psnr=15.5)], rows)
    found = read(page)
    assert "&lt;b&gt;" in page and "<b>" not in page and "no &lt;network&gt;" in page
    assert found.seen.count("img") == 2 and all(
        source.startswith("data:image/jpeg;base64,") for source in found.sources
    )
    assert "script" not in found.seen and "link" not in found.seen and "http" not in re.sub(r"base64,[^\"]*", "", page)
    assert "<td class=best>15.50</td>" in page and found.seen.count("svg") >= 4
    assert "hair" in page and "Contains photographs" in page and "photograph 007" in page
    assert page.count("no &lt;network&gt;") == 1  # a reason that all share is told once
    assert page.count(">hat<") == 0  # in none of them


def test_one_set_of_weights_has_no_best_and_pictures_are_not_a_must() -> None:
    page = html_report([painter("a")])
    assert "img" not in read(page).seen and "class=best" not in page and "<h2>Pictures" not in page


def test_weights_measured_on_other_pictures_are_not_silently_compared() -> None:
    assert "Not all were measured on the same pictures" in html_report([painter("a"), painter("b", split="test")])


def test_bars_start_at_zero_whatever_the_sign() -> None:
    svg = ElementTree.fromstring(bar_plot([("a", -1.0, "-1", "#000"), ("b", 3.0, "3", "#fff")]))
    left, right = (rect.attrib for rect in svg.iter("rect"))
    assert abs(float(left["x"]) + float(left["width"]) - float(right["x"])) < 0.2
    assert abs(float(right["width"]) - 3 * float(left["width"])) < 0.2


def test_evaluate_writes_a_page(run: Runner, tiny_weights: Path, tiny_dataset: Path, tmp_path: Path) -> None:
    words = ["evaluate", "--data", tiny_dataset, "--split", "val", "--no-diversity", "--limit", "2"]
    done = run(*words, "--weights", "tiny-sean", "--weights", "tiny-parser", "--html", tmp_path / "report.html")
    assert done.code == 0, done.err
    page = (tmp_path / "report.html").read_text("utf-8")
    found = read(page)
    assert "tiny-sean" in page and "tiny-parser" in page and found.seen.count("img") >= 3 * 4
    wrong = run(*words, "--weights", "tiny-sean", "--html", tmp_path / "report.txt")
    assert wrong.code == 2 and "report.txt" in wrong.err
