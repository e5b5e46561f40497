"""Draw the label maps that a new document can start from: `python -m tools.draw_templates [FOLDER]`.

Every template is made of numbers in this file, `tools/street.py` and `tools/facade.py` and of curves in
`tools/artist.py`; no picture or label map of a data set is read.
Writes `resources/templates/*.png` (palette PNG) and `templates.json`; the same numbers give the
same files (`tests/test_templates.py`).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.files import resource, write_text
from engine.labels.label_maps import write_label_map
from engine.labels.label_sets import load_label_set
from tools import facade, street
from tools.artist import draw_portrait
from tools.facade import FACADES, Facade
from tools.portrait import Hair, Portrait, mirrored
from tools.street import STREETS, Street

Subject = Portrait | Street | Facade


@dataclass(frozen=True)
class Template:
    """What is drawn, with its file name (without .png) and titles."""

    id: str
    title: str
    title_zh: str
    subject: Subject

    @property
    def label_set(self) -> str:
        """Name of the label set that it is drawn with."""
        return {Portrait: "faces", Street: "street", Facade: "facades"}[type(self.subject)]


def draw_subject(subject: Subject) -> np.ndarray:
    """(H, W) uint8 label ids."""
    if isinstance(subject, Street):
        return street.draw_street(subject)
    return facade.draw_facade(subject) if isinstance(subject, Facade) else draw_portrait(subject)


# fmt: off
LONG = Hair(
    outline=mirrored([(0, 0), (30, 4), (58, 18), (80, 45), (95, 80), (104, 120), (110, 165), (114, 210), (112, 280)]),
    opening=mirrored([(2, 50), (22, 54), (44, 68), (57, 90), (64, 120), (66, 150), (62, 180), (55, 208), (50, 235),
                      (54, 280)]),
    wave=3.0, wavelength=90.0,
)
SHORT = Hair(
    outline=mirrored([(0, 4), (34, 7), (60, 20), (76, 45), (82, 75), (81, 104), (75, 128), (64, 138)]),
    opening=mirrored([(0, 54), (30, 55), (46, 62), (54, 78), (59, 98), (64, 114), (68, 136), (71, 160), (71, 280)]),
    behind=False, over_ears=False, wave=1.6, wavelength=46.0,
)
FRINGE = Hair(
    outline=mirrored([(0, 4), (34, 7), (62, 21), (82, 48), (93, 85), (98, 125), (100, 165), (98, 205), (86, 228),
                      (60, 236), (50, 230)]),
    opening=((-2, 90), (7, 95), (21, 93), (29, 96), (45, 91), (54, 99), (60, 112), (63, 132), (63, 160), (59, 190),
             (50, 215), (50, 245), (60, 280), (-60, 280), (-50, 245), (-50, 215), (-59, 190), (-63, 160), (-63, 132),
             (-60, 112), (-55, 98), (-47, 92), (-33, 91), (-26, 95), (-12, 92)),
    wave=2.0, wavelength=70.0,
)
SIDE_PART = Hair(
    outline=((6, 4), (40, 8), (66, 24), (83, 52), (90, 90), (92, 130), (90, 170), (82, 200), (64, 212), (56, 200),
             (-56, 200), (-68, 212), (-86, 200), (-93, 170), (-94, 130), (-92, 90), (-84, 52), (-64, 22), (-34, 6)),
    opening=((-26, 50), (-8, 58), (14, 68), (38, 82), (55, 102), (62, 128), (63, 160), (58, 190), (66, 230), (70, 280),
             (-70, 280), (-66, 230), (-59, 190), (-65, 160), (-65, 128), (-60, 100), (-51, 74), (-39, 58)),
    wave=2.0, wavelength=60.0,
)
UP = Hair(
    outline=mirrored([(0, 0), (36, 2), (62, 16), (78, 42), (83, 74), (81, 106), (75, 128), (64, 136)]),
    opening=mirrored([(0, 48), (24, 51), (43, 62), (55, 80), (61, 102), (66, 124), (70, 150), (72, 280)]),
    behind=False, over_ears=False, wave=1.2, wavelength=50.0,
)
WAVY = Hair(
    outline=mirrored([(0, 2), (34, 4), (64, 18), (86, 46), (99, 80), (106, 118), (108, 155), (112, 190), (110, 225),
                      (98, 250), (80, 270), (60, 290)]),
    opening=((-10, 46), (14, 52), (38, 62), (54, 82), (62, 108), (66, 140), (64, 170), (62, 200), (56, 232), (60, 280),
             (-60, 280), (-56, 232), (-61, 200), (-63, 170), (-65, 140), (-63, 108), (-55, 80), (-36, 56)),
    wave=4.5, wavelength=80.0,
)
SWEPT = Hair(
    outline=((0, 0), (36, 5), (62, 20), (80, 46), (90, 84), (94, 125), (98, 170), (102, 215), (104, 280), (-124, 280),
             (-122, 215), (-116, 165), (-109, 120), (-99, 80), (-84, 46), (-62, 20), (-34, 4)),
    opening=((18, 47), (34, 54), (50, 72), (59, 96), (66, 124), (68, 160), (62, 196), (54, 228), (56, 280), (-50, 280),
             (-48, 228), (-57, 196), (-64, 160), (-63, 124), (-57, 98), (-40, 74), (-12, 56)),
    wave=3.0, wavelength=100.0,
)
RECEDING = Hair(
    outline=mirrored([(0, 12), (32, 14), (58, 28), (74, 54), (80, 84), (80, 114), (75, 138), (66, 146)]),
    opening=mirrored([(0, 42), (18, 40), (36, 43), (49, 56), (57, 76), (61, 96), (65, 114), (69, 144), (71, 280)]),
    behind=False, over_ears=False, wave=1.2, wavelength=40.0,
)
CURLY = Hair(
    outline=mirrored([(0, -14), (44, -8), (80, 12), (104, 48), (116, 92), (118, 136), (112, 178), (96, 208), (70, 220),
                      (54, 206)]),
    opening=mirrored([(0, 58), (24, 60), (44, 72), (57, 92), (64, 120), (65, 150), (59, 182), (54, 206), (64, 240),
                      (70, 280)]),
    wave=5.5, wavelength=56.0,
)
TOUSLED = Hair(
    outline=mirrored([(0, 2), (36, 4), (64, 20), (80, 46), (86, 80), (85, 110), (79, 130), (66, 138)]),
    opening=((-16, 70), (4, 76), (24, 72), (44, 78), (56, 94), (63, 116), (68, 140), (73, 180), (73, 280), (-73, 280),
             (-73, 180), (-68, 140), (-63, 116), (-57, 92), (-47, 72), (-32, 76)),
    behind=False, over_ears=False, wave=3.0, wavelength=48.0,
)
UNDER_HAT = Hair(
    outline=mirrored([(0, 40), (50, 44), (82, 60), (92, 90), (97, 125), (101, 165), (104, 205), (98, 235), (80, 252),
                      (60, 262)]),
    opening=mirrored([(0, 66), (30, 68), (52, 82), (61, 106), (65, 135), (64, 165), (59, 195), (53, 225), (56, 280)]),
    wave=3.0, wavelength=70.0,
)
BEANIE = (
    mirrored([(0, -4), (36, 1), (64, 18), (81, 48), (86, 76), (84, 96), (72, 97), (54, 90), (28, 84), (0, 82)]),
)

PORTRAITS = (
    Template("portrait-long-hair", "Long hair", "长发", Portrait(
        LONG, smile=2.0, lower_lip=12, upper_lip=7.5, jaw=49, chin=20, chin_y=232, brow=5.5, brow_arch=6, eye_height=10,
        neck=45, nose=18.5, collar="wide", shoulder_y=231)),
    Template("portrait-short-hair", "Short hair", "短发", Portrait(
        SHORT, ears=(15, 14), cheek=67, jaw=58, chin=29, chin_y=236, brow=10, brow_arch=4, brow_y=114, eye_height=8.5,
        upper_lip=5.5, lower_lip=9, smile=1.5, nose=20.5, nose_tip=172, neck=58, collar="shirt", shoulder_y=230,
        mouth_y=191)),
    Template("portrait-fringe", "Bob with a fringe", "齐刘海", Portrait(
        FRINGE, jaw=50, chin=20, chin_y=230, smile=4.5, teeth=9, mouth=29, mouth_y=188, brow_y=113, brow=5.5,
        eye_height=10.5, upper_lip=6.5, lower_lip=10, neck=43, nose=18.5, nose_tip=169, collar="round",
        shoulder_y=238)),
    Template("portrait-glasses", "Glasses", "眼镜", Portrait(
        SHORT, turn=-1.0, ears=(13, 16), glasses="thin", jaw=54, chin=25, chin_y=234, brow=8, brow_arch=4.5,
        brow_y=110, smile=3.0, upper_lip=6.5, lower_lip=10.5, nose=20, neck=54, collar="shirt", shoulder_y=229)),
    Template("portrait-hat", "Hat", "帽子", Portrait(
        UNDER_HAT, hat=BEANIE, smile=3, jaw=51, chin=21, chin_y=232, brow=5.5, brow_y=111, upper_lip=7,
        neck=46, shoulder_y=236)),
    Template("portrait-jewellery", "Earrings and a necklace", "耳环与项链", Portrait(
        UP, ears=(11, 11), earrings="drop", necklace=True, jaw=49, chin=20, chin_y=231, brow=5.5, brow_arch=6.5,
        eye_height=10, upper_lip=7.5, lower_lip=12, smile=2, nose=18.5, neck=46, collar="wide", shoulder_y=234)),
    Template("portrait-laughing", "Laughing", "大笑", Portrait(
        WAVY, smile=6.0, teeth=16, mouth=31, mouth_y=188, lower_lip=9, upper_lip=5.5, jaw=51, chin=22, chin_y=237,
        eye_height=8.5, cheek=67, brow=5.5, brow_arch=6, nose=20, nose_tip=168, neck=45,
        collar="round", shoulder_y=240)),
    Template("portrait-turned", "Turned head", "侧脸", Portrait(
        SWEPT, turn=5.0, smile=4.5, teeth=8, mouth=28, jaw=50, chin=20, chin_y=232, brow=5.5, brow_arch=6, upper_lip=7,
        neck=44, collar="round", shoulder_y=238)),
    Template("portrait-older", "Older, high forehead", "年长", Portrait(
        RECEDING, ears=(16, 16), forehead=59, cheek=67, jaw=58, chin=29, chin_y=235, brow=7, brow_arch=4, eye_height=8,
        eye_slant=-0.5, upper_lip=5, lower_lip=8.5, mouth=27, mouth_y=191, smile=1.5, nose=21, nose_tip=172, neck=58,
        collar="shirt", shoulder_y=229)),
    Template("portrait-bob", "Side parting", "侧分短发", Portrait(
        SIDE_PART, turn=-1.5, jaw=50, chin=20, chin_y=231, brow=5.5, brow_arch=6, eye_height=10, upper_lip=7,
        lower_lip=12, smile=2, nose=18.5, neck=44, collar="v", shoulder_y=228)),
    Template("portrait-curly", "Curly hair", "卷发", Portrait(
        CURLY, smile=4, teeth=9, mouth=29, jaw=51, chin=23, chin_y=232, brow=6, brow_arch=5, nose=21, upper_lip=7.5,
        lower_lip=11, neck=46, collar="round", shoulder_y=238)),
    Template("portrait-young", "Child", "孩子", Portrait(
        TOUSLED, ears=(12, 12), forehead=58, cheek=67, jaw=52, chin=22, chin_y=226, brow=5.5, brow_arch=5, brow_y=109,
        brow_width=41, eye_height=11.5, eye_width=26, mouth=24, mouth_y=188, upper_lip=6.5, lower_lip=9.5, smile=2.5,
        nose=17.5, nose_tip=167, neck=40, collar="round", shoulder_y=235)),
)
# fmt: on

TITLES = {
    "street-avenue": ("Avenue", "林荫大道"),
    "street-houses": ("Between houses", "楼宇之间"),
    "street-park": ("Along the park", "公园旁"),
    "street-suburb": ("Suburb", "郊区"),
    "street-crossing": ("Crossing", "路口"),
    "facade-apartments": ("Apartments", "公寓"),
    "facade-shops": ("Shops below", "底层商铺"),
    "facade-palace": ("Pillars and gables", "立柱与山花"),
    "facade-shutters": ("Shutters", "百叶窗小楼"),
    "facade-modern": ("Modern block", "现代楼房"),
}
TEMPLATES = PORTRAITS + tuple(Template(name, *TITLES[name], subject) for name, subject in (STREETS | FACADES).items())


def main(folder: Path) -> None:
    """Write every template and the list of them into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for template in TEMPLATES:
        write_label_map(
            folder / f"{template.id}.png", draw_subject(template.subject), load_label_set(template.label_set)
        )
    template_rows = [
        {
            "id": template.id,
            "file": f"{template.id}.png",
            "label_set": template.label_set,
            "title": template.title,
            "title_zh": template.title_zh,
        }
        for template in TEMPLATES
    ]
    list_json = json.dumps({"templates": template_rows}, ensure_ascii=False, indent=1)
    write_text(folder / "templates.json", list_json + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="resources/templates unless given")
    main(parser.parse_args().folder or resource("templates"))
