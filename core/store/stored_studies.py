"""The studies in the store: each with its name and its results, plain data. Every query names the owner."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from core.experiment.study import Study, study_from_json, study_to_json
from core.i18n import _
from core.store.packing import SMALL, pack_lines, unpack_lines
from core.store.versions import insert_versions
from core.tasks.task import CORPUS_OPTION

MAX_RESULTS_BYTES = 2 * 2**20  # of the packed results of a study


@dataclass(frozen=True)
class StoredStudy:
    """A study in a list. saved: in seconds since 1970."""

    id: str
    name: str
    study: Study
    saved: float


def pack_results(study: Study, results: Sequence[Any]) -> bytes:
    """Return results, plain data for JSON, packed. Raises Invalid if they are too large, or the study learns from a file."""
    if any(CORPUS_OPTION in dict(experiment.options) for _name, experiment in study.experiments):
        raise Invalid(_("A study on an uploaded file is not stored."), "study")
    packed = pack_lines([json.dumps(result) for result in results], SMALL) if results else b""
    if len(packed) > MAX_RESULTS_BYTES:
        raise Invalid(_("The results of this study are too large to be stored."), "study")
    return packed


def save_study(
    connection: sqlite3.Connection, owner: str, stored: StoredStudy, results: bytes, versions: Mapping[str, str]
) -> None:
    """Save a study with its packed results, in the place of the owner's study with the same id."""
    connection.execute(
        """INSERT INTO studies (id, owner, name, study, results, version, saved) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, study = excluded.study, results = excluded.results,
        version = excluded.version, saved = excluded.saved WHERE owner = excluded.owner""",
        (
            stored.id,
            owner,
            stored.name,
            study_to_json(stored.study),
            results,
            insert_versions(connection, versions),
            stored.saved,
        ),
    )


def list_studies(connection: sqlite3.Connection, owner: str) -> list[StoredStudy]:
    """Return the studies of an owner, the newest first, but for those that this version of the program does not allow."""
    rows = connection.execute("SELECT id, name, study, saved FROM studies WHERE owner = ? ORDER BY saved DESC, id", (owner,))
    return [stored for row in rows if (stored := _make_study(*row))]


def read_results(connection: sqlite3.Connection, owner: str, study_id: str) -> list[Any] | None:
    """Return the results of a study of the owner; None if the owner has no such study. Raises sqlite3.Error."""
    row = connection.execute("SELECT results FROM studies WHERE id = ? AND owner = ?", (study_id, owner)).fetchone()
    if row is None:
        return None
    try:
        return [json.loads(line) for line in unpack_lines(row[0])] if row[0] else []
    except ValueError as error:
        raise sqlite3.DatabaseError(str(error)) from None


def delete_study(connection: sqlite3.Connection, owner: str, study_id: str) -> None:
    """Delete a study of an owner."""
    connection.execute("DELETE FROM studies WHERE id = ? AND owner = ?", (study_id, owner))


def _make_study(study_id: str, name: str, text: str, saved: float) -> StoredStudy | None:
    try:
        return StoredStudy(study_id, name, study_from_json(text), saved)
    except Invalid:
        return None
