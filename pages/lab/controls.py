"""The left side: what is learned, how large the network is, where dropout acts. Reads widgets; returns an experiment."""

import json
from functools import partial
from typing import Any

import streamlit as st

from core.dropout.methods import METHODS, name_of
from core.dropout.penalties import LOSSES, MOST
from core.dropout.placement import NOISES, SCALINGS, SHARING, WORDS, Dropout, Placement, usual
from core.dropout.schedule import KINDS, LONGEST, Schedule
from core.dropout.sites import SITES, Site, layers_of
from core.errors import Invalid
from core.experiment.batches import count_inputs, count_targets, load_data
from core.experiment.experiment import BOUNDS, CELLS, LIMITS, Experiment, build_experiment
from core.experiment.serialization import from_json, to_json, to_plain
from core.export import script
from core.i18n import N_, _
from core.tasks import TASKS, task
from core.tasks.file_readers import called
from core.tasks.task import CORPUS, Option, Options
from pages.common.escape import plain
from pages.lab import upload, workbench

UNITS = (16, 32, 48, 64, 96, 128, 200, 256)
OWN = "own"  # the method's place in the list when the placement is none of the literature's
ENOUGH = 0.9  # of a text that is cut to whole windows
RATE = 0.5  # of a site that is switched on for the first time
RAMP = 300  # updates of a schedule that is switched on for the first time
FEW = (
    "input",
    "between",
    "output",
    "state",
    "candidate",
    "cell",
)  # the sites that are always at hand; others where they are on
# What no control changes.
PLAIN = (
    "embedding",
    "updates",
    "optimiser",
    "decay",
    "decay_after",
    "clip",
    "weight_decay",
    "loss",
    "init_range",
    "forget_bias",
    "decoder",
    "windows",
    "states",
    "monte_carlo",
    "device",
    "engine",
)
CELL_NAMES = {"lstm": N_("LSTM"), "gru": N_("GRU"), "rnn": N_("RNN"), "rnn-logistic": N_("RNN, logistic")}
OPTIMISERS = {"adam": N_("Adam"), "sgd": "SGD", "nt-asgd": "NT-ASGD"}
SETTINGS = {**SHARING, "scaling": SCALINGS, "noise": NOISES}
OVER = ("schedule", "length", "start")  # the parts of a schedule
NUMBERS = ("batch", "steps", "epochs", "learning_rate", "data_seed", "weight_seed", "mask_seed")
FOLDED = (*NUMBERS, *(f"{name}-" for name in (*SETTINGS, *OVER, "loss")), "each-", *(f"rate-{name}-" for name in SITES))
AXES = {
    "time": N_("over time"),
    "batch": N_("over the batch"),
    "gates": N_("over the gates"),
    "units": N_("over the units"),
    "scaling": N_("scaling"),
    "noise": N_("noise"),
}


def fill(experiment: Experiment) -> None:
    """Sets every control to what the experiment says."""
    state = st.session_state
    state["task"], state["layers"] = experiment.task, experiment.layers
    state["hidden"], state["cell"] = experiment.hidden, experiment.cell
    upload.forget(task(experiment.task))
    for name, value in experiment.options:
        state[f"option-{experiment.task}-{name}"] = value
    state["default-steps"] = task(experiment.task).default_steps(dict(experiment.options))
    state["plain"] = {name: getattr(experiment, name) for name in PLAIN}
    for name in NUMBERS:
        state[name] = getattr(experiment, name)
    fill_sites(experiment.placement)


def fill_sites(placement: Placement) -> None:
    """Sets the controls of the sites; a site that is off keeps its rate for when it is switched on again."""
    for name in SITES:
        dropout = placement.get(name)
        st.session_state[f"on-{name}"] = dropout is not None
        _fill_site(name, dropout or usual(name, st.session_state.get(f"rate-{name}", RATE)))
    for name in LOSSES:
        st.session_state[f"loss-{name}"] = float(dict(placement.losses).get(name, 0.0))


