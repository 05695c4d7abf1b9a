"""`kefu train generator`: a language model that answers from passages, adapted on historical questions and answers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.aside import aside
from bot.cli.common import ConfigOption, JsonOption, StateOption, print_json, settings_from
from bot.cli.train_options import (
    HELPS,
    DevOption,
    EpochsOption,
    SetOption,
    check_files,
    lend_a_hand,
    recipe_values,
)
from bot.cli.train_shown import shown, tell
from bot.errors import UsageError
from retrieval.errors import MissingExtraError

if TYPE_CHECKING:
    from finetune.generator.figures import Written
    from finetune.generator.prompt import Messages, Prompt
    from finetune.watch import Watch
    from retrieval.types import Passage


def generator(
    data: Annotated[
        list[Path],
        typer.Option("--data", metavar="FILE", help="Pairs to learn from, as kefu pairs writes them; repeat it."),
    ],
    backbone: Annotated[
        str, typer.Option("--backbone", metavar="NAME", help="A causal language model: a folder or a hub name.")
    ],
    dev: DevOption = None,
    test: Annotated[
        Path | None,
        typer.Option("--test", metavar="FILE", help="Pairs that decide nothing, to report and to promote by."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Where artefacts go. Default: models in the state folder."),
    ] = None,
    method: Annotated[
        str, typer.Option("--method", metavar="M", help="lora, adalora, ia3, bitfit, top-K or full.")
    ] = "lora",
    epochs: EpochsOption = None,
    options: SetOption = None,
    promote: Annotated[
        bool,
        typer.Option("--promote", help="Put it into use if it is better than quoting and what is, on the test pairs."),
    ] = False,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Adapt a language model to answer from passages, as your people did."""
    check_files("--data", data, dev, test)
    if promote and test is None:
        raise UsageError("--promote needs --test: pairs that neither the old nor the new artefact learned from.")
    if out is not None:
        from finetune.place import check_writable

        check_writable(out)
    models = out or settings_from(config, None, state).state.folder / "models"
    # A bot that is started in another folder has to find it too.
    lies_at = str(Path(backbone).absolute()) if Path(backbone).is_dir() else backbone
    values = recipe_values("generator", method, lies_at, epochs, options)
    files = {"train": tuple(data), "dev": dev, "test": test}
    if HELPS:
        aside(lambda: lend_a_hand(lambda: _adapt(values, files, models))).result()
        return
    with shown(None, None) as (watch, step):
        result = aside(lambda: _adapt(values, files, models, watch, step, promote=promote)).result()
    if json_output:
        print_json(result)
    else:
        tell(result)
    if promote and not result["promoted"]:
        raise typer.Exit(1)


def _adapt(
    values: dict[str, Any],
    files: dict[str, Any],
    models: Path,
    watch: Watch | None = None,
    step: Callable[[str], None] = lambda text: None,
    *,
    promote: bool = False,
) -> dict[str, Any]:
    from finetune.recipe import Recipe

    recipe = Recipe.of(**values)
    step("Loading torch")
    try:
        from finetune.generator import gate
        from finetune.generator.pairs import Pairs
        from finetune.generator.run import adapt
        from finetune.run import Data
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train") from error
    data = Data(**files)
    if promote:  # what could not pass is told now and not in hours
        gate.check(data.read(Pairs()).test, files["test"])
    work = models / recipe.kind.value / f"work-{data.key(recipe)}"
    trained = adapt(recipe, data, models, work, prompt=as_served(), judge=judged, watch=watch, step=step)
    shutil.rmtree(work, ignore_errors=True)
    result: dict[str, Any] = {
        "folder": str(trained.folder),
        "version": trained.folder.name,
        "report": str(trained.report),
        "recipe": recipe.model_dump(mode="json"),
        "metrics": trained.metrics,
    }
    if promote:
        findings = gate.promote(recipe, data, models, trained.folder, prompt=as_served(), judge=judged, step=step)
        result["findings"] = [{"name": f.name, "passed": f.passed, "why": f.why} for f in findings]
        result["promoted"] = all(finding.passed for finding in findings)
    return result


def as_served() -> Prompt:
    """Return how the bot asks a generator."""
    from bot.generator.prompt import NONE, messages
    from finetune.generator.prompt import Prompt

    def asked(question: str, passages: Sequence[Passage], language: str) -> Messages:
        return messages(question, passages, language if language == "zh" else "en")  # the bot speaks these two

    return Prompt(messages=asked, declining={"en": NONE})


def judged(made: Sequence[Written]) -> Mapping[str, Sequence[float]]:
    """Return how near answers come to those of people, how far they are supported, and whether they would be sent.

    ``supported`` is the share of sentences that the evidence lock passes, 0 for a text that states nothing;
    ``chrf_served`` is of what the customer would get, which is the entry where the text is not ``sent``.
    """
    from bot.evaluation.measures.texts import chrf, rouge_l
    from bot.generator.served import replies
    from bot.lock import Evidence, checked
    from bot.types import Author

    texts, wanted = [one.text for one in made], [one.example.wanted for one in made]
    supported = []
    for one in made:
        passages = [(p.id, f"{p.question}\n{p.answer}") for p in one.example.passages]
        sentences = checked(one.text, Evidence.of(passages))
        carried = any(s.passages for s in sentences)  # or it states nothing, and so nothing that is supported
        supported.append(sum(s.supported for s in sentences) / len(sentences) if carried else 0.0)
    served = replies(texts, [one.example.pair.passages for one in made], [one.example.pair.language for one in made])
    return {
        "chrf": chrf(texts, wanted),
        "rouge_l": rouge_l(texts, wanted),
        "supported": supported,
        "sent": [float(reply.writing.by is Author.GENERATOR) for reply in served],
        "chrf_served": chrf([reply.text for reply in served], wanted),
    }
