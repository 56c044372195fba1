"""The experiments of a study as PyTorch scripts in one zip file."""

import io
import re
import zipfile

from core.experiment.study import Study, study_to_json
from core.export import build_script
from core.i18n import _


def build_zip(study: Study) -> bytes:
    """Return a zip file with a script for each experiment, with the first seed, and the study as JSON."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as folder:
        for number, (name, experiment) in enumerate(study.experiments, 1):
            _add_file(folder, f"{number}-{_make_file_name(name)}.py", build_script(experiment))
        _add_file(folder, "study.json", study_to_json(study))
        _add_file(folder, "README.txt", _describe(study))
    return packed.getvalue()


def _add_file(folder: zipfile.ZipFile, name: str, text: str) -> None:
    # With a fixed date, so that the same study gives the same bytes.
    folder.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), text)


def _make_file_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "experiment"


def _describe(study: Study) -> str:
    return _(
        "Each script trains one experiment with seed {seed}. All runs of the study: python -m core compare --study study.json\n"
    ).format(seed=study.seeds[0])