def show() -> Experiment | None:
    """Draws the controls. Returns the experiment they describe; None, with the reason on the page, if there is none."""
    notice = st.container()  # what is wrong is said at the top, where it is seen
    st.markdown(f"## {_('Data and model')}")
    chosen = st.selectbox(
        _("Task"),
        TASKS,
        format_func=lambda name: _(TASKS[name].label),
        key="task",
        on_change=_task_changed,
        help=_(task(st.session_state["task"]).shows),
    )
    row = task(chosen)
    with st.container(key="about"):
        st.caption(_(row.about))
    alone = sum(option.whole for option in row.shared_options) < 2  # a number leaves room for the way to one's own file
    for whole in (True, False):  # a row of numbers, a row of words: each as wide as it needs to be
        places = [partial(_option, chosen, option) for option in upload.settings(row) if option.whole == whole]
        wide = [1.3] * len(places)
        if row.reads_files and whole == alone:
            places, wide = [*places, partial(upload.way, row)], [*wide, 1.0]
        columns = st.columns(wide, gap="small", vertical_alignment="bottom") if places else ()
        for column, place in zip(columns, places, strict=True):
            with column:
                place()
    upload.show(row)
    read = st.container(key="read")
    cell, layers, hidden = st.columns([1.5, 1, 1.25], gap="xxsmall")
    cell.selectbox(_("Cell"), CELLS, key="cell", format_func=lambda name: _(CELL_NAMES[name]), on_change=_cell_changed)
    low, high = BOUNDS["layers"]
    layers.selectbox(_("Layers L"), range(low, high + 1), key="layers", on_change=_layers_changed)
    with hidden:
        _hidden()
    st.markdown(f"## {_('Where dropout acts')}")
    _method()
    there = _there()
    for site in SITES.values():
        # A place for each, so that those that follow keep theirs.
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"site-{site.name}"):
            if site in there and (site.name in FEW or st.session_state[f"on-{site.name}"]):
                _site(site)
    _more()
    with notice:
        experiment = _read()
    with read:
        if experiment is not None and (said := upload.used(experiment) or _fewer(experiment)):
            st.caption(said)
    return experiment


def _fewer(experiment: Experiment) -> str:
    """That a text, or what else may be one's own, is shorter than what was asked for; nothing where it is not."""
    row = task(experiment.task)
    if not row.reads_files:
        return ""
    writing = load_data(experiment).writing is not None
    there = count_inputs(experiment) if writing else count_targets(experiment)["train"]
    if there >= ENOUGH * int(dict(experiment.options)[row.shared_options[0].name]):
        return ""
    said = _("The text has no more than {there}, in whole windows.") if writing else _("There are only {there} to train on.")
    return said.format(there=there)


def _options() -> Options:
    """The settings of the chosen task."""
    row = task(st.session_state["task"])
    shared = {option.name: st.session_state[f"option-{row.name}-{option.name}"] for option in row.shared_options}
    return shared | upload.options(row)


def _words() -> bool:
    """Whether the chosen task reads tokens, of which whole words can be dropped."""
    return task(st.session_state["task"]).features(_options()) == 0


def _there() -> list[Site]:
    """The sites of the cell, as far as the task has something to drop there."""
    return [site for site in SITES.values() if st.session_state["cell"] in site.cells and (_words() or site.name != "words")]


def _hidden() -> None:
    own = st.session_state["hidden"]
    choices = UNITS if own in UNITS else (*UNITS, own)
    st.selectbox(_("Units H"), choices, key="hidden", format_func=lambda h: str(h).strip("()"))


def _option(name: str, option: Option) -> None:
    key = f"option-{name}-{option.name}"
    st.session_state.setdefault(key, option.default)
    if option.choices:
        st.selectbox(
            _(option.label),
            option.choices,
            key=key,
            format_func=lambda word: _(option.choices[word]),
            persist_state="session",
            on_change=_default_steps,
        )
        return
    st.number_input(
        _(option.label),
        option.low,
        option.high,
        key=key,
        step=1 if option.high <= 100 else 1000,
        persist_state="session",
        on_change=_default_steps,
    )


