"""Experiments as JSON and as a URL's query. Both carry a version and round-trip; both meet the one validator.

Neither carries a file of one's own, which is on one machine alone: they say that there was one, and which columns of it.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

from core.dropout.methods import method, name_of
from core.dropout.penalties import LOSSES
from core.dropout.placement import NOISES, SCALINGS, SHARING, Dropout, Placement, from_data, to_data
from core.dropout.schedule import CONSTANT, KINDS, Schedule
from core.dropout.sites import SITES
from core.errors import Invalid
from core.experiment.experiment import LIMITS, OPTIONAL, RANGES, WORDS, Experiment, build_experiment
from core.i18n import _
from core.tasks import task as task_named
from core.tasks.task import CORPUS, Task

VERSION = 1
FILE = "file"  # in a link or a file: its experiment learns from a file of one's own, which it cannot carry
LONGEST_COLUMN = 100  # characters of a column's name that a link carries

# The experiment's plain fields: those that a URL carries as name=value.
_PLAIN = [f.name for f in fields(Experiment) if f.name not in ("task", "options", "placement")]
_NONE = "none"  # what a URL says for None
# A site in a URL: p_cell=0.25 is the rate p of the site "cell"; "cell" alone is the kind of cell.
_IN_QUERY = {name: f"p_{name}" for name in SITES}
_LOSS_IN_QUERY = {name: f"loss_{name}" for name in LOSSES}
# Every word of a site's setting belongs to one field, so that the word alone is enough.
_FIELD_OF = {word: axis for axis, words in SHARING.items() for word in words}
_FIELD_OF |= dict.fromkeys(SCALINGS, "scaling") | dict.fromkeys(NOISES, "noise")


def to_plain(experiment: Experiment) -> dict[str, Any]:
    """Plain data, for this program's own processes and sessions: every field, and the version."""
    plain = {name: getattr(experiment, name) for name in _PLAIN}
    hidden = list(experiment.hidden) if isinstance(experiment.hidden, tuple) else experiment.hidden
    placement = to_data(experiment.placement)
    return {
        "version": VERSION,
        "task": experiment.task,
        "options": dict(experiment.options),
        **plain,
        "hidden": hidden,
        "placement": placement,
    }


def to_json(experiment: Experiment) -> str:
    """The experiment as one line of JSON, for a file that anybody may read."""
    shared = {option.name for option in task_named(experiment.task).shared_options}
    options = {name: value for name, value in experiment.options if name in shared}
    return json.dumps(to_plain(experiment) | {"options": options} | _left_out(experiment))


