"""python -m core train: one run, printed as it happens."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from core.commandline.parts import add_cell, add_json, add_method, at_rates, number, placement, whole, widths
from core.dropout.methods import method
from core.dropout.placement import Placement
from core.errors import Invalid
from core.experiment import DEVICES, ENGINES, THREADS, Experiment, build, check_whole
from core.language import N_, _
from core.recipes import RECIPES, Recipe, recipe
from core.recipes import experiment as of_recipe
from core.results.lines import aligned
from core.tasks import TASKS, task
from core.tasks.metrics import METRICS
from core.tasks.task import TEMPERATURE, Option, Value
from core.tasks.windows import data_of

HELP = N_("train a small network and report its losses")
DEFAULT = "language-model"  # the task, where none is named
LONGEST = 12  # characters of a class's name in a table
SEEDS = ("data_seed", "weight_seed", "mask_seed")
# Events that are printed as they come.
SAID = {
    "averaging": N_("update {update}: the validation loss no longer falls; from now on the mean of the weights is evaluated"),
    "unsaved": N_("update {update}: {reason}"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--recipe", metavar="NAME", help=_("a published set-up: {all}").format(all=", ".join(RECIPES)))
    parser.add_argument(
        "--scale", type=number, metavar="X", help=_("the recipe in small: 0.1 is a tenth of its widths and updates")
    )
    parser.add_argument("--task", metavar="NAME", help=_("one of {all}").format(all=", ".join(TASKS)))
    parser.add_argument("--option", nargs="+", action="extend", default=[], metavar="key=value", help=_("settings of the task"))
    add_method(parser, required=False)
    parser.add_argument(
        "--rate",
        nargs="+",
        action="extend",
        metavar="P|site=P",
        help=_("in [0, 1); one, or by site; site=P~sequence~batch~test~gaussian~ramp,300 says how it drops as well"),
    )
    add_cell(parser)
    for name, letter in (("layers", "L"), ("embedding", "E"), ("batch", "B"), ("steps", "T")):
        parser.add_argument(f"--{name}", type=whole, metavar=letter)
    parser.add_argument("--hidden", type=widths, metavar="H[,H...]")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--updates", type=whole, metavar="N")
    length.add_argument("--epochs", type=whole, metavar="N")
    parser.add_argument("--learning-rate", type=number, metavar="X")
    parser.add_argument("--seed", type=whole, metavar="S", help=_("sets all three seeds"))
    for seed in SEEDS:
        parser.add_argument(f"--{seed.replace('_', '-')}", type=whole, metavar="S")
    parser.add_argument("--device", choices=DEVICES)
    parser.add_argument("--engine", choices=ENGINES)
    # With one, sums are in the order of the app's workers, and runs side by side do not wait for each other's threads.
    parser.add_argument("--threads", type=whole, default=1, metavar="N", help=_("of torch; 1 if left out, as in the app"))
    parser.add_argument("--checkpoint", type=Path, metavar="PATH", help=_("go on from this file, and write the run down in it"))
    parser.add_argument("--checkpoint-every", type=whole, metavar="N", help=_("after so many updates; 100, if left out"))
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Trains to the end. Returns 1 where the run failed."""
    chosen = experiment(args)
    check_whole("threads", args.threads, THREADS)
    from core.checkpoint import EVERY, Checkpoint  # here, so that no other command waits for torch
    from core.training import prepare, train

    checkpoint = Checkpoint(args.checkpoint, _given(args.checkpoint_every, EVERY)) if args.checkpoint else None
    prepare(args.threads)
    events = train(chosen, checkpoint=checkpoint)
    return _print_json(events) if args.json else _print_text(events, chosen)


def experiment(args: argparse.Namespace) -> Experiment:
    """The experiment that the arguments describe. Raises Invalid."""
    plain = (
        "cell",
        "layers",
        "embedding",
        "batch",
        "steps",
        "hidden",
        "updates",
        "epochs",
        "learning_rate",
        "device",
        "engine",
    )
    given: dict[str, Any] = {name: getattr(args, name) for name in plain if getattr(args, name) is not None}
    for seed in SEEDS:
        value = getattr(args, seed) if getattr(args, seed) is not None else args.seed
        given |= {} if value is None else {seed: value}
    _check_recipe(args)
    row = recipe(args.recipe) if args.recipe else None
    name = row.task if row else args.task or DEFAULT
    if args.method or args.rate:
        given |= _dropping(args, row, name)
    options = dict(_option(pair, task(name).options) for pair in args.option)
    built = of_recipe(row, _given(args.scale, 1.0), options, **given) if row else build(name, options, **given)
    _check_words(built, given.get("placement", built.placement), args.rate or ())
    return built


