"""The controls of the Lab: task, network, where dropout acts. Each edits the experiment of the visit."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core.dropout.cells import CELL_LABELS, CELLS
from core.dropout.methods import METHODS, find_method_name
from core.dropout.penalties import LOSS_TERMS, MAX_PENALTY_WEIGHT
from core.dropout.placement import CHOICE_LABELS, NOISES, SCALINGS, SHARING, Dropout
from core.dropout.schedule import MAX_SCHEDULE_UPDATES, SCHEDULE_KINDS, RateSchedule
from core.dropout.sites import SITES, Site, get_site_layers
from core.experiment import edits
from core.experiment.batches import count_inputs, count_targets, load_data
from core.experiment.bounds import HALF_OPEN_BOUNDS, INTEGER_BOUNDS
from core.experiment.experiment import Experiment
from core.i18n import N_, _
from core.tasks import TASKS, get_task
from core.tasks.task import Option
from pages.common import visit
from pages.common.escape import plain
from pages.common.widgets import choice, controlled
from pages.lab import files, sites, upload, workbench

UNITS = (16, 32, 48, 64, 96, 128, 200, 256)
CUSTOM = "own"  # the method's place in the list when the placement is none of the literature's
ENOUGH = 0.9  # of a text that is cut to whole windows
# The sites that are always at hand; others where they are on.
FEW = ("input", "between", "output", "state", "candidate", "cell")
OPTIMIZERS = {"adam": N_("Adam"), "sgd": "SGD", "nt-asgd": "NT-ASGD"}
SETTINGS = {**SHARING, "scaling": SCALINGS, "noise": NOISES}
AXES = {
    "time": N_("over time"),
    "batch": N_("over the batch"),
    "gates": N_("over the gates"),
    "units": N_("over the units"),
    "scaling": N_("scaling"),
    "noise": N_("noise"),
}
SEEDS = {"data_seed": N_("Data"), "weight_seed": N_("Initial weights"), "mask_seed": N_("Masks")}


def show() -> None:
    """Draw the controls."""
    experiment = visit.experiment()
    row = get_task(experiment.task)
    st.markdown(f"## {_('Data and model')}")
    choice(
        st.selectbox,
        _("Task"),
        list(TASKS),
        key="task",
        value=experiment.task,
        tell=choose_task,
        format_func=lambda name: _(TASKS[name].label),
        help=_(row.dropout_effect),
    )
    _say_refusal("task")
    with st.container(key="about"):
        st.caption(_(row.description))
    _options(experiment)
    upload.show(row)
    with st.container(key="read"):
        if said := upload.describe_use(experiment) or _describe_shortage(experiment):
            st.caption(said)
    _network(experiment)
    st.markdown(f"## {_('Where dropout acts')}")
    _method(experiment)
    offered = _sites_of(experiment)
    for site in SITES.values():
        # A place for each, so that those that follow keep theirs.
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"site-{site.name}"):
            if site in offered and (site.name in FEW or sites.is_on(site.name)):
                _site(experiment, site)
    _more(experiment)


def choose_task(name: str) -> None:
    """Take another task; what this one had is there again when it is chosen again."""
    truth, before = visit.visit(), visit.experiment()
    if name == before.task:
        return
    saved = dict(truth["tasks"])
    saved[before.task] = {
        "experiment": truth["experiment"],
        "sites": [site for site, _dropout in before.placement.sites],
    }
    truth["tasks"] = saved
    if visit.edit("task", _on_task, name):
        sites.park_lost(before)
        workbench.clear_other_task()


def _on_task(experiment: Experiment, name: str) -> Experiment:
    """The experiment on another task: with the settings that it had before, if it was chosen before, else with its own."""
    saved = visit.visit()["tasks"].get(name)
    plain = visit.without_lost_files(saved["experiment"]) if saved else None
    if plain is None:
        return edits.set_task(experiment, name)
    fields = {field: plain[field] for field in edits.SET_BY_TASK}
    found = edits.set_task(experiment, name, plain["options"], fields)
    # What the task between had no place for, such as whole words where real values are read, is on again.
    for site in saved["sites"]:
        if site not in dict(found.placement.sites) and experiment.cell in SITES[site].cells and not _has_site(experiment, site):
            found = edits.set_site(found, site, sites.parked(site))
    return found


def _has_site(experiment: Experiment, site: str) -> bool:
    return site != "words" or experiment.has_tokens


def _say_refusal(*controls: str) -> None:
    """Say beside a control what was refused there."""
    if sentence := visit.refusal(*controls):
        st.error(plain(sentence))


def _options(experiment: Experiment) -> None:
    """The settings of the task: a row of numbers, a row of words, each as wide as it needs to be."""
    row = get_task(experiment.task)
    alone = sum(option.is_integer for option in row.shared_options) < 2  # a number leaves room for the way to one's own file
    for whole in (True, False):
        places = [partial(_option, experiment, option) for option in upload.offered_options(row) if option.is_integer == whole]
        wide = [1.3] * len(places)
        if row.reads_files and whole == alone:
            places, wide = [*places, partial(upload.show_uploader, row)], [*wide, 1.0]
        columns = st.columns(wide, gap="small", vertical_alignment="bottom") if places else ()
        for column, place in zip(columns, places, strict=True):
            with column:
                place()
    _say_refusal(*(f"option-{row.name}-{option.name}" for option in row.shared_options))


def _option(experiment: Experiment, option: Option) -> None:
    key, value = f"option-{experiment.task}-{option.name}", dict(experiment.options).get(option.name, option.default)

    def tell(value: Any) -> None:
        visit.edit(key, edits.set_option, option.name, value)

    if option.choices:
        choice(
            st.selectbox,
            _(option.label),
            list(option.choices),
            key=key,
            value=value,
            tell=tell,
            format_func=lambda word: _(option.choices[word]),
        )
        return
    step = 1 if option.high <= 100 else 1000
    controlled(st.number_input, _(option.label), option.low, option.high, key=key, value=value, tell=tell, step=step)


def _describe_shortage(experiment: Experiment) -> str:
    """Return that a text, or what else may be one's own, is shorter than what was asked for; nothing where it is not."""
    row = get_task(experiment.task)
    if not row.reads_files:
        return ""
    is_text = load_data(experiment).text_decoder is not None
    there = count_inputs(experiment) if is_text else count_targets(experiment)["train"]
    if there >= ENOUGH * int(dict(experiment.options)[row.shared_options[0].name]):
        return ""
    said = _("The text has no more than {there}, in whole windows.") if is_text else _("There are only {there} to train on.")
    return said.format(there=there)


