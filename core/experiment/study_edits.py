"""Edits of a study: what each control of a page makes of the study that it is given. Pure functions.

Each returns a new study, or raises Invalid with a sentence that says what is allowed. Most give every run that stays the same
name and seed, so that its result stays too.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from core.dropout.methods import get_method
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.experiment.serialization import to_plain
from core.experiment.start_study import list_seeds
from core.experiment.study import MAX_NAME_LENGTH, Study
from core.i18n import _
from core.tasks import get_task
from core.tasks.task import CORPUS_OPTION


def add_experiment(study: Study, experiment: Experiment, name: str = "") -> Study:
    """Return the study with one more experiment. name: by default, that of its method; a number is added if it is taken."""
    if CORPUS_OPTION in dict(experiment.options) and get_task(experiment.task).reads_files:
        raise Invalid(
            _("An experiment on an uploaded file cannot be added: a study can be shared, and the file stays yours."),
            "experiments",
        )
    added = (find_free_name(study.names, name or name_experiment(experiment)), experiment)
    return replace(study, experiments=(*study.experiments, added))


def remove_experiment(study: Study, name: str) -> Study:
    """Return the study without an experiment; an unknown name changes nothing. Raises Invalid for the last one."""
    return replace(study, experiments=tuple(pair for pair in study.experiments if pair[0] != name))


def rename_experiment(study: Study, name: str, new: str) -> Study:
    """Return the study with another name for an experiment."""
    pairs = ((new.strip() if one == name else one, experiment) for one, experiment in study.experiments)
    return replace(study, experiments=tuple(pairs))


def make_baseline(study: Study, name: str) -> Study:
    """Return the study with an experiment as the first, with which the others are compared."""
    return replace(study, experiments=tuple(sorted(study.experiments, key=lambda pair: pair[0] != name)))


def set_seed_count(study: Study, count: int) -> Study:
    """Return the study with so many seeds; those that it has stay as far as they are needed."""
    if count <= len(study.seeds):
        return replace(study, seeds=study.seeds[: max(1, count)])
    more = [seed for seed in list_seeds(count + len(study.seeds), max(study.seeds) + 1) if seed not in study.seeds]
    return replace(study, seeds=(*study.seeds, *more[: count - len(study.seeds)]))


def name_experiment(experiment: Experiment) -> str:
    """Return a name for an experiment: that of its method."""
    return _(get_method(experiment.method).label) if experiment.method else _("Own placement")


def remove_dropout(experiment: Experiment) -> Experiment:
    """Return the experiment without dropout."""
    return replace(experiment, placement=get_method("none").build_placement())


def find_free_name(names: Sequence[str], name: str) -> str:
    """Return the name, shortened if it is too long, with a number behind it if others have it."""
    candidates = [name[:MAX_NAME_LENGTH].strip(), *(f"{name[: MAX_NAME_LENGTH - 4].strip()} {n}" for n in range(2, 99))]
    return next(one for one in candidates if one not in names)


def describe_difference(study: Study, name: str) -> str:
    """Return in one line how an experiment differs from the first; "" for the first itself."""
    rows = study.list_differences().get(name, [])
    return " · ".join(_("{setting}: {value}").format(setting=setting, value=value) for setting, _reference, value in rows)


def make_run_key(experiment: Experiment) -> str:
    """Return a short text that two experiments have in common just if they are the same run."""
    return hashlib.sha256(json.dumps(to_plain(experiment), sort_keys=True).encode()).hexdigest()[:20]
