"""The benchmark measures what it says, on a network small enough for a test. Nothing here looks at the clock."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.bench import cases, synthesis
from engine.bench.cases import EDITS, Case, at_size, face, find_case, made_up, settle, stroke
from engine.bench.rows import machine, write_json
from engine.cli import main
from engine.errors import EngineError, WeightsError
from engine.nn.style_encoder import StyleEncoderConfig
from engine.systems import system
from engine.systems.base import load_part
from engine.systems.sean.bench import BENCH as SEAN_BENCH
from engine.systems.sean.network import SEANConfig, SEANGenerator
from engine.systems.smis.network import SMISConfig
from engine.systems.spade.network import SPADEConfig
from engine.weights.card import Card
from engine.weights.store import WeightsEntry


def random_case(name: str, of: str, config: Any) -> Case:
    """A network of the system `of` with random weights."""
    entry = system(of)
    return made_up(name, load_part(entry.bench), entry.network, config)


def tiny() -> Case:
    config = SEANConfig(
        resolution=32,
        channels=(12, 12, 8),
        upsample_before=(True, True),
        styled_blocks=1,
        style_width=4,
        style_hidden=4,
        spade_hidden=4,
        encoder=StyleEncoderConfig(widths=(4, 4, 4, 4)),
    )

    def build() -> SEANGenerator:
        generator = SEANGenerator(config).eval()
        settle(generator)
        return generator

    return Case("tiny", SEAN_BENCH, config, build, torch.zeros(1, 19, 4), (32, 32))


def test_rows_hold_every_edit_and_precision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(synthesis, "peak_megabytes", lambda case, kind, side: {"literal": 2.0}.get(kind, 1.0))
    told: list[str] = []
    rows = synthesis.measure(tiny(), repeats=2, on_progress=lambda fraction, text: told.append(text))
    kinds = synthesis.precisions()
    assert [(row.edit, row.precision) for row in rows] == [(edit, kind) for edit in EDITS for kind in kinds]
    for row in rows:
        assert row.max_abs_diff < (1e-4 if row.precision == "float32" else 0.2)
        assert row.ratio == row.literal_s / row.fast_s and row.floor_s > 0
        assert (row.literal_peak_mb, row.fast_peak_mb) == (2.0, 1.0)
    assert len(told) == 1 + len(EDITS)
    write_json(tmp_path / "rows.json", rows)
    read = json.loads((tmp_path / "rows.json").read_text())
    assert [row["case"] for row in read] == ["tiny"] * len(rows)
    needed = {"case", "edit", "literal_s", "fast_s", "ratio", "max_abs_diff", "literal_peak_mb", "fast_peak_mb"}
    assert needed | {"floor_s", "precision"} <= set(read[0])
    assert synthesis.read_json(tmp_path / "rows.json") == rows
    table = synthesis.as_table(rows).splitlines()
    assert len(table) == len(rows) + 2 and len({line.count("|") for line in table}) == 1
    assert "torch" in machine()


def test_edits_change_what_they_say() -> None:
    case = tiny()
    label_map, codes = case.edit("redraw", 0)
    assert np.array_equal(label_map, face(32, 32)) and torch.equal(codes, case.codes)
    painted, same = case.edit("brush", 0)
    assert not np.array_equal(painted, label_map) and torch.equal(same, codes)
    assert not np.array_equal(painted, case.edit("brush", 1)[0])
    kept, styled = case.edit("style", 0)
    assert np.array_equal(kept, label_map)
    assert (styled != codes).any(dim=2)[0].nonzero().flatten().tolist() == [13]


def test_the_face_is_a_portrait_of_all_usual_labels() -> None:
    drawn = face(256, 256)
    assert set(np.unique(drawn)) == {0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 17, 18}
    area = (stroke(np.zeros((256, 256), np.uint8), 3, 1) == 1).sum()
    assert abs(area - np.pi * 20**2) < 40


def test_an_unknown_case_is_one_sentence() -> None:
    with pytest.raises(EngineError, match="no-such-weights"):
        find_case("no-such-weights")


def test_the_table_of_rows_measured_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = synthesis.Row("published", "brush", "float32", 2.4, 0.3, 8.0, 1e-6, 1200.0, 900.0, 0.25, "256 x 256")
    write_json(tmp_path / "rows.json", [row])
    with pytest.raises(SystemExit) as left:
        main(["bench", "table", str(tmp_path / "rows.json")])
    assert left.value.code == 0
    assert "| published | 256 x 256 | brush | float32 | 2.400 | 0.300 | 8.0 |" in capsys.readouterr().out
    (tmp_path / "rows.json").write_text('{"something": "else"}')
    with pytest.raises(SystemExit) as left:
        main(["bench", "table", str(tmp_path / "rows.json")])
    assert left.value.code == 2 and "rows of a benchmark" in capsys.readouterr().err


def test_bench_tells_what_it_measures(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    assert "synthesis" in capsys.readouterr().out
    with pytest.raises(SystemExit) as left:
        main(["bench", "nothing"])
    assert left.value.code == 2 and "bench --help" in capsys.readouterr().err


SPADE = SPADEConfig(labels=5, resolution=32, width=1, multiples=(8, 4, 4, 2, 2, 1, 1, 1), hidden=4)
SMIS = SMISConfig(labels=5, resolution=32, width=2, multiples=(8, 4, 4), upsamplings=1, encoder=None)


@pytest.mark.parametrize(
    ("name", "config", "edits"), [("spade", SPADE, EDITS[:2]), ("smis", SMIS, EDITS)]
)
def test_other_systems_are_measured_too(
    name: str, config: Any, edits: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesis, "peak_megabytes", lambda case, kind, side: 1.0)
    case = random_case("other", name, config)
    rows = synthesis.measure(case, repeats=1, side=64)
    assert tuple(row.edit for row in rows if row.precision == "float32") == edits
    assert all(row.max_abs_diff < 1e-4 for row in rows if row.precision == "float32")
    assert {(row.case, row.size) for row in rows} == {("other", "64 x 64")}
    for edit in edits[1:]:
        before, after = case.edit("redraw", 0), case.edit(edit, 1)
        assert np.array_equal(before[0], after[0]) == (edit == "style")
        assert torch.equal(before[1], after[1]) == (edit == "brush")


def test_a_size_that_a_network_does_not_paint_is_one_sentence() -> None:
    with pytest.raises(EngineError, match="multiples of 4"):
        at_size(tiny(), 30)


def test_weights_that_cannot_be_measured_are_named_and_rows_are_written_case_by_case(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def card(system: str, **config: object) -> Card:
        return Card(name=system, system=system, config=config)

    entries = [
        WeightsEntry("a-parser", tmp_path, card("parser")),
        WeightsEntry("broken", tmp_path, None, "Its card is no JSON."),
        WeightsEntry("good", tmp_path, card("smis")),
        WeightsEntry("mulnet", tmp_path, card("smis", separate=True)),
        WeightsEntry("spoilt", tmp_path, card("sean")),
        WeightsEntry("unlucky", tmp_path, card("spade")),
    ]
    file = tmp_path / "rows.json"
    row = synthesis.Row("good", "brush", "float32", 2.4, 0.3, 8.0, 1e-6, 1200.0, 900.0, 0.25, "64 x 64")

    def find(name: str) -> Case:
        if name == "spoilt":
            raise WeightsError("The tensors do not fit.")
        return replace(tiny(), name=name)

    def measure(case: Case, **_: object) -> list[synthesis.Row]:
        if case.name == "unlucky":
            assert synthesis.read_json(file) == [row]  # what was done before is safe
            raise RuntimeError("measuring its memory failed")
        return [row]

    monkeypatch.setattr(cases, "published_cases", dict)
    monkeypatch.setattr(cases, "list_weights", lambda: entries)
    monkeypatch.setattr(cases, "find_case", find)
    monkeypatch.setattr(synthesis, "measure", measure)
    with pytest.raises(SystemExit) as left:
        main(["bench", "synthesis", "--json", str(file)])
    assert left.value.code == 0
    told = capsys.readouterr()
    assert "| good | 64 x 64 |" in told.out
    skipped = [line.split('"')[1] for line in told.err.splitlines() if "is skipped" in line]
    assert skipped == ["a-parser", "broken", "mulnet", "spoilt", "unlucky"]
    with pytest.raises(SystemExit) as left:
        main(["bench", "synthesis", "--case", "spoilt"])
    assert left.value.code == 2


def test_gated_networks_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "peak_megabytes", lambda case, kind, side: 1.0)
    rows = synthesis.measure(random_case("gated", "smis", replace(SMIS, gated=True, locality=1.0)), repeats=1)
    assert all(row.max_abs_diff < 1e-4 for row in rows if row.precision == "float32")
