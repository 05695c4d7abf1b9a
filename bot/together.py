"""Blocking work for the event loop, in threads: what comes while all of them work is done together in the next go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Generic, TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")


def runs(items: Sequence[tuple[T, R]]) -> Iterator[tuple[T, list[R]]]:
    """Yield what stands first in ``items``, with what stands beside it, once for each run of the same one."""
    for _, run in groupby(items, key=lambda item: id(item[0])):
        same = list(run)
        yield same[0][0], [beside for _, beside in same]


class Together(Generic[T, R]):
    """Runs a function of many items, such as a search for many questions; each caller gets the results of its own."""

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], *, name: str, most: int, side_by_side: int) -> None:
        """``work`` gets up to ``most`` items at a time, in up to ``side_by_side`` threads; ``name`` is of its tasks."""
        self._work = work
        self._name = name
        self._most = most
        self._side_by_side = side_by_side
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, items: Sequence[T]) -> list[R]:
        """Return the result of each of ``items``; raises what the work raised."""
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[R]] = [loop.create_future() for _ in items]
        self._waiting.extend(zip(items, futures, strict=True))
        if len(self._running) < self._side_by_side:
            self._running.add(asyncio.create_task(self._run(), name=self._name))
        return list(await asyncio.gather(*futures))

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._do(batch)
        finally:
            # Not in a callback: that comes a moment after the end, and an item given between would wait for ever.
            self._running.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _do(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await asyncio.to_thread(self._work, [item for item, _ in batch])
        except Exception as error:  # whatever it is, it belongs to those who wait for it
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
