"""A study: experiments × seeds, run as one and compared. As JSON it carries a version, round-trips, and is validated.

Every run of a study takes its data, its initial weights and its masks from one seed of the study. So the runs of one seed have
the same data, batches and initial weights, and the same masks at equally configured sites: they differ in the settings that
`Study.list_differences` names and in nothing else.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from core.experiment.bounds import INTEGER_BOUNDS, check_integer
from core.experiment.diff import have_comparable_losses, list_differences
from core.experiment.experiment import Experiment, replace_seeds
from core.experiment.serialization import FILE_KEY, from_plain, to_json, to_plain
from core.i18n import _

VERSION = 1
MAX_EXPERIMENTS = 8
MAX_SEEDS = 100
MAX_NAME_LENGTH = 60  # characters


@dataclass(frozen=True)
class StudyRun:
    """One run of a study: an experiment with all three seeds set to one number.

    name: of the experiment in the study.
    """

    name: str
    seed: int
    experiment: Experiment


@dataclass(frozen=True)
class Study:
    """1 to 8 experiments, each with a name, and 1 to 100 seeds. Raises Invalid with a sentence that says what is allowed.

    The seeds that an experiment brings along are replaced by the first seed of the study. The experiments must be tested on the
    same data, and no two may be the same.
    """

    experiments: tuple[tuple[str, Experiment], ...]
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_seeds(self.seeds)
        _check_names([name for name, _experiment in self.experiments])
        seeded = tuple((name, replace_seeds(experiment, self.seeds[0])) for name, experiment in self.experiments)
        object.__setattr__(self, "experiments", seeded)
        for index, other in enumerate(seeded):
            for one in seeded[:index]:
                _check_pair(one, other)

    @property
    def names(self) -> list[str]:
        """Return the names of the experiments."""
        return [name for name, _experiment in self.experiments]

    def list_runs(self) -> list[StudyRun]:
        """Return all runs, seed by seed, so that an interrupted study has whole seeds."""
        pairs = ((seed, *experiment) for seed in self.seeds for experiment in self.experiments)
        return [StudyRun(name, seed, replace_seeds(experiment, seed)) for seed, name, experiment in pairs]

    def list_differences(self) -> dict[str, list[tuple[str, str, str]]]:
        """Return how each experiment differs from the first: by name, (setting, value in the first, value here)."""
        (_name, first), *others = self.experiments
        return {name: list_differences(to_plain(first), to_plain(other)) for name, other in others}


def describe_differences(study: Study) -> list[str]:
    """Return a line for each setting in which an experiment differs from the first one."""
    return [
        _("{name}: {setting} is {value} instead of {reference}").format(
            name=name, setting=setting, value=value, reference=reference
        )
        for name, differences in study.list_differences().items()
        for setting, reference, value in differences
    ]


def study_to_json(study: Study) -> str:
    """Return the study as JSON that can be shared: without the options that name files of this machine."""
    experiments = [{"name": name, "experiment": json.loads(to_json(experiment))} for name, experiment in study.experiments]
    return json.dumps({"version": VERSION, "seeds": list(study.seeds), "experiments": experiments})


def study_from_json(text: str) -> Study:
    """Return the study of a JSON text. Raises Invalid for malformed JSON and for values that are not allowed."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(_("This is not a study: the JSON is damaged ({why}).").format(why=error)) from None
    return study_from_plain(data)


def study_from_plain(data: object) -> Study:
    """Return the study of plain data. Raises Invalid."""
    if not isinstance(data, Mapping) or set(data) != {"version", "seeds", "experiments"}:
        raise Invalid(_("This is not a study: an object with the keys “version”, “seeds” and “experiments” is expected."))
    if data["version"] != VERSION:
        raise Invalid(
            _("This study has version {version}; this program reads version {own}.").format(
                version=data["version"], own=VERSION
            ),
            "version",
        )
    seeds, experiments = data["seeds"], data["experiments"]
    if not isinstance(seeds, list) or not isinstance(experiments, list):
        raise Invalid(_("The seeds and the experiments of a study are lists."), "experiments")
    _check_count(experiments)
    return Study(tuple(_read_experiment(row) for row in experiments), tuple(seeds))


def _read_experiment(row: Any) -> tuple[str, Experiment]:
    if not isinstance(row, Mapping) or set(row) != {"name", "experiment"}:
        raise Invalid(_("Each experiment of a study is an object with the keys “name” and “experiment”."), "experiments")
    experiment = row["experiment"]
    if isinstance(experiment, Mapping) and FILE_KEY in experiment:
        raise Invalid(_("“{name}” trains on a file, which a study does not include.").format(name=row["name"]), "experiments")
    return row["name"], from_plain(experiment)


def _check_seeds(seeds: Sequence[object]) -> None:
    if not 1 <= len(seeds) <= MAX_SEEDS:
        raise Invalid(_("A study has from 1 to {most} seeds; this one has {n}.").format(n=len(seeds), most=MAX_SEEDS), "seeds")
    for seed in seeds:
        check_integer("seed", seed, INTEGER_BOUNDS["data_seed"])
    if len(set(seeds)) < len(seeds):
        raise Invalid(_("A study has each seed once: the same seed twice is the same run twice."), "seeds")


def _check_count(experiments: Sequence[object]) -> None:
    if not 1 <= len(experiments) <= MAX_EXPERIMENTS:
        raise Invalid(
            _("A study has from 1 to {most} experiments; this one has {n}.").format(n=len(experiments), most=MAX_EXPERIMENTS),
            "experiments",
        )


def _check_names(names: Sequence[object]) -> None:
    _check_count(names)
    for name in names:
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH or not name.isprintable() or name != name.strip():
            raise Invalid(
                _("The name of an experiment is {name}; it must be a text of one line, with 1 to {most} characters.").format(
                    name=repr(name)[: 2 * MAX_NAME_LENGTH], most=MAX_NAME_LENGTH
                ),
                "experiments",
            )
        if names.count(name) > 1:
            raise Invalid(_("A study has two experiments with the name “{name}”.").format(name=name), "experiments")


def _check_pair(one: tuple[str, Experiment], other: tuple[str, Experiment]) -> None:
    if one[1] == other[1]:
        raise Invalid(
            _("“{one}” and “{other}” are the same experiment; leave one of them out.").format(one=one[0], other=other[0]),
            "experiments",
        )
    if not have_comparable_losses(one[1], other[1]):
        differences = list_differences(to_plain(one[1]), to_plain(other[1]))
        raise Invalid(
            _(
                "“{one}” and “{other}” are not tested on the same data, so they cannot be compared; they differ in {names}."
            ).format(one=one[0], other=other[0], names=", ".join(name for name, _one, _other in differences)),
            "experiments",
        )
