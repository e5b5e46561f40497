"""What the engine tells a user, in the language of the user interface.

The engine speaks English and knows nothing of Qt. `told` finds a sentence of it in the table below and gives its
translation with the sentence's own names and numbers; what is not in the table stays English. The table holds the
engine's texts as its f-strings write them, with {0}, {1}, ... for the arguments.
"""

from __future__ import annotations

import re
from functools import cache

from app.shell.i18n import ENGLISH, language, mark, translations
from app.texts.training_texts import TRAINING_TEXTS

TEXTS: tuple[str, ...] = (
    # What a running job does.
    mark("loading"),
    mark("reading styles"),
    mark("painting"),
    mark("painted"),
    mark("finding regions"),
    mark("parsed"),
    # Notes of renders, of the parser, of pictures and of label maps.
    mark("Painted at {0} x {1} and scaled to {2} x {3}."),
    mark("No face was found in this picture; correct its label map before you take styles from it."),
    mark(
        "The parser is unsure about this picture (confidence {0}); look its label map over and "
        "correct it where it is wrong."
    ),
    mark("first of {0} {1} used"),
    mark("These weights come without a mean style; give each region a style."),
    mark('"{0}": {1}'),
    mark("frames"),
    mark("pages"),
    mark("reduced from {0} x {1} to {2} x {3} pixels"),
    mark("its colour profile is damaged and was not used"),
    mark("its colour profile does not fit the picture and was not used"),
    mark("its values {0} to {1} were stretched to black to white"),
    mark("the palette's numbers are no label ids, so its colours were read instead"),
    mark("read with the colours of {0}"),
    mark("its colours would also fit {0}; those of {1} were used"),
    mark("the label order was not used: colours name their labels"),
    # Files.
    mark('Cannot {0} "{1}": {2}.'),
    mark("read"),
    mark("write"),
    mark("create the folder"),
    mark("it does not exist; check the name"),
    mark("you are not allowed to; change its permissions or choose another place"),
    mark("the folder is read-only; choose another folder"),
    mark("the disk is full; free some space or choose another folder"),
    mark("your disk quota is used up; free some space or choose another folder"),
    mark("the disk cannot hold a file that large; choose another folder"),
    mark("it is a folder; give a file"),
    mark("part of the path is a file, not a folder; check the path"),
    mark("the name is too long; choose a shorter one"),
    mark("the name has characters that are not allowed here; choose another one"),
    mark("its links point at each other; repair the link"),
    mark("the disk reported an error; copy the file to another disk and try again"),
    mark("another program is using it; close that program and try again"),
    mark("too many files are open; close some and try again"),
    mark("{0}; try another place"),
    mark('Cannot write "{0}": there is no folder "{1}"; create it or choose another folder.'),
    mark('Cannot write "{0}": the folder or the file is read-only; choose another folder.'),
    mark('Cannot write "{0}": its name must end in .png, .jpg, .webp or .tiff.'),
    mark('Cannot write "{0}": {1} holds at most {2} pixels a side; save it as PNG.'),
    mark('Cannot write "{0}": label maps are saved as PNG; give a name that ends in .png.'),
    mark('Cannot read "{0}": the name has characters that are not allowed.'),
    mark('Cannot create the folder "{0}": a file of that name is there; choose another name.'),
    mark('"{0}" has {1} MiB, more than the limit of {2}.'),
    mark('"{0}" is not a text file in UTF-8; give a text file.'),
    # Pictures.
    mark("the picture"),
    mark("The picture"),
    mark("{0} is empty; choose a picture."),
    mark("{0} is a HEIC picture, which cannot be read; save it as JPEG or PNG first."),
    mark("{0} is an SVG drawing, which cannot be read; save it as PNG first."),
    mark("{0} is not a picture that can be read; choose a PNG, JPEG, WebP, TIFF, BMP or GIF file."),
    mark("{0} is damaged or incomplete; use another copy of it."),
    mark("{0} is incomplete; use another copy of it."),
    mark("{0} is {1} x {2} pixels"),
    mark("{0}, too small; use one of at least {1} x {2}."),
    mark("{0}, more than the {1} megapixels that can be read; reduce it in another program first."),
    mark("{0}, more than can be read; reduce it in another program first."),
    mark("{0} has more than the {1} megapixels that can be read; reduce it in another program first."),
    mark("There is not enough memory to read {0}; reduce it in another program first."),
    # Label maps and label sets.
    mark("the label map"),
    mark("The label map"),
    mark("The label map of the style picture"),
    mark("{0} is not a label map: it needs one whole number per pixel."),
    mark("{0} is not a label map of at most {1} pixels."),
    mark("{0} contains {1} of '{2}' (0-{3}); choose the label set or the label order that the map was made for."),
    mark("the value {0}, which is not a label"),
    mark("the values {0} which are not labels"),
    mark("{0} and {1} more"),
    mark(
        "{0} contains the colour {1} that '{2}' does not have; choose the label set that the map was "
        "made for, or repaint these pixels without smoothing."
    ),
    mark(
        "{0} contains the colours {1} that '{2}' does not have; choose the label set that the map was"
        " made for, or repaint these pixels without smoothing."
    ),
    mark("{0} is a {1} file, whose lossy compression blurs label ids; save the label map as PNG."),
    mark("{0} has fractions as values; label maps need whole numbers."),
    mark("{0} has transparent pixels, which have no label; fill them first."),
    mark(
        "{0} has more than {1} colours, so it is no label map but a photo; choose a label map, or open it as a photo."
    ),
    mark('The label order "{0}" is for faces, not for "{1}"; leave it out.'),
    mark(
        'The labels "{0}" and "{1}" have the same colour, so a colour-coded file would lose them; '
        "save an indexed label map."
    ),
    mark('There is no label set "{0}"; there are {1}.'),
    mark("{0} cannot be used: {1}"),
    mark("A label map needs one whole number per pixel."),
    mark("A label map has values outside 0-255; choose one of the label set's ids."),
    # Styles, weights and devices.
    mark('"{0}" has no region "{1}" to take a style from; its regions are {2}.'),
    mark(
        'The style from "{0}" was made by other weights than "{1}", and its picture cannot be read any more; put the '
        "picture back there, or choose another style."
    ),
    mark('"{0}" has an encoder per SEAN block; it cannot cross styles over.'),
    mark('"{0}" crosses styles over in {1} blocks; the request gives {2}.'),
    mark('The blocks of "{0}" take one style; it cannot cross styles over.'),
    mark('"{0}" does not know how styles vary, so none can be drawn; take styles from pictures.'),
    mark("{0} variations cannot be made; ask for 1 to {1}."),
    mark("No label was chosen; name the region that should vary."),
    mark("The label map has no region of the label {0}, so it cannot become another."),
    mark("{0} frames cannot be made; ask for {1} to {2}."),
    mark("There is no picture to put side by side."),
    mark("There is no picture to animate."),
    mark("{0} seconds per frame cannot be had; give 0.02 to 60."),
    mark('Cannot write "{0}": the name of an animation must end in .gif.'),
    mark('Cannot write "{0}": there is something of that name; choose a new folder.'),
    mark('"{0}" is not the file that the card of "{1}" describes; measure styles again.'),
    mark('"{0}" is damaged; measure styles again.'),
    mark('"{0}" holds styles of shape {1}, "{2}" has {3}; measure styles again.'),
    mark('"{0}" has no image encoder, so pictures give it no styles; draw them.'),
    mark('"{0}" has one look for a label map and no styles; choose weights that have some.'),
    mark("These weights have one look for a label map; styles were not used."),
    mark('"{0}" needs no measured styles: it draws its own, or has none.'),
    mark("No parser for the labels of '{0}' is installed; give the label map of \"{1}\" too."),
    mark('"{0}" finds label maps, it does not paint; choose weights of the systems {1}.'),
    mark('"{0}" paints, it does not find label maps; choose weights of the system parser.'),
    mark('"{0}" is of the system "{1}", which this version cannot use; update Tessera.'),
    mark(
        "There was not enough memory on {0} for this job; close other programs, use a smaller label "
        "map or choose the CPU."
    ),
    mark("The job was cancelled."),
    mark('There are no weights called "{0}"; did you mean "{1}"?'),
    mark('There are no weights called "{0}"; {1}.'),
    mark("there are {0}"),
    mark('none were found; put a folder into "{0}"'),
    mark('"{0}" is not a weights folder: it has no {1}; choose one that has.'),
    mark('"{0}" is damaged; get the weights again.'),
    mark('"{0}" is damaged or incomplete; get the weights again.'),
    mark('"{0}" is {1} ({2} of {3} bytes); get the weights again.'),
    mark("incomplete"),
    mark("damaged"),
    mark('There is not enough memory to load "{0}"; close other programs.'),
    mark('"{0}" is not a safetensors file; get the weights again, or import a .pth file as new weights.'),
    mark('The card of "{0}" has no sha256, so the weights cannot be checked; get them again.'),
    mark('"{0}" is not the file that its card describes (its SHA-256 differs); get the weights again.'),
    mark('"{0}" is not a valid JSON file; get the weights again.'),
    mark('"{0}" is not a weights card; get the weights again.'),
    mark('"{0}" is not a usable card: {1}.'),
    mark(
        '"{0}" was written by a newer Tessera (card schema {1}, this version knows {2}); update '
        "Tessera to use these weights."
    ),
    mark('The card of "{0}" has no label set; get the weights again.'),
    mark('The tensors of "{0}" do not fit its card; get the weights again.'),
    mark('"{0}" paints {1} labels, its card names {2}; get the weights again.'),
    mark('"{0}" is not a device; use auto, cpu, cuda:0 or mps.'),
    mark('This computer has no device "{0}"; it has {1}.'),
    *TRAINING_TEXTS,
    # Requests.
    mark("The request is not valid JSON; save it again."),
    mark("A file name in the request has characters that are not Unicode; rename the file."),
    mark('The key "kind" of the request is {0}; this version knows {1}.'),
    mark('The key "seed" is {0}; give a whole number from 0 to {1}.'),
    mark('The key "amount" of a mix is {0}; give a number from -1 to 2.'),
    mark("The request is not a JSON object; give one with schema, kind and weights."),
    mark(
        'The request has the schema "{0}", which this version does not know (it knows "{1}"); open it'
        " with a newer Tessera."
    ),
    mark('The request has no key "schema" with the value "{0}"; it is not a request of Tessera.'),
    mark('The request has a wrong label in "styles"; its keys are label numbers from 0 to 255.'),
    mark("The pictures of an animation must have one size."),
    mark("The request nests its styles too deeply; use fewer mixes of mixes."),
    mark('The key "{0}" is not valid base64; save the request again.'),
    mark('The key "{0}" does not hold a readable label map PNG.'),
    mark('The key "{0}" says {1} x {2} but holds {3} x {4} pixels.'),
    mark('The key "code" of a style is not a list of float32 numbers in base64.'),
    mark('The key "code" of a style has numbers that are not finite; encode the picture again.'),
)
_PLACE = re.compile(r"\{(\d)\}")
_DEPTH = 4  # a sentence holds a clause, which holds a list, ...


