"""The files of a burst: its frames, their exposures with their source, its truth, and what is ignored."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path

from hdrpipe.datasets.brackets import SAME
from hdrpipe.datasets.card import neighbour
from hdrpipe.datasets.exposures import TABLES, Source, from_camera, read_exposure_txt, read_table
from hdrpipe.datasets.grouping import Grouping, crossing, may_cross
from hdrpipe.datasets.likeness import MOST_FRAMES, grouped
from hdrpipe.datasets.shots import in_order
from hdrpipe.errors import InputError, reading
from hdrpipe.files.folders import is_litter
from hdrpipe.files.marks import is_result
from hdrpipe.files.names import confined, natural, scene_name
from hdrpipe.files.pictures import heif, raw, webp
from hdrpipe.files.pictures.decoder import Decoder, PictureHeader, shared
from hdrpipe.files.pictures.headers import format_by_content
from hdrpipe.imaging.exposure import brightness, estimate

LDR_SUFFIXES = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif"}) | heif.SUFFIXES
TRUTH = re.compile(r"(hdrimg|hdr_img|ref_hdr.*)\.[^.]+", re.IGNORECASE)
INPUT, STATIC = re.compile(r"input_\d"), re.compile(r"ref_\d")
"""Names of DeepHDR's copy of Kalantari's data: beside the burst lie pictures of the scene as it stood still."""

EXPOSURES = ("exposure.txt", "input_exp.txt")


@dataclass(frozen=True)
class Listing:
    """The files of one folder by their use, each in natural order of names.

    Attributes:
        folder: the folder.
        frames: LDR and RAW pictures; a JPEG beside a RAW picture of the same name is ignored, and so is what `fuse`
            wrote.
        truth: HDR ground truth (`HDRImg.*`, `hdr_img.*`, `ref_hdr*`), None if there is none.
        exposures: `exposure.txt`, None if there is none.
        table: `bursts.csv` or `bursts.yaml`, None if there is none.
        ignored: everything else but litter of systems and file servers.
    """

    folder: Path
    frames: tuple[Path, ...]
    truth: Path | None
    exposures: Path | None
    table: Path | None
    ignored: tuple[Path, ...]


@dataclass(frozen=True)
class BurstFiles:
    """The files of a burst that is not read yet.

    Attributes:
        name: of the folder or of the group.
        frames: pictures in ascending exposure.
        ev: exposure values in stops, one a frame, as the source gives them.
        source: where the exposures are from.
        truth: HDR ground truth, if any.
        ignored: other files of the folder.
        notes: what a person should know.
        alone: pictures of the folder that are in no bracket; they are ignored too.
    """

    name: str
    frames: tuple[Path, ...]
    ev: tuple[float, ...]
    source: Source
    truth: Path | None = None
    ignored: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    alone: tuple[Path, ...] = ()

    def renamed(self, name: str) -> "BurstFiles":
        """The same burst under another name."""
        return replace(self, name=name)


@reading()
def find_burst(paths: Path | str | Sequence[Path | str], decoder: Decoder | None = None) -> BurstFiles:
    """The one burst in a folder, or of a list of pictures.

    Raises:
        InputError: the folder holds no burst or several, exposures are missing or equal, a name leads out of it.
    """
    given = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if len(given) == 1 and given[0].is_dir():
        bursts = find_bursts(given[0], decoder)
        if len(bursts) != 1:
            hint = "fuse them one by one, or put them into folders of their own"
            raise InputError(f"holds {len(bursts)} bursts, wanted one", given[0], hint)
        return bursts[0]
    return _of_list(given, decoder or shared())


@reading()
def find_bursts(
    folder: Path | str, decoder: Decoder | None = None, truth: Sequence[str] = ()
) -> tuple[BurstFiles, ...]:
    """The bursts of one folder: by its table, by its `exposure.txt` (one burst), or grouped by time and exposure.

    Of a camera's card they are those that begin in the folder: the last one may end in the next folder. `truth` as in
    `list_folder`.

    Raises:
        InputError: see `find_burst`.
    """
    listing, decoder = list_folder(folder, truth), decoder or shared()
    if listing.table is not None:
        return _of_table(listing, listing.table, decoder)
    if not listing.frames:
        raise InputError("holds no pictures", folder, "wanted TIFF, PNG, JPEG, HEIC, WebP or RAW frames of a burst")
    if listing.exposures is not None:
        return (_of_text(listing, listing.exposures),)
    headers = _beginning(listing, decoder)
    after = _on_card(listing, 1)
    carried = _carried(listing, after, decoder) if after is not None else ()
    headers |= {path: decoder.header(path) for path in carried}
    if not headers:
        return ()
    grouping = grouped(headers, decoder)
    if not grouping.sure:
        hint = f"list them there, columns burst,file; `hdrpipe check {folder} --write-tables` writes a first guess"
        raise InputError(
            f"it is not certain which of {len(headers)} pictures form a burst", Path(folder, TABLES[0]), hint
        )
    return _of_groups(replace(listing, frames=tuple(headers)), grouping, headers, decoder)


def _beginning(listing: Listing, decoder: Decoder) -> dict[Path, PictureHeader]:
    """Headers of the pictures of a folder but for those that go on with a bracket of the one before on the card."""
    before = _on_card(listing, -1)
    carried = _carried(before, listing, decoder) if before is not None else ()
    return {path: decoder.header(path) for path in listing.frames if path not in carried}


def _on_card(listing: Listing, step: int) -> Listing | None:
    """The folder before (-1) or after (1) on a camera's card, if both hold pictures."""
    folder = neighbour(listing.folder, step)
    other = list_folder(folder) if folder is not None and listing.frames else None
    return other if other is not None and other.frames else None


