"""Full disks, and files that several processes want."""

import contextlib
import multiprocessing
import os
import resource
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from campaign import dice, parts, tries

from hdrpipe.errors import CapacityError, Exit
from hdrpipe.files import atomic
from hdrpipe.files.product.hdf5 import open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.provenance import write_sidecar
from hdrpipe.files.weights import save_weights


def write(path: Path, level: float, side: int = 70) -> str:
    """Write a truth product with noise up to `level`."""
    radiance = (np.random.default_rng(0).random((3, side, side)) * level).astype(np.float32)
    arrays = {"radiance": radiance, "preview": np.zeros((side, side, 3), np.uint8)}
    return write_product(path, SCHEMAS["truth"], [("a", arrays, {})], {})


SIZES = 20
WRITERS = {
    "bytes": lambda path: atomic.write_bytes(path, bytes(40_000)),
    "json": lambda path: atomic.write_json(path, list(range(8_000))),
    "product": lambda path: write(path, 0.9, side=200),
    "weights": lambda path: save_weights(path, {"a": torch.rand(100, 100)}, {}),
    "sidecar": lambda path: write_sidecar(
        path.with_suffix(""), "", stage="s", spec={str(k): k for k in range(4_000)}, code="", started=0, seconds=0,
        peak_mib=1, inputs={},
    ),
}  # fmt: skip


@contextlib.contextmanager
def file_size_limit(size: int):
    """The system refuses to write beyond `size` bytes of a file, for everyone and without a mount."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@tries(2, SIZES)
@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_may_not_grow_leaves_the_old_one(tmp_path, name, number, count):
    """R14: different sizes from nothing to a byte less than the file, for each of the 5 writers."""
    path = tmp_path / "output.json"
    WRITERS[name](path)
    last = path.stat().st_size - 1
    size = [0, last, *dice("R14", name).sample(range(1, last), SIZES - 2)][number]
    path.write_bytes(b"old")
    with file_size_limit(size), pytest.raises(CapacityError) as caught:
        WRITERS[name](path)
    assert caught.value.code == Exit.CAPACITY
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [path.name]
    WRITERS[name](path)
    assert path.read_bytes() != b"old"
    count("R14")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB, where the tests may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if mount is None or os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here; the file size limit stands for it")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_the_old_file(small_disk, name):
    path = small_disk / "output.json"
    path.write_bytes(b"old")
    with contextlib.suppress(OSError):
        (small_disk / "filler").write_bytes(bytes(2**16))
    with pytest.raises(CapacityError, match="No space left"):
        WRITERS[name](path)
    assert path.read_bytes() == b"old"
    assert sorted(os.listdir(small_disk)) == ["filler", "output.json"]


def _read_until(path: Path, known: list[str], stop, seen) -> None:
    while not stop.is_set():
        try:
            with open_product(path, "truth") as product:
                seen.put("known" if product.content_hash in known else f"unknown {product.content_hash}")
        except Exception as error:
            seen.put(repr(error))


@parts(100, 1000)
def test_readers_see_the_old_or_the_new_file(tmp_path, numbers, count):
    """R17: 8 readers while a writer replaces the product."""
    fork, path = multiprocessing.get_context("fork"), tmp_path / "product"
    known = [write(tmp_path / "other", level) for level in (0.1, 0.2)]
    write(path, 0.1)
    stop, seen = fork.Event(), fork.SimpleQueue()
    readers = [fork.Process(target=_read_until, args=(path, known, stop, seen), daemon=True) for _ in range(8)]
    for reader in readers:
        reader.start()
    outcomes: list[str] = []
    for turn in numbers:
        write(path, (2 - turn % 2) / 10)
        while not seen.empty():
            outcomes.append(seen.get())
    stop.set()
    while any(reader.is_alive() for reader in readers) or not seen.empty():
        if not seen.empty():
            outcomes.append(seen.get())
    assert set(outcomes) == {"known"}
    assert len(outcomes) >= 8
    assert sorted(os.listdir(tmp_path)) == ["other", "product"]
    count("R17 readers", len(numbers))


def _write_at_one_time(path: Path, writer: int, turns: int, together, winners) -> None:
    for _ in range(turns):
        together.wait(60)
        write(path, (1 + writer) / 10)
        together.wait(60)
        if writer == 0:  # nobody writes while it looks
            with open_product(path, "truth") as product:
                winners.put(product.content_hash)


@parts(10, 100)
def test_of_8_writers_one_wins(tmp_path, numbers, count):
    """R17: each time all of them write the product at one time."""
    fork, path = multiprocessing.get_context("fork"), tmp_path / "product"
    known = {write(path, level / 10) for level in range(1, 9)}
    together, winners = fork.Barrier(8), fork.Queue()
    arguments = (len(numbers), together, winners)
    writers = [fork.Process(target=_write_at_one_time, args=(path, writer, *arguments)) for writer in range(8)]
    for writer in writers:
        writer.start()
    found = [winners.get(timeout=60) for _ in numbers]
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 8
    assert set(found) <= known
    assert os.listdir(tmp_path) == ["product"]
    count("R17 writers", len(numbers))
