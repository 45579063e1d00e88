"""What each job of a run took, from the provenance beside its outputs."""

from collections.abc import Iterable
from pathlib import Path

from hdrpipe.files.product.envelope import sidecar
from hdrpipe.report.tables import Row

WARM_UP = "round-00"


def neighbours(paths: Iterable[Path]) -> list[Path]:
    """These outputs and whatever else has a provenance in their folders: labels of earlier rounds, the fetch."""
    known = dict.fromkeys(paths)
    for folder in dict.fromkeys(path.parent for path in tuple(known)):
        known |= dict.fromkeys(path.with_suffix("") for path in sorted(folder.glob("*.*.json")))
    return list(known)


def cost_rows(paths: Iterable[Path]) -> list[Row]:
    """A row a job, in the order of their beginning: stage, of which round or shard, seconds, MiB, device, output.

    Jobs whose outputs have no provenance beside them are left out, and an earlier report.
    """
    rows: dict[tuple, Row] = {}
    for path in paths:
        told = sidecar(path)
        if not {"stage", "started", "seconds", "peak_mib"} <= set(told) or told["stage"] == "report":
            continue
        key = (told["stage"], path.parent.name, told["started"], path.name if told["stage"] == "teacher" else "")
        known = rows.setdefault(key, {"seconds": 0.0})
        if told["seconds"] >= known["seconds"]:  # the last output of a job tells its whole time
            rows[key] = {
                "stage": told["stage"],
                "of": _of(path, str(told["stage"])),
                "started": told["started"],
                "seconds": float(told["seconds"]),
                "peak_mib": int(told["peak_mib"]),
                "device": str(told.get("device", "")),
            }
    return sorted(rows.values(), key=lambda row: (row["started"], row["stage"], row["of"]))


def duration(seconds: float) -> str:
    """Seconds in words: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _of(path: Path, stage: str) -> str:
    place = path.parent.name
    if not place.startswith("round-"):
        return ""
    what = "" if stage != "teacher" else f", {path.stem}"
    return ("warm-up" if place == WARM_UP else f"round {int(place.removeprefix('round-'))}") + what
