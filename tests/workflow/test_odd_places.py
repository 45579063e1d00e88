"""R40: clocks that jump, odd disks, users and names: a run ends with the same content, or says in one line why not."""

import os
import random
import shutil
import string
import subprocess
import time
from pathlib import Path

import pytest
from checkout import Checkout

from hdrpipe.files.product.hdf5 import open_product

MASKS = "results/tiny/round-01/masks-00.h5"
DAY = 86400


@pytest.fixture
def copy(finished, tmp_path):
    """A finished run of one's own."""
    return Checkout(shutil.copytree(finished.path, tmp_path / "copy"))


def content(path):
    with open_product(path, None) as product:
        return product.content_hash


def assert_same_masks(finished, checkout, count):
    assert content(checkout.path / MASKS) == content(finished.path / MASKS)
    count("R40")


def clock(folder, seconds):
    """Environment in which the clock of every process jumps so many seconds after a second of life."""
    folder.mkdir(exist_ok=True)
    text = "import time\nreal, begun = time.time, time.time()\n"
    text += f"time.time = lambda: real() + ({seconds} if real() > begun + 1 else 0)\n"
    text += "time.time_ns = lambda: int(time.time() * 1e9)\n"
    (folder / "sitecustomize.py").write_text(text)
    return {"PYTHONPATH": str(folder)}


@pytest.mark.slow
@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_within_a_job(finished, copy, tmp_path, days, count):
    path = clock(tmp_path / "clock", days * DAY)["PYTHONPATH"]
    done = copy.call(*copy.command("-f", MASKS), PYTHONPATH=f"{path}{os.pathsep}{copy.path}")
    assert done.returncode == 0, done.stderr[-2000:]
    assert_same_masks(finished, copy, count)
    assert copy.plan() == {}


def test_a_clock_that_was_set_back_before_a_job(finished, copy, count):
    for path in (copy.path / "results").rglob("*"):
        os.utime(path, (time.time() + DAY,) * 2)
    copy.snakemake("-f", MASKS)
    assert_same_masks(finished, copy, count)
    assert copy.plan() == {}


def test_times_that_a_copy_has_mixed_rerun_nothing(copy, count):
    for number, path in enumerate(sorted((copy.path / "results").rglob("*.*"), reverse=True)):
        os.utime(path, (10**9 + number,) * 2)
    assert copy.plan() == {}
    count("R40")


def elsewhere(copy, target):
    shutil.move(copy.path / "results", target)
    (copy.path / "results").symlink_to(target)


def test_results_that_are_a_link(finished, copy, tmp_path, count):
    elsewhere(copy, tmp_path / "disk")
    copy.snakemake("-f", MASKS)
    assert_same_masks(finished, copy, count)
    assert (copy.path / "results").is_symlink()
    for words in (["status", "tiny"], ["verify", "results/tiny"], ["verify", str(tmp_path / "disk" / "tiny")]):
        done = copy.call("hdrpipe", *words)
        assert done.returncode == 0, done.stderr
        count("R40")


@pytest.fixture
def memory():
    """A folder on a disk in memory."""
    folder = Path("/dev/shm", f"hdrpipe-{os.getpid()}")
    if not folder.parent.is_dir():
        pytest.skip("this machine has no /dev/shm")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_results_in_memory(finished, copy, memory, count):
    elsewhere(copy, memory)
    copy.snakemake("-f", MASKS)
    assert_same_masks(finished, copy, count)


def apart(script):
    """Words of a command in a mount namespace of its own, in which a shell first runs `script`."""
    words = ["unshare", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True).returncode:
        pytest.skip("mount namespaces are not to be had here")
    return [*words, "bash", "-c", f'set -e; {script}; exec "$@"', "bash"]


@pytest.mark.slow
def test_results_that_are_read_only(copy, count):
    words = apart(f"mount --bind {copy.path}/results {copy.path}/results; mount -o remount,bind,ro {copy.path}/results")
    for command in (["status", "tiny"], ["verify", "tiny"], ["inspect", MASKS]):
        done = copy.call(*words, "hdrpipe", *command)
        assert done.returncode == 0, done.stderr
        count("R40")
    done = copy.call(*words, *copy.command("-f", MASKS))
    assert done.returncode != 0
    assert "Write-protected output files" in done.stderr
    assert "Traceback" not in done.stderr
    count("R40")


@pytest.mark.slow
@pytest.mark.parametrize("size", ["40k", "400k"])
def test_a_disk_that_fills_goes_on_when_it_has_room(finished, copy, size, count):
    target = copy.path / "results" / "tiny" / "round-01"
    kept = copy.path / "kept"
    script = (
        f"mkdir {kept}; cp -a {target}/. {kept}; mount -t tmpfs -o size=2m tmpfs {target}; cp -a {kept}/. {target};"
    )
    script += f" rm {target}/masks*; mount -o remount,size=$(($(du -sk {target} | cut -f1) + {size[:-1]}))k {target}"
    done = copy.call(*apart(script), *copy.command("-f", MASKS))
    if size == "40k":
        assert done.returncode != 0
        assert "no space left" in done.stderr.lower()
        assert "Traceback" not in done.stderr
        shutil.rmtree(kept)
        copy.snakemake("-f", MASKS)
        assert_same_masks(finished, copy, count)
    else:
        assert done.returncode == 0, done.stderr[-2000:]
        count("R40")


