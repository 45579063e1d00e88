"""Time and memory of each job of a run, read from the provenance beside its outputs."""

from collections.abc import Iterable
from pathlib import Path

from hdrpipe.files.product.envelope import sidecar
from hdrpipe.report.tables import Row

WARM_UP = "round-00"


def neighbours(paths: Iterable[Path]) -> list[Path]:
    """These outputs and all others with provenance in their folders, such as labels of earlier rounds and the fetch."""
    outputs = dict.fromkeys(paths)
    for folder in dict.fromkeys(path.parent for path in tuple(outputs)):
        outputs |= dict.fromkeys(path.with_suffix("") for path in sorted(folder.glob("*.*.json")))
    return list(outputs)


def cost_rows(paths: Iterable[Path]) -> list[Row]:
    """One row for each job, ordered by start time: stage, round and shard (`of`), start, seconds, peak MiB, device.

    Outputs without provenance and the outputs of an earlier report are left out.
    """
    rows: dict[tuple, Row] = {}
    for path in paths:
        origin = sidecar(path)
        if not {"stage", "started", "seconds", "peak_mib"} <= set(origin) or origin["stage"] == "report":
            continue
        key = (origin["stage"], path.parent.name, origin["started"], path.name if origin["stage"] == "teacher" else "")
        previous = rows.setdefault(key, {"seconds": 0.0})
        if origin["seconds"] >= previous["seconds"]:  # the last output of a job records its whole time
            rows[key] = {
                "stage": origin["stage"],
                "of": _round_label(path, str(origin["stage"])),
                "started": origin["started"],
                "seconds": float(origin["seconds"]),
                "peak_mib": int(origin["peak_mib"]),
                "device": str(origin.get("device", "")),
            }
    return sorted(rows.values(), key=lambda row: (row["started"], row["stage"], row["of"]))


def duration(seconds: float) -> str:
    """Seconds as text: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _round_label(path: Path, stage: str) -> str:
    """Round of an output, with the shard for the stage `teacher`; empty outside the round folders."""
    folder = path.parent.name
    if not folder.startswith("round-"):
        return ""
    shard = "" if stage != "teacher" else f", {path.stem}"
    return ("warm-up" if folder == WARM_UP else f"round {int(folder.removeprefix('round-'))}") + shard
