"""`make mutants`: which single changes of the method's code does no fast test notice?

Sources and tests are listed in pyproject.toml, `[tool.mutants]`. Results are kept in `.mutants/`, so that an
interrupted run goes on: a killed mutant stays killed while its module and the file of the test that killed it are
unchanged, a survivor survives while its module and the files of all tests that judged it are. Survivors listed in
docs/mutation.md are not counted.
"""

import argparse
import gc
import hashlib
import importlib
import json
import random
import re
import sys
import tomllib
from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import Any

from mutation import trial
from mutation.mutants import Mutant, mutants

FOLDER, LISTED = Path(".mutants"), Path("docs/mutation.md")

LIBRARIES = (
    *("coverage", "torch", "torch.distributed", "torch.utils.data", "numpy", "scipy.stats", "cv2", "pandas", "h5py"),
    *(
        "skimage.metrics._structural_similarity",
        "pydantic.main",
        "safetensors.torch",
        "hypothesis.extra.numpy",
        "filelock",
    ),
    *("jsonschema", "jinja2", "yaml", "PIL.Image", "xdist.plugin", "_pytest.doctest", "_pytest.junitxml", "attr"),
    *(
        "_pytest.debugging",
        "_pytest.faulthandler",
        "_pytest.unittest",
        "referencing.jsonschema",
        "xml.dom.minidom",
        "_hypothesis_pytestplugin",
    ),
)
"""Imported once, before the forks."""

WHOLE_RUN = 1800.0
"""Seconds of wall time that the tests may take on the unchanged package."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="number of mutants drawn at random; 0: all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    parser.add_argument("--only", default="", help="regular expression that the names of mutants must match")
    arguments = parser.parse_args()
    chosen = [mutant for mutant in _all() if re.search(arguments.only, _full(mutant))]
    if 0 < arguments.sample < len(chosen):
        chosen = random.Random(arguments.seed).sample(chosen, arguments.sample)
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()
    FOLDER.mkdir(exist_ok=True)
    outcomes = _outcomes(chosen, _baseline())
    _report(chosen, outcomes)


def _settings() -> dict[str, Any]:
    return tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutants"]


def _sources() -> list[str]:
    return sorted(str(path) for pattern in _settings()["sources"] for path in Path().glob(pattern))


def _all() -> list[Mutant]:
    return [mutant for path in _sources() for mutant in mutants(path, Path(path).read_text(encoding="utf-8"))]


def _full(mutant: Mutant) -> str:
    return f"{mutant.path.removeprefix('hdrpipe/')}: {mutant.name}"


def _digest(*paths: Path) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.read_bytes() if path.is_file() else b"")
    return whole.hexdigest()[:16]


def _baseline() -> dict[str, Any]:
    """The tests on the unchanged package, see `trial.record`; from the last run if nothing has changed."""
    file = FOLDER / "baseline.json"
    digest = _digest(
        Path("pyproject.toml"), *sorted(Path("hdrpipe").rglob("*.py")), *sorted(Path("tests").rglob("*.py"))
    )
    if file.exists() and (kept := json.loads(file.read_text()))["digest"] == digest:
        return kept
    print("running the tests on the unchanged package", flush=True)
    settings = _settings()
    made = trial.in_child(lambda: trial.record(_sources(), settings["tests"], settings["expression"]), WHOLE_RUN)
    if made is None or made["failed"]:
        sys.exit(f"the tests fail on the unchanged package: {made and made['failed']}")
    file.write_text(json.dumps({"digest": digest, **made}))
    return json.loads(file.read_text())


def _outcomes(chosen: list[Mutant], baseline: dict[str, Any]) -> dict[str, str]:
    """Name of each mutant -> the test that killed it, `import`, `time`, or "" for a survivor."""
    file, kept, outcomes = FOLDER / "outcomes.jsonl", {}, {}
    if file.exists():
        kept = {row["mutant"]: row for row in map(json.loads, file.read_text().splitlines())}
    with file.open("a") as log:
        for done, mutant in enumerate(chosen, 1):
            name, tests = _full(mutant), _tests(mutant, baseline)
            row = kept.get(name)
            if not row or row["key"] != _key(mutant, row["by"], tests):
                by = _judged(mutant, tests, baseline["seconds"])
                row = {"mutant": name, "by": by, "key": _key(mutant, by, tests)}
                log.write(json.dumps(row) + "\n")
                log.flush()
                if not by:
                    print(f"[{done}/{len(chosen)}] survives  {name}", flush=True)
            outcomes[name] = row["by"]
    return outcomes


def _key(mutant: Mutant, by: str, tests: list[str]) -> str:
    """Digest of the files that an outcome rests on."""
    files = {test.split("::")[0] for test in ([by] if by else tests)}
    return _digest(Path(mutant.path), *map(Path, sorted(files)))


def _judged(mutant: Mutant, tests: list[str], seconds: dict[str, float]) -> str:
    if not tests:
        return ""
    limit = 60.0 + 20.0 * sum(seconds[test] for test in tests)
    by = trial.in_child(lambda: trial.judge(mutant.path, mutant.number, tests, seconds), limit)
    return "time" if by is None else by


def _tests(mutant: Mutant, baseline: dict[str, Any]) -> list[str]:
    """Fast tests that run the changed lines; if none does: those that run any of its module, or are named after it.

    Of a module of constants, which has no lines to run later, all tests.

    Those named after the module come first, then those of its room, then all others, quick ones before slow ones, as
    far as `budget` goes.
    """
    lines, seconds = baseline["lines"].get(mutant.path, {}), baseline["seconds"]
    numbers = range(mutant.lines[0], mutant.lines[1] + 1)
    tests = {test for line in numbers for test in lines.get(str(line), ())}
    if not tests:
        tests = {test for names in lines.values() for test in names} or set(seconds)
        tests |= {test for test in seconds if f"/test_{Path(mutant.path).stem}.py" in test}
    module, room = Path(mutant.path).stem, Path(mutant.path).parent.name
    ordered = sorted(tests, key=lambda test: (f"/test_{module}" not in test, f"/{room}/" not in test, seconds[test]))
    spent = accumulate(seconds[test] for test in ordered)
    return [test for test, total in zip(ordered, spent, strict=True) if total <= _settings()["budget"]]


def _report(chosen: list[Mutant], outcomes: dict[str, str]) -> None:
    text = LISTED.read_text(encoding="utf-8")
    harmless = {name for name in outcomes if f"`{name}`" in text}
    rooms: dict[str, Counter] = {}
    for mutant in chosen:
        by, room = outcomes[_full(mutant)], mutant.path.split("/")[1]
        kind = (
            by if by in ("time", "import") else "test" if by else "harmless" if _full(mutant) in harmless else "alive"
        )
        for key in (room, "all"):
            rooms.setdefault(key, Counter())[kind] += 1
    print(f"{'':12}mutants  by test  by import  by time  harmless  survive   score")
    for room, n in rooms.items():
        counted = n.total() - n["harmless"]
        print(
            f"{room:12}{n.total():7}{n['test']:9}{n['import']:11}{n['time']:9}{n['harmless']:10}{n['alive']:9}"
            f"{100 * (counted - n['alive']) / max(counted, 1):7.1f}%"
        )
    for name, by in outcomes.items():
        if not by and name not in harmless:
            print("survives ", name)
    for name in harmless:
        if outcomes[name]:
            print("listed as harmless, but killed:", name)


if __name__ == "__main__":
    main()
