"""The card of the styles panel: the chosen label's style, its mix with a second one, and blocks."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from app.document.document import Document
from app.document.style_scope import StyleScope
from app.imaging.mime import style_mime
from app.imaging.thumbnails import Place, Thumbnails
from app.panels.elided import ElidedLabel
from app.panels.styles.blocks import BlocksFold
from app.panels.styles.looks import placeholder_icon, placeholder_tint
from app.panels.styles.mix import MixRow
from app.panels.styles.seed import SeedRow
from app.panels.styles.slots import A, B, Slots, join, split, with_block, with_slot
from app.panels.thumb import Thumb
from app.panels.widgets import icon_button, keyboard_step_timer, push_button
from app.shell.icons import icons
from app.texts.label_names import style_source
from engine.requests.styles import MeanStyle, SampleStyle, Style


class StyleCard(QFrame):
    """Shows and changes the style of the document's current label."""

    file_wanted = Signal(int, str)  # label, slot "a" or "b"
    incoming = Signal(int, str, object)  # label, slot, Incoming
    dice_wanted = Signal(int, str)  # label, slot
    seed_entered = Signal(int, object)  # label, seed
    seed_copied = Signal(object)  # seed
    lock_wanted = Signal(int)
    colour_wanted = Signal()
    pipette_wanted = Signal()
    variations_wanted = Signal()
    morph_wanted = Signal()

    def __init__(
        self, document: Document, thumbnails: Thumbnails, scope: StyleScope, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._scope = scope
        self.setObjectName("card")
        self.setAccessibleName(self.tr("Style of the chosen label"))
        self._document = document
        self._thumbnails = thumbnails
        self._filling = False
        self._step_end = keyboard_step_timer(self, document.end_merge)
        self._build()
        document.styles_changed.connect(self._styles_changed)
        document.current_label_changed.connect(self.refresh)
        document.style_locks_changed.connect(self.refresh)
        document.pieces_changed.connect(self.refresh)
        document.replaced.connect(self.refresh)
        document.weights_changed.connect(self.refresh)
        thumbnails.changed.connect(self.refresh)
        self.refresh()

    # --- building -----------------------------------------------------------------------------------

    def _build(self) -> None:
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(12, 12, 12, 10)
        column_layout.setSpacing(10)
        column_layout.addLayout(self._build_first())
        column_layout.addLayout(self._build_variety())
        column_layout.addWidget(self._build_mix())
        self.fold = BlocksFold()
        self.fold.chosen.connect(self._block_chosen)
        column_layout.addWidget(self.fold)

    def _build_first(self) -> QHBoxLayout:
        self.thumb_a = Thumb(92, self.tr("Style picture"))
        self.thumb_a.clicked.connect(lambda: self.file_wanted.emit(self._label, A))
        self.thumb_a.incoming.connect(lambda incoming: self.incoming.emit(self._label, A, incoming))
        self._name = ElidedLabel(self.tr("Chosen label"), muted=False)
        self._name.setProperty("heading", True)
        self._source = ElidedLabel(self.tr("Where the style comes from"))
        self.button_lock = icon_button("unlock", self.tr("Lock style"))
        self.button_lock.setCheckable(True)
        self.button_lock.setProperty("flat", True)
        self.button_lock.clicked.connect(lambda: self.lock_wanted.emit(self._label))
        self.button_file = push_button("image-add", f" {self.tr('From file...')}")
        self.button_file.setAccessibleName(self.tr("Style from file"))
        self.button_file.clicked.connect(lambda: self.file_wanted.emit(self._label, A))
        self.button_reset = icon_button("reset", self.tr("Reset to the mean style"))
        self.button_reset.clicked.connect(self._reset)
        self.seed = SeedRow()
        self.seed.dice_wanted.connect(lambda: self.dice_wanted.emit(self._label, A))
        self.seed.entered.connect(lambda seed: self.seed_entered.emit(self._label, seed))
        self.seed.copy_wanted.connect(self.seed_copied)
        heading_row = QHBoxLayout()
        heading_row.setSpacing(4)
        heading_row.addWidget(self._name, 1)
        heading_row.addWidget(self.button_lock)
        button_row = QHBoxLayout()
        button_row.setSpacing(4)
        button_row.addWidget(self.button_file, 1)
        button_row.addWidget(self.button_reset)
        text_column = QVBoxLayout()
        text_column.setSpacing(3)
        text_column.addLayout(heading_row)
        text_column.addWidget(self._source)
        text_column.addStretch(1)
        text_column.addLayout(button_row)
        text_column.addWidget(self.seed)
        row_layout = QHBoxLayout()
        row_layout.setSpacing(12)
        thumb_column = QVBoxLayout()
        thumb_column.setSpacing(4)
        thumb_column.addWidget(self.thumb_a)
        thumb_column.addLayout(self._build_colour())
        thumb_column.addStretch(1)
        row_layout.addLayout(thumb_column)
        row_layout.addLayout(text_column, 1)
        return row_layout

    def _build_colour(self) -> QHBoxLayout:
        """What gives a region a colour: below its picture."""
        self.button_colour = icon_button("palette", self.tr("Choose a colour"))
        self.button_colour.clicked.connect(self.colour_wanted)
        self.button_pipette = icon_button("pipette", self.tr("Take a colour from a picture"))
        self.button_pipette.clicked.connect(self.pipette_wanted)
        row_layout = QHBoxLayout()
        row_layout.setSpacing(6)
        row_layout.addStretch(1)
        row_layout.addWidget(self.button_colour)
        row_layout.addWidget(self.button_pipette)
        row_layout.addStretch(1)
        return row_layout

    def _build_variety(self) -> QHBoxLayout:
        self.button_variations = push_button("grid", f" {self.tr('Six variations...')}")
        self.button_variations.clicked.connect(self.variations_wanted)
        self.button_morph = push_button("morph", f" {self.tr('Morph...')}")
        self.button_morph.clicked.connect(self.morph_wanted)
        row_layout = QHBoxLayout()
        row_layout.setSpacing(6)
        row_layout.addWidget(self.button_variations, 1)
        row_layout.addWidget(self.button_morph, 1)
        return row_layout

    def _build_mix(self) -> MixRow:
        self.mix = row = MixRow()
        self.thumb_b, self.slider = row.thumb, row.slider
        self.button_dice_b, self.button_clear_b = row.dice, row.clear
        row.thumb.clicked.connect(lambda: self.file_wanted.emit(self._label, B))
        row.thumb.incoming.connect(lambda incoming: self.incoming.emit(self._label, B, incoming))
        row.slider.valueChanged.connect(self._mixed)
        row.slider.sliderReleased.connect(self._document.end_merge)
        row.dice.clicked.connect(lambda: self.dice_wanted.emit(self._label, B))
        row.clear.clicked.connect(lambda: self._put(with_slot(self._slots, B, None)))
        return row

    # --- showing ------------------------------------------------------------------------------------

    @property
    def _label(self) -> int:
        """The region whose style is shown."""
        return self._document.current_region

    @property
    def _slots(self) -> Slots:
        return split(self._document.style(self._label))

    def refresh(self, *_: object) -> None:
        """Show the document's style of the current label."""
        self._filling = True
        slots = self._slots
        label_set, label = self._document.label_set, self._document.current_label
        self._name.show_text(self._scope.name(self._label))
        self._show_thumb(self.thumb_a, slots.a)
        self._show_thumb(self.thumb_b, slots.b)
        of_one = slots.b is None and not slots.blocks
        source = self._scope.source(self._label) if of_one else style_source(slots.a, label, label_set)
        short_source = self.tr("Drawn") if isinstance(slots.a, SampleStyle) else source  # its seed stands below
        self._source.show_text(short_source, tip=source)
        second_source = style_source(slots.b, label, label_set) if slots.b is not None else None
        self.mix.show_mix(second_source, slots.amount)
        self.seed.show_seed(slots.a.seed if isinstance(slots.a, SampleStyle) else None)
        self._show_abilities()
        self.fold.show_slots(slots, self._scope.abilities.blocks)
        self._filling = False

    def _show_abilities(self) -> None:
        """Enable what the weights can do and no lock forbids; else the tooltip says why not."""
        abilities, locked, lack = self._scope.abilities, self._scope.locked(self._label), self._scope.lack
        no_samples = lack(self.tr('The weights "{0}" cannot draw styles'))
        no_images = lack(self.tr('The weights "{0}" take no styles from pictures'))
        locked_hint = self.tr("This style is locked; unlock it to change it")
        self.seed.allow(abilities.samples, locked, locked_hint if abilities.samples else no_samples)
        variations_tip = self.tr("Paint this region with six random styles and take the one you like (Ctrl+Shift+V)")
        for button, tool_tip in (
            (self.button_dice_b, self.tr("Mix with a new random style")),
            (self.button_variations, variations_tip),
        ):
            button.setEnabled(abilities.samples and not locked)
            button.setToolTip(no_samples if not abilities.samples else locked_hint if locked else tool_tip)
        morphs = self._document.kind.morphs
        self.button_morph.setEnabled(abilities.styles and morphs)
        morph_tip = self.tr("Go to another style in steps, and export them (Ctrl+M)")
        no_morphs = self.tr("Morphs are for paintings; in a photo use the strength slider of the edit.")
        no_styles = self.tr("These weights have no styles")
        self.button_morph.setToolTip(no_morphs if not morphs else morph_tip if abilities.styles else no_styles)
        colour_tip = self.tr("Give this region a colour; in a photo texture and light stay (Ctrl+Shift+C)")
        pipette_tip = self.tr("Click a colour in the canvas or in any picture of the window (Ctrl+I)")
        no_colours = lack(self.tr('The weights "{0}" take no colours as styles'))
        for button, tool_tip in ((self.button_colour, colour_tip), (self.button_pipette, pipette_tip)):
            button.setEnabled(self._scope.takes_colours and not locked)
            button.setToolTip(no_colours if not self._scope.takes_colours else locked_hint if locked else tool_tip)
        for thumb, tool_tip in (
            (self.thumb_a, self.tr("Drop a picture or click to choose a file: its colours and texture are taken")),
            (self.thumb_b, self.tr("Drop a second picture here, or click to choose a file, and mix the two")),
            (self.button_file, self.tr("Take a picture file's colours and texture, not the picture (Ctrl+L)")),
        ):
            held_back = locked and thumb is self.button_file  # the style of a locked thumbnail can be dragged
            thumb.setEnabled(abilities.images and not held_back)
            thumb.setToolTip(no_images if not abilities.images else locked_hint if locked else tool_tip)
        own_style = not isinstance(self._document.style(self._label), MeanStyle)
        mean_tip = self.tr("Give this label the mean style of the weights (Ctrl+Backspace)")
        photo_tip = self.tr("Show the photo again in this region (Ctrl+Backspace)")
        for widget, tool_tip, is_useful in (
            (self.button_reset, photo_tip if self._scope.edits_photo else mean_tip, own_style),
            (self.slider, self.tr("Share of the second style in per cent"), self._slots.b is not None),
            (self.button_clear_b, self.tr("Remove the second style"), True),
        ):
            widget.setEnabled(is_useful and not locked)
            widget.setToolTip(locked_hint if locked else tool_tip)
        self.button_lock.setChecked(locked)
        icons().bind(self.button_lock, "lock" if locked else "unlock")
        self.button_lock.setToolTip(
            self.tr("Locked: nothing changes this style until it is unlocked (Ctrl+Shift+K)")
            if locked
            else self.tr("Lock this style: it stays, whatever is rolled, dropped or chosen (Ctrl+Shift+K)")
        )
        self.fold.allow(abilities.blocks, lack(self.tr('The weights "{0}" cannot cross styles over')), locked)

    def _show_thumb(self, thumb: Thumb, style: Style | None) -> None:
        if style is None:
            thumb.show_style(None, icon="plus")
            return
        side_pixels = thumb.sizeHint().width()
        pixmap = self._thumbnails.pixmap(
            style,
            self._document.label_set,
            side_pixels,
            self.devicePixelRatioF(),
            place=Place(self._document.weights, self._document.current_label, self._document.fingerprint),
        )
        region = self._label
        draggable = thumb is self.thumb_a and not isinstance(style, MeanStyle)
        thumb.show_style(
            pixmap,
            icon=placeholder_icon(style),
            tint=placeholder_tint(style, self._document.label_set.labels[self._document.current_label]),
            drag=(lambda: style_mime(region)) if draggable else None,
        )

    def _styles_changed(self, label_ids: frozenset[int]) -> None:
        if self._label in label_ids:
            self.refresh()

    # --- changing -----------------------------------------------------------------------------------

    def _put(self, slots: Slots) -> None:
        self._scope.put(self._label, join(slots))

    def _reset(self) -> None:
        self._scope.put(self._label, None)

    def _mixed(self, per_cent: int) -> None:
        slots = self._slots
        if self._filling or slots.b is None:
            return
        changed = Slots(slots.a, slots.b, per_cent / 100, slots.blocks, slots.others)
        text = self.tr("Mix styles of {0}").format(self._scope.name(self._label))
        self._scope.put(self._label, join(changed), text=text, merge=("mix", self._label))
        if not self.slider.isSliderDown():
            self._step_end.start()

    def _block_chosen(self, block: int, choice: str) -> None:
        if not self._filling:
            self._put(with_block(self._slots, block, choice, count=len(self.fold.combos)))
