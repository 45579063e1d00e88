"""Harm one output of a run and see whether its next reader notices."""

import io
import re
import shlex

import h5py
import pytest


def _altered(whole):
    """One byte in the middle is another one; in a product the middle of an array, for not every other byte is read."""
    place = _within_an_array(whole) if whole.startswith(b"\x89HDF") else len(whole) // 2
    return whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]


def _within_an_array(whole):
    """Place of a byte of the largest stored chunk."""
    chunks = []

    def collect(_, item):
        if isinstance(item, h5py.Dataset) and item.chunks:
            chunks.extend(item.id.get_chunk_info(number) for number in range(item.id.get_num_chunks()))

    with h5py.File(io.BytesIO(whole)) as file:
        file.visititems(collect)
    largest = max(chunks, key=lambda chunk: chunk.size)
    return largest.byte_offset + largest.size // 2


harms = pytest.mark.parametrize("harm", [lambda whole: b"", _altered], ids=["emptied", "altered"])
"""What happens to a file."""


def commands(printed):
    """Output -> the very command that Snakemake runs for it, from what `snakemake -n -F -p` printed."""
    found = {}
    for text in re.split(r"\n(?=(?:local)?rule \w+:\n)", printed):
        output = re.search(r"output: (.*)", text)
        command = re.search(r"\bexec (hdrpipe .*)$", text, re.MULTILINE)
        if output and command:
            found.update(dict.fromkeys(output[1].split(", "), shlex.split(command[1])))
    return found


def assert_refused(checkout, run, name, rule, command, harm):
    """Assert that `hdrpipe verify RUN` and the reader's command exit 4 over the harmed file, naming it and its rule."""
    path = checkout.path / name
    whole = path.read_bytes()
    path.write_bytes(harm(whole))
    try:
        found = checkout.fork("hdrpipe", "verify", run)
        done = checkout.fork(*command)
    finally:
        path.write_bytes(whole)
    assert found.returncode == 4
    assert name in found.stderr
    assert done.returncode == 4, done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("hdrpipe: error: ")
    assert name in line
    assert f"'{rule}'" in line
    assert "Traceback" not in done.stderr
