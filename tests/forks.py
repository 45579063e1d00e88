"""`snakemake` and `hdrpipe` without their start: calls are forks of a process that has imported their libraries.

A start with torch takes two seconds of a core, one of Snakemake one, and the tests of the workflow make hundreds. A
fork runs `main` of the command with the caller's arguments, folder, variables and open files. hdrpipe itself is
imported in the fork, so that edits and copies of the package count. Not for tests of kills, signals, starts and
installations, nor for the versions in provenance, which names what is imported.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

LIBRARIES = (
    "snakemake.cli",
    "snakemake_interface_executor_plugins.registry",
    "torch",
    "torch.utils.data",
    "h5py",
    "cv2",
    "pandas",
    "scipy.ndimage",
    "scipy.stats",
    "skimage.metrics",
    "safetensors.torch",
    "matplotlib.figure",
    "pydantic",
    "typer.rich_utils",
    "jinja2",
    "psutil",
    "tifffile",
    "PIL.Image",
    "OpenEXR",
)

CLIENT = """#!{python} -ISB
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
request = json.dumps([os.path.basename(sys.argv[0]), sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
server.sendall(request)
code = server.recv(1)
os._exit(code[0] if code else 70)
"""


def supported() -> bool:
    """True where a process can be waited for beside a socket: on Linux, unless a sandbox forbids it."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


SUPPORTED = supported()


@functools.cache
def commands() -> Path:
    """Folder of the two commands, for the front of PATH; their server ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="forks-"))
    path = folder / "socket"
    for name in ("snakemake", "hdrpipe"):
        (folder / name).write_text(CLIENT.format(python=sys.executable, path=str(path)))
        (folder / name).chmod(0o755)
    pipe = subprocess.PIPE
    server = subprocess.Popen([sys.executable, __file__, path], stdin=pipe, stdout=pipe, start_new_session=True)
    assert server.stdout.readline() == b"ready\n"
    atexit.register(end, server, folder)
    return folder


def end(server: subprocess.Popen, folder: Path) -> None:
    """End the server and remove its folder."""
    server.stdin.close()
    server.wait()
    shutil.rmtree(folder)


def serve(path: str) -> None:
    """Answer calls until standard input ends."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()  # or every collection of a fork would copy what they share
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that answer
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in readable:
            return
        caller, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            answer(caller)
        caller.close()


def answer(caller: socket.socket) -> None:
    """Run one command in a fork, and end with it or with the caller."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, files, _, _ = socket.recv_fds(caller, 4, 3)
    with caller.makefile("rb") as stream:
        name, words, folder, variables = json.loads(stream.read(int.from_bytes(size, "big")))
    command = os.fork()
    if command == 0:
        caller.close()
        run(name, words, folder, variables, files)
    ended = os.pidfd_open(command)
    readable, _, _ = select.select([ended, caller], [], [])
    if ended not in readable:
        os.kill(command, signal.SIGTERM)
    _, status = os.waitpid(command, 0)
    code = os.waitstatus_to_exitcode(status)
    with contextlib.suppress(OSError):
        caller.sendall(bytes([code if code >= 0 else 128 - code]))
    os._exit(0)


def run(name, words, folder, variables, files) -> None:
    """What the command's script would do, in a process made to look like a fresh one."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    if "HDRPIPE_PARENT" in variables:
        os.environ["HDRPIPE_PARENT"] = str(os.getppid())
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False, buffering=1, errors="backslashreplace")
    sys.argv = [name, *words]
    sys.path[:0] = [entry for entry in variables.get("PYTHONPATH", "").split(os.pathsep) if entry]
    random.seed()
    code = None
    try:
        code = importlib.import_module({"snakemake": "snakemake.cli", "hdrpipe": "hdrpipe.cli"}[name]).main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    finish(code)


def finish(code: object) -> None:
    """The end of an interpreter without taking its modules down, which would copy all that forks share."""
    if isinstance(code, str):
        print(code, file=sys.stderr)
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    serve(sys.argv[1])
