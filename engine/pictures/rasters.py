"""Opening picture files of any origin safely: what labels.py and images.py both need.

A file's header is read first and its size is checked before a single pixel is decoded, so a small file
that claims a huge picture costs nothing. Truncated files are refused, never half decoded.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TypeVar

from PIL import Image, ImageChops, ImageFile, PngImagePlugin, UnidentifiedImageError

from engine.errors import BadFile, EngineError, Message, OutOfMemory
from engine.files import as_sentence, cannot, open_regular

Source = Path | str | bytes
T = TypeVar("T")

MIN_SIDE_READ = 8
"""A picture or label map file with a side under 8 pixels is refused: nothing can be made from it."""
MAX_SIDE_READ = 65_500
"""A file with a longer side is refused."""
MAX_PIXELS_READ = 8192 * 8192
"""A picture with more pixels is refused unless its format can be decoded at a reduced size (JPEG)."""
MAX_PIXELS_SHRUNK = 1 << 29
"""Limit for baseline JPEG, which decodes at 1/2, 1/4 or 1/8 of its size without holding it whole."""
MAX_TEXT = 64 << 20
"""Bytes of text that a PNG may carry: a request with many inline label maps has a few MiB."""
MAX_BYTES_PLAIN, MAX_BYTES_COMPRESSED = 1 << 30, 256 << 20
"""Larger files are refused: decoders of most formats hold a file whole, at least once. Plain: BMP, TIFF and PNM."""
MAX_BYTES_PNG = MAX_PIXELS_READ * 4 * 2 + 2 * MAX_TEXT
"""Larger PNGs are refused: the largest picture that is read may have four channels of 16 bits that nothing compresses,
and carry text and colour profiles. The decoder holds a PNG in pieces."""

# Ours are the limits that count, checked on the header below. Pillow's stay as a net under them: it refuses
# at twice this number whatever a header did not tell (a GIF frame larger than its screen).
Image.MAX_IMAGE_PIXELS = MAX_PIXELS_SHRUNK
ImageFile.LOAD_TRUNCATED_IMAGES = False  # a half-grey picture must never pass for a picture
PngImagePlugin.MAX_TEXT_CHUNK = MAX_TEXT
PngImagePlugin.MAX_TEXT_MEMORY = MAX_TEXT

# What Pillow warns of (odd EXIF data and the like) is either harmless or an error further down.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\..*")

# Fixed on purpose: Pillow's EPS reader starts another program, and formats without a signature (TGA)
# would "recognise" text files. "JPEG" covers MPO, the pair of pictures that some phones write.
FORMATS: tuple[str, ...] = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000")
if find_spec("PIL.AvifImagePlugin"):  # Pillow 11.3 and later; older ones fail on a name they do not know
    FORMATS += ("AVIF",)
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@dataclass(frozen=True)
class Raster:
    """The decoded first frame of a file, not yet turned or converted."""

    image: Image.Image
    format: str  # Pillow's name: "PNG", "JPEG", ...
    frames: int
    full_size: tuple[int, int]  # (width, height) in the file, before any reduction while decoding
    orientation: int  # EXIF 1-8
    bits: int  # per grey sample as stored (Pillow stretches 2 and 4 bits to 0-255); 8 if not special
    lossy: bool

    def turned(self, image: Image.Image | None = None) -> Image.Image:
        """The picture (or a converted copy of it) turned upright by its EXIF orientation."""
        image = self.image if image is None else image
        method = _TURNS.get(self.orientation)
        return image if method is None else image.transpose(method)

    def frame_note(self) -> str | None:
        """What to tell the user about a file with several frames."""
        if self.frames < 2:
            return None
        word = Message("pages") if self.format == "TIFF" else Message("frames")
        return Message("first of {0} {1} used", self.frames, word)


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def source_name(source: Source, name: str | None = None) -> str:
    """How sentences call a source: its path in quotes, or `name`, or "the picture" for bytes in memory."""
    if name is not None:
        return name
    return Message("the picture") if isinstance(source, bytes) else f'"{os.fspath(source)}"'


def open_source(source: Source) -> IO[bytes]:
    """A seekable binary file for a path or bytes. Raises BadFile."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return open_regular(source)
    except OSError as error:
        raise cannot("read", source, error) from error
    except ValueError as error:  # a null byte in the path
        raise BadFile('Cannot read "{0}": the name has characters that are not allowed.', os.fspath(source)) from error


def open_image(handle: IO[bytes]) -> Image.Image:
    """A picture of the formats that are read, its pixels not decoded yet. Raises what Pillow raises."""
    first_bytes = handle.read(64)
    file_size = handle.seek(0, os.SEEK_END)
    handle.seek(0)
    if file_size > _most_bytes(first_bytes):
        raise UnidentifiedImageError("the file is too large")
    if not is_heic(first_bytes):
        return Image.open(handle, formats=FORMATS)
    _register_heic()
    return Image.open(handle, formats=("HEIF",))


