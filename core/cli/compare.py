"""python -m core compare: train several methods with several seeds, and say which is better, as far as the seeds allow."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from core.cli import train
from core.cli.arguments import add_json_option, parse_integer
from core.cli.run_tables import add_processes_option, check_processes
from core.cli.study_reports import JsonReport, TextReport
from core.dropout.methods import METHODS, get_method
from core.errors import Invalid
from core.experiment.bounds import check_integer
from core.experiment.experiment import Experiment
from core.experiment.study import MAX_SEEDS, Study, study_from_json
from core.i18n import N_, _
from core.results.run_folder import DEFAULT_FOLDER, RunFolder, StoredRun
from core.results.runner import run_study
from core.results.study_recording import build_recording, write_recording
from core.results.study_stats import RunKey, analyze_study
from core.results.tensorboard import check_tensorboard, write_event_file

HELP = N_("compare methods over several seeds: same data, weights and masks, intervals, and a verdict for each pair")
DEFAULT_SEEDS, FIRST_SEED = 5, 7
# The options that describe experiments; --study brings its own.
_EXPERIMENT_OPTIONS = (
    "methods", "rate", "recipe", "scale", "task", "option", "cell", *train.SIZES, "hidden", *train.LENGTHS, "learning_rate",
    "device", "engine",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--methods", metavar="NAME,NAME[,...]", help=_("the methods to compare, of {all}").format(all=", ".join(METHODS))
    )
    parser.add_argument(
        "--seeds", type=parse_integer, metavar="N", help=_("runs of each method, 1 to {most}; 5").format(most=MAX_SEEDS)
    )
    parser.add_argument("--seed", type=parse_integer, metavar="S", help=_("the first of the seeds; 7"))
    train.add_experiment_options(parser)
    parser.add_argument("--study", type=Path, metavar="FILE", help=_("a study in JSON, instead of methods and settings"))
    parser.add_argument(
        "--runs",
        type=Path,
        default=DEFAULT_FOLDER,
        metavar="FOLDER",
        help=_("where runs are kept and found again, so that an interrupted comparison goes on; {folder}").format(
            folder=DEFAULT_FOLDER
        ),
    )
    add_processes_option(parser)
    parser.add_argument(
        "--tensorboard", type=Path, metavar="FOLDER", help=_("also write the curves there, as event files of TensorBoard")
    )
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help=_("also write the study with its curves there, for the app to show")
    )
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run the study and print its runs and its results. Return the exit status: 1 if a run failed. Raises Invalid."""
    check_processes(args.processes)
    study, folder = build_study(args), RunFolder(args.runs)
    folder.check_writable()
    if args.tensorboard:
        check_tensorboard()
    report = JsonReport(study) if args.json else TextReport(study)
    runs: dict[RunKey, StoredRun] = {}
    with closing(run_study(study, folder, args.processes)) as ended_runs, closing(report):
        report.start()
        for ended in ended_runs:
            runs[ended.run.name, ended.run.seed] = ended.stored
            if args.tensorboard:
                write_event_file(args.tensorboard, ended.run, ended.stored.events)
            report.add_run(ended)
    report.end(analyze_study(study, {key: stored.run for key, stored in runs.items()}))
    if args.record:
        write_recording(args.record, build_recording(study, runs, _describe_command()))
    return int(any(stored.run.failed for stored in runs.values()))


def _describe_command() -> str:
    """Return the command without the paths of this machine."""
    words = sys.argv[1:]
    paths = {index + n for index, word in enumerate(words) for n in (0, 1) if word in ("--runs", "--record", "--tensorboard")}
    return shlex.join(["python", "-m", "core", *(word for index, word in enumerate(words) if index not in paths)])


def build_study(args: argparse.Namespace) -> Study:
    """Return the study that the arguments describe. Raises Invalid."""
    if args.seeds is not None:
        check_integer("seeds", args.seeds, (1, MAX_SEEDS))
    if args.study:
        return _replace_seeds(_read_study(args), args.seed, args.seeds)
    if not args.methods:
        raise Invalid(_("Name the methods to compare with --methods, separated by commas, or a study with --study."), "methods")
    first = FIRST_SEED if args.seed is None else args.seed
    names = args.methods.split(",")
    rates = {name: _select_rates(name, args) for name in names}
    if unused := [rate for rate in args.rate or () if not any(rate in row for row in rates.values())]:
        raise Invalid(_("None of these methods has the site of the rate “{rate}”.").format(rate=unused[0]), "rate")
    experiments = tuple((name, _build_experiment(args, name, rates[name])) for name in names)
    return Study(experiments, tuple(range(first, first + (args.seeds or DEFAULT_SEEDS))))


def _select_rates(name: str, args: argparse.Namespace) -> list[str]:
    """Return the rates that concern a method: one for all its sites, or those of sites that it has."""
    placement = get_method(name).build_placement(cell=args.cell)
    rates = args.rate or () if placement.sites else ()
    return [rate for rate in rates if "=" not in rate or placement.get(rate.partition("=")[0])]


def _build_experiment(args: argparse.Namespace, method: str, rates: Sequence[str]) -> Experiment:
    """Return the experiment that `train` runs with these arguments and this method."""
    absent = dict.fromkeys((*train.SEEDS, "seed", "checkpoint", "checkpoint_every"))
    return train.build_from_arguments(argparse.Namespace(**{**vars(args), **absent, "method": method, "rate": rates}))


def _read_study(args: argparse.Namespace) -> Study:
    default = {"cell": Experiment.cell}  # only `train` has them
    if given := [name for name in _EXPERIMENT_OPTIONS if getattr(args, name) not in (default.get(name), [])]:
        raise Invalid(
            _("--study brings its own experiments: leave --{name} out.").format(name=given[0].replace("_", "-")), "study"
        )
    try:
        return study_from_json(args.study.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(
            _("The study {path} cannot be read: {why}.").format(path=args.study, why=error.strerror), "study"
        ) from None
    except UnicodeDecodeError:
        raise Invalid(_("The study {path} is not a text in UTF-8.").format(path=args.study), "study") from None


def _replace_seeds(study: Study, first: int | None, count: int | None) -> Study:
    """Return the study with other seeds, if they are given."""
    if first is None and count is None:
        return study
    first = study.seeds[0] if first is None else first
    return replace(study, seeds=tuple(range(first, first + (count or len(study.seeds)))))