@pytest.fixture
def limited(tmp_path):
    """A folder on a real disk of 512 MB, and a function that sets the disk quota of what is below it."""
    words = ("mkfs.btrfs", "btrfs", "mount", "umount", "losetup")
    if os.geteuid() != 0 or not all(map(shutil.which, words)):
        pytest.skip("needs root and btrfs-progs")
    image, disk = tmp_path / "disk.img", tmp_path / "disk"
    disk.mkdir()
    image.touch()
    os.truncate(image, 512 << 20)
    subprocess.run(["mkfs.btrfs", "-q", image], check=True, capture_output=True)
    if subprocess.run(["mount", "-o", "loop", image, disk], capture_output=True).returncode:
        pytest.skip("this kernel mounts no btrfs image")

    def btrfs(*words):
        subprocess.run(["btrfs", *map(str, words)], check=True, capture_output=True)

    try:
        if subprocess.run(["btrfs", "quota", "enable", disk], capture_output=True).returncode:
            pytest.skip("this kernel has no quotas of btrfs")
        btrfs("subvolume", "create", disk / "user")
        yield disk / "user", lambda size: btrfs("qgroup", "limit", size, "0/256", disk)  # of the first subvolume
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 64])
def test_a_disk_quota_that_is_used_up(finished, copy, limited, room, count):
    folder, limit = limited
    elsewhere(copy, folder / "results")
    taken = int(subprocess.check_output(["du", "-sk", folder]).split()[0])
    limit(f"{taken + room}k")
    done = copy.call(*copy.command("-f", MASKS))
    assert done.returncode != 0
    assert "Disk quota exceeded" in done.stderr
    assert "Traceback" not in done.stderr
    limit("100M")
    copy.snakemake("-f", MASKS)
    assert_same_masks(finished, copy, count)


@pytest.mark.slow
def test_without_shared_memory(finished, copy, count):
    """Trainings load with worker processes, which hand batches over in /dev/shm."""
    words = apart("mount -t tmpfs -o size=4k,mode=000 tmpfs /dev/shm")
    done = copy.call(*words, *copy.command("-f", "results/tiny/round-00/student.safetensors"))
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    assert done.returncode == 0, done.stderr[-3000:]
    count("R40")


def test_a_name_of_200_letters(finished, tmp_path, count):
    checkout = Checkout(shutil.copytree(finished.path, tmp_path / "copy"))
    run = "".join(random.Random(0).choices(string.ascii_letters, k=200))  # Snakemake refuses periodic ones
    manifest = f"results/{run}/scenes/manifest-00.json"
    checkout.snakemake(manifest, overlay={"run": run})
    assert checkout.plan(manifest, overlay={"run": run}) == {}
    assert (checkout.path / "results" / run / "scenes" / "test-00.h5").is_file()
    for words in (["status", run], ["verify", run]):
        assert checkout.call("hdrpipe", *words).returncode == 0
    count("R40")


@pytest.mark.parametrize("length", [201, 300])
def test_a_name_that_is_too_long_is_told_before_any_job(finished, length, count):
    printed = finished.snakemake("-n", overlay={"run": "x" * length}, fails=True)
    line = next(line for line in printed.splitlines() if "config:" in line)
    assert "run" in line
    assert "200" in line
    assert "Traceback" not in printed
    count("R40")


@pytest.mark.slow
def test_a_run_that_is_moved_in_mid_run(finished, tmp_path, count):
    """Its jobs go on where they are; the next call takes nothing of both for one."""
    checkout = Checkout(shutil.copytree(finished.path, tmp_path / "copy"))
    folder, moved = checkout.path / "results" / "tiny", checkout.path / "results" / "moved"
    run = checkout.start(*checkout.command("-f", MASKS))
    while not (folder / ".lock").exists():
        assert run.poll() is None, run.stdout.read()
        time.sleep(0.02)
    folder.rename(moved)
    printed, _ = run.communicate(timeout=300)
    assert "Traceback" not in printed, printed[-3000:]
    moved_masks = moved / "round-01" / "masks-00.h5"
    for path in (moved_masks, checkout.path / MASKS):
        assert not path.exists() or content(path) == content(finished.path / MASKS)
    count("R40")


@pytest.mark.slow
def test_a_run_of_another_user(finished, copy, count):
    """It is refused before any job; after a change of its owner it goes on. Root without its powers is such a user."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root gives files to others")
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    subprocess.run(["chown", "-R", "65534:65534", copy.path], check=True)
    for command in (copy.command("-f", MASKS), copy.command("-n")):
        done = copy.call(*powerless, *command)
        assert done.returncode != 0
        printed = done.stdout + done.stderr  # of a plan on standard output
        assert "Snakemake's records are another user's" in printed
        assert "Traceback" not in printed
        count("R40")
    assert copy.call(*powerless, "hdrpipe", "verify", "tiny").returncode == 0
    subprocess.run(["chown", "-R", "0:0", copy.path], check=True)
    done = copy.call(*powerless, *copy.command("-f", MASKS))
    assert done.returncode == 0, done.stderr[-3000:]
    assert_same_masks(finished, copy, count)
