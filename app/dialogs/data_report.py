"""What a data folder holds and what is wrong with it, file by file; makes the lists it lacks when asked."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPalette, QTextOption
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.folder_parsing import ParseButton, Parsers
from app.dialogs.folders import FolderAsker
from app.jobs.work_lane import Work, WorkLane
from app.panels.table import ReadTable
from app.panels.widgets import heading_label, muted_label, set_primary
from app.shell.settings import Settings
from app.texts.label_names import label_name
from app.texts.translate import translate
from engine.errors import EngineError
from engine.files import write_text
from engine.labels.label_sets import LabelSet, bundled_label_sets, load_label_set

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex

    from engine.data.findings import Finding, Report
    from engine.data.kinds import DataKind
    from engine.data.parse_folder import ParsedFolder
    from engine.labels.colour_tables import ColourTable

SHOWN = 100  # findings of a kind that are listed; the saved report has all
SHARE = Qt.ItemDataRole.UserRole


class ShareBar(QStyledItemDelegate):
    """A share of the pixels as a bar behind its text."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        pixel_share = index.data(SHARE) or 0.0
        palette: QPalette = option.palette
        colour = QColor(palette.color(QPalette.ColorRole.Accent))
        colour.setAlphaF(0.35)
        bar_box = option.rect.adjusted(2, 4, -2, -4)
        bar_box.setWidth(max(1, round(bar_box.width() * float(pixel_share))) if pixel_share else 0)
        painter.fillRect(bar_box, colour)
        super().paint(painter, option, index)


