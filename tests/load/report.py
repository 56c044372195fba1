"""The report of the load test: a table of the waits and errors of the sessions, and of the server's memory and time."""

import statistics
from collections import Counter
from collections.abc import Sequence

from tests.load.attacker import Attack
from tests.load.faults import Faults
from tests.load.machine import Watch
from tests.load.recovery import Recovery, find_recoveries
from tests.load.student import Student


def format_report(
    students: Sequence[Student],
    watch: Watch | None,
    load: str,
    faults: Faults | None = None,
    attacker: Attack | None = None,
) -> str:
    """Return the report as a Markdown table. load: the machine's load average."""
    rows = [*_describe_waits(students), *_describe_progress(students, watch), _describe_errors(students)]
    if faults:
        made = ", ".join(f"{count} × {kind}" for kind, count in faults.made.items())
        rows += [("faults", made), ("lost", "; ".join(faults.lost) or "nothing")]
        if watch:
            rows += _describe_recoveries(find_recoveries(watch.begun, faults.kills))
    if attacker:
        rows.append(("attacked", f"{attacker.times} × {attacker.name}; {'; '.join(attacker.errors) or 'it held'}"))
    if watch:
        rows += [*_describe_machine(watch), _describe_cost(students, watch)]
    received = sum(student.tab.received for student in students) / 2**20
    rows += [("received by all sessions", f"{received:.0f} MB"), ("load average (1, 5, 15 min)", load)]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def count_errors(students: Sequence[Student]) -> "Counter[str]":
    """Return what went wrong, and how often."""
    return Counter(error for student in students for error in student.tab.errors)


def _describe_waits(students: Sequence[Student]) -> list[tuple[str, str]]:
    names = {
        "page": "first page",
        "tick": "a tick of the live page",
        "redraw": "live side drawn anew after a tick",
        "action": "click or slider to effect",
    }
    waits = {kind: sorted(wait for student in students for wait in student.tab.waits[kind]) for kind in names}
    return [(f"{label}, median / p95 (number)", _format_quantiles(waits[kind])) for kind, label in names.items()]


def _format_quantiles(waits: Sequence[float]) -> str:
    if not waits:
        return "–"
    return f"{statistics.median(waits):.2f} / {waits[min(len(waits) - 1, int(0.95 * len(waits)))]:.2f} s ({len(waits)})"


def _describe_recoveries(recoveries: Sequence[Recovery]) -> list[tuple[str, str]]:
    names = {True: "where another worker lived", False: "where none did"}
    waits = {had: sorted(one.seconds for one in recoveries if one.had_other is had) for had in names}
    return [
        (
            f"a run's next turn after its worker was killed, {name}, median / p95 (number)",
            f"{_format_quantiles(waits[had])}, most {max(waits[had], default=0):.2f} s",
        )
        for had, name in names.items()
    ]


def _describe_progress(students: Sequence[Student], watch: Watch | None) -> list[tuple[str, str]]:
    training = [student for student in students if student.trains]
    began = sorted(student.began for student in training if student.began is not None)
    within = f", median {statistics.median(began):.1f}, last {began[-1]:.1f} s after Play" if began else ""
    updates = sorted(sum(student.updates.values()) for student in training)
    rows = [
        ("sessions whose curve began", f"{len(began)} of {len(training)}{within}"),
        ("least / most updates of a session", f"{updates[0]} / {updates[-1]} (sum {sum(updates)})"),
    ]
    if watch:
        granted = watch.granted()
        seconds = sorted(sum(granted.get(run, 0.0) for run in student.updates) for student in training)
        ratio = f"{seconds[0] / seconds[-1]:.2f}" if seconds[-1] else "–"
        rows.append(("granted training, least / most of a session", f"{seconds[0]:.1f} / {seconds[-1]:.1f} s ({ratio})"))
    return rows


def _describe_errors(students: Sequence[Student]) -> tuple[str, str]:
    errors = count_errors(students)
    most = "; ".join(f"{count} × {' '.join(error.split())[:120]}" for error, count in errors.most_common(3))
    return "errors", f"{errors.total()}" + (f": {most}" if most else "")


def _describe_cost(students: Sequence[Student], watch: Watch) -> tuple[str, str]:
    answers = sum(len(waits) for student in students for waits in student.tab.waits.values())
    seconds = watch.cores["server"] * watch.seconds
    return "processor time of the server per answer", f"{1000 * seconds / max(1, answers):.1f} ms ({answers} answers)"


def _describe_machine(watch: Watch) -> list[tuple[str, str]]:
    samples = watch.samples
    chosen = [samples[round(part * (len(samples) - 1) / 4)] for part in range(5)] if samples else []
    most = max((one.server + one.workers for one in samples), default=0.0)
    over = ", ".join(f"{one.seconds:.0f} s: {one.server:.0f} + {one.workers:.0f} ({one.number})" for one in chosen)
    shares = ", ".join(f"{name} {cores:.2f}" for name, cores in watch.cores.items())
    return [
        ("memory (PSS) in MB, server + workers (their number)", f"{over}; most {most:.0f}"),
        ("processor, in cores", shares),
    ]
