"""What each command of the action table does, by the command's id (`app.shell.actions`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.canvas.tools import TOOLS
from app.canvas.widget import CanvasWidget
from app.controllers.wiring import Controllers
from app.document.document import Document
from app.raster.view import Enlarged, Mode
from app.shell.settings import LANGUAGES, THEMES
from app.texts.label_keys import COUNT

Handler = Callable[[], object]


def command_handlers(controllers: Controllers, document: Document, canvas: CanvasWidget) -> dict[str, Handler]:
    """A handler for each command, except those that are the window's own."""
    return {
        **_document_handlers(controllers, document),
        **_canvas_handlers(controllers, canvas),
        **_style_handlers(controllers),
        **_label_handlers(controllers),
        **_engine_handlers(controllers, document),
        **_application_handlers(controllers),
    }


def _document_handlers(controllers: Controllers, document: Document) -> dict[str, Handler]:
    new, exports = controllers.new, controllers.exports
    return {
        "new_template": new.template,
        "new_photo": controllers.photos.choose,
        "new_painting": new.painting,
        "photo_find": controllers.photos.find_photo,
        "photo_rest": controllers.photos.count_rest,
        "new_map": new.label_map,
        "make": controllers.making.open,
        "open": controllers.files.open,
        "sample": new.sample,
        "sample_second": controllers.photos.second_sample,
        "sample_painting": new.sample_painting,
        "save": exports.save,
        "save_as": exports.save_as,
        "export": exports.export_picture,
        "export_map": exports.export_map,
        "undo": document.undo,
        "redo": document.redo,
        "history": controllers.edit.history,
        "copy": controllers.edit.copy,
        "paste": controllers.files.paste,
        "edits_copy": controllers.edits.copy,
        "edits_paste": controllers.edits.paste,
        "edits_remove": controllers.edits.remove,
        "seed_new": controllers.edit.new_seed,
    }


def _canvas_handlers(controllers: Controllers, canvas: CanvasWidget) -> dict[str, Handler]:
    frames = controllers.frames
    return {
        **{tool.id.value: partial(canvas.set_tool, tool.id.value) for tool in TOOLS},
        "frame_whole": frames.choose_whole,
        "frame_next": frames.choose_next,
        "frame_new": frames.add,
        "frame_adjust": frames.adjust,
        "frame_remove": frames.remove,
        "brush_smaller": partial(canvas.step_brush, -1),
        "brush_larger": partial(canvas.step_brush, 1),
        "brush_much_smaller": partial(canvas.step_brush, -1, large=True),
        "brush_much_larger": partial(canvas.step_brush, 1, large=True),
        "view_stack": partial(canvas.set_mode, Mode.STACK),
        "view_side": partial(canvas.set_mode, Mode.SIDE_BY_SIDE),
        "view_wipe": partial(canvas.set_mode, Mode.WIPE),
        "enlarged_smooth": partial(controllers.canvas.enlarge, Enlarged.SMOOTH),
        "enlarged_pixels": partial(controllers.canvas.enlarge, Enlarged.PIXELS),
        "overlay_less": partial(controllers.canvas.step_overlay, -0.1),
        "overlay_more": partial(controllers.canvas.step_overlay, 0.1),
        "zoom_in": canvas.zoom_in,
        "zoom_out": canvas.zoom_out,
        "fit": canvas.fit,
        "fill": controllers.filling.open,
        "actual": canvas.actual_size,
    }


def _style_handlers(controllers: Controllers) -> dict[str, Handler]:
    styles, dice, pairs = controllers.styles, controllers.dice, controllers.pairs
    return {
        "style_file": styles.choose_file,
        "style_all": styles.choose_file_for_all,
        "style_colour": controllers.colours.choose,
        "style_pipette": controllers.colours.take_pipette,
        "pair_file": pairs.choose_file,
        "pair_colour": pairs.choose_colour,
        "pair_pipette": pairs.take_pipette,
        "piece_own": controllers.pieces.give_own,
        "piece_back": controllers.pieces.take_back,
        "style_keep": controllers.library.keep,
        "style_reset": styles.reset_label,
        "style_reset_all": styles.reset_all,
        "style_dice": dice.roll,
        "style_dice_all": dice.roll_all,
        "style_lock": dice.toggle_locked,
        "shapes": controllers.shapes.switch,
        "style_variations": controllers.variety.variations,
        "style_morph": controllers.variety.morph,
    }


def _label_handlers(controllers: Controllers) -> dict[str, Handler]:
    labels = controllers.labels
    return {
        "label_hide": labels.toggle_hidden,
        "label_solo": labels.solo,
        "label_lock": labels.toggle_locked,
        "label_change": controllers.variety.change_label,
        "label_search": labels.search,
        **{f"label_{key}": partial(labels.choose_key, key) for key in range(1, COUNT + 1)},
    }


def _engine_handlers(controllers: Controllers, document: Document) -> dict[str, Handler]:
    results, weights = controllers.results, controllers.weights
    return {
        "render": controllers.render.render_now,
        "cancel": controllers.render.cancel,
        "detail_model": partial(document.set_detail, "model"),
        "detail_full": partial(document.set_detail, "full"),
        "result_keep": results.keep,
        "result_auto": results.toggle_auto,
        "results_show": results.toggle,
        "studio": controllers.studio.open,
        "evaluate": controllers.studio.evaluate,
        "weights": weights.open,
        "weights_import": weights.import_file,
    }


def _application_handlers(controllers: Controllers) -> dict[str, Handler]:
    looks, help_pages = controllers.looks, controllers.help
    return {
        **{f"theme_{choice}": partial(looks.use_theme, choice) for choice in THEMES},
        **{f"language_{choice}": partial(looks.use_language, choice) for choice in LANGUAGES},
        "guide": help_pages.guide,
        "shortcuts": help_pages.shortcuts,
        "show_log": help_pages.show_log,
        "about": help_pages.about,
    }
