"""The one training loop: every kind and every method goes through it.

A run that was killed goes on from its last checkpoint and, on a processor, ends where it would have ended: the order of
the rows depends on seed and epoch alone, and the states of the optimiser and of the random numbers are kept.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from safetensors.torch import load_file, save
from torch import Tensor, nn

from finetune.adversary import Adversary
from finetune.errors import RecipeError
from finetune.network import Batch, Network
from finetune.recipe import Recipe
from finetune.watch import Epoch, History, Watch
from retrieval.disk import replace_file

#: Batches that are sorted together where a task says no other number.
POOL = 32

#: Steps between two checkpoints within an epoch.
CHECKPOINT_EVERY = 100

#: The gradient of a step is cut down to this length.
MAX_GRADIENT = 1.0


class Task(Protocol):
    """What a kind brings to the loop."""

    @property
    def order(self) -> Sequence[int]:
        """A number for each training row, such as its length: a batch is of rows whose numbers are near each other."""
        ...

    @property
    def pool(self) -> int:
        """Batches that are sorted by ``order`` at a time, while which comes when stays random."""
        ...

    def batch(self, rows: Sequence[int], random: np.random.Generator) -> Batch:
        """Return training rows as tensors; ``random`` decides what augmentation does."""
        ...

    def loss(self, network: nn.Module, batch: Batch, rdrop: float) -> Tensor:
        """Return what is to become small; ``rdrop`` weighs the distance between two passes (0: one pass)."""
        ...

    def score(self, network: Network) -> float:
        """Return how good the network is on dev; higher is better."""
        ...


@dataclass(kw_only=True, slots=True)
class _Place:
    """How far a run is."""

    epoch: int = 0
    #: Steps done in all, and in this epoch.
    steps: int = 0
    within: int = 0
    #: Sum of the losses in this epoch, and the seconds it took so far.
    loss: float = 0.0
    seconds: float = 0.0


def train(network: Network, task: Task, recipe: Recipe, folder: Path, watch: Watch | None = None) -> History:
    """Train ``network`` and leave it with the weights that were best on dev; return how it went.

    ``folder`` keeps checkpoint and best weights; a run that finds its own there goes on.
    """
    return _Run(network, task, recipe, folder, watch or Watch()).run()


def steps_of(rows: int, recipe: Recipe) -> int:
    """Return how many steps a run over ``rows`` takes, if it is not stopped early."""
    return math.ceil(rows / recipe.batch) * recipe.epochs


def trained(network: nn.Module) -> dict[str, Tensor]:
    """Return copies of the weights that learn, by name."""
    return {name: p.detach().cpu().clone() for name, p in network.named_parameters() if p.requires_grad}


def restore(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Put ``weights`` into the parameters of the same names."""
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for name, weight in weights.items():
            parameters[name].copy_(weight)


