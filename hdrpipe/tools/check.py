"""Command `check`: one row for each burst of a folder, with its exposures, errors and warnings."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tabulate import tabulate

from hdrpipe.datasets.bursts import BurstFiles, find_bursts, guess, list_folder
from hdrpipe.datasets.card import name_beside
from hdrpipe.datasets.exposures import TABLES
from hdrpipe.datasets.layouts import folders, linked, scene_name, split_of
from hdrpipe.datasets.reading import read_burst
from hdrpipe.errors import HdrpipeError, InputError, reading
from hdrpipe.files.atomic import write_text
from hdrpipe.files.names import as_cell, natural
from hdrpipe.files.pictures.decoder import Decoder, shared
from hdrpipe.terminal import one_line
from hdrpipe.tools import check_burst

HEADINGS = ("scene", "frames", "size", "EV", "source", "order", "clipped", "black", "shift", "noise", "split", "truth")

NOT_ENTERED = "is a link to a folder, which is not entered: put the folder itself there"


@dataclass(frozen=True)
class Checked:
    """Check result of one burst, or of a folder whose bursts cannot be read.

    Attributes:
        name: of the scene.
        cells: texts of the table, one for each heading after the first; empty where nothing could be read.
        errors: faults because of which it cannot be used.
        warnings: oddities that the user should look at.
        digests: sha256 of the samples of each frame, by file name.
    """

    name: str
    cells: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    digests: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """Check results of all bursts below a folder, and groupings that a `bursts.csv` can correct.

    Attributes:
        rows: one for each burst, or for each folder that cannot be read.
        grouped: folders whose pictures were grouped automatically, or of which some pictures were left out.
        guessed: folders whose grouping is in doubt, with the most likely bursts.
    """

    rows: tuple[Checked, ...]
    grouped: tuple[tuple[Path, tuple[BurstFiles, ...]], ...]
    guessed: tuple[tuple[Path, tuple[tuple[Path, ...], ...]], ...] = ()

    @property
    def errors(self) -> int:
        """Number of errors of all rows."""
        return sum(len(row.errors) for row in self.rows)

    @property
    def warnings(self) -> int:
        """Number of warnings of all rows."""
        return sum(len(row.warnings) for row in self.rows)


@reading()
def check(
    root: Path,
    progress: Callable[[int, int, str], None],
    decoder: Decoder | None = None,
    truth: Sequence[str] = (),
) -> Verdict:
    """Check every burst below `root`; a fault of one does not stop the others. `truth`: patterns of truth files.

    Raises:
        InputError: there is no such folder, or no picture in it.
    """
    if not root.is_dir():
        raise InputError("there is no such folder", ascii(str(root)))
    rows: list[Checked] = []
    bursts: list[BurstFiles] = []
    splits: list[str] = []
    grouped: list[tuple[Path, tuple[BurstFiles, ...]]] = []
    failed: list[Path] = []
    for folder in folders(root):
        name = scene_name(root, folder)
        try:
            listed = list_folder(folder, truth)
            if not listed.frames and listed.table is None:
                continue
            members = find_bursts(folder, decoder, truth)
        except HdrpipeError as error:
            rows.append(Checked(name, errors=(str(error),)))
            failed.append(folder)
            continue
        used = {path for burst in bursts for path in burst.frames}  # a bracket of the folder before may end here
        left_out = set(listed.frames).difference(used, *(burst.frames for burst in members))
        crosses = any(path.parent != folder for burst in members for path in burst.frames)
        if listed.table is None and listed.exposures is None and (len(members) > 1 or left_out or crosses):
            grouped.append((folder, members))
        named = [burst.renamed(name if len(members) == 1 else f"{name}-{burst.name}") for burst in members]
        splits += [split_of(root, folder, burst.name) for burst in named]
        bursts += named
    rows += [Checked(scene_name(root, link), warnings=(NOT_ENTERED,)) for link in linked(root)]
    for done, (burst, split) in enumerate(zip(bursts, splits, strict=True), 1):
        rows.append(_checked(burst, split, decoder or shared()))
        progress(done, len(bursts), burst.name)
    if not rows:
        what = "there are no pictures in this folder"
        raise InputError(what, root, "it needs TIFF, PNG, JPEG, HEIC or RAW frames of bursts")
    return Verdict(tuple(_together(rows, bursts)), tuple(grouped), tuple(_guessed(failed, decoder)))


def _guessed(failed: list[Path], decoder: Decoder | None) -> Iterator[tuple[Path, tuple[tuple[Path, ...], ...]]]:
    """Folders that only the user can group, with the most likely bursts."""
    for folder in failed:
        with contextlib.suppress(HdrpipeError):  # its error is among the rows already
            bursts = guess(folder, decoder)
            if bursts:
                yield folder, bursts


def table(verdict: Verdict) -> str:
    """Text of the check: table of scenes, groupings, errors, warnings, counts."""
    cells = [(row.name, *(row.cells or ("-",) * (len(HEADINGS) - 1))) for row in verdict.rows]
    blocks = [tabulate(cells, HEADINGS, tablefmt="github", disable_numparse=True)]
    all_used = {path for _, bursts in verdict.grouped for burst in bursts for path in (*burst.frames, *burst.alone)}
    for folder, bursts in verdict.grouped:
        lines = [f"  {burst.name}: {_names(burst.frames)}" for burst in bursts]
        lone = bursts[0].alone
        again = [path for path in list_folder(folder).frames if path not in all_used]
        lines += [f"  alone, left out: {_names(lone)}"] if lone else []
        lines += [f"  copies or exposures that come again, left out: {_names(again)}"] if again else []
        blocks.append("\n".join([f"{one_line(folder)} was grouped by time and exposure:", *lines]))
    for title, kind in (("Errors", "errors"), ("Warnings", "warnings")):
        lines = [f"  {row.name}: {text}" for row in verdict.rows for text in getattr(row, kind)]
        blocks += ["\n".join([f"{title}:", *lines])] if lines else []
    scenes = sum(bool(row.cells) for row in verdict.rows)
    counts = ((scenes, "burst"), (verdict.errors, "error"), (verdict.warnings, "warning"))
    blocks.append(", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in counts))
    return "\n\n".join(blocks)


def _names(paths: Sequence[Path]) -> str:
    return " ".join(one_line(path.name) for path in sorted(paths, key=natural))


def write_tables(verdict: Verdict) -> list[Path]:
    """Write the grouping of each folder into its `bursts.csv`, for the user to edit; returns the files.

    A guessed grouping leaves the exposures empty: they are read from the pictures, as if there were no table.

    Raises:
        InputError: the name of a picture is not UTF-8, or the folder cannot be written. CapacityError: no space left.
    """
    written = []
    for folder, guesses in verdict.guessed:
        rows = [(str(number), path.name, "") for number, paths in enumerate(guesses, 1) for path in paths]
        written.append(_write_table(folder, rows))
    for folder, bursts in verdict.grouped:
        rows = [
            (burst.name, name_beside(folder, path), f"{round(ev, 3) + 0.0:.3f}")
            for burst in bursts
            for path, ev in zip(burst.frames, burst.ev, strict=True)
        ]
        written.append(_write_table(folder, rows))
    return written


def _write_table(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
    path = folder / TABLES[0]
    lines = [",".join(map(_quoted, (as_cell(burst), as_cell(file), ev))) for burst, file, ev in rows]
    try:
        write_text(path, "\n".join(["burst,file,ev", *lines]) + "\n")
    except UnicodeEncodeError:
        raise InputError("a table cannot hold names that are not UTF-8", folder, "rename these pictures") from None
    return path


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\r\n') else cell


def _checked(burst: BurstFiles, split: str, decoder: Decoder) -> Checked:
    try:
        read = read_burst(burst, decoder)
        facts = check_burst.facts(read)
        truth, faults, remarks = check_burst.truth_facts(burst, read, decoder)
    except HdrpipeError as error:
        return Checked(burst.name, errors=(str(error),))
    height, width = read.samples.shape[2:]
    names = [path.name for path in burst.frames]
    cells = (
        str(len(names)),
        f"{width}x{height}",
        " ".join(f"{value:+.1f}" for value in burst.ev),
        burst.source,
        "by name" if names == sorted(names, key=natural) else "reversed" if _reversed(names) else "by exposure",
        f"{facts.clipped:.1%}",
        f"{facts.black:.1%}",
        "-" if facts.shift is None else f"{facts.shift:.0f} px",
        "-" if facts.noise is None else f"x {facts.noise:.2g}",
        split,
        truth,
    )
    warnings = (*read.notes, *facts.warnings, *remarks, *_gaps(names), *_leftover(burst))
    return Checked(burst.name, cells, (*facts.errors, *faults), warnings, facts.digests)


def _reversed(names: list[str]) -> bool:
    return names == sorted(names, key=natural, reverse=True)


def _gaps(names: list[str]) -> list[str]:
    """Warning about one number missing among names that otherwise count by one."""
    keys = [natural(Path(name).stem) for name in names]
    if len({len(key) for key in keys}) != 1:
        return []
    columns = list(zip(*keys, strict=True))
    varying = [index for index, column in enumerate(columns) if len(set(column)) > 1]
    if len(varying) != 1 or not all(key[0] == 0 for key in columns[varying[0]]):
        return []
    numbers = sorted(key[1] for key in columns[varying[0]])
    missing = [number for number in range(numbers[0], numbers[-1]) if number not in numbers]
    return [f"a frame may be missing: no number {missing[0]} in the names"] if len(missing) == 1 else []


def _leftover(burst: BurstFiles) -> list[str]:
    names = ", ".join(ascii(path.name) for path in burst.ignored[:5])
    more = f" and {len(burst.ignored) - 5} more" if len(burst.ignored) > 5 else ""
    return [f"ignored files: {names}{more}"] if burst.ignored else []


def _together(rows: list[Checked], bursts: list[BurstFiles]) -> list[Checked]:
    """Add warnings that need all bursts: an unusual number of frames, a picture that is in two bursts."""
    usual = Counter(len(burst.frames) for burst in bursts).most_common(1)
    counts = {burst.name: len(burst.frames) for burst in bursts}
    holders: dict[str, list[str]] = {}
    for row in rows:
        for digest in row.digests.values():
            holders.setdefault(digest, []).append(row.name)
    extended = []
    for row in rows:
        more = []
        count = counts.get(row.name)
        if count is not None and usual[0][1] > 1 and count != usual[0][0]:
            more.append(f"has {count} frames, most bursts here have {usual[0][0]}: training needs one number")
        others = sorted({name for digest in row.digests.values() for name in holders[digest]} - {row.name})
        more += [f"shares a picture with {', '.join(others[:3])}"] if others else []
        extended.append(replace(row, warnings=(*row.warnings, *more)))
    return extended
