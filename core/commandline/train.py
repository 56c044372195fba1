"""python -m core train: one run, printed as it happens."""

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from core.commandline.parts import add_cell, add_json, add_method, number, placement, whole, widths
from core.dropout.methods import method, name_of
from core.errors import Invalid
from core.experiment import DEVICES, ENGINES, Experiment, build
from core.language import N_, _
from core.tasks import TASKS

HELP = N_("train a small network and report its losses")
SEEDS = ("data_seed", "weight_seed", "mask_seed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--task", default="language-model", metavar="NAME", help=_("one of {all}").format(all=", ".join(TASKS)))
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
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Trains to the end. Returns 1 where the run failed."""
    chosen = experiment(args)
    # Waiting threads sleep: two runs on one machine would otherwise spin each other to a standstill.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from core.training import train  # here, so that no other command waits for torch

    events = train(chosen)
    return _print_json(events) if args.json else _print_text(events)


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
    if args.method or args.rate:
        usual = args.method or name_of(build(args.task).placement) or "none"
        given["placement"] = placement(usual, args.rate, args.cell)
        given["monte_carlo"] = method(usual).monte_carlo
    return build(args.task, dict(_option(pair) for pair in args.option), **given)


def _option(pair: str) -> tuple[str, int]:
    name, _equals, value = pair.partition("=")
    try:
        return name, int(value)
    except ValueError:
        raise Invalid(_("--option takes key=value with a whole number; “{pair}” is not that.").format(pair=pair)) from None


def _print_json(events: Iterator[dict[str, Any]]) -> int:
    last = ""
    for event in events:
        last = event["event"]
        print(json.dumps(event), flush=True)
    return int(last == "failed")


def _print_text(events: Iterator[dict[str, Any]]) -> int:
    started = next(events)
    print(_("{parameters} parameters, {updates} updates on {device}").format(**started), flush=True)
    metric = started["metric"]
    with tqdm(total=started["updates"], unit=_("update"), file=sys.stderr, leave=False) as bar:
        for event in events:
            if event["event"] == "record":
                bar.update(event["update"] - bar.n)
                if event["val"]:
                    bar.write(_evaluation(event, metric), file=sys.stdout)
            elif event["event"] in ("done", "failed"):
                last = event
    print(_summary(last, metric))
    return int(last["event"] == "failed")


def _evaluation(record: dict[str, Any], metric: str) -> str:
    masked = _("not yet") if record["train_loss"] is None else f"{record['train_loss']:.3f}"
    return _("epoch {epoch:5.1f}  train masked {masked}  clean {clean:.3f}  validation {val:.3f}  {metric} {value:.4g}").format(
        epoch=record["epoch"], masked=masked, clean=record["train_loss_clean"], val=record["val_loss"],
        metric=metric, value=record["val"][metric])  # fmt: skip


def _summary(last: dict[str, Any], metric: str) -> str:
    if last["event"] == "failed":
        return str(last["reason"])
    best = last["best"]["val_loss"]
    best_value = math.exp(best) if metric == "perplexity" else best
    what = metric if metric == "perplexity" else _("validation loss")
    return _("test {metric} {value:.4g} (without learning: {baseline:.4g}); "
             "best {what} {best:.4g} at update {at}; {seconds} s").format(
        metric=metric, value=last["test"][metric], baseline=last["test"]["baseline"], what=what, best=best_value,
        at=last["best"]["update"], seconds=last["seconds"])  # fmt: skip