def _network(experiment: Experiment) -> None:
    cell, layers, hidden = st.columns([1.5, 1, 1.25], gap="xxsmall")
    with cell:
        choice(
            st.selectbox,
            _("Cell"),
            list(CELLS),
            key="cell",
            value=experiment.cell,
            tell=choose_cell,
            format_func=lambda name: _(CELL_LABELS[name]),
        )
    low, high = INTEGER_BOUNDS["layers"]
    with layers:
        choice(
            st.selectbox,
            _("Layers L"),
            list(range(low, high + 1)),
            key="layers",
            value=experiment.layers,
            tell=lambda n: visit.edit("layers", edits.set_layers, n),
        )
    units = UNITS if experiment.hidden in UNITS else (*UNITS, experiment.hidden)
    with hidden:
        choice(
            st.selectbox,
            _("Units H"),
            list(units),
            key="hidden",
            value=experiment.hidden,
            tell=lambda h: visit.edit("hidden", edits.set_fields, hidden=h),
            format_func=lambda h: str(h).strip("()"),
        )
    _say_refusal("cell", "layers", "hidden")


def choose_cell(cell: str) -> None:
    """Take another cell; the sites that it does not have keep their settings for when they are there again."""
    before = visit.experiment()
    if visit.edit("cell", edits.set_cell, cell):
        sites.park_lost(before)


def _method(experiment: Experiment) -> None:
    cell, words = experiment.cell, experiment.has_tokens
    name = experiment.method
    # A method whose placement is another's, and which differs elsewhere, has no place of its own here.
    names = [
        row.name
        for row in METHODS.values()
        if cell in row.cells and find_method_name(row.build_placement(cell=cell), cell, words) == row.name
    ]
    choice(
        st.selectbox,
        _("Method"),
        names if name else [*names, CUSTOM],
        key="method",
        value=name or CUSTOM,
        tell=choose_method,
        format_func=lambda name: _("Your own placement") if name == CUSTOM else _(METHODS[name].label),
        help=_(
            "A method is a placement with a name. Choosing one sets its usual rates, or those that the task opens "
            "with. Switch a single site and it becomes your own."
        ),
    )
    _say_refusal("method")


