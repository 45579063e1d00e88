"""R39: archives of a cache are those that are pinned, whoever fills it, or it is said. All cases, each time."""

import hashlib
import io
import json
import multiprocessing
import time
import zipfile
from types import SimpleNamespace

import pytest

from hdrpipe.datasets.scenes import Source
from hdrpipe.errors import Exit, InputError
from hdrpipe.stages import fetch as stage
from hdrpipe.stages.job import Job
from hdrpipe.stages.prepare import prepare

FORK = multiprocessing.get_context("fork")


def archive(text):
    """Bytes of an archive with one member."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as bundle:
        bundle.writestr("a/b.hdr", text * 5000)
    return data.getvalue()


DATA = archive("a")
SOURCE = Source("toy", "toy==1.0", "toy-1.0.whl", hashlib.sha256(DATA).hexdigest(), "CC0-1.0")


def slip():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as bundle:
        bundle.writestr("../../slipped", "x")
        bundle.writestr("/tmp/slipped", "x")
    return data.getvalue()


DAMAGES = {
    "empty": b"",
    "first byte": DATA[:1],
    "half": DATA[: len(DATA) // 2],
    "last byte missing": DATA[:-1],
    "one bit": bytes([*DATA[:60], DATA[60] ^ 1, *DATA[61:]]),
    "another valid archive": archive("b"),
    "ways out of a folder": slip(),
    "no archive": b"<html>please log in</html>",
}


@pytest.fixture
def toy(monkeypatch):
    module = SimpleNamespace(sources=lambda options: (SOURCE,), listing=lambda *_: pytest.fail("archives were read"))
    monkeypatch.setattr(stage.plugins, "load", lambda wing, name: module)
    monkeypatch.setattr(stage.plugins, "options", lambda wing, name, mapping: None)
    monkeypatch.setattr(stage, "_download", lambda source, hint: pytest.fail("the registry was asked"))
    return SimpleNamespace(data=SimpleNamespace(dataset="toy", options={}, seed=0))


def fetch(spec, folder, *mirrors):
    stage.fetch(spec, folder / "cache", folder / "sources.json", Job("fetch"), mirrors)


def assert_told(caught, path):
    line = str(caught.value)
    assert caught.value.code == Exit.INPUT
    assert line.startswith(f"{path}: ")
    assert "\n" not in line


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_cache_is_told_before_and_after_it_was_fetched(toy, tmp_path, name, count):
    kept = tmp_path / "cache" / SOURCE.filename
    kept.parent.mkdir()
    kept.write_bytes(DATA)
    fetch(toy, tmp_path)
    kept.write_bytes(DAMAGES[name])
    with pytest.raises(InputError, match="differs from the pinned one") as caught:
        prepare(toy, kept.parent, tmp_path / "sources.json", tmp_path / "out", Job("prepare"))
    assert_told(caught, kept)
    with pytest.raises(InputError, match="differs from the pinned one") as caught:
        fetch(toy, tmp_path)
    assert_told(caught, kept)
    assert kept.read_bytes() == DAMAGES[name]
    count("R39", 2)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_mirror_that_holds_something_else_is_not_believed(toy, tmp_path, monkeypatch, name, count):
    def gone(source, hint):
        raise InputError("gone", source.requirement, hint)

    monkeypatch.setattr(stage, "_download", gone)
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / SOURCE.filename).write_bytes(DAMAGES[name])
    with pytest.raises(InputError, match="gone"):
        fetch(toy, tmp_path, str(tmp_path / "mirror"))
    assert not (tmp_path / "cache").exists()
    count("R39")


def test_an_archive_that_went_is_told(toy, tmp_path, count):
    (tmp_path / "sources.json").write_text(json.dumps([{"filename": SOURCE.filename, "sha256": SOURCE.sha256}]))
    with pytest.raises(InputError, match="missing from the cache") as caught:
        prepare(toy, tmp_path / "cache", tmp_path / "sources.json", tmp_path / "out", Job("prepare"))
    assert_told(caught, tmp_path / "cache" / SOURCE.filename)
    count("R39")


def _first_run(spec, folder, number, start, outcomes):
    start.wait(30)
    stage.fetch(spec, folder / "cache", folder / f"sources-{number}.json", Job("fetch"))
    outcomes.put(number)


@pytest.mark.parametrize("number", range(6))
def test_two_first_runs_fill_one_cache(toy, tmp_path, monkeypatch, number, count):
    def slowly(source, hint):
        time.sleep(0.01 * number)
        return DATA

    monkeypatch.setattr(stage, "_download", slowly)
    start, outcomes = FORK.Event(), FORK.SimpleQueue()
    runs = [FORK.Process(target=_first_run, args=(toy, tmp_path, k, start, outcomes)) for k in range(2)]
    for run in runs:
        run.start()
    start.set()
    assert {outcomes.get(), outcomes.get()} == {0, 1}
    for run in runs:
        run.join()
    assert [path.read_bytes() for path in (tmp_path / "cache").iterdir()] == [DATA]
    count("R39")