def from_json(text: str) -> Experiment:
    """The experiment of a JSON text. Raises Invalid for a damaged one."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(_("This is not an experiment: the JSON is damaged ({why}).").format(why=error)) from None
    return from_plain(data)


def from_plain(data: object, trusted: bool = False) -> Experiment:
    """The experiment of plain data; what is left out is the task's default. trusted: whether this program itself has written
    them
    and kept them to itself, so that they may name a file of this machine. Raises Invalid."""
    if not isinstance(data, Mapping):
        raise Invalid(_("This is not an experiment: an object with the key “task” is expected."))
    _check_version(data.get("version", VERSION))
    options, task = data.get("options", {}), task_named(_word(data.get("task", "language-model")))
    known = {"version", "task", "options", "placement", *_PLAIN, FILE, *(option.name for option in task.columns)}
    if unknown := sorted(set(data) - known):
        raise Invalid(
            _("An experiment has no “{name}”; it has {known}.").format(name=unknown[0], known=", ".join(sorted(known))),
            unknown[0],
        )
    given = {name: data[name] for name in _PLAIN if name in data}
    if isinstance(given.get("hidden"), list):
        given["hidden"] = tuple(given["hidden"])
    if "placement" in data:
        given["placement"] = from_data(data["placement"])
    if not isinstance(options, Mapping):
        raise Invalid(_("The options of a task are an object, such as {example}.").format(example='{"lag": 25}'), "options")
    # What names a file of the machine that trains is not to be said from outside.
    local = [option.name for option in task.options if option.local and option.name in options]
    if local and not trusted:
        raise Invalid(
            _("“{name}” can be given on the command line only: it names something on that machine.").format(name=local[0]),
            local[0],
        )
    return _shown(build_experiment(task.name, dict(options), **given))


def remembered(data: Mapping[str, Any]) -> Experiment:
    """The experiment of what `to_plain` wrote and this program kept to itself, read but once: a page that keeps it asks for it
    dozens of times in one run."""
    return _remembered(json.dumps(data))


@lru_cache(maxsize=64)
def _remembered(text: str) -> Experiment:
    return from_plain(json.loads(text), trusted=True)


def to_query(experiment: Experiment) -> dict[str, str]:
    """The experiment as a URL's query: what differs from the task's defaults, short enough to read."""
    task = task_named(experiment.task)
    options = dict(experiment.options)
    default = build_experiment(experiment.task, options)
    query = {"v": str(VERSION), "task": experiment.task}
    query |= {o.name: str(options[o.name]) for o in task.shared_options if options[o.name] != o.default}
    query |= {name: _text(getattr(experiment, name)) for name in _PLAIN if getattr(experiment, name) != getattr(default, name)}
    query |= _placement_query(experiment) if experiment.placement != default.placement else {}
    return query | _left_out(experiment)


def from_query(query: Mapping[str, str]) -> Experiment:
    """The experiment of a URL's query. Names that are no part of an experiment are left alone. Raises Invalid."""
    _check_version(_number("v", query.get("v", str(VERSION)), int))
    task = task_named(query.get("task", "language-model"))
    options = {o.name: o.read(query[o.name]) for o in task.shared_options if o.name in query}
    given: dict[str, Any] = {name: _value(name, query[name]) for name in _PLAIN if name in query}
    if any(name in query for name in ("method", "rate", "sites", *_IN_QUERY.values(), *_LOSS_IN_QUERY.values())):
        given["placement"] = _placement_of(query, task)
    return _shown(build_experiment(task.name, options, **given))


def _shown(experiment: Experiment) -> Experiment:
    # Figures of an update have the experiment's T steps, whichever update it is.
    if experiment.windows == "varied":
        raise Invalid(
            _("Windows of varied length can be trained on the command line only: pages show windows of T steps."), "windows"
        )
    return experiment


def file_wanted(data: Mapping[str, Any]) -> dict[str, str] | None:
    """Of a link's query, or of a JSON file's data, that carries an experiment without the file that it learns from: which
    columns were chosen there, by the names of their options. None for any other. Raises Invalid where there is no such task."""
    if FILE not in data:
        return None
    names = [option.name for option in task_named(_word(data.get("task", "language-model"))).columns]
    return {name: data[name] for name in names if isinstance(data.get(name), str)}


def _left_out(experiment: Experiment) -> dict[str, str]:
    options, task = dict(experiment.options), task_named(experiment.task)
    if CORPUS not in options or not task.reads_files:
        return {}
    columns = {option.name: str(options[option.name]) for option in task.columns if option.name in options}
    return {FILE: "own"} | {name: column for name, column in columns.items() if len(column) <= LONGEST_COLUMN}


def _placement_query(experiment: Experiment) -> dict[str, str]:
    placement, name = experiment.placement, experiment.method
    if name and replace(experiment, placement=method(name).placement(cell=experiment.cell)).placement == placement:
        return {"method": name}
    sites = {_IN_QUERY[site.name]: dropout_to_text(dropout) for site, dropout in placement}
    return sites | {_LOSS_IN_QUERY[name]: _text(weight) for name, weight in placement.losses} or {"sites": "none"}


