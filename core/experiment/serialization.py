"""Experiments as JSON and as the query of a link. Both carry a version, round-trip, and are validated.

Neither contains an uploaded file: they record that there was one, and which of its columns were chosen.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

from core.dropout.methods import find_method_name, get_method
from core.dropout.penalties import LOSS_TERMS
from core.dropout.placement import NOISES, SCALINGS, SHARING, Dropout, Placement, placement_from_plain, placement_to_plain
from core.dropout.schedule import CONSTANT_RATE, SCHEDULE_KINDS, RateSchedule
from core.dropout.sites import SITES
from core.errors import Invalid, quote
from core.experiment.bounds import CHOICES, CLOSED_BOUNDS, HALF_OPEN_BOUNDS, OPTIONAL_FIELDS
from core.experiment.experiment import Experiment, build_experiment
from core.i18n import _
from core.tasks import get_task
from core.tasks.file_caches import register_file_cache
from core.tasks.task import CORPUS_OPTION, Task

VERSION = 1
FILE_KEY = "file"  # key in a link or JSON file: the experiment trains on an uploaded file, which is not included
MAX_COLUMN_NAME = 100  # characters; longer column names are left out of links

# The fields that a link carries as name=value.
_PLAIN_FIELDS = [f.name for f in fields(Experiment) if f.name not in ("task", "options", "placement")]
_NONE = "none"  # None in a link
# A site in a link: p_cell=0.25 is the rate of the site "cell"; the key "cell" alone is the field `cell`.
_SITE_KEYS = {name: f"p_{name}" for name in SITES}
_LOSS_KEYS = {name: f"loss_{name}" for name in LOSS_TERMS}
# Every word of a site's settings belongs to one field only, so that links need not name the field.
_FIELD_OF_SETTING = {word: axis for axis, words in SHARING.items() for word in words}
_FIELD_OF_SETTING |= dict.fromkeys(SCALINGS, "scaling") | dict.fromkeys(NOISES, "noise")


def to_plain(experiment: Experiment) -> dict[str, Any]:
    """Return the experiment as plain data with every field and the version, for the processes and sessions of this program."""
    plain = {name: getattr(experiment, name) for name in _PLAIN_FIELDS}
    hidden = list(experiment.hidden) if isinstance(experiment.hidden, tuple) else experiment.hidden
    placement = placement_to_plain(experiment.placement)
    return {
        "version": VERSION,
        "task": experiment.task,
        "options": dict(experiment.options),
        **plain,
        "hidden": hidden,
        "placement": placement,
    }


def to_json(experiment: Experiment) -> str:
    """Return the experiment as one line of JSON that can be shared: without the options that name files of this machine."""
    shared_names = {option.name for option in get_task(experiment.task).shared_options}
    options = {name: value for name, value in experiment.options if name in shared_names}
    return json.dumps(to_plain(experiment) | {"options": options} | _describe_missing_file(experiment))


def from_json(text: str) -> Experiment:
    """Return the experiment of a JSON text. Raises Invalid for malformed JSON and for values that are not allowed."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(_("This is not an experiment: the JSON is damaged ({why}).").format(why=error)) from None
    return from_plain(data)


def from_plain(data: object, trusted: bool = False) -> Experiment:
    """Return the experiment of plain data, with the task's defaults for missing fields. Raises Invalid.

    trusted: whether this program wrote the data and stored them privately, so that they may name files of this machine and, on
    the command line, have windows of varied length.
    """
    if not isinstance(data, Mapping):
        raise Invalid(_("This is not an experiment: an object with the key “task” is expected."))
    _check_version(data.get("version", VERSION))
    options, task = data.get("options", {}), get_task(_check_name(data.get("task", "language-model")))
    known = {"version", "task", "options", "placement", *_PLAIN_FIELDS, FILE_KEY, *(option.name for option in task.columns)}
    if unknown := sorted(set(data) - known):
        raise Invalid(
            _("An experiment has no “{name}”; it has {known}.").format(name=quote(unknown[0]), known=", ".join(sorted(known))),
            unknown[0],
        )
    given = {name: data[name] for name in _PLAIN_FIELDS if name in data}
    if isinstance(given.get("hidden"), list):
        given["hidden"] = tuple(given["hidden"])
    if "placement" in data:
        given["placement"] = placement_from_plain(data["placement"])
    if not isinstance(options, Mapping):
        raise Invalid(_("The options of a task are an object, such as {example}.").format(example='{"lag": 25}'), "options")
    # Input from outside must not name files of the machine that trains.
    local = [option.name for option in task.options if option.is_local and option.name in options]
    if local and not trusted:
        raise Invalid(
            _("“{name}” can be given on the command line only: it names something on that machine.").format(name=local[0]),
            local[0],
        )
    experiment = build_experiment(task.name, dict(options), **given)
    return experiment if trusted else _check_equal_windows(experiment)