class DataReportDialog(QDialog):
    """Reads the folder in the background; closing the window stops that. ``made`` says that files were written,
    ``looked`` what the folder holds.

    ``kind``: what the chosen recipe trains on; a folder that does not look like it is reported as what it looks like.
    ``parsers``: what can give pictures the label maps that they lack.
    """

    made = Signal(object)  # Path of the folder
    looked = Signal(object, object)  # Path of the folder, Report

    def __init__(
        self,
        work_lane: WorkLane,
        settings: Settings,
        data_folder: Path,
        parent: QWidget | None = None,
        *,
        kind: DataKind | None = None,
        parsers: Parsers | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Data in {0}").format(data_folder.name))
        self.resize(880, 600)
        self._lane = work_lane
        self._folder, self._kind = data_folder, kind
        self._work: Work | None = None
        self._parsed_text = ""
        self.parse = ParseButton(parsers, data_folder) if parsers is not None else None
        self.report: Report | None = None
        self._report_kind: DataKind | None = None
        self.ask = FolderAsker(settings, self)
        self.ask.files.refused.connect(self._not_saved)
        self._build()
        self.look()

    # --- building -----------------------------------------------------------------------------------

    def _build(self) -> None:
        self.summary = heading_label(str(self._folder))
        self.summary.setWordWrap(True)
        self.summary.setAccessibleName(self.tr("Summary"))
        self.details = muted_label()
        self.details.setWordWrap(True)
        self.details.setAccessibleName(self.tr("Sizes and kinds"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.findings = QTextBrowser()
        self.findings.setAccessibleName(self.tr("What is wrong"))
        self.findings.setOpenLinks(False)
        self.findings.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.findings.setTabChangesFocus(True)
        headings = [self.tr("Label"), self.tr("Share of the pixels"), self.tr("In maps")]
        self.shares = ReadTable(self.tr("Labels found"), headings, stretch=(1,))
        self.shares.setAlternatingRowColors(False)
        self.shares.setItemDelegateForColumn(1, ShareBar(self.shares))
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.findings)
        splitter.addWidget(self.shares)
        splitter.setSizes([460, 400])
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(18, 16, 18, 12)
        column_layout.setSpacing(10)
        for widget_above in (self.summary, self.details, self.bar):
            column_layout.addWidget(widget_above)
        column_layout.addWidget(splitter, 1)
        column_layout.addLayout(self._build_buttons())
        set_primary(self.make)

    def _build_buttons(self) -> QHBoxLayout:
        self.labels = QComboBox()
        self.labels.setAccessibleName(self.tr("Label set of the maps"))
        self.labels.addItem(self.tr("Labels from the maps"), None)
        for split_name in bundled_label_sets():
            self.labels.addItem(self.tr("Labels of {0}").format(split_name), split_name)
        self.make = QPushButton(self.tr("Make the missing lists"))
        self.make.clicked.connect(self._make)
        self.colours = QPushButton(self.tr("Colours of the maps..."))
        self.colours.setToolTip(self.tr("Say which label each colour is, where maps have other colours than labels"))
        self.colours.clicked.connect(self._ask_colours)
        self.save = QPushButton(self.tr("Save..."))
        self.save.clicked.connect(self._save)
        close_button = QPushButton(self.tr("Close"))
        close_button.clicked.connect(self.reject)
        row_layout = QHBoxLayout()
        row_layout.addWidget(self.save)
        row_layout.addStretch(1)
        for widget in (self.parse, self.colours, self.labels, self.make, close_button):
            if widget is not None:
                row_layout.addWidget(widget)
        if self.parse is not None:
            self.parse.progress.connect(self._show_parsing)
            self.parse.ended.connect(self._parsed)
            self.parse.failed.connect(self._not_parsed)
        self._show_buttons()
        return row_layout

    # --- reading ------------------------------------------------------------------------------------

    def look(self) -> None:
        """Read the folder (again)."""
        data_folder, kind = self._folder, self._kind
        self.bar.show()
        self._work = self._lane.submit(
            lambda work: _inspect(work, data_folder, kind),
            text=self.tr("Reading {0}").format(data_folder.name),
            on_done=self._show_report,
            on_failed=self._failed,
            on_progress=self._show_progress,
        )

    def _show_progress(self, fraction: float, _: str) -> None:
        self.bar.setValue(round(1000 * fraction))

    def _failed(self, error: EngineError) -> None:
        self.bar.hide()
        self.details.setText(translate(str(error)))

    def _show_report(self, kind_and_report: tuple[DataKind, Report]) -> None:
        kind, report = kind_and_report
        self._report_kind, self.report = kind, report
        self.bar.hide()
        verdict = self.tr("ready to train") if report.usable else self.tr("not ready to train")
        self.summary.setText("; ".join([*map(translate, kind.summary(report)), verdict]) + ".")
        detail_lines = [
            template.format(_counted(counts))
            for template, counts in (
                (self.tr("Pictures: {0}"), report.picture_sizes),
                (self.tr("Label maps: {0}"), report.map_sizes),
                (self.tr("Kinds: {0}"), report.modes),
                (self.tr("Splits: {0}"), report.splits),
            )
            if counts
        ]
        self.details.setText("   ".join([*detail_lines, *filter(None, [self._parsed_text])]))
        self._show_findings(report)
        self._show_shares(report)
        self._show_buttons()
        self.looked.emit(self._folder, report)

    def _show_findings(self, report: Report) -> None:
        paragraphs = [f"<p>{escape(translate(report.lacks))}</p>"] if report.lacks is not None else []
        for finding_kind, findings in report.by_kind().items():
            lines = [self._line(finding) for finding in findings[:SHOWN]]
            if len(findings) > SHOWN:
                lines.append(escape(self.tr("and {0} more; the saved report has all").format(len(findings) - SHOWN)))
            paragraphs.append(f"<p><b>{escape(translate(finding_kind.heading))} ({len(findings)})</b></p>")
            paragraphs += [f'<p style="margin:2px 0 2px 12px">{line}</p>' for line in lines]
        self.findings.setHtml("".join(paragraphs) or f"<p>{escape(self.tr('Nothing is wrong.'))}</p>")

    def _line(self, finding: Finding) -> str:
        words = (f"<i>{escape(finding.file)}</i>" if finding.file else "", escape(translate(finding.what)))
        return " ".join(filter(None, words))

    def _show_shares(self, report: Report) -> None:
        rows = sorted(report.label_shares.items(), key=lambda item: -item[1])
        largest_share = max((pixel_share for _, pixel_share in rows), default=1.0) or 1.0
        self.shares.setRowCount(len(rows))
        shown_names = self._label_names()
        for row, (label_text, pixel_share) in enumerate(rows):
            picture_count = str(report.label_pictures.get(label_text, 0))
            cell_texts = self.shares.fill_row(
                row, (shown_names.get(label_text, label_text), f"{100 * pixel_share:.2f} %", picture_count)
            )
            cell_texts[1].setData(SHARE, pixel_share / largest_share)

    def _label_names(self) -> dict[str, str]:
        """Names on the screen by those in classes.json."""
        label_set = self._label_set()
        return {} if label_set is None else {label.name: label_name(label) for label in label_set.labels}

    def _label_set(self) -> LabelSet | None:
        try:
            return load_label_set(self._folder / "classes.json")
        except EngineError:
            return None  # the findings say so

    def _show_buttons(self) -> None:
        report, kind = self.report, self._report_kind
        missing_lists = kind.missing_lists(self._folder) if kind is not None and report and report.examples else []
        self.make.setVisible(bool(missing_lists))
        self.make.setToolTip(
            self.tr("Write what the folder lacks of its lists: {0}. Nothing else is changed").format(
                ", ".join(missing_lists)
            )
        )
        self.labels.setVisible(bool(kind and kind.has_label_maps and "classes.json" in missing_lists))
        label_set = self._label_set() if kind is not None and kind.has_label_maps else None
        has_question = label_set is not None and report is not None and bool(report.nearest_colours)
        self.colours.setVisible(has_question or (label_set is not None and bool(label_set.colours)))
        self.save.setEnabled(report is not None)
        self._offer_parsers()

    # --- parsing ------------------------------------------------------------------------------------

    def _offer_parsers(self) -> None:
        """Where pictures lack label maps, and the recipe, if there is one, wants them."""
        if self.parse is None or self.parse.active:
            return
        report = self.report
        lacks_maps = report is not None and sum(report.map_sizes.values()) < sum(report.picture_sizes.values())
        wants_maps = self._kind is None or self._kind.has_label_maps
        has_pictures = (self._folder / "images").is_dir()
        suits = lacks_maps and wants_maps and has_pictures and self.parse.offer(self._label_set()) > 0
        self.parse.setVisible(suits)

    def _show_parsing(self, fraction: float, text: str) -> None:
        self.bar.show()
        self._show_progress(fraction, text)
        self.details.setText(translate(text))

    def _parsed(self, outcome: ParsedFolder | None) -> None:
        if outcome is not None:
            self._parsed_text = self.tr("Label maps written: {0}; left out: {1} ({2} says why)").format(
                len(outcome.written), len(outcome.left_out), "parsed.json"
            )
        self._written([])

    def _not_parsed(self, error: EngineError) -> None:
        self._failed(error)
        self._show_buttons()

    # --- writing ------------------------------------------------------------------------------------

    def _make(self) -> None:
        report, kind, data_folder = self.report, self._report_kind, self._folder
        if report is None or kind is None:
            return
        label_set = self.labels.currentData() if kind.has_label_maps else None

        def run(work: Work) -> list[Path]:
            from engine.data.kinds import make_lists
            from engine.data.make import Making

            work.commit()
            return make_lists(data_folder, kind, report, Making(label_set))

        self._lane.submit(
            run, text=self.tr("Reading {0}").format(data_folder.name), on_done=self._written, on_failed=self._failed
        )

    def _ask_colours(self) -> None:
        from app.dialogs.folder_colours import FolderColoursDialog

        label_set = self._label_set()
        if self.report is not None and label_set is not None:
            pixel_counts = self.report.seen.foreign if self.report.nearest_colours else {}
            dialog = FolderColoursDialog(self._folder.name, label_set, pixel_counts, self)
            dialog.chosen.connect(self._keep_colours)
            dialog.open()

    def _keep_colours(self, table: ColourTable) -> None:
        data_folder = self._folder

        def run(work: Work) -> list[Path]:
            from engine.data.make import keep_colours

            work.commit()
            return [keep_colours(data_folder, table)]

        self._lane.submit(
            run, text=self.tr("Reading {0}").format(data_folder.name), on_done=self._written, on_failed=self._failed
        )

    def _written(self, _: list[Path]) -> None:
        self.made.emit(self._folder)
        self.look()

    def _save(self) -> None:
        if self.report is None:
            return
        report_path = self.ask.save(self.tr("Save the report"), f"{self._folder.name}-report.json", "JSON (*.json)")
        if report_path is not None:
            try:
                write_text(report_path, json.dumps(self.report.to_dict(), ensure_ascii=False, indent=2) + "\n")
            except EngineError as error:
                self._not_saved(error)

    def _not_saved(self, error: EngineError) -> None:
        self.details.setText(translate(str(error)))

    def done(self, code: int) -> None:
        if self._work is not None and not self._work.settled:
            self._work.cancel()
        if self.parse is not None:
            self.parse.close_down()
        super().done(code)


def _counted(counts: dict[str, int], shown_count: int = 3) -> str:
    """ "256 x 256 (40), 128 x 128 (2), ..." """
    sorted_counts = sorted(counts.items(), key=lambda item: -item[1])
    counted_text = ", ".join(f"{counted_name} ({count})" for counted_name, count in sorted_counts[:shown_count])
    return counted_text + (", ..." if len(sorted_counts) > shown_count else "") if counted_text else "–"


def _inspect(work: Work, data_folder: Path, expected: DataKind | None) -> tuple[DataKind, Report]:
    """The folder as what it looks like, judged by what it is expected to be."""
    from engine.data.kinds import first_lack, inspect_folder, kind_of

    kind = kind_of(data_folder, expected)
    report = inspect_folder(data_folder, kind, on_progress=work.progress, cancel=work.cancel_event)
    if expected is not None:
        report.lacks = first_lack(data_folder, expected)
    return kind, report