def can_read_heic() -> bool:
    """Whether the package is installed that reads the pictures of many telephones."""
    return find_spec("pillow_heif") is not None


@lru_cache(maxsize=1)
def _register_heic() -> None:
    """Pillow's reader for HEIC; of the other pictures in such files (previews, depths) none is looked at."""
    try:
        import pillow_heif
    except ImportError as error:
        raise UnidentifiedImageError("pillow-heif is not installed") from error
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def is_heic(first_bytes: bytes) -> bool:
    """Whether a file begins as HEIC does: AVIF, which is built alike, names itself among its brands."""
    return first_bytes[4:8] == b"ftyp" and first_bytes[8:12] in _HEIC_BRANDS and b"avif" not in first_bytes


def load_raster(source: Source, *, name: str | None = None, shrink_to: int | None = None) -> Raster:
    """Decode the first frame of a picture file.

    `shrink_to`: a format that can (JPEG) is decoded at a reduced size whose longer side is still at least
    this many pixels. Raises BadFile (not a picture, truncated, too small, too large), OutOfMemory.
    """
    called = source_name(source, name)
    with open_source(source) as handle:
        _check_signature(handle, called)
        image = guarded(lambda: open_image(handle), called)
        with image:
            return guarded(lambda: _load(image, handle, called, shrink_to), called)


@dataclass(frozen=True)
class Header:
    """What a file's header says: size (width, height) as the picture is shown, EXIF orientation 1-8, Pillow's mode."""

    size: tuple[int, int]
    orientation: int
    mode: str


def read_header(source: Source) -> Header:
    """A picture's header; its pixels are not decoded. Raises BadFile."""
    called = source_name(source)
    with open_source(source) as handle:
        _check_signature(handle, called)
        image = guarded(lambda: open_image(handle), called)
        with image:
            (width, height), orientation = image.size, _orientation(image)
            if image.format in ("TIFF", "HEIF"):  # which come turned upright
                orientation = 1
            size = (width, height) if orientation < 5 else (height, width)
            return Header(size, orientation, image.mode)


def _orientation(image: Image.Image) -> int:
    with suppress(Exception):  # broken EXIF data: the picture itself is fine
        return int(image.getexif().get(0x0112, 1))
    return 1


def _load(image: Image.Image, handle: IO[bytes], called: str, shrink_to: int | None) -> Raster:
    full_size = image.size
    if _is_raw(image):
        raise BadFile("{0} is a camera's raw file; develop it into a JPEG, PNG or TIFF first.", as_sentence(called))
    _check_size(image, called, shrink_to)
    bits, lossy = _stored_bits(image), _is_lossy(image, handle)
    if image.format == "PNG":
        _verify_png(handle)  # Pillow silently decodes a PNG with damaged checksums
    image.load()
    if image.format == "JPEG" and _ends_early(image, handle):
        raise BadFile("{0} is incomplete; use another copy of it.", as_sentence(called))
    orientation = _orientation(image)
    format_name, first_frame = str(image.format), image
    if format_name not in ("JPEG", "MPO"):
        full_size = image.size  # Pillow has already turned a TIFF upright
    if getattr(image, "is_animated", False):
        first_frame = image.copy()  # counting frames moves on in the file
    return Raster(first_frame, format_name, _count_frames(image), full_size, orientation, bits, lossy)


def _is_raw(image: Image.Image) -> bool:
    """Whether a TIFF holds a preview alone that can be decoded, and the picture as a sensor's samples beside it."""
    tags = getattr(image, "tag_v2", {})
    subfile_type, sub_images, dng_version = 254, 330, 50706
    return image.format == "TIFF" and (dng_version in tags or (sub_images in tags and bool(tags.get(subfile_type))))


def _check_size(image: Image.Image, called: str, shrink_to: int | None) -> None:
    width, height = image.size
    beginning = Message("{0} is {1} x {2} pixels", as_sentence(called), f"{width:,}", f"{height:,}")
    if min(width, height) < MIN_SIDE_READ:
        raise BadFile("{0}, too small; use one of at least {1} x {2}.", beginning, MIN_SIDE_READ, MIN_SIDE_READ)
    most_pixels = MAX_PIXELS_READ
    if shrink_to is not None and image.format in ("JPEG", "MPO") and not image.info.get("progressive"):
        # A progressive file is held whole by the decoder, whatever size is asked for.
        most_pixels = MAX_PIXELS_SHRUNK
    if max(width, height) > MAX_SIDE_READ or width * height > most_pixels:
        raise BadFile(
            "{0}, more than the {1} megapixels that can be read; reduce it in another program first.",
            beginning, most_pixels // 10 ** 6,
        )
    if shrink_to is not None:
        factor = max(width, height) / shrink_to
        if factor > 1:
            image.draft(None, (max(1, int(width / factor)), max(1, int(height / factor))))
    if image.size[0] * image.size[1] > MAX_PIXELS_READ:
        raise BadFile("{0}, more than can be read; reduce it in another program first.", beginning)


