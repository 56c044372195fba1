"""python -m core masks: write the masks of one update, bit for bit those of the training, to an .npz file."""

import argparse
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.cli.arguments import add_cell_option, add_method_option, build_placement, parse_integer, parse_widths
from core.dropout.masks import Array, draw_masks
from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.bounds import check_integer
from core.experiment.experiment import Experiment, build_experiment
from core.i18n import N_, _

HELP = N_(
    "write the masks of one update to a file: keys site.layer, arrays [T|1, B|1, H|1], of weights [T|1, B|1, rows, "
    "columns], scale included"
)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date a zip file knows: the same masks give the same bytes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_method_option(parser, required=True)
    add_cell_option(parser)
    numbers = {"--layers": (2, "L"), "--steps": (20, "T"), "--batch": (20, "B"), "--seed": (7, "S"), "--update": (1, "N")}
    for name, (default, letter) in numbers.items():
        parser.add_argument(name, type=parse_integer, default=default, metavar=letter)
    parser.add_argument("--hidden", type=parse_widths, default=128, metavar="H[,H...]")
    parser.add_argument("--embedding", type=parse_integer, metavar="E", help=_("as wide as the first layer, unless given"))
    parser.add_argument(
        "--vocabulary", type=parse_integer, metavar="V", help=_("words that can be dropped; those of the default text")
    )
    parser.add_argument("--rate", nargs="+", action="extend", metavar="P|site=P")
    parser.add_argument("--out", required=True, metavar="FILE.npz")


def run(args: argparse.Namespace) -> int:
    """Draw the masks, write them to the file and print their shapes. Raises Invalid."""
    check_integer("update", args.update, (0, 1_000_000))
    given = {name: getattr(args, name) for name in ("cell", "layers", "hidden", "embedding", "batch", "steps")}
    experiment = build_experiment(**given, mask_seed=args.seed, placement=build_placement(args.method, args.rate, args.cell))
    shape = replace(experiment.shape, tokens=_count_tokens(args.vocabulary, experiment))
    masks = draw_masks(experiment.placement, shape, experiment.mask_seed, args.update)
    _write_masks(Path(args.out), masks)
    for name, mask in masks.items():
        print(f"{name:16} {mask.shape!s:18} {_('kept')} {np.count_nonzero(mask) / mask.size:.3f}")
    return 0


def _count_tokens(given: int | None, experiment: Experiment) -> int:
    if given is not None:
        check_integer("vocabulary", given, (1, 100_000))
        return given
    return load_data(build_experiment()).tokens if experiment.placement.get("words") else 0


def _write_masks(path: Path, masks: Mapping[str, Array]) -> None:
    try:
        with zipfile.ZipFile(path, "w") as archive:
            for name, mask in masks.items():
                with archive.open(zipfile.ZipInfo(f"{name}.npy", EPOCH), "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, mask)
    except OSError as error:
        raise Invalid(_("The file {path} cannot be written: {why}.").format(path=path, why=error.strerror), "out") from None