def _method() -> None:
    cell = st.session_state["cell"]
    own = name_of(_placement(), cell, _words())
    st.session_state["method"] = own or OWN
    # A method whose placement is another's, and which differs elsewhere, has no place of its own here.
    names = [
        row.name
        for row in METHODS.values()
        if cell in row.cells and name_of(row.placement(cell=cell), cell, _words()) == row.name
    ]
    names += [OWN] if own is None else []
    st.selectbox(
        _("Method"),
        names,
        key="method",
        on_change=_method_changed,
        format_func=_method_label,
        help=_(
            "A method is a placement with a name. Choosing one sets its usual rates, or those that the task opens "
            "with. Switch a single site and it becomes your own."
        ),
    )


def _method_label(name: str) -> str:
    return _("Your own placement") if name == OWN else _(METHODS[name].label)


def _site(site: Site) -> None:
    exists = len(layers_of(site, st.session_state["layers"])) > 0
    help_text = f"{_(site.multiplies)}. {_(site.memory)}"
    on = st.toggle(_(site.label), key=f"on-{site.name}", help=help_text, disabled=not exists)
    if on and exists:
        key = f"rate-{site.name}"
        st.slider(
            _("rate of {site}").format(site=_(site.label)),
            0.0,
            _reach(key),
            step=0.01,
            key=key,
            format="%.2f",
            label_visibility="collapsed",
            persist_state="session",
            on_change=_one_rate,
            args=[site.name],
        )
    else:
        st.caption(_("clean") if exists else _("at L ≥ 2"))


def _more() -> None:
    # What is folded away is mounted by the browser when it is opened, perhaps much later; without this it would then
    # start from the widget's own default and tell the server so.
    for name in [key for key in st.session_state if str(key).startswith(FOLDED)]:
        st.session_state[name] = st.session_state[name]
    with st.popover(_("More settings"), width="stretch", icon=":material/tune:"):
        sharing, network, seeds, file = st.tabs([_("Sharing"), _("Training"), _("Seeds"), _("File")])
        with sharing:
            _sharing()
        with network:
            least = min(1e-5, st.session_state["learning_rate"])
            label = _("Learning rate ({optimiser})").format(optimiser=_(OPTIMISERS[st.session_state["plain"]["optimiser"]]))
            most = LIMITS["learning_rate"][1]
            st.number_input(label, least, float(most), key="learning_rate", format="%.5g", step=0.001)
            st.number_input(_("Batch B, samples"), *BOUNDS["batch"], key="batch")
            st.number_input(_("Window T, time steps"), *BOUNDS["steps"], key="steps")
            st.number_input(_("Epochs"), *BOUNDS["epochs"], key="epochs")
            for term in LOSSES.values():
                label = _("Weight of the {term}").format(term=_(term.label))
                st.number_input(
                    label, 0.0, MOST, key=f"loss-{term.name}", step=0.05, help=_(term.about), persist_state="session"
                )
        with seeds:
            for name, label in (("data_seed", _("Data")), ("weight_seed", _("Initial weights")), ("mask_seed", _("Masks"))):
                st.number_input(label, *BOUNDS[name], key=name)
        with file:
            _file()


def _sharing() -> None:
    off = [site.name for site in _there() if site.name not in FEW and not st.session_state[f"on-{site.name}"]]
    st.selectbox(
        _("Switch on another site"),
        off,
        index=None,
        key="add-site",
        on_change=_add_site,
        placeholder=_("choose a site"),
        format_func=lambda name: _(SITES[name].label),
    )
    st.caption(_("Over which axes one draw is reused, how the mean is kept, and how the rate changes over the updates."))
    for site in SITES.values():
        with st.container(key=f"sharing-{site.name}"):  # a place for each, also while it is off
            if st.session_state[f"on-{site.name}"]:
                _sharing_of(site)