def _carried(before: Listing, after: Listing, decoder: Decoder) -> tuple[Path, ...]:
    """Pictures of a folder of a card that go on with the last bracket of the folder before."""
    if before.table is not None:
        return tuple(row.path for row in read_table(before.table) if row.path in after.frames)
    if any((after.table, before.exposures, after.exposures)):
        return ()
    last, first = in_order(before.frames)[-1], in_order(after.frames)[0]
    if not may_cross(decoder.header(last), decoder.header(first)):
        return ()
    return crossing(_beginning(before, decoder), {path: decoder.header(path) for path in after.frames})


@reading()
def guess(folder: Path | str, decoder: Decoder | None = None) -> tuple[tuple[Path, ...], ...]:
    """The most likely bursts of a folder whose grouping `find_bursts` refuses as uncertain; else none."""
    listing, decoder = list_folder(folder), decoder or shared()
    if listing.table is not None or listing.exposures is not None:
        return ()
    grouping = grouped(_beginning(listing, decoder), decoder)
    return () if grouping.sure else grouping.groups


def list_folder(folder: Path | str, truth: Sequence[str] = ()) -> Listing:
    """Sort the files of a folder by their use; folders in it are passed over.

    Files whose names match one of the patterns `truth` are truth, before those of the usual names.

    Raises:
        InputError: there is no such folder, it cannot be read, or a link leads out of it.
    """
    folder = Path(folder)
    try:
        here = (name for name in os.listdir(folder) if not is_litter(name))
        names = sorted((name for name in here if not (folder / name).is_dir()), key=natural)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise InputError(f"is no folder that can be read ({reason})", ascii(str(folder))) from error
    labels = [name for name in names if any(fnmatchcase(name, pattern) for pattern in truth)]
    frames = [path.name for path in _frames_among([folder / name for name in names if name not in labels])]
    developed = {Path(name).stem for name in frames if Path(name).suffix.lower() in raw.SUFFIXES}
    frames = [n for n in frames if Path(n).suffix.lower() in raw.SUFFIXES or Path(n).stem not in developed]
    if any(INPUT.match(name) for name in frames):
        frames = [name for name in frames if not STATIC.match(name)]
    truths = [*labels, *(name for name in names if TRUTH.fullmatch(name) and name not in labels)]
    exposures, tables = (_named(usual, names) for usual in (EXPOSURES, TABLES))
    used = {*frames, *truths[:1], *exposures[:1], *tables[:1]}
    return Listing(
        folder=folder,
        frames=tuple(confined(folder, name) for name in frames),
        truth=confined(folder, truths[0]) if truths else None,
        exposures=confined(folder, exposures[0]) if exposures else None,
        table=confined(folder, tables[0]) if tables else None,
        ignored=tuple(folder / name for name in names if name not in used),
    )


