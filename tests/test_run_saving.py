"""The shown run as a file: nothing of an uploaded file is in it. Oracle: the recorded run, and the reader of such files."""

from core.experiment.serialization import to_plain
from core.runs.recording import FOLDER, read
from core.store.run_files import parse_json, to_json
from pages.lab.run_files import build_recorded


def test_a_run_on_an_own_file_is_saved_without_the_file() -> None:
    recorded = read(FOLDER / "default.jsonl.gz")
    plain = to_plain(recorded.experiment)
    run = {
        "began": plain | {"options": plain["options"] | {"corpus": "a secret"}},
        "events": list(recorded.packed_events),
        "recorded": False,
    }
    text = to_json("run 1", build_recorded(run))
    assert "secret" not in text
    name, again = parse_json(text.encode())
    assert (name, again.experiment) == ("run 1", recorded.experiment)
    assert len(again.events) == len(recorded.events)
    assert build_recorded(run).events == recorded.events, "the long lists are lists again"
    assert build_recorded(run | {"recorded": True}).made == recorded.made
