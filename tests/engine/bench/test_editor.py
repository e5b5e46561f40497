"""`tessera bench editor`: a real editor answers with every row that is promised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.bench import editor
from engine.bench.editor import EditorRow, as_table, measure
from engine.bench.rows import write_json
from engine.errors import EngineError, NotSupported

PROMISED = {
    "window shown": "s",
    "first picture": "s",
    "first edit answered": "s",
    "brush edit, exact picture": "s",
    "style edit, exact picture": "s",
    "seed edit, exact picture": "s",
    "brush to screen p50": "ms",
    "brush to screen p95": "ms",
    "brush to screen p95 while rendering": "ms",
    "heartbeat gap p95 while rendering": "ms",
    "heartbeat gap max while rendering": "ms",
    "heartbeat gap max while rendering 2048 x 2048": "ms",
    "photo of 12 megapixels opened, regions found": "s",
    "colour in a photo of 12 megapixels, exact picture": "s",
    "heartbeat gap max while a photo of 12 megapixels is edited": "ms",
    "memory at rest": "MB",
}


@pytest.mark.timeout(900)
def test_a_real_editor_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA_HOME", str(tmp_path))
    rows = measure("offscreen", effort=0.02)
    found = {row.measure: row for row in rows}
    assert {name: found[name].unit for name in PROMISED} == PROMISED
    assert any(name.startswith("memory after") for name in found)
    assert all(row.value > 0 and row.platform == "offscreen" for row in rows)
    assert found["first edit answered"].value > found["first picture"].value > found["window shown"].value
    assert found["brush to screen p95"].limit == 16 and found["first picture"].limit == 3
    target = tmp_path / "rows.json"
    write_json(target, rows)
    assert [EditorRow(**row) for row in json.loads(target.read_text("utf-8"))] == rows


def test_the_table_marks_what_is_missed() -> None:
    rows = [EditorRow("xcb", "first picture", 4.0, "s", 3.0), EditorRow("xcb", "memory at rest", 500.0, "MB", None)]
    assert [row.held for row in rows] == [False, True]
    assert as_table(rows).splitlines()[2:] == [
        "| xcb | first picture | 4.00 s | 3 s **missed** |",
        "| xcb | memory at rest | 500.0 MB |  |",
    ]


def test_an_editor_that_cannot_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editor, "PROGRAM", "app.no_such_program")
    with pytest.raises(EngineError) as caught:
        measure("offscreen")
    assert "\n" not in str(caught.value)


def test_without_an_x_server_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editor.shutil, "which", lambda _: None)
    assert editor.platforms() == ["offscreen"]
    with pytest.raises(NotSupported, match="Xvfb"):
        measure("xcb")
