"""Every command of the editor, in one table. Menus, tool bars, tooltips and the shortcuts page read it.

What each command does stands in `app.controllers.handlers`, by the same ids. Texts are English and are translated
where they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from app.shell.i18n import mark

SEPARATOR = "-"


@dataclass(frozen=True)
class Action:
    """One command: its text, one line about it, its keys."""

    id: str
    text: str
    tip: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    group: str = ""  # actions of one group exclude each other; the window keeps the chosen one checked
    checkable: bool = field(default=False)


def _label_keys() -> tuple[Action, ...]:
    return tuple(
        Action(
            f"label_{digit}",
            mark("Label on key {0}"),
            mark("Paint with the label that shows this number in the labels panel"),
            (str(digit),),
        )
        for digit in range(1, 10)
    )


# fmt: off
ACTIONS: tuple[Action, ...] = (
    # --- file
    Action("new_template", mark("New from template..."),
           mark("Start from a label map that comes with Tessera"),
           ("Ctrl+N",), "template"),
    Action("new_photo", mark("New from photo..."),
           mark("Edit a photo at its own size: restyle regions, everything else stays as it is"),
           ("Ctrl+Shift+N",), "photo"),
    Action("new_painting", mark("New painting from photo..."),
           mark("Find a photo's regions and paint a new picture of them, with its own styles"),
           (), "palette"),
    Action("new_map", mark("New from label map..."),
           mark("Open a label map file: indexed, raw numbers or colours"),
           ("Ctrl+Alt+N",), "map"),
    Action("make", mark("Make pictures of a class..."),
           mark("Pictures of a sea, a forest ... out of noise, by weights that have learnt it; to edit or as a style"),
           ("Ctrl+Alt+M",), "image-add"),
    Action("open", mark("Open..."),
           mark("Open a picture made here, a request, a photo or a label map; the content decides"),
           ("Ctrl+O",), "open"),
    Action("sample", mark("Open the sample"), mark("Open the document of the first start again"),
           (), "image"),
    Action("sample_second", mark("Open the second sample photo"),
           mark("Open another photograph: try the edits of the first on it with Paste edits"),
           (), "photo"),
    Action("sample_painting", mark("Open the sample painting"),
           mark("Open a label map that is painted in the styles of a portrait"),
           (), "palette"),
    Action("save", mark("Save"),
           mark("Write the file of this document; the first time it asks for a name"),
           ("Ctrl+S",), "save"),
    Action("save_as", mark("Save as..."),
           mark("Write a Tessera document, a PNG that carries its request, or the request alone, under a new name"),
           ("Ctrl+Shift+S",), "save"),
    Action("export", mark("Export picture..."), mark("Write the picture as PNG, JPEG, WebP or TIFF"),
           ("Ctrl+E",), "export"),
    Action("export_map", mark("Export label map..."),
           mark("Write the label map as indexed PNG, raw numbers or colours"),
           ("Ctrl+Shift+E",), "map"),
    Action("photo_find", mark("Find the photo again..."),
           mark("Say where the photo that is edited is now, or take another one in its place"),
           (), "search"),
    Action("photo_rest", mark("Count the rest as background"),
           mark("Take as background what lies outside the part of the photo that was looked at, and is not painted"),
           (), "crop"),
    Action("quit", mark("Quit"), mark("Close the editor"), ("Ctrl+Q",)),
    # --- edit
    Action("undo", mark("Undo"), mark("Take back the last change of label map, style or seed"),
           ("Ctrl+Z",), "undo"),
    Action("redo", mark("Redo"), mark("Do again what was taken back"),
           ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    Action("history", mark("History..."), mark("Show all steps by name, and go to one"),
           ("Ctrl+Alt+Z",), "recent"),
    Action("copy", mark("Copy picture"), mark("Put the rendered picture on the clipboard"),
           ("Ctrl+C",), "copy"),
    Action("paste", mark("Paste"),
           mark("Use the picture or file on the clipboard as a style or as a new document"),
           ("Ctrl+V",), "paste"),
    Action("edits_copy", mark("Copy these edits"),
           mark("Put all changes of this photo on the clipboard, for another photo"),
           ("Ctrl+Alt+C",), "copy"),
    Action("edits_paste", mark("Paste edits"),
           mark("Change this photo as the one whose edits are on the clipboard"),
           ("Ctrl+Alt+V",), "paste"),
    Action("edits_remove", mark("Remove this change"),
           mark("Show the photo again where the chosen label's region was changed"),
           (), "reset"),
    # --- tools
    Action("brush", mark("Brush"),
           mark("Paint with the chosen label"), ("B",), "brush", "tool", True),
    Action("eraser", mark("Eraser"), mark("Paint with the background label"),
           ("E",), "eraser", "tool", True),
    Action("bucket", mark("Bucket"), mark("Fill the connected area under the pointer with the chosen label"),
           ("G", "F"), "bucket", "tool", True),
    Action("pick", mark("Pick label"), mark("Choose the label under the pointer; Alt+click with any tool"),
           ("I",), "pick", "tool", True),
    Action("pan", mark("Pan"), mark("Move the view; Space or the middle button with any tool"),
           ("H",), "pan", "tool", True),
    Action("shapes", mark("Brush changes shapes"),
           mark("On: what is painted changes the photo, a longer fringe, no glasses. Off: it corrects what was found"),
           ("Shift+R",), "shapes", "", True),
    Action("fill", mark("Fill..."),
           mark("Take something out of the picture: the region under the pointer or what you paint is filled"),
           ("Shift+F",), "fill"),
    Action("brush_smaller", mark("Smaller brush"), mark("By one pixel below 10 px, else by a tenth"),
           ("[",)),
    Action("brush_larger", mark("Larger brush"), mark("By one pixel below 10 px, else by a tenth"),
           ("]",)),
    Action("brush_much_smaller", mark("Much smaller brush"), mark("Ten steps at once"),
           ("{",)),
    Action("brush_much_larger", mark("Much larger brush"), mark("Ten steps at once"),
           ("}",)),
    # --- styles
    Action("style_file", mark("Style (colours, texture) from file..."),
           mark("Take colours and texture for the chosen region from a picture file; the picture itself is not put in"),
           ("Ctrl+L",), "image-add"),
    Action("style_all", mark("All styles from picture..."),
           mark("Take the styles of all regions from one picture file"),
           ("Ctrl+Shift+L",), "photo"),
    Action("style_colour", mark("Choose a colour..."),
           mark("Give the chosen label's region a colour; in a photo texture and light stay"),
           ("Ctrl+Shift+C",), "palette"),
    Action("style_pipette", mark("Take a colour from a picture"),
           mark("The next click in the canvas or on any picture gives the chosen label its colour"),
           ("Ctrl+I",), "pipette"),
    Action("pair_file", mark("Style for the pair from file..."),
           mark("Take the styles of both lips, eyes, brows or ears from one picture file"),
           (), "image-add"),
    Action("pair_colour", mark("Colour for the pair..."),
           mark("Give both lips, eyes, brows or ears one colour"),
           (), "palette"),
    Action("pair_pipette", mark("Pipette for the pair"),
           mark("The next click in a picture gives both lips, eyes, brows or ears their colour"),
           (), "pipette"),
    Action("style_keep", mark("Keep this style..."),
           mark("Put the chosen label's style into your library, under a name"),
           ("Ctrl+Alt+K",), "star"),
    Action("style_reset", mark("Reset to mean"), mark("Give the chosen label the mean style of the weights"),
           ("Ctrl+Backspace",), "reset"),
    Action("style_reset_all", mark("Reset all styles"),
           mark("Give every label the mean style of the weights"),
           (), "reset"),
    Action("style_dice", mark("Roll a style"), mark("Draw a new random style for the chosen label"),
           ("Ctrl+D",), "dice"),
    Action("style_dice_all", mark("Roll all styles"),
           mark("Draw new random styles for all labels of the picture, except locked ones"),
           ("Ctrl+Shift+D",), "dice"),
    Action("style_lock", mark("Lock style"),
           mark("Keep the chosen label's style when all styles change at once"),
           ("Ctrl+Shift+K",), "lock"),
    Action("style_variations", mark("Six variations..."),
           mark("Paint the chosen region with six random styles and take the one you like"),
           ("Ctrl+Shift+V",), "grid"),
    Action("style_morph", mark("Morph..."),
           mark("Go from the chosen label's style to another in steps: strip, GIF or PNG sequence"),
           ("Ctrl+M",), "morph"),
    Action("seed_new", mark("New seed"),
           mark("Roll a new seed for the noise"), ("Ctrl+R",), "dice"),
    # --- labels
    Action("label_hide", mark("Hide label"), mark("Hide or show the chosen label in the overlay"),
           ("Ctrl+H",), "eye-off"),
    Action("label_solo", mark("Show only this label"),
           mark("Hide all other labels; again to show them all (Alt+click an eye)"),
           ("Ctrl+Shift+H",), "eye"),
    Action("label_lock", mark("Lock label"), mark("Protect the chosen label's pixels from painting"),
           ("Ctrl+K",), "lock"),
    Action("label_change", mark("Make this region another label..."),
           mark("Give all pixels of the chosen label to another one: background to hat, trees to buildings"),
           ("Ctrl+Shift+M",), "map"),
    Action("label_search", mark("Find label"), mark("Go to the search field of the labels panel"),
           ("Ctrl+F",), "search"),
    *_label_keys(),
    # --- view
    Action("view_stack", mark("Stack"), mark("Label map over the picture; hold Tab to see the picture alone"),
           ("F2",), "stack", "view", True),
    Action("view_side", mark("Side by side"),
           mark("Label map, or a photo as it was, on the left; picture on the right"),
           ("F3",), "side", "view", True),
    Action("view_wipe", mark("Wipe"), mark("Label map, or a photo as it was, and picture divided by a line to drag"),
           ("F4",), "wipe", "view", True),
    Action("enlarged_smooth", mark("Smooth up to 400 %"), mark("Enlarged pictures without steps, up to 400 %"),
           (), "", "enlarged", True),
    Action("enlarged_pixels", mark("As pixels"), mark("Every pixel of an enlarged picture as a square"),
           (), "", "enlarged", True),
    Action("overlay_less", mark("Fainter overlay"), mark("Show the label map ten per cent fainter"),
           ("Ctrl+[",)),
    Action("overlay_more", mark("Stronger overlay"), mark("Show the label map ten per cent stronger"),
           ("Ctrl+]",)),
    Action("zoom_in", mark("Zoom in"), mark("Larger; the wheel zooms at the pointer"),
           ("Ctrl++", "Ctrl+="), "zoom-in"),
    Action("zoom_out", mark("Zoom out"), mark("Smaller; the wheel zooms at the pointer"),
           ("Ctrl+-",), "zoom-out"),
    Action("fit", mark("Fit"), mark("Show the whole document"), ("Ctrl+0",), "fit"),
    Action("actual", mark("100 %"), mark("One pixel of the picture on one pixel of the screen"),
           ("Ctrl+1",), "actual"),
    Action("next_panel", mark("Next panel"), mark("Move the keyboard to the next part of the window"),
           ("F6",)),
    Action("reset_layout", mark("Reset panels"), mark("Put all panels back where they were at first")),
    Action("full_screen", mark("Full screen"), mark("Use the whole screen; again to leave"),
           ("F11",)),
    Action("theme_system", mark("System"), mark("Light or dark as the system says"),
           (), "", "theme", True),
    Action("theme_light", mark("Light"), mark("Light panels"), (), "", "theme", True),
    Action("theme_dark", mark("Dark"), mark("Dark panels"), (), "", "theme", True),
    Action("language_system", mark("System language"), mark("English or Chinese as the system says"),
           (), "", "language", True),
    Action("language_en", "English", mark("Show the editor in English"),
           (), "", "language", True),
    Action("language_zh_CN", "简体中文", mark("Show the editor in Simplified Chinese"),
           (), "", "language", True),
    # --- render
    Action("render", mark("Render now"), mark("Render again with the present label map, styles and seed"),
           ("Ctrl+Return", "F5")),
    Action("cancel", mark("Cancel"),
           mark("Stop what is running: the last picture and the files on the disk stay as they are"),
           ("Shift+X",), "stop"),
    Action("detail_model", mark("Large pictures at the model's size"),
           mark("Paint a large label map at the size that the model knows and enlarge the picture along its borders"),
           (), "", "detail", True),
    Action("detail_full", mark("Large pictures at full size"),
           mark("Paint a large label map at its own size: best for textures; takes longer, and faces lose their form"),
           (), "", "detail", True),
    # --- results
    Action("result_keep", mark("Keep this picture"),
           mark("Put the present picture into the results with a star, so that it stays"),
           ("K",), "star"),
    Action("result_auto", mark("Keep every finished picture"),
           mark("Keep each picture that you come to rest on; the oldest without a star go when there are too many"),
           (), "recent", "", True),
    Action("results_show", mark("Results"), mark("Show or hide the strip of results"),
           ("F7",), "", "", True),
    # --- training
    Action("studio", mark("Training studio..."),
           mark("Train weights of your own and watch them learn"), ("Ctrl+T",), "train"),
    Action("evaluate", mark("Evaluate weights..."),
           mark("Measure weights on a data folder"), ("Ctrl+Shift+T",), "check"),
    Action("weights", mark("Weights..."),
           mark("What is installed, under which licence, what is missing; import, check, remove"),
           ("Ctrl+Shift+W",), "weights"),
    Action("weights_import", mark("Import weights..."),
           mark("Turn a file that authors published (.pth) into weights; no code in it is run"),
           (), "open"),
    # --- help
    Action("guide", mark("User guide"), mark("What Tessera can do, with pictures; in English"),
           (), "info"),
    Action("shortcuts", mark("Keyboard shortcuts"), mark("All commands and their keys"),
           ("F1",), "keyboard"),
    Action("show_log", mark("Show the log file"),
           mark("Open the folder with Tessera's log")),
    Action("about", mark("About Tessera"), mark("Versions, and the licences of code and weights"),
           (), "info"),
)
# fmt: on

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}
assert len(BY_ID) == len(ACTIONS)

# fmt: off
# A name in capitals is a submenu that its controller fills: recent files, models, devices.
MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (mark("&File"), ("new_template", "new_photo", "new_painting", "new_map", "make", SEPARATOR, "open", "RECENT",
                     "sample", "sample_second", "sample_painting", SEPARATOR, "save", "save_as", "export", "export_map",
                     SEPARATOR, "photo_find", "photo_rest", SEPARATOR, "quit")),
    (mark("&Edit"), ("undo", "redo", "history", SEPARATOR, "copy", "paste", SEPARATOR,
                     "edits_copy", "edits_paste", "edits_remove", SEPARATOR, "seed_new")),
    (mark("&Tools"), ("brush", "eraser", "bucket", "pick", "pan", SEPARATOR, "shapes", "fill", SEPARATOR,
                      "brush_smaller", "brush_larger", "brush_much_smaller", "brush_much_larger")),
    (mark("&Labels"), ("label_search", "label_hide", "label_solo", "label_lock", SEPARATOR, "label_change", SEPARATOR,
                       "LABEL_KEYS")),
    (mark("&Styles"), ("style_file", "style_all", "style_colour", "style_pipette", SEPARATOR,
                       "pair_file", "pair_colour", "pair_pipette", SEPARATOR,
                       "style_dice", "style_dice_all", "style_lock", SEPARATOR,
                       "style_variations", "style_morph", SEPARATOR, "style_keep", "style_reset", "style_reset_all")),
    (mark("&Render"), ("render", "cancel", SEPARATOR, "detail_model", "detail_full", SEPARATOR,
                       "result_keep", "result_auto", SEPARATOR, "MODEL", "DEVICE")),
    (mark("&View"), ("view_stack", "view_side", "view_wipe", SEPARATOR, "overlay_less", "overlay_more",
                     SEPARATOR, "zoom_in", "zoom_out", "fit", "actual", "ENLARGED", SEPARATOR, "THEME", "LANGUAGE",
                     SEPARATOR, "results_show", "next_panel", "reset_layout", "full_screen")),
    (mark("Trai&ning"), ("studio", "evaluate", SEPARATOR, "weights", "weights_import")),
    (mark("&Help"), ("guide", "shortcuts", "show_log", SEPARATOR, "about")),
)

SUBMENUS: dict[str, tuple[str, tuple[str, ...]]] = {
    "RECENT": (mark("Open recent"), ()),
    "MODEL": (mark("Model"), ()),
    "DEVICE": (mark("Device"), ()),
    "ENLARGED": (mark("Enlarged pictures"), ("enlarged_smooth", "enlarged_pixels")),
    "THEME": (mark("Theme"), ("theme_system", "theme_light", "theme_dark")),
    "LANGUAGE": (mark("Language"), ("language_system", "language_en", "language_zh_CN")),
    "LABEL_KEYS": (mark("Choose by key"), tuple(f"label_{n}" for n in range(1, 10))),
}
# fmt: on

# What only the mouse and held keys do; the shortcuts page shows these after the table.
GESTURES: tuple[tuple[str, str], ...] = (
    (mark("Wheel"), mark("Zoom at the pointer")),
    (mark("Space + drag, middle drag"), mark("Pan")),
    (mark("Hold Tab"), mark("See the picture without the overlay")),
    (mark("Hold \\"), mark("See the photo as it was")),
    (mark("Alt + click"), mark("Pick the label under the pointer")),
    (mark("Right drag"), mark("Erase with the brush")),
    (mark("Right click"), mark("What can be done with the region under the pointer")),
    (mark("Shift + drag"), mark("Resize the brush")),
    (mark("Esc"), mark("Drop the stroke that is being painted, else cancel what runs")),
    (mark("Alt + click on an eye"), mark("Show only that label")),
)
