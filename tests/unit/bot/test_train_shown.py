"""How far training is, where nobody sees a bar: a line a minute, and none of what takes less."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.cli.train_shown import EVERY, lines
from finetune.watch import Epoch


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: float = 1000.0
    said: list[str] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now


def test_a_long_training_says_each_minute_how_much_is_left() -> None:
    clock = Clock()
    watch, step = lines(None, clock.said.append, clock)
    step("Choosing tokens")
    clock.now += EVERY
    step("Encoding with the teacher: 640 of 6,400")
    step("Encoding with the teacher: 704 of 6,400")
    for done in range(1, 31):
        watch.step(done, 120, 0.5)
        clock.now += 5
    watch.epoch(Epoch(number=1, loss=0.5, score=0.75, seconds=150.0))
    assert clock.said == [
        "Encoding with the teacher: 640 of 6,400",
        "step 13 of 120, loss 0.500, about 9 min left",
        "step 25 of 120, loss 0.500, about 8 min left",
        "epoch 1: loss 0.5000, dev 0.7500, 150 s",
    ]


def test_a_run_that_goes_on_reckons_from_where_it_went_on() -> None:
    clock = Clock()
    watch, _ = lines(None, clock.said.append, clock)
    watch.step(1000, 1100, 0.5)
    clock.now += EVERY
    watch.step(1010, 1100, 0.5)
    assert clock.said == ["step 1,010 of 1,100, loss 0.500, about 9 min left"]


def test_a_short_training_says_what_its_epochs_came_to_and_no_more() -> None:
    clock = Clock()
    watch, step = lines(None, clock.said.append, clock)
    step("Reading")
    for done in range(1, 10):
        watch.step(done, 9, 0.5)
        clock.now += 5
    assert clock.said == []
