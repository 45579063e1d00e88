"""What ended the processes of one training is told by the one that began it."""

import json
import threading

import pytest
from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

from hdrpipe.cli import _job
from hdrpipe.cli._launch import ending
from hdrpipe.config.batch_share import Share
from hdrpipe.errors import Exit


@pytest.fixture
def failure(tmp_path):
    """A process that ended so, after it had said something or nothing."""

    def made(rank, code, message="", at=0):
        told = tmp_path / f"{rank}.json"
        if message:
            told.write_text(json.dumps({"message": message, "timestamp": at}))
        return ProcessFailure(local_rank=rank, pid=1, exitcode=code, error_file=str(told))

    return made


def test_a_fault_comes_before_what_it_stopped(failure):
    told = ending([failure(0, 75, "another process has ended", 1), failure(1, 3, "x.h5: gone", 2)], 2)
    assert (str(told), told.code) == ("x.h5: gone", Exit.INPUT)


def test_of_two_faults_the_first_is_told(failure):
    assert str(ending([failure(0, 6, "later", 9), failure(1, 3, "sooner", 8)], 2)) == "sooner"


def test_a_kill_comes_before_the_end_that_it_brought_to_others(failure):
    for other in (failure(1, -15), failure(1, 75, "another process has ended")):
        told = ending([failure(0, -9), other], 2)
        assert str(told) == "process 1 of 2 was ended by SIGKILL; run it again, it goes on from its saved state"
        assert told.code == Exit.STOPPED


def test_who_could_not_say_why_is_named(failure):
    for code in (1, 120):
        told = ending([failure(1, code)], 2)
        assert str(told) == f"process 2 of 2 ended with exit code {code}; see its messages above"
        assert told.code == Exit.BUG


def test_the_others_wait_until_the_log_of_the_first_has_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(_job, "share", lambda: Share(1, 2))
    begun = tmp_path / "begun"
    waiting = threading.Thread(target=_job._wait_for_leader, args=(begun,), daemon=True)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    monkeypatch.setattr(_job, "share", lambda: Share(0, 2))
    _job._wait_for_leader(begun)
    waiting.join(5)
    assert not waiting.is_alive()
