"""What a drop or the clipboard carries, as file managers, terminals and browsers write it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QSysInfo, QUrl

from app.imaging.mime import Incoming, may_be_useful, read_mime


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "我的 photo.png"
    path.write_bytes(b"")
    return path


def of_text(text: str) -> Incoming:
    mime = QMimeData()
    mime.setText(text)
    return read_mime(mime)


@pytest.mark.parametrize("host", ["", "localhost", QSysInfo.machineHostName()])
def test_a_link_to_this_computer_is_its_file_whatever_the_computer_is_called(picture, host):
    link = QUrl.fromLocalFile(str(picture))
    link.setHost(host)
    mime = QMimeData()
    mime.setUrls([link])
    assert may_be_useful(mime)
    assert read_mime(mime).files == (picture,)


def test_a_link_into_the_net_is_not_taken_over_the_window():
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/portrait.png")])
    mime.setText("https://example.org/portrait.png")
    assert not may_be_useful(mime)
    assert read_mime(mime).empty


def test_a_path_or_a_link_in_a_text_is_a_file(picture):
    link = QUrl.fromLocalFile(str(picture)).toString(QUrl.ComponentFormattingOption.FullyEncoded)
    elsewhere = link.replace("file:///", "file://localhost/")
    for written in (str(picture), f'"{picture}"', f"'{picture}'", link, elsewhere, f"  {picture}\r\n"):
        assert of_text(written).files == (picture,), written
    assert of_text(f"{link}\n{link}\n").files == (picture, picture)


def test_a_text_that_mentions_a_file_is_none(picture):
    too_long = "/" + 300 * "x"
    part = f"see {picture}", f"{picture}\nis mine", f'"{picture}'
    for written in (*part, "photo.png", '""', "file://", "\0", "", too_long):
        assert of_text(written).empty, written
    assert of_text(str(picture) + "\n" + " " * 10_000).empty
