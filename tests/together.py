"""Processes that share one training, as torchrun starts them: fresh interpreters, which need no fork of threads."""

import multiprocessing
import os
import socket
import traceback
from concurrent.futures import ProcessPoolExecutor

from hdrpipe.config.batch_share import LAUNCHED


class Together:
    """`size` processes that wait for work; each has its own pool, so that every one gets its part.

    Work is a function of a module, or a `functools.partial` of one: it travels by its name.
    """

    def __init__(self, size=2):
        fresh = multiprocessing.get_context("spawn")
        self.pools = [ProcessPoolExecutor(1, mp_context=fresh) for _ in range(size)]

    def __call__(self, work, size=2):
        """What `work()` gives, or the exception that it ends with, in each of `size` processes of a group."""
        with socket.create_server(("localhost", 0)) as taken:
            port = taken.getsockname()[1]
        waiting = [self.pools[rank].submit(_work, work, rank, size, port) for rank in range(size)]
        return [found.result(timeout=120) for found in waiting]

    def close(self):
        for pool in self.pools:
            pool.shutdown()


def _work(work, rank, size, port):
    about = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size, "MASTER_PORT": port}
    os.environ |= {LAUNCHED: "test", "MASTER_ADDR": "localhost", **{name: str(value) for name, value in about.items()}}
    try:
        return work()
    except BaseException as error:
        traceback.print_exc()
        return error