def order(
    name: str,
    frames: Sequence[Path],
    ev: Sequence[float],
    source: Source,
    truth: Path | None = None,
    ignored: Sequence[Path] = (),
    notes: Sequence[str] = (),
) -> BurstFiles:
    """A burst with its frames in ascending exposure.

    Raises:
        InputError: fewer than two frames, or two of one exposure.
    """
    if len(frames) < 2:
        raise InputError(f"has {len(frames)} picture, a burst has at least 2", name)
    if len(ev) != len(frames):
        raise InputError(f"has {len(ev)} exposure values for {len(frames)} pictures", name)
    ranked = sorted(range(len(frames)), key=lambda index: ev[index])
    for one, other in pairwise(ranked):
        if ev[other] - ev[one] < SAME:
            pair = f"{frames[one].name!a} and {frames[other].name!a}"
            hint = f"take one of them away, or write the log2 EVs into {EXPOSURES[0]}, one a line"
            raise InputError(f"{pair} have the same exposure ({ev[one]:+.2f} EV by {source})", name, hint)
    return BurstFiles(
        name=name,
        frames=tuple(frames[index] for index in ranked),
        ev=tuple(float(ev[index]) for index in ranked),
        source=source,
        truth=truth,
        ignored=tuple(ignored),
        notes=tuple(notes),
    )


def _frames_among(paths: Sequence[Path]) -> list[Path]:
    """Files that end as pictures do; where there is none, WebP and BMP pictures, which are copies beside others; or
    else those that are TIFF, PNG, JPEG, HEIC or WebP by their content.

    What `fuse` made is none of them.
    """
    named = [path for path in paths if not path.name.startswith(".") and TRUTH.fullmatch(path.name) is None]
    ending = [path for path in named if path.suffix.lower() in LDR_SUFFIXES | raw.SUFFIXES]
    ending = ending or [path for path in named if path.suffix.lower() in webp.SUFFIXES]
    kinds = ("tiff", "png", "jpeg", "webp", *heif.KINDS)
    frames = ending or [path for path in named if format_by_content(path) in kinds]
    return [path for path in frames if not is_result(path)]


def _named(usual: Sequence[str], names: Sequence[str]) -> list[str]:
    """Those of the names that are one of the usual ones, in the order of these, whatever the case of their letters."""
    return [name for one in usual for name in sorted(names, key=one.__ne__) if name.lower() == one]


def _folder_name(folder: Path) -> str:
    return scene_name(folder.resolve().name)


def _of_list(paths: list[Path], decoder: Decoder) -> BurstFiles:
    frames = sorted(_frames_among(paths), key=natural)
    ignored = [path for path in paths if path not in frames]
    folders = {path.parent for path in frames}
    if len(frames) < 2:
        raise InputError(f"{len(frames)} of {len(paths)} files are pictures of a burst, wanted 2 or more", paths[0])
    name = _folder_name(frames[0].parent) if len(folders) == 1 else scene_name(frames[0].stem)
    listing = list_folder(folders.pop()) if len(folders) == 1 else None
    by_table = {row.path.resolve(): row.ev for row in read_table(listing.table)} if listing and listing.table else {}
    values = [ev for path in frames if (ev := by_table.get(path.resolve())) is not None]
    if len(values) == len(frames):
        return order(name, frames, values, "table", None, ignored)
    if listing is not None and listing.exposures is not None:
        values, notes = read_exposure_txt(listing.exposures)
        lines = dict(zip([p.name for p in listing.frames], values, strict=False))
        if len(values) == len(listing.frames) and all(path.name in lines for path in frames):
            return order(name, frames, [lines[p.name] for p in frames], "exposure.txt", listing.truth, ignored, notes)
        if len(values) == len(frames):
            return order(name, frames, values, "exposure.txt", listing.truth, ignored, notes)
    return _resolve(name, frames, [decoder.header(path) for path in frames], None, ignored, decoder)