def _sharing_of(site: Site) -> None:
    st.markdown(f"**{_(site.label)}**")
    with st.container(horizontal=True, gap="small"):
        for name in _choices(site):
            st.selectbox(
                _(AXES[name]),
                SETTINGS[name],
                key=f"{name}-{site.name}",
                width=165,
                persist_state="session",
                format_func=lambda word: _(WORDS[word]),
            )
        _schedule(site.name)
    _layer_rates(site)


def _choices(site: Site) -> list[str]:
    """What there is to choose: a draw that decides between old and new is never scaled, nor is one of mean 1."""
    scaled = site.kind != "old" and st.session_state[f"noise-{site.name}"] == "bernoulli"
    return [*site.axes, *["scaling"] * scaled, *["noise"] * (site.kind != "old")]


def _schedule(name: str) -> None:
    kind = st.selectbox(
        _("rate over the updates"),
        KINDS,
        key=f"schedule-{name}",
        width=165,
        persist_state="session",
        format_func=lambda word: _(KINDS[word]),
        on_change=_schedule_changed,
        args=[name],
    )
    if kind != "constant":
        st.number_input(_("updates"), 1, LONGEST, key=f"length-{name}", width=110, persist_state="session")
        st.number_input(_("from rate"), 0.0, 0.99, step=0.05, key=f"start-{name}", width=110, persist_state="session")


def _layer_rates(site: Site) -> None:
    at = layers_of(site, st.session_state["layers"])
    if len(at) < 2:
        return
    each = st.toggle(_("a rate for each layer"), key=f"each-{site.name}", persist_state="session")
    if each:
        with st.container(horizontal=True, gap="small"):
            for layer in at:
                st.session_state.setdefault(f"rate-{site.name}-{layer}", st.session_state[f"rate-{site.name}"])
                key = f"rate-{site.name}-{layer}"
                st.number_input(
                    _("layer {l}").format(l=layer), 0.0, _reach(key), step=0.05, width=110, key=key, persist_state="session"
                )


def _file() -> None:
    experiment = _read(quiet=True)
    st.download_button(
        _("Save this experiment (JSON)"),
        to_json(experiment) if experiment else "",
        "experiment.json",
        "application/json",
        on_click="ignore",
        disabled=experiment is None,
    )
    st.download_button(
        _("Save it as a PyTorch script"),
        partial(script, experiment) if experiment else "",
        "dropout.py",
        "text/x-python",
        on_click="ignore",
        disabled=experiment is None,
        help=_("The model with these masks and its training loop, in plain PyTorch."),
    )
    upload = st.file_uploader(_("Open an experiment (JSON)"), type="json", key="upload", max_upload_size=2)
    if upload is not None and st.session_state.get("opened") != upload.file_id:
        st.session_state["opened"] = upload.file_id
        try:
            _open(upload.getvalue())
        except Invalid as invalid:
            st.session_state["file-error"] = str(invalid)
    if error := st.session_state.get("file-error"):
        st.error(plain(error))


def _open(content: bytes) -> None:
    text = content.decode("utf-8-sig", errors="replace")
    experiment = from_json(text)
    load_data(experiment)
    st.session_state["file-error"] = ""
    st.session_state["open"] = to_plain(experiment)
    workbench.open_without_file(json.loads(text))
    st.rerun()


def _default_steps() -> None:
    # The window follows the options where they ask for another one; elsewhere the user's own stays.
    state = st.session_state
    row = task(state["task"])
    steps = row.default_steps(_options())
    if steps != state["default-steps"]:
        state["steps"] = state["default-steps"] = steps


def _task_changed() -> None:
    state = st.session_state
    seeds = {name: state[name] for name in ("data_seed", "weight_seed", "mask_seed")}
    fill(build_experiment(state["task"], **seeds))


def _method_changed() -> None:
    state = st.session_state
    if state["method"] != OWN:
        opening = build_experiment(state["task"])  # a task may open with other rates than its method's usual ones
        own = name_of(opening.placement, state["cell"], opening.words) == state["method"]
        fill_sites(opening.placement if own else METHODS[state["method"]].placement(cell=state["cell"]))