def choose_method(name: str) -> None:
    """Take the placement of a method."""
    before = visit.experiment()
    if name != CUSTOM and visit.edit("method", edits.set_method, name):
        sites.park_lost(before)
        visit.visit()["at_zero"] = []


def _sites_of(experiment: Experiment) -> list[Site]:
    """Return the sites of the cell, as far as the task has something to drop there."""
    return [s for s in SITES.values() if experiment.cell in s.cells and (experiment.has_tokens or s.name != "words")]


def _site(experiment: Experiment, site: Site) -> None:
    exists = len(get_site_layers(site, experiment.layers)) > 0
    on = sites.is_on(site.name)
    controlled(
        st.toggle,
        _(site.label),
        key=f"on-{site.name}",
        value=on,
        tell=sites.switch,
        args=[site.name],
        help=f"{_(site.multiplies)}. {_(site.memory)}",
        disabled=not exists,
    )
    if on and exists:
        rate = edits.first_rate(sites.dropout_of(site.name))
        controlled(
            st.slider,
            _("rate of {site}").format(site=_(site.label)),
            0.0,
            max(0.99, rate),  # a link may bring a rate nearer to 1 than the slider offers
            key=f"rate-{site.name}",
            value=float(rate),
            tell=sites.set_rate,
            args=[site.name],
            step=0.01,
            format="%.2f",
            label_visibility="collapsed",
        )
    else:
        st.caption(_("clean") if exists else _("at L ≥ 2"))
    _say_refusal(f"on-{site.name}", f"rate-{site.name}")


def _more(experiment: Experiment) -> None:
    """The fold. Its widgets are made when it is open: 250 of them would cost an eighth of the server's time."""
    fold = st.popover(_("More settings"), width="stretch", icon=":material/tune:", key="more", on_change="rerun")
    if not fold.open:
        return
    with fold:
        sharing, training, seeds, file = st.tabs([_("Sharing"), _("Training"), _("Seeds"), _("File")])
        with sharing:
            _sharing(experiment)
        with training:
            _training(experiment)
        with seeds:
            for name, label in SEEDS.items():
                _number(experiment, name, _(label), *INTEGER_BOUNDS[name])
        with file:
            files.show()


def _training(experiment: Experiment) -> None:
    rate = experiment.learning_rate
    label = _("Learning rate ({optimizer})").format(optimizer=_(OPTIMIZERS[experiment.optimiser]))
    most = float(HALF_OPEN_BOUNDS["learning_rate"][1])
    _number(experiment, "learning_rate", label, min(1e-5, rate), most, format="%.5g", step=0.001)
    _number(experiment, "batch", _("Batch B, samples"), *INTEGER_BOUNDS["batch"])
    _number(experiment, "steps", _("Window T, time steps"), *INTEGER_BOUNDS["steps"])
    _number(experiment, "epochs", _("Epochs"), *INTEGER_BOUNDS["epochs"])
    weights = dict(experiment.placement.losses)
    for term in LOSS_TERMS.values():
        key = f"loss-{term.name}"
        controlled(
            st.number_input,
            _("Weight of the {term}").format(term=_(term.label)),
            0.0,
            MAX_PENALTY_WEIGHT,
            key=key,
            value=float(weights.get(term.name, 0.0)),
            tell=lambda weight, name, key: visit.edit(key, edits.set_penalty, name, weight),
            args=[term.name, key],
            step=0.05,
            help=_(term.about),
        )
        _say_refusal(key)


def _number(experiment: Experiment, name: str, label: str, low: float, high: float, **named: Any) -> None:
    """A number of the experiment, and below it what was refused."""
    controlled(
        st.number_input,
        label,
        low,
        high,
        key=name,
        value=getattr(experiment, name),
        tell=lambda value: visit.edit(name, edits.set_fields, **{name: value}),
        **named,
    )
    _say_refusal(name)


