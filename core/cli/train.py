"""python -m core train: one run, printed as it happens."""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import Any

from core.cli.arguments import add_cell, add_json, add_method, at_rates, number, placement, whole, widths
from core.cli.progress import print_text
from core.dropout.methods import method
from core.dropout.placement import Placement
from core.errors import Invalid
from core.experiment.experiment import (
    BOUNDS,
    DEVICES,
    ENGINES,
    HIDDEN,
    LIMITS,
    THREADS,
    Experiment,
    build_experiment,
    check_whole,
)
from core.experiment.recipes import RECIPES, Recipe, recipe
from core.experiment.recipes import experiment as of_recipe
from core.experiment.recipes.recipe import MOST_UPDATES
from core.i18n import N_, _
from core.tasks import TASKS, task
from core.tasks.task import CORPUS, Option, Value

HELP = N_("train a small network and report its losses")
DEFAULT = "language-model"  # the task, where none is named
SEEDS_OF = {"data_seed": N_("of the data"), "weight_seed": N_("of the initial weights"), "mask_seed": N_("of the masks")}
# Whole numbers that say how large the network and its windows are: the letter for each, and what it is.
SIZES = {
    "layers": ("L", N_("recurrent layers")),
    "embedding": ("E", N_("units of the embedding; as many as layer 1 has, if left out")),
    "batch": ("B", N_("samples side by side")),
    "steps": ("T", N_("time steps of a window, through which the gradient goes back")),
}
# Either says how long is trained.
LENGTHS = {"updates": N_("train for so many updates"), "epochs": N_("train for so many readings of the training data")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--recipe", metavar="NAME", help=_("a published set-up: {all}").format(all=", ".join(RECIPES)))
    parser.add_argument(
        "--scale",
        type=number,
        metavar="X",
        help=_(
            "the recipe in small, above 0 and at most 1: 0.1 is a tenth of its widths, of its text and of its updates, "
            "of which there are then at most {most}"
        ).format(most=MOST_UPDATES),
    )
    parser.add_argument("--task", metavar="NAME", help=_("one of {all}").format(all=", ".join(TASKS)))
    parser.add_argument(
        "--option",
        nargs="+",
        action="extend",
        default=[],
        metavar="key=value",
        help=_("settings of the task, such as words=30000; each task's are listed below"),
    )
    add_method(parser, required=False)
    parser.add_argument(
        "--rate",
        nargs="+",
        action="extend",
        metavar="P|site=P",
        help=_("in [0, 1); one, or by site; site=P~sequence~batch~test~gaussian~ramp,300 says how it drops as well"),
    )
    add_cell(parser)
    for name, (letter, what) in SIZES.items():
        parser.add_argument(f"--{name}", type=whole, metavar=letter, help=_within(_(what), BOUNDS[name]))
    parser.add_argument("--hidden", type=widths, metavar="H[,H...]", help=_within(_("units of all layers, or of each"), HIDDEN))
    length = parser.add_mutually_exclusive_group()
    for name, what in LENGTHS.items():
        length.add_argument(f"--{name}", type=whole, metavar="N", help=_within(_(what), BOUNDS[name]))
    parser.add_argument(
        "--learning-rate", type=number, metavar="X", help=_("at first; above {}, at most {}").format(*LIMITS["learning_rate"])
    )
    parser.add_argument("--seed", type=whole, metavar="S", help=_within(_("sets all three seeds"), BOUNDS["data_seed"]))
    for seed, what in SEEDS_OF.items():
        parser.add_argument(f"--{seed.replace('_', '-')}", type=whole, metavar="S", help=_(what))
    parser.add_argument("--device", choices=DEVICES, help=_("auto, if left out: a CUDA device if there is one, or the CPU"))
    parser.add_argument("--engine", choices=ENGINES, help=_("auto, if left out: for each layer the fastest that has its masks"))
    # With one, sums are in the order of the app's workers, and runs side by side do not wait for each other's threads.
    parser.add_argument("--threads", type=whole, default=1, metavar="N", help=_("of torch; 1 if left out, as in the app"))
    parser.add_argument(
        "--checkpoint", type=Path, metavar="PATH", help=_("write the run down in this file, and go on from there if it exists")
    )
    parser.add_argument("--checkpoint-every", type=whole, metavar="N", help=_("after so many updates; 100, if left out"))
    add_json(parser)
    parser.epilog = _epilog()
    parser.formatter_class = argparse.RawDescriptionHelpFormatter  # which leaves the epilog's lines alone


def _within(what: str, bounds: tuple[int, int]) -> str:
    return _("{what}; {low} to {high}").format(what=what, low=bounds[0], high=bounds[1])


def _epilog() -> str:
    """What holds where nothing is said, and the options of each task."""
    wide, width = max(map(len, TASKS)), max(60, get_terminal_size().columns - 2)
    rows = [
        fill(
            f"  {name:{wide}}  {', '.join(_told(option) for option in row.options)}",
            width,
            subsequent_indent=" " * (wide + 4),
            break_on_hyphens=False,
        )
        for name, row in TASKS.items()
    ]
    return "\n".join(
        (
            fill(_("What is left out is as suits the task, or as the recipe has it."), width),
            "",
            fill(_("--option key=value of each task, here with what holds if it is left out, and its range:"), width),
            *rows,
        )
    )


def _told(option: Option) -> str:
    if option.local:
        return f"{option.name}={'PATH' if option.name == CORPUS else 'NAME'} ({_(option.label)})"
    allowed = "|".join(option.choices) if option.choices else _("{low} to {high}").format(low=option.low, high=option.high)
    return f"{option.name}={option.default} ({allowed})"


def run(args: argparse.Namespace) -> int:
    """Trains to the end. Returns 1 where the run failed."""
    chosen = experiment(args)
    check_whole("threads", args.threads, THREADS)
    from core.training.checkpoint import EVERY, Checkpoint  # here, so that no other command waits for torch
    from core.training.trainer import prepare, train

    checkpoint = Checkpoint(args.checkpoint, _given(args.checkpoint_every, EVERY)) if args.checkpoint else None
    prepare(args.threads)
    events = train(chosen, checkpoint=checkpoint)
    return _print_json(events) if args.json else print_text(events, chosen)


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
    for seed in SEEDS_OF:
        value = getattr(args, seed) if getattr(args, seed) is not None else args.seed
        given |= {} if value is None else {seed: value}
    _check_recipe(args)
    row = recipe(args.recipe) if args.recipe else None
    name = row.task if row else args.task or DEFAULT
    if args.method or args.rate:
        given |= _dropping(args, row, name)
    options = dict(_option(pair, task(name).options) for pair in args.option)
    built = of_recipe(row, _given(args.scale, 1.0), options, **given) if row else build_experiment(name, options, **given)
    _check_words(built, given.get("placement", built.placement), args.rate or ())
    return built


def _dropping(args: argparse.Namespace, row: Recipe | None, name: str) -> dict[str, Any]:
    """Where it drops, as --method and --rate say; a recipe's own sites, or the usual ones of the task's method, without the
    former."""
    if row and not args.method:
        return {"placement": at_rates(row.fields["placement"], args.rate, args.cell)}
    usual = args.method or build_experiment(name).method or "none"
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
