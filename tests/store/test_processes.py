"""Work that is spread over processes gives what one process would give, in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from pathlib import Path

import pytest

from alscli.store import processes
from alscli.store.processes import spread

ITEMS = range(40)


def doubled(chunk: Sequence[int]) -> list[tuple[int, int]]:
    return [(2 * item, os.getpid()) for item in chunk]


def refused(chunk: Sequence[int]) -> list[int]:
    raise LookupError(chunk[0])


def killed_elsewhere(chunk: Sequence[int]) -> list[tuple[int, int]]:
    if processes.multiprocessing.parent_process() is not None and 7 in chunk:
        os._exit(9)
    return doubled(chunk)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two items are many, and there are several processors."""
    monkeypatch.setattr(processes, "MANY", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)


def test_few_items_stay_here() -> None:
    assert list(spread(doubled, ITEMS, 7)) == [doubled(ITEMS[at : at + 7]) for at in range(0, 40, 7)]
    assert list(spread(doubled, [], 7)) == []


@pytest.mark.usefixtures("many")
def test_many_items_are_worked_on_elsewhere_and_come_back_in_order() -> None:
    found = list(chain.from_iterable(spread(doubled, ITEMS, 3)))
    assert [value for value, _ in found] == [2 * item for item in ITEMS]
    assert os.getpid() not in {worker for _, worker in found}


@pytest.mark.usefixtures("many")
def test_beside_another_thread_nothing_is_copied() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        assert processes._context().get_start_method() == "spawn"
    finally:
        over.set()
        thread.join()


@pytest.mark.usefixtures("many")
def test_what_goes_wrong_with_a_chunk_is_raised_here() -> None:
    with pytest.raises(LookupError, match="0"):
        list(spread(refused, ITEMS, 3))


@pytest.mark.usefixtures("many")
def test_what_a_killed_process_did_not_do_is_done_here_and_nothing_twice() -> None:
    found = list(chain.from_iterable(spread(killed_elsewhere, ITEMS, 3)))
    assert [value for value, _ in found] == [2 * item for item in ITEMS]


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("error", [OSError(38, "no semaphores"), BrokenProcessPool("killed")])
def test_where_there_can_be_no_more_processes(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_workers: int, **_: object) -> None:
        raise error

    monkeypatch.setattr(processes, "ProcessPoolExecutor", refuse)
    assert list(chain.from_iterable(spread(doubled, ITEMS, 3))) == doubled(ITEMS)


@pytest.mark.usefixtures("many")
def test_who_takes_less_ends_the_processes() -> None:
    some = spread(doubled, ITEMS, 1)
    workers = {worker for found in islice(some, 5) for _, worker in found}
    some.close()  # type: ignore[attr-defined]
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_processes_end_with_the_one_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); os.cpu_count = lambda: 3\n"
        "from alscli.store import processes; from test_processes import doubled\n"
        "processes.MANY = 2\n"
        "some = processes.spread(doubled, range(40), 1)\n"
        "print(*{pid for _ in range(9) for _, pid in next(some)}, flush=True)\n"
        "sys.stdin.read()\n"
    )
    here = str(Path(__file__).parent)
    with subprocess.Popen(
        [sys.executable, "-c", code, here], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        assert process.stdout.read() == b""  # which ends when the last that could write has ended