def _sharing(experiment: Experiment) -> None:
    off = [site.name for site in _sites_of(experiment) if site.name not in FEW and not sites.is_on(site.name)]
    choice(
        st.selectbox,
        _("Switch on another site"),
        off,
        key="add-site",
        value=None,
        tell=sites.switch_on,
        index=None,
        placeholder=_("choose a site"),
        format_func=lambda name: _(SITES[name].label),
    )
    st.caption(_("Over which axes one draw is reused, how the mean is kept, and how the rate changes over the updates."))
    for site in SITES.values():
        with st.container(key=f"sharing-{site.name}"):  # a place for each, also while it is off
            if sites.is_on(site.name):
                _sharing_of(experiment, site)


def _sharing_of(experiment: Experiment, site: Site) -> None:
    dropout = sites.dropout_of(site.name)
    st.markdown(f"**{_(site.label)}**")
    with st.container(horizontal=True, gap="small"):
        for name in _settings_of(site, dropout):
            choice(
                st.selectbox,
                _(AXES[name]),
                list(SETTINGS[name]),
                key=f"{name}-{site.name}",
                value=getattr(dropout, name),
                tell=_set_setting,
                args=[site.name, name],
                width=165,
                format_func=lambda word: _(CHOICE_LABELS[word]),
            )
        _schedule(site.name, dropout.schedule)
    _layer_rates(experiment, site, dropout)
    _say_refusal(*(f"{part}-{site.name}" for part in (*SETTINGS, "schedule", "length", "start", "each", "layer")))


def _settings_of(site: Site, dropout: Dropout) -> Sequence[str]:
    """What there is to choose: a draw that decides between old and new is never scaled, nor is one of mean 1."""
    scaled = site.kind != "zoneout" and dropout.noise == "bernoulli"
    return [*site.axes, *["scaling"] * scaled, *["noise"] * (site.kind != "zoneout")]


def _set_setting(word: str, site: str, name: str) -> None:
    changed = {name: word}
    if name == "noise":  # noise of mean 1 needs no scaling; what drops has again the usual one
        changed["scaling"] = "none" if word == "gaussian" else edits.default_dropout(site, 0.5).scaling
    sites.change(f"{name}-{site}", site, **changed)


def _schedule(name: str, schedule: RateSchedule) -> None:
    choice(
        st.selectbox,
        _("rate over the updates"),
        list(SCHEDULE_KINDS),
        key=f"schedule-{name}",
        value=schedule.kind,
        tell=sites.set_schedule_kind,
        args=[name],
        width=165,
        format_func=lambda word: _(SCHEDULE_KINDS[word]),
    )
    if schedule.kind == "constant":
        return
    controlled(
        st.number_input,
        _("updates"),
        1,
        MAX_SCHEDULE_UPDATES,
        key=f"length-{name}",
        value=schedule.length,
        tell=lambda n: sites.change(f"length-{name}", name, schedule=replace(schedule, length=n)),
        width=110,
    )
    controlled(
        st.number_input,
        _("from rate"),
        0.0,
        0.99,
        key=f"start-{name}",
        value=float(schedule.start),
        tell=lambda rate: sites.change(f"start-{name}", name, schedule=replace(schedule, start=rate)),
        step=0.05,
        width=110,
    )


def _layer_rates(experiment: Experiment, site: Site, dropout: Dropout) -> None:
    at = get_site_layers(site, experiment.layers)
    if len(at) < 2:
        return
    rates, each = edits.rates_by_layer(dropout, site.name, experiment.layers), isinstance(dropout.rate, tuple)
    controlled(
        st.toggle,
        _("a rate for each layer"),
        key=f"each-{site.name}",
        value=each,
        tell=lambda on: sites.change(f"each-{site.name}", site.name, rate=rates if on else rates[0]),
    )
    if not each:
        return
    with st.container(horizontal=True, gap="small"):
        for place, (layer, rate) in enumerate(zip(at, rates, strict=True)):
            controlled(
                st.number_input,
                _("layer {l}").format(l=layer),
                0.0,
                max(0.99, rate),
                key=f"rate-{site.name}-{layer}",
                value=float(rate),
                tell=sites.set_layer_rate,
                args=[site.name, place],
                step=0.05,
                width=110,
            )
