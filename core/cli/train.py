"""python -m core train: train one network and print the run as it happens."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import Any

from core.cli.arguments import (
    add_cell_option,
    add_json_option,
    add_method_option,
    build_placement,
    parse_integer,
    parse_number,
    parse_widths,
    set_rates,
)
from core.cli.progress import print_run
from core.dropout.methods import get_method
from core.dropout.placement import Placement
from core.dropout.sites import get_site_layers
from core.errors import Invalid
from core.experiment.bounds import (
    DEVICES,
    ENGINES,
    HALF_OPEN_BOUNDS,
    HIDDEN_BOUNDS,
    INTEGER_BOUNDS,
    THREAD_BOUNDS,
    check_integer,
)
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.recipes import RECIPES, Recipe, build_recipe_experiment, get_recipe
from core.experiment.recipes.recipe import MAX_SCALED_UPDATES
from core.i18n import N_, _
from core.tasks import TASKS, get_task
from core.tasks.task import CORPUS_OPTION, Option, Value

INTERRUPTED = 130  # the exit status after Ctrl-C
HELP = N_("train a small network and report its losses")
DEFAULT_TASK = "language-model"  # if no task is given
SEEDS = {"data_seed": N_("of the data"), "weight_seed": N_("of the initial weights"), "mask_seed": N_("of the masks")}
# Sizes of the network and its batches: the letter in the help, and what it counts.
SIZES = {
    "layers": ("L", N_("recurrent layers")),
    "embedding": ("E", N_("units of the embedding; as many as layer 1 has, if left out")),
    "batch": ("B", N_("samples in a batch")),
    "steps": ("T", N_("time steps of a window, over which gradients are backpropagated")),
}
# The length of the training: one of these.
LENGTHS = {"updates": N_("train for so many updates"), "epochs": N_("train for so many passes over the training data")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_experiment_options(parser)
    add_method_option(parser, required=False)
    parser.add_argument(
        "--seed", type=parse_integer, metavar="S", help=_add_range(_("sets all three seeds"), INTEGER_BOUNDS["data_seed"])
    )
    for seed, what in SEEDS.items():
        parser.add_argument(f"--{seed.replace('_', '-')}", type=parse_integer, metavar="S", help=_(what))
    # With one thread, sums are computed in the same order as in the app's workers, and parallel runs do not compete for cores.
    parser.add_argument(
        "--threads", type=parse_integer, default=1, metavar="N", help=_("of torch; 1 if left out, as in the app")
    )
    parser.add_argument(
        "--checkpoint", type=Path, metavar="PATH", help=_("save the run in this file, and resume from it if it exists")
    )
    parser.add_argument(
        "--checkpoint-every", type=parse_integer, metavar="N", help=_("after so many updates; 100, if left out")
    )
    add_json_option(parser)


def add_experiment_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe an experiment, except its method and its seeds, and the task options below the others."""
    parser.add_argument("--recipe", metavar="NAME", help=_("a published set-up: {all}").format(all=", ".join(RECIPES)))
    parser.add_argument(
        "--scale",
        type=parse_number,
        metavar="X",
        help=_(
            "scale the recipe down, above 0 and at most 1: 0.1 is a tenth of its widths, of its text and of its updates, "
            "of which there are then at most {most}"
        ).format(most=MAX_SCALED_UPDATES),
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
    parser.add_argument(
        "--rate",
        nargs="+",
        action="extend",
        metavar="P|site=P",
        help=_("in [0, 1); one, or by site; site=P~sequence~batch~test~gaussian~ramp,300 also sets how it drops"),
    )
    add_cell_option(parser)
    for name, (letter, what) in SIZES.items():
        parser.add_argument(f"--{name}", type=parse_integer, metavar=letter, help=_add_range(_(what), INTEGER_BOUNDS[name]))
    parser.add_argument(
        "--hidden", type=parse_widths, metavar="H[,H...]", help=_add_range(_("units of all layers, or of each"), HIDDEN_BOUNDS)
    )
    length = parser.add_mutually_exclusive_group()
    for name, what in LENGTHS.items():
        length.add_argument(f"--{name}", type=parse_integer, metavar="N", help=_add_range(_(what), INTEGER_BOUNDS[name]))
    parser.add_argument(
        "--learning-rate",
        type=parse_number,
        metavar="X",
        help=_("at first; above {}, at most {}").format(*HALF_OPEN_BOUNDS["learning_rate"]),
    )
    parser.add_argument("--device", choices=DEVICES, help=_("auto, if left out: a CUDA device if there is one, or the CPU"))
    parser.add_argument("--engine", choices=ENGINES, help=_("auto, if left out: for each layer the fastest that has its masks"))
    parser.epilog = _format_epilog()
    parser.formatter_class = argparse.RawDescriptionHelpFormatter  # keeps the line breaks of the epilog


def _add_range(what: str, bounds: tuple[int, int]) -> str:
    return _("{what}; {low} to {high}").format(what=what, low=bounds[0], high=bounds[1])


def _format_epilog() -> str:
    """Return the end of the help: the defaults, and the options of each task."""
    name_width, width = max(map(len, TASKS)), max(60, get_terminal_size().columns - 2)
    rows = [
        fill(
            f"  {name:{name_width}}  {', '.join(_format_option(option) for option in row.options)}",
            width,
            subsequent_indent=" " * (name_width + 4),
            break_on_hyphens=False,
        )
        for name, row in TASKS.items()
    ]
    return "\n".join(
        (
            fill(_("The defaults are those of the task, or of the recipe."), width),
            "",
            fill(_("--option key=value of each task, with its default and its range:"), width),
            *rows,
        )
    )


def _format_option(option: Option) -> str:
    if option.is_local:
        return f"{option.name}={'PATH' if option.name == CORPUS_OPTION else 'NAME'} ({_(option.label)})"
    allowed = "|".join(option.choices) if option.choices else _("{low} to {high}").format(low=option.low, high=option.high)
    return f"{option.name}={option.default} ({allowed})"


def run(args: argparse.Namespace) -> int:
    """Train to the end. Return the exit status: 1 if the run failed. Raises Invalid."""
    experiment = build_from_arguments(args)
    check_integer("threads", args.threads, THREAD_BOUNDS)
    from core.training.checkpoint import DEFAULT_INTERVAL, Checkpoint  # here, so that no other command waits for torch
    from core.training.engine_choice import list_engines
    from core.training.trainer import get_device, prepare, train

    interval = DEFAULT_INTERVAL if args.checkpoint_every is None else args.checkpoint_every
    checkpoint = Checkpoint(args.checkpoint, interval) if args.checkpoint else None
    prepare(args.threads)
    for note in _list_notes(experiment, args, list_engines(experiment, get_device(experiment.device))):
        print(note, file=sys.stderr)
    progress = RunProgress(train(experiment, checkpoint=checkpoint))
    try:
        status = _print_json(progress) if args.json else print_run(progress, experiment)
    except KeyboardInterrupt:
        print(_format_interruption(progress, checkpoint.saved_update if checkpoint else 0, args.checkpoint), file=sys.stderr)
        return INTERRUPTED
    return status or int(progress.is_unsaved)


class RunProgress:
    """The events of a run, which remembers how far it came. updates: of the whole run; update: the newest recorded one.

    is_unsaved: whether the checkpoint of the last update could not be written."""

    def __init__(self, events: Iterator[dict[str, Any]]) -> None:
        self.events, self.updates, self.update, self.is_unsaved = events, 0, 0, False

    def __iter__(self) -> "RunProgress":
        return self

    def __next__(self) -> dict[str, Any]:
        event = next(self.events)
        self.updates = event.get("updates", self.updates)
        self.update = max(self.update, event.get("update", 0))
        self.is_unsaved |= event["event"] == "unsaved" and event["update"] == self.updates
        return event


def _list_notes(experiment: Experiment, args: argparse.Namespace, engines: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each setting that was asked for and has no effect."""
    e = experiment
    if e.placement.sites and not any(get_site_layers(site, e.layers) for site, _dropout in e.placement):
        yield _("Note: with layers={layers} this dropout has no place to act; nothing is dropped.").format(layers=e.layers)
    if args.engine == "fused" and set(engines) != {"fused"}:
        yield _("Note: the fused engine cannot apply these masks; the layers run with {engines}.").format(
            engines=", ".join(engines)
        )


def _format_interruption(progress: RunProgress, saved: int, path: str | None) -> str:
    if path is None:
        return _("Stopped after update {update} of {all}; nothing is saved. With --checkpoint FILE a run can go on.").format(
            update=progress.update, all=progress.updates
        )
    return _("Stopped after update {update} of {all}; the same command goes on after update {saved}, from {path}.").format(
        update=progress.update, all=progress.updates, saved=saved, path=path
    )


def build_from_arguments(args: argparse.Namespace) -> Experiment:
    """Return the experiment that the arguments describe. Raises Invalid."""
    names = ("cell", *SIZES, "hidden", *LENGTHS, "learning_rate", "device", "engine")
    fields: dict[str, Any] = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    for seed in SEEDS:
        value = getattr(args, seed) if getattr(args, seed) is not None else args.seed
        if value is not None:
            fields[seed] = value
    _check_combination(args)
    recipe = get_recipe(args.recipe) if args.recipe else None
    task = recipe.task if recipe else args.task or DEFAULT_TASK
    if args.method or args.rate:
        fields |= _build_dropout_fields(args, recipe, task)
    pairs = [_parse_option(pair, get_task(task).options) for pair in args.option]
    options = dict(pairs)
    if len(options) < len(pairs):
        raise Invalid(_("--option gives a value to the same key twice."), "option")
    if recipe:
        experiment = build_recipe_experiment(recipe, 1.0 if args.scale is None else args.scale, options, **fields)
    else:
        experiment = build_experiment(task, options, **fields)
    _check_word_dropout(experiment, fields.get("placement", experiment.placement), args.rate or ())
    return experiment


def _build_dropout_fields(args: argparse.Namespace, recipe: Recipe | None, task: str) -> dict[str, Any]:
    """Return the fields that --method and --rate set.

    Without --method, the sites are those of the recipe, or of the task's usual method.
    """
    if recipe and not args.method:
        return {"placement": set_rates(recipe.fields["placement"], args.rate, args.cell)}
    method = args.method or build_experiment(task).method or "none"
    return {"placement": build_placement(method, args.rate, args.cell), "monte_carlo": get_method(method).monte_carlo}


def _check_combination(args: argparse.Namespace) -> None:
    """Raise Invalid if an option is given without the one that it belongs to, or with one that excludes it."""
    if args.recipe and args.task:
        raise Invalid(_("A recipe brings its own task: leave --task out."), "task")
    if not args.recipe and args.scale is not None:
        raise Invalid(_("--scale needs a recipe: name one with --recipe."), "scale")
    if args.checkpoint_every is not None and not args.checkpoint:
        raise Invalid(_("--checkpoint-every needs --checkpoint: name a file with it."), "checkpoint")


def _parse_option(pair: str, options: Sequence[Option]) -> tuple[str, Value]:
    name, equals, value = pair.partition("=")
    known = {option.name: option for option in options}
    if not equals:
        raise Invalid(_("--option takes key=value; “{pair}” is not of that form.").format(pair=pair))
    return name, known[name].parse(value) if name in known else value


def _check_word_dropout(experiment: Experiment, placement: Placement, rates: Sequence[str]) -> None:
    """Raise Invalid if word dropout is the only dropout, or asked for by name, and the task has no tokens."""
    only = {site.name for site, _dropout in placement} == {"words"}
    if not experiment.has_tokens and (only or any(rate.startswith("words=") for rate in rates)):
        raise Invalid(_("The task “{task}” reads numbers: it has no words to drop.").format(task=experiment.task), "words")


def _print_json(events: Iterator[dict[str, Any]]) -> int:
    last = ""
    for event in events:
        last = event["event"]
        print(json.dumps(event), flush=True)
    return int(last == "failed")
