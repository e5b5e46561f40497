"""What a data report says first: how much of what a folder holds, as clauses."""

from __future__ import annotations

from engine.data.findings import Report
from engine.errors import Message

Clauses = tuple[Message, ...]


def pairs_summary(report: Report) -> Clauses:
    """Pictures with label maps, and of which labels these are."""
    pairs = Message("1 pair") if report.pairs == 1 else Message("{0} pairs", report.pairs)
    counts = Message("{0} ({1}, {2})", pairs, _pictures(report), _label_maps(report))
    if not report.label_set:
        return counts, Message("no classes.json")
    return counts, Message("{0} labels of {1}", report.labels, report.label_set)


def classes_summary(report: Report) -> Clauses:
    """Pictures in a folder per class."""
    classes = Message("1 class") if report.labels == 1 else Message("{0} classes", report.labels)
    return (Message("{0} in {1}", _pictures(report), classes),)


def captions_summary(report: Report) -> Clauses:
    """Pictures with sentences."""
    return _pictures(report), _sentences(report)


def layouts_summary(report: Report) -> Clauses:
    """Records of boxes with sentences."""
    layouts = Message("1 layout") if report.layouts == 1 else Message("{0} layouts", report.layouts)
    return layouts, _sentences(report), Message("boxes of {0} classes", report.labels)


def pictures_summary(report: Report) -> Clauses:
    """Pictures alone."""
    return (_pictures(report),)


def _pictures(report: Report) -> Message:
    return Message("1 picture") if report.pictures == 1 else Message("{0} pictures", report.pictures)


def _label_maps(report: Report) -> Message:
    return Message("1 label map") if report.label_maps == 1 else Message("{0} label maps", report.label_maps)


def _sentences(report: Report) -> Message:
    return Message("1 sentence") if report.captions == 1 else Message("{0} sentences", report.captions)
