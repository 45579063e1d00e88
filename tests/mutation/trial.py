"""Tests in a forked process: with the lines that each of them runs recorded, or with one mutant in place.

The parent has imported the libraries but neither `hdrpipe` nor a test, so each child imports the package anew, with the
mutated module in the place of its file.
"""

import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from mutation.mutants import mutated

PYTEST = ["-q", "-x", "-p", "no:cacheprovider", "-n", "0", "--hypothesis-seed=0", "-m", "not slow and not gpu"]
PYTEST += ["-p", "no:unraisableexception", "-p", "no:threadexception"]  # they collect all garbage of all libraries

MEMORY = 8 << 30
"""Largest data segment of a child, in bytes."""


def in_child(work: Callable[[], Any], seconds: float) -> Any:
    """The JSON value that `work` returns in a forked process; None if the process dies or takes too long."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        _silenced(writable, work)
    os.close(writable)
    received, deadline = b"", time.monotonic() + seconds
    while select.select([readable], [], [], max(0.0, deadline - time.monotonic()))[0]:
        data = os.read(readable, 1 << 20)
        if not data:
            break
        received += data
    os.close(readable)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return json.loads(received) if received.endswith(b"\n") else None


def _silenced(writable: int, work: Callable[[], Any]) -> None:
    """Do the work in a process group of its own, without output; does not return."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    os.write(writable, json.dumps(work()).encode() + b"\n")
    os._exit(0)


class _Watch:
    """Pytest plugin: limits the CPU time of each test, keeps that time and the first failure."""

    def __init__(self, limit: Callable[[str], float]):
        self.limit, self.seconds, self.failed = limit, {}, ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        start = _cpu_seconds()
        signal.setitimer(signal.ITIMER_PROF, self.limit(item.nodeid))  # its signal ends the process
        result = yield
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.seconds[item.nodeid] = _cpu_seconds() - start
        return result

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed = self.failed or report.nodeid


def _cpu_seconds() -> float:
    """CPU time of this process and of its children that have ended."""
    return sum(os.times()[:4])


class _Contexts:
    """Pytest plugin: names the running test to coverage."""

    def __init__(self, recorder):
        self.recorder = recorder

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.recorder.switch_context(item.nodeid)
        result = yield
        self.recorder.switch_context("")
        return result


def record(sources: list[str], tests: list[str], expression: str) -> dict[str, Any]:
    """Run the tests on the unchanged package.

    Returns:
        `seconds`: CPU time of each test; `lines`: file -> line -> tests; `failed`: the first test that failed, if any.
    """
    import coverage

    recorder = coverage.Coverage(data_file=None, include=sources, config_file=False)
    watch = _Watch(lambda _: 600.0)
    recorder.start()
    code = pytest.main([*PYTEST, "-k", expression, *tests], plugins=[watch, _Contexts(recorder)])
    recorder.stop()
    data, lines = recorder.get_data(), {}
    for file in data.measured_files():
        contexts = data.contexts_by_lineno(file)
        lines[os.path.relpath(file)] = {line: sorted(filter(None, names)) for line, names in contexts.items()}
    return {"seconds": watch.seconds, "lines": lines, "failed": watch.failed or (code and f"pytest ends with {code}")}


def judge(path: str, number: int, tests: list[str], seconds: dict[str, float]) -> str:
    """The first of the tests that fails with the mutant in place; `import` if none can start, "" if none fails."""
    source = Path(path).read_text(encoding="utf-8")
    sys.meta_path.insert(0, _Finder(path, compile(mutated(source, number), path, "exec", dont_inherit=True)))
    watch = _Watch(lambda test: 5.0 + 10.0 * seconds[test])
    code = pytest.main([*PYTEST, *tests], plugins=[watch])
    return watch.failed or ("import" if code else "")


class _Finder:
    """Import finder of the mutated module."""

    def __init__(self, path: str, code: Any):
        self.path, self.code = path, code
        self.module = path.removesuffix(".py").replace("/", ".")

    def find_spec(self, name, path=None, target=None):
        """Spec of the mutated module, None for every other."""
        if name != self.module:
            return None
        return spec_from_file_location(name, os.path.abspath(self.path), loader=_Loader(name, self.path, self.code))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: Any):
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname):
        """The mutated code instead of the file's."""
        return self.code