def from_plain_cached(data: Mapping[str, Any]) -> Experiment:
    """Return the experiment of trusted plain data; cached, since pages read it many times in one run of their script."""
    return _from_trusted_json(json.dumps(data))


@register_file_cache
@lru_cache(maxsize=64)
def _from_trusted_json(text: str) -> Experiment:
    return from_plain(json.loads(text), trusted=True)


def to_query(experiment: Experiment) -> dict[str, str]:
    """Return the experiment as the query of a link: the fields that differ from the task's defaults."""
    task = get_task(experiment.task)
    options = dict(experiment.options)
    default = build_experiment(experiment.task, options)
    query = {"v": str(VERSION), "task": experiment.task}
    query |= {o.name: str(options[o.name]) for o in task.shared_options if options[o.name] != o.default}
    query |= {
        name: _format_value(getattr(experiment, name))
        for name in _PLAIN_FIELDS
        if getattr(experiment, name) != getattr(default, name)
    }
    query |= _placement_to_query(experiment) if experiment.placement != default.placement else {}
    return query | _describe_missing_file(experiment)


def from_query(query: Mapping[str, str]) -> Experiment:
    """Return the experiment of a link's query. Unknown keys are ignored, since pages add their own. Raises Invalid."""
    _check_version(_parse_number("v", query.get("v", str(VERSION)), int))
    task = get_task(query.get("task", "language-model"))
    options = {o.name: o.parse(query[o.name]) for o in task.shared_options if o.name in query}
    given: dict[str, Any] = {name: _parse_value(name, query[name]) for name in _PLAIN_FIELDS if name in query}
    if any(name in query for name in ("method", "rate", "sites", *_SITE_KEYS.values(), *_LOSS_KEYS.values())):
        given["placement"] = _placement_from_query(query, task)
    return _check_equal_windows(build_experiment(task.name, options, **given))


def _check_equal_windows(experiment: Experiment) -> Experiment:
    # Figures of an update assume T steps at every update.
    if experiment.windows == "varied":
        raise Invalid(
            _("Windows of varied length can be trained on the command line only: pages show windows of T steps."), "windows"
        )
    return experiment


