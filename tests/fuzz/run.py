"""`make fuzz`: inputs that reach new code of the readers, as atheris (libFuzzer) finds them from the corpus.

Each reader has a process of its own, in which the package and the Python of its parsers report what they reach. What
new code a run reached is kept in `.fuzz/READER`, so that the next one goes on from there. A fault, a crash, a
hang or a lack of memory ends the reader and leaves its input in `.fuzz/`: minimise it, put it into
`tests/fuzz/corpus/READER`, mend the reader.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from fuzz.readers import READERS, folders

FOLDER = Path(".fuzz")
COMMAND = ("-m", "fuzz.run_one")
SECONDS_EACH, MEBIBYTES, LARGEST = 30, 4096, 65536


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10**6, help="executions over all readers")
    parser.add_argument("--seconds", type=int, default=0, help="most seconds for each reader; 0: no limit")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--reader", choices=READERS, help="this one alone")
    arguments = parser.parse_args()
    names = [arguments.reader] if arguments.reader else list(READERS)
    counts = {name: _campaign(name, arguments, arguments.runs // len(names)) for name in names}
    for name, (count, code) in counts.items():
        print(f"{name:<12} {count:>9} executions{'' if code == 0 else f': FAULT, see {FOLDER}/{name}.log'}")
    print(f"{sum(count for count, _ in counts.values())} executions")
    sys.exit(any(code for _, code in counts.values()))


def _campaign(name: str, arguments: argparse.Namespace, runs: int) -> tuple[int, int]:
    """Executions of one reader, and the exit code of its process."""
    kept, log = FOLDER / name, FOLDER / f"{name}.log"
    kept.mkdir(parents=True, exist_ok=True)
    limits = [f"-runs={runs}", f"-max_total_time={arguments.seconds}", f"-seed={arguments.seed}"]
    limits += [f"-timeout={SECONDS_EACH}", f"-rss_limit_mb={MEBIBYTES}", f"-max_len={LARGEST}"]
    words = [sys.executable, *COMMAND, name, *limits, f"-artifact_prefix={FOLDER}/{name}-"]
    with log.open("w") as file:
        done = subprocess.run([*words, kept, *folders(name)], stdout=file, stderr=file)
    counts = re.findall(r"^#(\d+)", log.read_text(errors="replace"), re.MULTILINE)
    return int(counts[-1]) if counts else 0, done.returncode


if __name__ == "__main__":
    main()
