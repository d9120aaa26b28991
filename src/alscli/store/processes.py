"""Several processes for many files: each works on chunks of them, and this one collects in order."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

T = TypeVar("T")
U = TypeVar("U")

MANY = 400
"""Items from which on several processes are worth their start."""
AHEAD = 4
"""Chunks for each process that wait to be worked on or to be collected: what bounds the memory."""


def spread(work: Callable[[Sequence[T]], U], items: Sequence[T], most: int) -> Iterator[U]:
    """What `work` makes of each chunk of the items, `most` at a time, in order.

    Where the items are many and there are processors, by processes of their own; `work` must then be a
    function of a module, or a `partial` of one. Where the system has no more processes, here.
    """
    workers = min(os.cpu_count() or 1, 8)
    several = workers > 1 and len(items) >= MANY
    size = min(most, -(-len(items) // (workers * 4))) if several else most
    chunks = [items[at : at + size] for at in range(0, len(items), size)]
    done = 0
    if several:
        with suppress(OSError, BrokenProcessPool):  # without shared memory, or too little of it
            for made in _spread(work, chunks, workers):
                done += 1
                yield made
    for chunk in chunks[done:]:
        yield work(chunk)


def _spread(work: Callable[[Sequence[T]], U], chunks: Sequence[Sequence[T]], workers: int) -> Iterator[U]:
    pool = ProcessPoolExecutor(workers, mp_context=_context(), initializer=_begin, initargs=(work,))
    waiting = iter(chunks)
    running: deque[Future[U]] = deque()
    try:
        running.extend(pool.submit(_made, chunk) for chunk in islice(waiting, workers * AHEAD))
        while running:
            made = running.popleft().result()
            running.extend(pool.submit(_made, chunk) for chunk in islice(waiting, 1))
            yield made
    finally:
        pool.shutdown(cancel_futures=True)


def _context() -> BaseContext:
    """A copy of this process is ready at once, but waits for ever on a lock that another thread held."""
    if sys.platform == "linux" and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


# -- in a process of its own --------------------------------------------------------------------------

_work: Callable[[Sequence[Any]], Any]


def _begin(work: Callable[[Sequence[Any]], Any]) -> None:
    """Take the work; leave Ctrl-C to the process that asked, and end when that has ended."""
    global _work
    _work = work  # handed over once, not with every chunk
    gc.disable()  # records hold no cycles
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        wait([parent.sentinel])
        os._exit(1)


def _made(chunk: Sequence[Any]) -> Any:
    return _work(chunk)