def _of_text(listing: Listing, path: Path) -> BurstFiles:
    values, notes = read_exposure_txt(path)
    if len(values) != len(listing.frames):
        pictures = ", ".join(ascii(frame.name) for frame in listing.frames[:8])
        what = f"has {len(values)} exposure values for {len(listing.frames)} pictures ({pictures})"
        raise InputError(what, path, "one line a picture, in the natural order of names")
    name = _folder_name(listing.folder)
    return order(name, listing.frames, values, "exposure.txt", listing.truth, listing.ignored, notes)


def _of_groups(
    listing: Listing, grouping: Grouping, headers: dict[Path, PictureHeader], decoder: Decoder
) -> tuple[BurstFiles, ...]:
    groups = grouping.groups
    if len(groups) == 1 and len(groups[0]) > MOST_FRAMES:
        hint = f"list them in {TABLES[0]} with the columns burst,file,ev"
        raise InputError(f"holds {len(groups[0])} pictures that cannot be grouped into bursts", listing.folder, hint)
    used = {path for frames in groups for path in frames}
    ignored = (*listing.ignored, *(path for path in listing.frames if path not in used))
    truth = listing.truth if len(groups) == 1 else None
    names = [scene_name(frames[0].stem) for frames in groups]
    names = [f"{name}-{number}" if name in names[:number] else name for number, name in enumerate(names)]
    names = [_folder_name(listing.folder)] if len(groups) == 1 else names
    bursts = []
    for name, frames in zip(names, groups, strict=True):
        ranked = sorted(frames, key=natural)
        bursts.append(_resolve(name, ranked, [headers[path] for path in ranked], truth, ignored, decoder))
    return tuple(replace(burst, alone=grouping.lone) for burst in bursts)


def _of_table(listing: Listing, path: Path, decoder: Decoder) -> tuple[BurstFiles, ...]:
    rows = read_table(path)
    names = list(dict.fromkeys(row.burst for row in rows))
    if not names:
        raise InputError("lists no burst", path)
    listed = {row.path for row in rows}
    ignored = (*listing.ignored, *(frame for frame in listing.frames if frame not in listed))
    bursts = []
    for name in names:
        members = [row for row in rows if row.burst == name]
        frames, truth = [row.path for row in members], listing.truth if len(names) == 1 else None
        values = [row.ev for row in members if row.ev is not None]
        if len(values) == len(members):
            bursts.append(order(name, frames, values, "table", truth, ignored))
        elif values:
            hint = "fill the column ev for all frames of the burst, or for none"
            raise InputError(f"gives an exposure for some frames of {name!a}, not for all", path, hint)
        else:
            headers = [decoder.header(frame) for frame in frames]
            bursts.append(_resolve(name, frames, headers, truth, ignored, decoder))
    return tuple(bursts)


def _resolve(
    name: str,
    frames: Sequence[Path],
    headers: Sequence[PictureHeader],
    truth: Path | None,
    ignored: Sequence[Path],
    decoder: Decoder,
) -> BurstFiles:
    """Exposures by EXIF, or else by the pictures."""
    if len(frames) < 2:
        raise InputError(f"has {len(frames)} picture, a burst has at least 2", name)
    values, notes = from_camera(headers)
    if values is not None:
        return order(name, frames, values, "exif", truth, ignored, notes)
    seen = [brightness(decoder.picture(path)[0].transpose(2, 0, 1)) for path in frames]
    try:
        values = estimate(seen)
    except InputError as error:
        raise InputError(error.what, name, f"write the log2 EVs into {EXPOSURES[0]}, one a line") from None
    notes = ("no exposure is recorded: it is estimated from the pictures",)
    return order(name, frames, values, "estimate", truth, ignored, notes)