def told(text: str) -> str:
    """``text``, a sentence or a word of the engine, translated; unknown ones as they are. From any thread."""
    name = language()
    return text if name == ENGLISH else _told(text, translations(name), _DEPTH)


def _told(text: str, table: dict[str, str], depth: int) -> str:
    known = _known()
    if text in known:
        return table.get(text, text)
    for template, pattern, quoted in _patterns():
        match = pattern.fullmatch(text) if template in table else None
        if match is None:
            continue
        found = match.groups()
        # What stands in quotes is the user's: a file may be called "read". The rest may be words of the engine.
        parts = [
            part if depth == 0 or number in quoted else _told(part, table, depth - 1)
            for number, part in enumerate(found)
        ]
        return table[template].format(*parts)
    if depth and text.endswith("."):  # a note that stands as a sentence
        found_note = _told(text[:-1], table, depth - 1)
        return text if found_note == text[:-1] else found_note + "。"
    return text


@cache
def _known() -> frozenset[str]:
    return frozenset(text for text in TEXTS if not _PLACE.search(text))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], frozenset[int]], ...]:
    """(template, its regular expression, numbers of the arguments in quotes), those with most words first."""
    templates = [text for text in TEXTS if _PLACE.search(text)]
    templates.sort(key=lambda text: len(_PLACE.sub("", text)), reverse=True)
    return tuple((text, _pattern(text), _quoted(text)) for text in templates)


def _pattern(template: str) -> re.Pattern[str]:
    words = _PLACE.split(template)[::2]  # the numbers run 0, 1, 2, ...: tests/app/test_engine_texts.py
    return re.compile("(.+?)".join(re.escape(word) for word in words), re.DOTALL)


def _quoted(template: str) -> frozenset[int]:
    return frozenset(int(match[2]) for match in re.finditer(r"""(["'])\{(\d)\}\1""", template))