def _dropping(args: argparse.Namespace, row: Recipe | None, name: str) -> dict[str, Any]:
    """Where it drops, as --method and --rate say; a recipe's own sites, or the usual ones of the task's method, without the
    former."""
    if row and not args.method:
        return {"placement": at_rates(row.fields["placement"], args.rate, args.cell)}
    usual = args.method or build(name).method or "none"
    return {"placement": placement(usual, args.rate, args.cell), "monte_carlo": method(usual).monte_carlo}


def _check_recipe(args: argparse.Namespace) -> None:
    """Raises Invalid for what goes only with a recipe, or only without one."""
    if args.recipe and args.task:
        raise Invalid(_("A recipe brings its own task: leave --task out."), "task")
    if not args.recipe and args.scale is not None:
        raise Invalid(_("--scale is that of a recipe: name one with --recipe."), "scale")
    if args.checkpoint_every is not None and not args.checkpoint:
        raise Invalid(_("--checkpoint-every says how often --checkpoint is written: name a file with that."), "checkpoint")


def _given(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _option(pair: str, options: Sequence[Option]) -> tuple[str, Value]:
    name, equals, value = pair.partition("=")
    known = {option.name: option for option in options}
    if not equals:
        raise Invalid(_("--option takes key=value; “{pair}” is not that.").format(pair=pair))
    return name, known[name].read(value) if name in known else value


def _check_words(built: Experiment, asked: Placement, rates: Sequence[str]) -> None:
    """Raises Invalid where words shall be dropped, and nothing else, or by name, of a task that has none."""
    only = {site.name for site, _dropout in asked} == {"words"}
    if not built.words and (only or any(rate.startswith("words=") for rate in rates)):
        raise Invalid(_("The task “{task}” reads numbers: it has no words to drop.").format(task=built.task), "words")


def _print_json(events: Iterator[dict[str, Any]]) -> int:
    last = ""
    for event in events:
        last = event["event"]
        print(json.dumps(event), flush=True)
    return int(last == "failed")


def _print_text(events: Iterator[dict[str, Any]], chosen: Experiment) -> int:
    started = next(events)
    if "resumed" in started:
        print(_("goes on after update {resumed}").format(**started), flush=True)
    print(_("{parameters} parameters, {updates} updates on {device}").format(**started), flush=True)
    wrote = ""
    with tqdm(total=started["updates"], unit=_("update"), file=sys.stderr, leave=False) as bar:
        for event in events:
            if event["event"] == "record":
                bar.update(event["update"] - bar.n)
                wrote = event.get("written", wrote)
                if event["val"]:
                    bar.write(_evaluation(event), file=sys.stdout)
            elif event["event"] in SAID:
                bar.write(_(SAID[event["event"]]).format(**event), file=sys.stdout)
            elif event["event"] in ("done", "failed"):
                last = event
    if wrote:
        print(_("written at temperature {t}: {text}").format(t=TEMPERATURE, text=json.dumps(wrote, ensure_ascii=False)))
    if "test_confusion" in last:
        print(*_matrix(last["test_confusion"], data_of(chosen).class_names), sep="\n")
    print(_summary(last, started, _(task(chosen.task).baseline)))
    return int(last["event"] == "failed")


def _matrix(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Iterator[str]:
    """Which class was taken for which in the test part."""
    names = [name[:LONGEST] for name in classes]
    yield _("test part: a row for each right class, a column for each answer")
    yield from aligned(["", *names], ([name, *map(str, row)] for name, row in zip(names, counts, strict=True)))


def _evaluation(record: dict[str, Any]) -> str:
    masked = _("not yet") if record["train_loss"] is None else f"{record['train_loss']:.3f}"
    return _("epoch {epoch:5.1f}  train masked {masked}  clean {clean:.3f}  validation {val:.3f}  {metrics}").format(
        epoch=record["epoch"], masked=masked, clean=record["train_loss_clean"], val=record["val_loss"],
        metrics=_named(record["val"]))  # fmt: skip


def _summary(last: dict[str, Any], started: dict[str, Any], baseline: str) -> str:
    if last["event"] == "failed":
        return str(last["reason"])
    row, best = METRICS[started["metric"]], last["best"]["val_loss"]
    what, value = (_(row.label), row.of_loss(best)) if row.of_loss else (_("validation loss"), best)
    return _("test {test} ({baseline}: {without}); best {what} {best:.4g} at update {at}; {seconds} s").format(
        test=_named({name: last["test"][name] for name in last["baselines"]}), baseline=baseline,
        without=_named(last["baselines"]), what=what, best=value, at=last["best"]["update"],
        seconds=last["seconds"])  # fmt: skip


def _named(metrics: dict[str, float]) -> str:
    return ", ".join(f"{_(METRICS[name].label)} {value:.4g}" for name, value in metrics.items())