class _Run:
    def __init__(self, network: Network, task: Task, recipe: Recipe, folder: Path, watch: Watch) -> None:
        self._network, self._task, self._recipe, self._folder, self._watch = network, task, recipe, folder, watch
        self._accelerator = Accelerator(mixed_precision=_precision())
        network.to(self._accelerator.device)
        torch.manual_seed(recipe.seed)
        self._optimizer = torch.optim.AdamW(_groups(network, recipe), lr=recipe.peak_rate, fused=True)
        self._total = steps_of(len(task.order), recipe)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, _rate(recipe, self._total))
        self._model, self._prepared = self._accelerator.prepare(network, self._optimizer)
        self._place, self._history = _Place(), History()
        self._adversary = Adversary(network.encoder, recipe.adversarial) if recipe.adversarial else None

    def run(self) -> History:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._resume()
        recipe = self._recipe
        while self._place.epoch < recipe.epochs and not self._stalled():
            self._epoch()
        self._accelerator.wait_for_everyone()
        if self._history.epochs:
            restore(self._network, load_file(self._folder / "best.safetensors"))
        self._accelerator.wait_for_everyone()  # the main process may remove the folder as soon as it goes on
        self._network.eval()
        return self._history

    def _stalled(self) -> bool:
        return len(self._history.epochs) - 1 - self._history.best >= self._recipe.patience

    def _epoch(self) -> None:
        place, start = self._place, time.perf_counter()
        before = place.seconds
        batches = list(_batches(self._task.order, self._task.pool, self._recipe, place.epoch))
        self._model.train()
        for number in range(place.within, len(batches)):
            random = np.random.default_rng((self._recipe.seed, place.epoch, number))
            loss = self._step(batches[number], random)
            place.loss += loss
            place.within, place.steps = number + 1, place.steps + 1
            self._note(loss)
            if place.within % CHECKPOINT_EVERY == 0 and place.within < len(batches):
                place.seconds = before + time.perf_counter() - start
                self._save()
        if not math.isfinite(place.loss):
            raise RecipeError(
                f"Training lost its way in epoch {place.epoch + 1}: the loss is no number any more. "
                f"Give it a lower rate, such as --set learning_rate={self._recipe.peak_rate / 10:g}."
            )
        # All processes must stop after the same epoch: what the main one measured counts.
        (score,) = broadcast_object_list([self._task.score(self._network)])
        epoch = Epoch(
            number=place.epoch + 1,
            loss=place.loss / max(len(batches), 1),
            score=score,
            seconds=before + time.perf_counter() - start,
        )
        self._history.epochs.append(epoch)
        if self._history.best == len(self._history.epochs) - 1 and self._accelerator.is_main_process:
            replace_file(self._folder / "best.safetensors", save(trained(self._network)))
        self._place = _Place(epoch=place.epoch + 1, steps=place.steps)
        self._save()
        self._watch.epoch(epoch)

    def _step(self, rows: Sequence[int], random: np.random.Generator) -> float:
        accelerator, recipe = self._accelerator, self._recipe
        # Every process takes part in every step: where there are fewer rows than processes, some take the first too.
        mine = rows[accelerator.process_index :: accelerator.num_processes] or rows[:1]
        total = 0.0
        for part in np.array_split(np.asarray(mine), min(recipe.accumulate, len(mine))):
            batch = self._task.batch(part.tolist(), random).to(accelerator.device)
            share = len(part) / len(mine)
            loss = self._task.loss(self._model, batch, recipe.rdrop) * share
            accelerator.backward(loss)
            total += float(loss.detach())
            if self._adversary:
                with self._adversary.step():
                    accelerator.backward(self._task.loss(self._model, batch, 0.0) * share)
        accelerator.clip_grad_norm_([p for p in self._network.parameters() if p.requires_grad], MAX_GRADIENT)
        self._prepared.step()
        self._schedule.step()
        allocate = getattr(getattr(self._network.encoder, "base_model", None), "update_and_allocate", None)
        if allocate is not None:  # AdaLoRA moves rank to where it helps, by the gradients of this step
            allocate(self._place.steps)
        self._prepared.zero_grad()
        return total

    def _note(self, loss: float) -> None:
        place, every = self._place, max(self._total // 100, 1)
        losses = self._history.losses
        if place.steps % every == 0 or not losses:
            losses.append((place.steps, loss))
        self._watch.step(place.steps, self._total, loss)

    # --- checkpoints ---------------------------------------------------------------------------------------------

    def _save(self) -> None:
        if not self._accelerator.is_main_process:
            return
        state = {
            "weights": trained(self._network),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "random": torch.get_rng_state(),
            "place": asdict(self._place),
            "epochs": [asdict(epoch) for epoch in self._history.epochs],
            "losses": self._history.losses,
        }
        content = io.BytesIO()
        torch.save(state, content)
        replace_file(self._folder / "checkpoint.pt", content.getbuffer())

    def _resume(self) -> None:
        path = self._folder / "checkpoint.pt"
        if not path.is_file():
            return
        state: dict[str, Any] = torch.load(path, weights_only=True)
        restore(self._network, state["weights"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        self._place = _Place(**state["place"])
        self._history = History(
            epochs=[Epoch(**epoch) for epoch in state["epochs"]], losses=[tuple(pair) for pair in state["losses"]]
        )


def _precision() -> str:
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return "no"


def _groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the parameters by rate and decay: biases and norms are not drawn to zero."""
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((recipe.rate_of(name), parameter.ndim > 1), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "weight_decay": recipe.decay if decays else 0.0}
        for (rate, decays), parameters in groups.items()
    ]


def _rate(recipe: Recipe, total: int) -> Callable[[int], float]:
    """Return the share of the peak rate that a step learns with."""
    rising = recipe.warmup * total

    def share(step: int) -> float:
        if step < rising:
            return (step + 1) / (rising + 1)
        left = max(total - step, 0) / max(total - rising, 1)
        match recipe.schedule:
            case "linear":
                return left
            case "cosine":
                return 0.5 - 0.5 * math.cos(math.pi * left)
        return 1.0

    return share


def _batches(order: Sequence[int], pooled: int, recipe: Recipe, epoch: int) -> Iterator[list[int]]:
    """Yield the rows of each batch of an epoch: random, but those that are near each other in ``order`` together."""
    random = np.random.default_rng((recipe.seed, epoch))
    rows = random.permutation(len(order))
    size = recipe.batch * pooled
    batches = []
    for start in range(0, len(rows), size):
        pool = sorted(rows[start : start + size].tolist(), key=order.__getitem__)
        batches += [pool[i : i + recipe.batch] for i in range(0, len(pool), recipe.batch)]
    for place in random.permutation(len(batches)).tolist():
        yield batches[place]