def _placement_of(query: Mapping[str, str], task: Task) -> Placement:
    rate = _number("rate", query["rate"], float) if "rate" in query else None
    # A rate alone is that of the task's own method, as on the command line.
    own = name_of(task.defaults["placement"]) if "rate" in query else None
    name = query.get("method", own)
    cell = query.get("cell", Experiment.cell)
    named = method(name).placement(rate, cell) if name is not None else Placement()
    sites = {site: dropout_from_text(site, query[name]) for site, name in _IN_QUERY.items() if name in query}
    losses = {loss: _number(loss, query[name], float) for loss, name in _LOSS_IN_QUERY.items() if name in query}
    return Placement.of(dict(named.sites) | sites, dict(named.losses) | losses)


def dropout_to_text(dropout: Dropout) -> str:
    """How a site drops, as `dropout_from_text` reads it: 0.25~sequence~test~ramp,300,0 is the rate (several, with commas, where
    layers differ), then what is not the default."""
    default, schedule = Dropout(), dropout.schedule
    fields_ = (*SHARING, "scaling", "noise")
    changed = [getattr(dropout, name) for name in fields_ if getattr(dropout, name) != getattr(default, name)]
    over = [] if schedule == CONSTANT else [f"{schedule.kind},{schedule.length},{_text(schedule.start)}"]
    return "~".join([_text(dropout.rate), *changed, *over])


def dropout_from_text(site: str, text: str) -> Dropout:
    """How a site drops, from a text such as 0.25~sequence~test~ramp,300: its rate, or several with commas, and what is not
    the default. Raises Invalid."""
    rates, *words = text.split("~")
    values = tuple(_number(site, rate, float) for rate in _parts(rates))
    over = [word for word in words if word.split(",")[0] in KINDS]
    settings = [word for word in words if word not in over]
    if unknown := [word for word in settings if word not in _FIELD_OF]:
        raise Invalid(
            _("“{word}” is no setting of a site; the words are {known}.").format(
                word=unknown[0], known=", ".join((*_FIELD_OF, *KINDS))
            ),
            site,
        )
    schedule = _schedule(site, over[-1]) if over else CONSTANT
    return Dropout(values if "," in rates else values[0], **{_FIELD_OF[word]: word for word in settings}, schedule=schedule)


def _schedule(site: str, text: str) -> Schedule:
    kind, *numbers = text.split(",")
    if len(numbers) > 2:
        raise Invalid(
            _("“{text}” is no schedule; it is {example}: kind, length in updates, rate at the start.").format(
                text=text, example="ramp,300,0"
            ),
            site,
        )
    kinds = (int, float)
    return Schedule(kind, *(_number(site, number, kind) for number, kind in zip(numbers, kinds, strict=False)))


def _value(name: str, text: str) -> Any:
    if name in WORDS:
        return text
    if name in OPTIONAL and text == _NONE:
        return None
    if name == "hidden" and "," in text:
        return tuple(_number(name, part, int) for part in _parts(text))
    return _number(name, text, float if name in (*LIMITS, *RANGES) else int)


def _number(name: str, text: str, kind: type[int] | type[float]) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise Invalid(_("{name} is “{text}”; a number is expected.").format(name=name, text=text), name) from None


def _parts(text: str) -> list[str]:
    # As in Python, a comma at the end tells a list of one from a number.
    return text.removesuffix(",").split(",")


def _text(value: Any) -> str:
    if value is None:
        return _NONE
    if isinstance(value, tuple):
        return ",".join(_text(part) for part in value) + ("," if len(value) == 1 else "")
    return format(value, "g") if isinstance(value, float) and float(format(value, "g")) == value else str(value)


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise Invalid(_("task is {value}; a name is expected.").format(value=value), "task")
    return value


def _check_version(version: object) -> None:
    if version != VERSION:
        raise Invalid(
            _("This experiment has version {version}; this program reads version {own}.").format(version=version, own=VERSION),
            "version",
        )