def _stored_bits(image: Image.Image) -> int:
    """Bits of a grey sample as stored, from the decoder's raw mode ("L;4"); 8 where it says nothing."""
    for tile in getattr(image, "tile", []):
        arguments = tile[3]
        raw_mode = (
            arguments if isinstance(arguments, str) else next((a for a in arguments or () if isinstance(a, str)), "")
        )
        if image.mode == "L" and raw_mode.startswith(("L;2", "L;4")):
            return int(raw_mode[2])
    return 8


def _is_lossy(image: Image.Image, handle: IO[bytes]) -> bool:
    if image.format in ("JPEG", "MPO", "AVIF", "HEIF", "JPEG2000"):
        return True
    if image.format == "WEBP":
        handle.seek(0)
        return b"VP8 " in handle.read(4096)  # the lossy bitstream's chunk; lossless is "VP8L"
    return False


def _verify_png(handle: IO[bytes]) -> None:
    position = handle.tell()
    handle.seek(0)
    with Image.open(handle, formats=("PNG",)) as copy:
        copy.verify()
    handle.seek(position)


def _ends_early(image: Image.Image, handle: IO[bytes]) -> bool:
    """Whether a JPEG was cut and then closed with an end marker, which decoders fill up with grey in silence.

    Bytes put before the end marker change nothing in a whole picture; in a cut one they are taken for the
    missing part. Only asked where the last corner is of one colour, as filled ones are.
    """
    width, height = image.size
    corner = image.crop((max(0, width - 8), max(0, height - 8), width, height))
    if (corner.getcolors(1)) is None:
        return False
    handle.seek(0)
    file_bytes = handle.read()
    end_marker = file_bytes.rfind(b"\xff\xd9")
    with Image.open(
        io.BytesIO(file_bytes[:end_marker] + b"\x5a\x33\x96" * 40 + file_bytes[end_marker:]), formats=("JPEG",)
    ) as marked_image:
        marked_image.draft(None, image.size)
        return (
            marked_image.size == image.size
            and ImageChops.difference(image, marked_image).getbbox(alpha_only=False) is not None
        )


def _count_frames(image: Image.Image) -> int:
    if image.format in ("JPEG", "MPO"):  # a phone's MPO holds a preview or a second eye, not an animation
        return 1
    with suppress(Exception):  # later frames may be broken; the first one is what is used
        if getattr(image, "is_animated", False):
            return int(getattr(image, "n_frames", 2))
    return 1


def _check_signature(handle: IO[bytes], called: str) -> None:
    """Kinds that people do drop and that are not read get a sentence of their own."""
    try:
        first_bytes = handle.read(64)
        file_size = handle.seek(0, os.SEEK_END)
        handle.seek(0)
    except OSError as error:
        raise BadFile("Cannot read {0}: {1}.", called, error.strerror or error, details=repr(error)) from error
    if not first_bytes:
        raise BadFile("{0} is empty; choose a picture.", as_sentence(called))
    most_bytes = _most_bytes(first_bytes)
    if file_size > most_bytes:
        raise BadFile(
            "{0} has {1} MiB, more than the {2} that can be read; reduce it in another program first.",
            as_sentence(called), file_size >> 20, most_bytes >> 20,
        )
    if is_heic(first_bytes) and not can_read_heic():
        raise BadFile(
            "{0} is a HEIC picture, which the package pillow-heif reads; install it (pip install pillow-heif), or save "
            "the picture as JPEG or PNG.",
            as_sentence(called),
        )
    if b"<svg" in first_bytes.lower():
        raise BadFile("{0} is an SVG drawing, which cannot be read; save it as PNG first.", as_sentence(called))


def _most_bytes(first_bytes: bytes) -> int:
    if first_bytes.startswith(b"\x89PNG"):
        return MAX_BYTES_PNG
    return MAX_BYTES_PLAIN if first_bytes.startswith((b"BM", b"II", b"MM", b"P")) else MAX_BYTES_COMPRESSED


def guarded(action: Callable[[], T], called: str) -> T:
    """Run a decoding step; whatever a decoder throws at a hostile file becomes one sentence."""
    try:
        return action()
    except EngineError:
        raise
    except UnidentifiedImageError as error:
        raise BadFile(
            "{0} is not a picture that can be read; choose a PNG, JPEG, WebP, TIFF, BMP or GIF file.",
            as_sentence(called), details=repr(error),
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadFile(
            "{0} has more than the {1} megapixels that can be read; reduce it in another program first.",
            as_sentence(called), MAX_PIXELS_READ // 10 ** 6, details=repr(error),
        ) from error
    except MemoryError as error:
        raise OutOfMemory(
            "There is not enough memory to read {0}; reduce it in another program first.",
            called,
        ) from error
    except Exception as error:  # OSError, SyntaxError, ValueError, struct.error, zlib.error, ...
        raise BadFile(
            "{0} is damaged or incomplete; use another copy of it.",
            as_sentence(called), details=repr(error),
        ) from error