def get_missing_file_columns(data: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the chosen columns, by option name, of an experiment that trains on a file which is not included.

    data: the query of a link or the data of a JSON file. None if the experiment needs no file. Raises Invalid for an unknown
    task.
    """
    if FILE_KEY not in data:
        return None
    names = [option.name for option in get_task(_check_name(data.get("task", "language-model"))).columns]
    return {name: data[name] for name in names if isinstance(data.get(name), str)}


def _describe_missing_file(experiment: Experiment) -> dict[str, str]:
    options, task = dict(experiment.options), get_task(experiment.task)
    if CORPUS_OPTION not in options or not task.reads_files:
        return {}
    columns = {option.name: str(options[option.name]) for option in task.columns if option.name in options}
    return {FILE_KEY: "own"} | {name: column for name, column in columns.items() if len(column) <= MAX_COLUMN_NAME}


def _placement_to_query(experiment: Experiment) -> dict[str, str]:
    placement, name = experiment.placement, experiment.method
    if name and replace(experiment, placement=get_method(name).build_placement(cell=experiment.cell)).placement == placement:
        return {"method": name}
    sites = {_SITE_KEYS[site.name]: dropout_to_text(dropout) for site, dropout in placement}
    return sites | {_LOSS_KEYS[name]: _format_value(weight) for name, weight in placement.losses} or {"sites": "none"}


def _placement_from_query(query: Mapping[str, str], task: Task) -> Placement:
    rate = _parse_number("rate", query["rate"], float) if "rate" in query else None
    # A rate without a method belongs to the task's default method, as on the command line.
    default = find_method_name(task.defaults["placement"]) if "rate" in query else None
    name = query.get("method", default)
    cell = query.get("cell", Experiment.cell)
    base = get_method(name).build_placement(rate, cell) if name is not None else Placement()
    sites = {site: dropout_from_text(site, query[name]) for site, name in _SITE_KEYS.items() if name in query}
    losses = {loss: _parse_number(loss, query[name], float) for loss, name in _LOSS_KEYS.items() if name in query}
    return Placement.from_sites(dict(base.sites) | sites, dict(base.losses) | losses)


def dropout_to_text(dropout: Dropout) -> str:
    """Return the settings of a site as text, such as 0.25~sequence~test~ramp,300,0: the rate and what is not the default.

    Rates that differ by layer are separated by commas. `dropout_from_text` reads the text back.
    """
    default, schedule = Dropout(), dropout.schedule
    fields_ = (*SHARING, "scaling", "noise")
    changed = [getattr(dropout, name) for name in fields_ if getattr(dropout, name) != getattr(default, name)]
    schedule_texts = [] if schedule == CONSTANT_RATE else [f"{schedule.kind},{schedule.length},{_format_value(schedule.start)}"]
    return "~".join([_format_value(dropout.rate), *changed, *schedule_texts])


def dropout_from_text(site: str, text: str) -> Dropout:
    """Return the settings of a site from a text that `dropout_to_text` wrote. Raises Invalid."""
    rates, *words = text.split("~")
    values = tuple(_parse_number(site, rate, float) for rate in _split(rates))
    schedules = [word for word in words if word.split(",")[0] in SCHEDULE_KINDS]
    settings = [word for word in words if word not in schedules]
    if unknown := [word for word in settings if word not in _FIELD_OF_SETTING]:
        raise Invalid(
            _("“{word}” is not a setting of a site; the settings are {known}.").format(
                word=quote(unknown[0]), known=", ".join((*_FIELD_OF_SETTING, *SCHEDULE_KINDS))
            ),
            site,
        )
    schedule = _parse_schedule(site, schedules[-1]) if schedules else CONSTANT_RATE
    return Dropout(
        values if "," in rates else values[0], **{_FIELD_OF_SETTING[word]: word for word in settings}, schedule=schedule
    )


def _parse_schedule(site: str, text: str) -> RateSchedule:
    kind, *numbers = text.split(",")
    if len(numbers) > 2:
        raise Invalid(
            _("“{text}” is not a schedule; an example is {example}: kind, length in updates, rate at the start.").format(
                text=quote(text), example="ramp,300,0"
            ),
            site,
        )
    kinds = (int, float)
    return RateSchedule(kind, *(_parse_number(site, number, kind) for number, kind in zip(numbers, kinds, strict=False)))


def _parse_value(name: str, text: str) -> Any:
    if name in CHOICES:
        return text
    if name in OPTIONAL_FIELDS and text == _NONE:
        return None
    if name == "hidden" and "," in text:
        return tuple(_parse_number(name, part, int) for part in _split(text))
    return _parse_number(name, text, float if name in (*HALF_OPEN_BOUNDS, *CLOSED_BOUNDS) else int)


def _parse_number(name: str, text: str, kind: type[int] | type[float]) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise Invalid(_("{name} is “{text}”; a number is expected.").format(name=name, text=quote(text)), name) from None


def _split(text: str) -> list[str]:
    # As in Python, a trailing comma distinguishes a tuple of one from a number.
    return text.removesuffix(",").split(",")


def _format_value(value: Any) -> str:
    if value is None:
        return _NONE
    if isinstance(value, tuple):
        return ",".join(_format_value(part) for part in value) + ("," if len(value) == 1 else "")
    return format(value, "g") if isinstance(value, float) and float(format(value, "g")) == value else str(value)


def _check_name(value: object) -> str:
    if not isinstance(value, str):
        raise Invalid(_("task is {value}; a name is expected.").format(value=quote(value)), "task")
    return value


def _check_version(version: object) -> None:
    if version != VERSION:
        raise Invalid(
            _("This experiment has version {version}; this program reads version {own}.").format(
                version=quote(version), own=VERSION
            ),
            "version",
        )
