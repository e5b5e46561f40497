"""The lanes with the real engine: a document becomes a picture, a photo becomes a label map."""

from __future__ import annotations

import numpy as np
import pytest

from app.document.document import Document
from app.jobs.render_lane import RenderLane
from app.jobs.session_gate import SessionGate, session_factory
from app.jobs.work_lane import WorkLane
from engine.errors import WeightsError
from engine.requests.parse import ParseRequest
from tests.fixtures import face_label_map, photo_of

PATIENCE_MS = 60_000  # torch is imported here


@pytest.fixture
def gate(tiny_weights) -> SessionGate:
    return SessionGate(session_factory("cpu"))


@pytest.fixture
def lane(qapp, gate):
    made = RenderLane(gate)
    yield made
    assert made.shutdown(timeout=PATIENCE_MS / 1000)


@pytest.fixture
def document(qapp) -> Document:
    made = Document()
    made.new(label_set=made.label_set, label_map=face_label_map(64), weights="tiny-sean", undoable=False)
    return made


def test_a_document_becomes_a_picture_and_the_same_again_gives_the_same_bytes(document, lane, qtbot):
    pictures = []
    for _ in range(2):
        with qtbot.waitSignal(lane.rendered, timeout=PATIENCE_MS) as caught:
            lane.submit(document.scene)
        pictures.append(caught.args[0].pixels)
    assert pictures[0].shape == (64, 64, 3)
    assert np.array_equal(*pictures)
    document.set_picture(pictures[0])
    document.set_seed(5)
    with qtbot.waitSignal(lane.rendered, timeout=PATIENCE_MS) as caught:
        lane.submit(document.scene)
    assert not np.array_equal(caught.args[0].pixels, pictures[0])


def test_after_cancel_and_after_an_error_the_next_render_works(document, lane, qtbot):
    lane.submit(document.scene)
    lane.cancel()
    assert not lane.busy
    document.change("weights", "no such weights")
    with qtbot.waitSignal(lane.failed, timeout=PATIENCE_MS) as caught:
        lane.submit(document.scene)
    assert isinstance(caught.args[0], WeightsError)
    document.undo()
    with qtbot.waitSignal(lane.rendered, timeout=PATIENCE_MS):
        lane.submit(document.scene)


def test_a_photo_is_parsed_and_encoded_in_the_same_session(lane, gate, qtbot):
    work = WorkLane(gate)
    try:
        label_map = face_label_map(64)
        photo = photo_of(label_map)
        seen = []

        def parse(job):
            with job.session() as session:
                return session.run(ParseRequest.from_pixels("tiny-parser", photo), job.progress, job.cancel_event)

        def encode(job):
            with job.session() as session:
                return session.encode("tiny-sean", photo, label_map)

        work.submit(parse, on_done=seen.append)
        work.submit(encode, on_done=seen.append)
        qtbot.waitUntil(lambda: not work.busy, timeout=PATIENCE_MS)
        parsed, codes = seen
        assert parsed.label_map.shape == (64, 64)
        assert codes.present[13] and np.isfinite(codes.codes).all()
    finally:
        assert work.shutdown(timeout=PATIENCE_MS / 1000)