def _cell_changed() -> None:
    # What the new cell does not have is switched off; a method that acts elsewhere in it moves there.
    state = st.session_state
    chosen = state["method"]
    if chosen != OWN and state["cell"] in METHODS[chosen].cells:
        _method_changed()
    for name, site in SITES.items():
        state[f"on-{name}"] = state[f"on-{name}"] and state["cell"] in site.cells


def _add_site() -> None:
    state = st.session_state
    if name := state["add-site"]:
        _fill_site(name, usual(name, state[f"rate-{name}"]))
        state[f"on-{name}"], state["add-site"] = True, None


def _schedule_changed(name: str) -> None:
    length = f"length-{name}"
    st.session_state[length] = st.session_state[length] or RAMP


def _one_rate(name: str) -> None:
    # Moving a site's own slider ends its rates by layer.
    st.session_state[f"each-{name}"] = False


def _layers_changed() -> None:
    for name in SITES:
        _one_rate(name)


def _reach(key: str) -> float:
    # A link may bring a rate nearer to 1 than the widget offers.
    return float(max(0.99, st.session_state[key]))


def _fill_site(name: str, dropout: Dropout) -> None:
    state = st.session_state
    rates = dropout.rate if isinstance(dropout.rate, tuple) else (dropout.rate,)
    state[f"rate-{name}"], state[f"each-{name}"] = float(rates[0]), len(rates) > 1
    for layer, rate in zip(layers_of(SITES[name], state["layers"]), rates, strict=False):
        if len(rates) > 1:
            state[f"rate-{name}-{layer}"] = float(rate)
    for setting in SETTINGS:
        state[f"{setting}-{name}"] = getattr(dropout, setting)
    schedule = dropout.schedule
    state[f"schedule-{name}"], state[f"length-{name}"] = schedule.kind, schedule.length
    state[f"start-{name}"] = float(schedule.start)


def _dropout(site: Site) -> Dropout:
    state = st.session_state
    at = layers_of(site, state["layers"])
    each = state[f"each-{site.name}"] and len(at) > 1
    own = round(state[f"rate-{site.name}"], 12)
    rates = tuple(round(state.get(f"rate-{site.name}-{layer}", own), 12) for layer in at)
    settings: dict[str, Any] = {name: state[f"{name}-{site.name}"] for name in SETTINGS}
    if settings["noise"] == "gaussian":
        settings["scaling"] = "none"
    kind, length, start = (state[f"{part}-{site.name}"] for part in OVER)
    schedule = Schedule() if kind == "constant" else Schedule(kind, length, start)
    return Dropout(rate=rates if each else own, **settings, schedule=schedule)


def _placement() -> Placement:
    state = st.session_state
    losses = {name: state[f"loss-{name}"] for name in LOSSES}
    return Placement.of({name: _dropout(site) for name, site in SITES.items() if state[f"on-{name}"]}, losses)


def _read(quiet: bool = False) -> Experiment | None:
    """The experiment of the controls; where it cannot be, a sentence on the page, and None."""
    state = st.session_state
    given = state["plain"] | {name: state[name] for name in ("layers", "hidden", "cell", *NUMBERS)}
    try:
        experiment = build_experiment(state["task"], _options(), placement=_placement(), **given)
        load_data(experiment)
    except Invalid as invalid:
        if not quiet:
            st.error(plain(" ".join(filter(None, (invalid.sentence, upload.mend(task(state["task"]), invalid), _stands())))))
        return None
    return experiment


def _stands() -> str:
    """What the page shows as long as the controls describe no experiment."""
    last = workbench.wanted()
    path = str(dict(last.options).get(CORPUS, ""))
    return _("The page still shows what was there before: {task}, {data}.").format(
        task=_(task(last.task).label), data=called(path) if path else _("the data that come with it")
    )
