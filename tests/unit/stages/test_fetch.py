"""Archives: cached, verified, and a clear word where they cannot be had."""

import hashlib
import json
from types import SimpleNamespace

import pytest

from hdrpipe.datasets.scenes import Source
from hdrpipe.errors import CapacityError, InputError
from hdrpipe.stages import fetch as stage
from hdrpipe.stages.job import Job

DATA = b"an archive"
SOURCE = Source("toy", "toy==1.0", "toy-1.0.whl", hashlib.sha256(DATA).hexdigest(), "CC0-1.0")
SECOND = Source("bear", "bear==2.0", "bear-2.0.whl", hashlib.sha256(DATA).hexdigest(), "CC0-1.0")


@pytest.fixture
def spec(monkeypatch):
    module = SimpleNamespace(sources=lambda options: (SOURCE,))
    monkeypatch.setattr(stage.plugins, "load", lambda wing, name: module)
    monkeypatch.setattr(stage.plugins, "options", lambda wing, name, mapping: None)
    return SimpleNamespace(data=SimpleNamespace(dataset="toy", options={}))


def refuse(*arguments, **more):
    return SimpleNamespace(returncode=1, stderr="no network")


def test_a_cached_archive_is_verified_and_listed_without_network(spec, tmp_path, monkeypatch):
    monkeypatch.setattr(stage.subprocess, "run", refuse)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / SOURCE.filename).write_bytes(DATA)
    stage.fetch(spec, tmp_path / "cache", tmp_path / "sources.json", Job("fetch"))
    assert json.loads((tmp_path / "sources.json").read_text())[0]["sha256"] == SOURCE.sha256


def test_without_network_and_cache_it_says_what_to_fetch_and_where_to_put_it(spec, tmp_path, monkeypatch):
    monkeypatch.setattr(stage.subprocess, "run", refuse)
    with pytest.raises(InputError) as caught:
        stage.fetch(spec, tmp_path / "cache", tmp_path / "sources.json", Job("fetch"))
    message = str(caught.value)
    assert "\n" not in message
    for word in ("toy==1.0", "pip download", SOURCE.filename, str(tmp_path / "cache")):
        assert word in message
    assert not (tmp_path / "sources.json").exists()


def test_all_that_is_missing_is_named_at_once(spec, tmp_path, monkeypatch):
    monkeypatch.setattr(stage.subprocess, "run", refuse)
    monkeypatch.setattr(stage.plugins, "load", lambda wing, name: SimpleNamespace(sources=lambda _: (SOURCE, SECOND)))
    with pytest.raises(InputError) as caught:
        stage.fetch(spec, tmp_path / "cache", tmp_path / "sources.json", Job("fetch"))
    assert "toy==1.0 bear==2.0" in str(caught.value)
    assert "toy-1.0.whl and bear-2.0.whl" in str(caught.value)


def test_a_disk_that_fills_while_downloading_is_told_as_such(spec, tmp_path, monkeypatch):
    def full(*arguments, **more):
        return SimpleNamespace(returncode=1, stderr="ERROR: [Errno 28] No space left on device")

    monkeypatch.setattr(stage.subprocess, "run", full)
    with pytest.raises(CapacityError, match="TMPDIR"):
        stage.fetch(spec, tmp_path / "cache", tmp_path / "sources.json", Job("fetch"))


@pytest.mark.parametrize("cached", [True, False])
def test_another_file_than_the_pinned_one_is_refused(spec, tmp_path, monkeypatch, cached):
    def download(command, **more):
        (stage.Path(command[command.index("--dest") + 1]) / SOURCE.filename).write_bytes(b"other")
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(stage.subprocess, "run", download)
    (tmp_path / "cache").mkdir()
    if cached:
        (tmp_path / "cache" / SOURCE.filename).write_bytes(b"other")
    with pytest.raises(InputError, match="pinned"):
        stage.fetch(spec, tmp_path / "cache", tmp_path / "sources.json", Job("fetch"))
    assert (tmp_path / "cache" / SOURCE.filename).exists() == cached


@pytest.mark.parametrize("named", ["folder", "address"])
def test_a_mirror_is_asked_where_the_registry_fails_and_it_is_said(spec, tmp_path, monkeypatch, caplog, named):
    monkeypatch.setattr(stage.subprocess, "run", refuse)
    for name, data in (("empty", None), ("wrong", b"other"), ("right", DATA)):
        (tmp_path / name).mkdir()
        if data:
            (tmp_path / name / SOURCE.filename).write_bytes(data)
    mirrors = [tmp_path / name for name in ("empty", "wrong", "right")]
    mirrors = [str(path) if named == "folder" else path.as_uri() + "/" for path in mirrors]
    stage.fetch(spec, tmp_path / "cache", tmp_path / "sources.json", Job("fetch"), mirrors)
    assert (tmp_path / "cache" / SOURCE.filename).read_bytes() == DATA
    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(lines) == 3
    assert "does not have it" in lines[0]
    assert "differs from the pinned one" in lines[1]
    assert lines[2].startswith("toy==1.0: not in the cache, and the download failed")
    assert lines[2].endswith(f"taken from {mirrors[2]}")


def test_without_a_mirror_that_has_it_the_registry_is_blamed(spec, tmp_path, monkeypatch):
    monkeypatch.setattr(stage.subprocess, "run", refuse)
    with pytest.raises(InputError, match=r"toy==1\.0: not in the cache.*HDRPIPE_MIRRORS"):
        stage.fetch(
            spec, tmp_path / "cache", tmp_path / "sources.json", Job("fetch"), [str(tmp_path), "ftp://", "x://y"]
        )
