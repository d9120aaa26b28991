"""`set`, `edit`, `rename`, `exclude`, `verify`: what changes, what does not, and what is refused."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from alscli.cli import main
from alscli.errors import UsageError
from alscli.interview.amendment import Amendment, amended
from alscli.interview.assignment import entry_of
from alscli.model.format import MODELS, shape_of
from alscli.model.path import name_of, resolve
from alscli.model.vocabulary import shipped
from alscli.store.collection import Collection
from alscli.store.renaming import redirected
from alscli.store.toml import MAX_BYTES, parse

RECORDS = Path(__file__).parent.parent / "records"


class Person(io.StringIO):
    """Somebody at a terminal who answers so; what they do before each answer is done first."""

    def __init__(self, *answers: str, first: Callable[[], object] = lambda: None) -> None:
        super().__init__("".join(f"{answer}\n" for answer in answers))
        self.first = first

    def isatty(self) -> bool:
        return True

    def readline(self, *arguments: Any) -> str:
        self.first()
        return super().readline(*arguments)


@pytest.fixture
def work(collection_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(collection_folder.parent)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    return collection_folder


def held(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if not p.is_dir()}


def trial(root: Path, name: str) -> str:
    return (root / "trials" / f"{name}.toml").read_text("utf-8")


def run(*arguments: str) -> int:
    return main(["--as-of", "2026-11-22", *arguments])


# -- set ----------------------------------------------------------------------------------------------


def test_set_changes_the_values_and_no_other_byte(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = work / "trials" / "valor.toml"
    text = path.read_text("utf-8").replace("\n", "\r\n").replace('phase = "3"', "phase  =  '3'  # as printed")
    path.write_bytes(text.encode())
    assert run("set", "nct02623699", "phase=Ⅱ期", "sites=4,0") == 2
    assert path.read_bytes() == text.encode()
    assert run("set", "nct02623699", "phase=Ⅱ期") == 0
    assert path.read_bytes().decode() == text.replace("'3'", '"2"')
    said = capsys.readouterr()
    assert "phase  3 → 2" in said.out
    assert "wrote records/trials/valor.toml" in said.err


def test_what_is_said_already_is_left_as_it_is_written(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = held(work)
    assert run("set", "nurown-phase3", "countries=美国", "phase=3", "--append", "conditions=ALS") == 0
    assert held(work) == before
    assert "nothing to change" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nurown-phase3", "enrollment.randomized=400"),  # more than were screened
        ("nurown-phase3", "--unset", "title"),
        ("nurown-phase3", "registry_id=NCT02623699"),  # another record's
        ("nurown-phase3", "dates.start.on=2031"),
        ("nurown-phase2", "nurown-phase3", "valor", "src=nowhere"),
        ("nurown-phase2", "nurown-phase3", "--append", "refs={ key = 'x' }"),
    ],
)
def test_a_record_that_would_gain_an_error_is_not_written_nor_any_other(
    work: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    before = held(work)
    assert run("set", *arguments) == 1
    assert held(work) == before
    said = capsys.readouterr().err
    assert " error " in said
    assert "nothing was written" in said


def test_an_error_that_was_there_may_stay(work: Path) -> None:
    path = work / "trials" / "valor.toml"
    path.write_text(trial(work, "valor").replace('status = "completed"', 'status = "done"'), encoding="utf-8")
    assert run("set", "valor", "sites=30") == 0
    assert run("set", "valor", "status=已完成") == 0
    assert 'status = "completed"' in trial(work, "valor")


def test_unset_set_and_append_in_one_command(work: Path) -> None:
    table = "{ arm = 'active', vs = 'baseline', type = '比值比', est = 1.330, p = '< .05' }"
    arguments = ["--unset", "sites", "--unset", "why_stopped", "--append", "countries=以色列", "title_zh=题"]
    arguments += ["--append", f"outcomes.responder-28w.effects={table}"]
    assert run("set", "nurown-phase3", *arguments) == 0
    text = trial(work, "nurown-phase3")
    assert '  { arm = "active", vs = "baseline", type = "or", est = 1.330, p = "<0.05" },\n' in text
    assert 'countries = ["IL", "US"]' in text
    assert "\nsites" not in text
    assert 'title_zh = "题"' in text


def test_a_count_keeps_its_source(work: Path) -> None:
    assert 'planned = { n = 200, loc = "version of 2018" }' in trial(work, "nurown-phase3")
    assert run("set", "nurown-phase3", "enrollment.planned=201") == 0
    assert 'planned = { n = 201, loc = "version of 2018" }' in trial(work, "nurown-phase3")
    assert run("set", "nurown-phase3", "enrollment.completed=100") == 0
    assert run("set", "nurown-phase3", "enrollment.completed.loc=results") == 0
    assert 'completed = { n = 100, loc = "results" }' in trial(work, "nurown-phase3")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("valor",), "nothing to set"),
        (("phase=3",), "no record is named"),
        (("valor", "phase=3", "--country", "US"), "filters"),
        (("valor", "phas=3"), "did you mean phase"),
        (("valor", "phase=9"), "no term of phase"),
        (("valor", "sites=seven"), "sites: 'seven' is no number\n  `alscli fields sites` explains it"),
        (("valor", "arms.active.n=-1"), "arms.active.n: '-1' is no whole number\n  `alscli fields arms.n`"),
        (("valor", "--append", "related={ id = 'a', rel = 'x' }"), "'x' is no term of rel"),
        (("valor", "note="), "--unset note"),
        (("valor", "note=a\ufffdb"), "UTF-8"),
        (("valor", "id=other"), "alscli rename"),
        (("valor", "id=../other"), "alscli rename"),
        (("valor", "schema=2"), "version of the format"),
        (("valor", "verified.on=2026-01-01"), "alscli verify"),
        (("valor", "--unset", "id"), "alscli rename"),
        (("valor", "--unset", "nothing"), "no field"),
        (("valor", "--append", "phase=3"), "is no list"),
        (("valor", "--append", "conditions"), "no FIELD=VALUE"),
        (("valor", "--append", "arms=not_reported"), "arms"),
        (("../valor", "phase=3"), "no record"),
        (("con", "phase=3"), "no record"),
        (("val", "phase=3"), "did you mean"),  # the beginning of an id is enough only for reading
        (("--country", "US", "phase=3"), "no terminal"),
        (("--country", "Atlantis", "phase=3", "--yes"), "no term of country"),
        (("--where", "nothing > 1", "phase=3", "--yes"), "nothing"),
    ],
)
def test_set_refuses_in_a_line_and_says_what_to_do(
    work: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    before = held(work)
    assert run("set", *arguments) == 2
    assert held(work) == before
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 2


def test_set_on_what_filters_choose(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = held(work)
    arguments = ("set", "--product", "nurown", "--where", "phase = '3'", "--append", "background=riluzole")
    assert run(*arguments, "--dry-run") == 0
    assert held(work) == before
    assert "nothing was written" in capsys.readouterr().err
    assert run(*arguments, "--yes") == 0
    changed = {name for name, data in held(work).items() if data != before[name]}
    assert changed == {"trials/nurown-phase3.toml"}
    assert run("set", "--phase", "4", "note=x", "--yes") == 0
    assert "no trial matches" in capsys.readouterr().err


@pytest.mark.parametrize("chosen", [("--text", "TOFERSEN"), ("--where", "id = 'valor'")])
def test_set_on_words_and_on_sql_alone(work: Path, chosen: tuple[str, ...]) -> None:
    before = held(work)
    assert run("set", *chosen, "note=x", "--yes") == 0
    assert {name for name, data in held(work).items() if data != before[name]} == {"trials/valor.toml"}


@pytest.mark.parametrize(("answers", "status"), [(["yes"], 0), (["n"], 1), ([""], 1), ([], 130)])
def test_set_asks_first(work: Path, monkeypatch: pytest.MonkeyPatch, answers: list[str], status: int) -> None:
    before = held(work)
    monkeypatch.setattr(sys, "stdin", Person(*answers))
    assert run("set", "--modality", "cell", "follow_up=9 months") == status
    changed = [name for name, data in held(work).items() if data != before[name]]
    assert (len(changed) > 2) is (status == 0)


def test_a_file_changed_while_the_person_thinks_is_left_and_so_are_the_others(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = work / "trials" / "nurown-phase3.toml"
    monkeypatch.setattr(sys, "stdin", Person("y", first=lambda: path.write_bytes(b"# theirs\n")))
    before = held(work)
    assert run("set", "--modality", "cell", "follow_up=9m") == 1
    assert held(work) == {**before, "trials/nurown-phase3.toml": b"# theirs\n"}
    assert "changed meanwhile" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "code"), [("set", errno.ENOSPC), ("rename", errno.EROFS), ("exclude", errno.EACCES)]
)
def test_a_disk_that_will_not(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int, command: str
) -> None:
    arguments = {
        "set": ("set", "valor", "nurown-phase3", "follow_up=9m"),
        "rename": ("rename", "nurown", "other"),
        "exclude": ("exclude", "valor", "--reason", "duplicate", "--yes"),
    }[command]
    before = held(work)
    opened, count, last = os.open, [0], 1 if command == "exclude" else 2

    def fail(path: Any, *rest: Any, **options: Any) -> int:
        if str(path).startswith(str(work)) or str(path).startswith("records"):
            count[0] += str(path).endswith(".tmp")
            if count[0] == last:
                raise OSError(code, os.strerror(code))
        return opened(path, *rest, **options)

    monkeypatch.setattr(os, "open", fail)
    assert run(*arguments) == 3
    monkeypatch.undo()
    assert held(work) == before
    said = capsys.readouterr().err
    assert os.strerror(code) in said
    assert "nothing was changed" in said


def test_a_megabyte_is_too_much(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = held(work)
    assert run("set", "valor", f"note={'x' * MAX_BYTES}") != 0
    assert held(work) == before
    said = capsys.readouterr().err
    assert "MiB" in said
    assert len(said) < 1000


def test_a_record_that_is_no_toml_is_left_to_the_editor(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "trials" / "valor.toml").write_bytes(b"\xff")
    before = held(work)
    assert run("set", "valor", "phase=3") == 1
    assert "alscli edit valor" in capsys.readouterr().err
    assert held(work) == before


def test_the_ledger_is_set_by_its_name(work: Path) -> None:
    ledger = parse((work / "ledger.toml").read_bytes()).values
    (first, *_) = ledger["claims"]
    assert run("set", "ledger", f"claims.{first['id']}.why=Nobody says.") == 0
    assert 'why = "Nobody says."' in (work / "ledger.toml").read_text("utf-8")


# Laws, over the register and every field that it holds.

_EXAMPLES = {
    "text": '其他 words, "quoted" = \' # and \\ more',
    "date": "2001-02",
    "duration": "7w",
    "time": "-3m..0d",
    "number": "4.20",
    "whole number": "1234567",
    "number or bound": "<0.050",
    "range": "18, 61",
    "two numbers": "-0.20, 1.10",
    "registry id": "nct00000000",
    "source keys": "registry, other",
    "DOI": "https://doi.org/10.1000/Xy",
    "PubMed number": "1234",
    "PubMed Central id": "pmc1234567",
    "address": "https://example.org/",
}


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, (*path, key))]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [leaf for index, inner in enumerate(value) for leaf in _leaves(inner, (*path, index))]
    return [path]


def _at(values: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        values = values[part]
    return values


def _typed(value: Any) -> str:
    """A value as somebody would type it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, default=_number)
    return str(value)


def _number(value: object) -> float:
    assert isinstance(value, Decimal)
    return float(value)


@pytest.fixture(scope="session")
def register() -> list[tuple[Any, str]]:
    collection = Collection(RECORDS)
    records = [collection.read(entry) for entry in collection.entries()]
    return [(r.entry.kind, r.document.text) for r in records if r.document is not None and r.readable]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_edit_touches_its_field_alone_and_its_inverse_gives_the_bytes_back(
    register: list[tuple[Any, str]], data: st.DataObject
) -> None:
    kind, text = data.draw(st.sampled_from(register))
    if data.draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    values, spans, shape = parse(text.encode()).values, parse(text.encode()).spans, shape_of(MODELS[kind])
    path = data.draw(st.sampled_from(_leaves(values)))
    name = name_of(path, values, shape)
    entry = entry_of(name, kind)
    assume(path[0] not in ("id", "schema", "verified"))
    assume(resolve(name, values, shape) == path)
    old = _at(values, path)
    assume(not (isinstance(old, list) and any(isinstance(item, Decimal) for item in old)))
    assume(not isinstance(old, str) or (old == old.strip() and "\n" not in old))
    vocabulary = entry.anatomy.vocabulary
    terms = list(shipped()[vocabulary].terms) if vocabulary else []
    new = data.draw(st.sampled_from(terms)) if terms else _EXAMPLES.get(entry.anatomy.type_name)
    assume(new is not None)
    try:
        changed = amended(text, Amendment(assign=[f"{name}={new}"]), kind, shipped())
        now = name_of(path, parse(changed.encode()).values, shape)  # another where the field is an identity
        restored = amended(changed, Amendment(assign=[f"{now}={_typed(old)}"]), kind, shipped())
    except UsageError as error:
        assume("is no term of" not in error.message)  # a field that knows more than its type
        raise
    span = spans.value(path)
    assert span is not None
    assert changed[: span.start] == text[: span.start]
    assert changed.endswith(text[span.end :])
    after = parse(changed.encode()).values
    for leaf in _leaves(values):
        if leaf != path:
            assert _at(after, leaf) == _at(values, leaf)
    assert restored == text


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_field_that_is_added_and_removed_leaves_no_trace(
    register: list[tuple[Any, str]], data: st.DataObject
) -> None:
    kind, text = data.draw(st.sampled_from([pair for pair in register if pair[0] == "trial"]))
    pair = data.draw(
        st.sampled_from(
            ["sponsor.funders.Fund.class=其他", "tags=a", "follow_up=2 years", "eligibility.sex=女"]
        )
    )
    name = pair.partition("=")[0]
    values = parse(text.encode()).values
    first, _, second = name.partition(".")
    assume(name not in values and (not second or second.partition(".")[0] not in values.get(first, {})))
    try:
        changed = amended(text, Amendment(assign=[pair]), kind, shipped())
    except UsageError:
        assume(False)  # noqa: FBT003
    assert changed != text
    assert amended(changed, Amendment(unset=[name]), kind, shipped()) == text


# -- edit ---------------------------------------------------------------------------------------------


def drafts(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "state").rglob("valor.toml"))


def test_edit_writes_what_the_editor_left(
    work: Path, tmp_path: Path, editor: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = trial(work, "valor")
    editor("sites = 32=>sites  =  33 # counted")
    assert run("edit", "NCT02623699") == 0
    assert trial(work, "valor") == before.replace("sites = 32", "sites  =  33 # counted")
    assert "sites  32 → 33" in capsys.readouterr().out
    assert not drafts(tmp_path)


def test_an_editor_that_changes_nothing(
    work: Path, tmp_path: Path, editor: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = held(work)
    editor()
    assert run("edit", "valor") == 0
    assert held(work) == before
    assert "nothing was changed" in capsys.readouterr().err
    assert not drafts(tmp_path)


@pytest.mark.parametrize("command", ["false", "no-such-editor --wait", "'", "  "])
def test_an_editor_that_fails(
    work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    before = held(work)
    monkeypatch.setenv("VISUAL", command)
    monkeypatch.setenv("EDITOR", "false")
    assert run("edit", "valor") == 1
    assert held(work) == before
    said = capsys.readouterr().err
    assert "nothing was changed" in said
    assert said.count("\n") == 2
    assert not drafts(tmp_path)


def test_without_a_terminal_errors_are_kept_as_a_draft_that_a_terminal_resumes(
    work: Path,
    tmp_path: Path,
    editor: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = held(work)
    editor('phase = "3"=>phase = "9"')
    assert run("edit", "valor") == 1
    (draft,) = drafts(tmp_path)
    said = capsys.readouterr().err
    assert str(draft) in said
    assert "SM004 error" in said
    assert run("edit", "valor") == 1
    assert held(work) == before
    monkeypatch.setattr(sys, "stdin", Person("n"))
    assert run("edit", "valor") == 1
    assert drafts(tmp_path) == [draft]
    editor('phase = "9"=>phase = "2"')
    monkeypatch.setattr(sys, "stdin", Person("y"))
    assert run("edit", "valor") == 0
    assert 'phase = "2"' in trial(work, "valor")
    assert not drafts(tmp_path)


@pytest.mark.parametrize(
    ("answers", "status", "phase", "kept"),
    [
        (["e", "x"], 0, "3", 0),
        (["d"], 1, "3", 1),
        (["w", "write anyway"], 0, "9", 0),
        (["", "nonsense", "d"], 1, "3", 1),
        ([], 130, "3", 1),  # Ctrl-D
    ],
)
def test_what_a_person_does_with_errors(
    work: Path,
    tmp_path: Path,
    editor: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    answers: list[str],
    status: int,
    phase: str,
    kept: int,
) -> None:
    editor('phase = "3"=>phase = "9"')
    monkeypatch.setattr(sys, "stdin", Person(*answers))
    assert run("edit", "valor") == status
    assert f'phase = "{phase}"' in trial(work, "valor")
    assert len(drafts(tmp_path)) == kept


def test_a_file_that_is_no_toml_is_never_written(
    work: Path, tmp_path: Path, editor: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = held(work)
    editor('phase = "3"=>phase = ')
    monkeypatch.setattr(sys, "stdin", Person("write anyway", "w", "d"))
    assert run("edit", "valor") == 1
    assert held(work) == before
    assert len(drafts(tmp_path)) == 1


def test_a_broken_file_is_mended_in_the_editor(work: Path, editor: Callable[..., None]) -> None:
    path = work / "trials" / "valor.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('phase = "3"', 'phase = "3'), encoding="utf-8")
    editor('phase = "3=>phase = "3"')
    assert run("edit", "valor") == 0
    assert path.read_text("utf-8") == text


def test_a_file_changed_while_it_was_edited(
    work: Path,
    tmp_path: Path,
    editor: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = work / "trials" / "valor.toml"
    text = path.read_text("utf-8")
    theirs = text.replace("sites = 32", "sites = 40")
    editor('phase = "3"=>phase = "9"')
    change = Person("write anyway", first=lambda: path.write_text(theirs, encoding="utf-8"))
    monkeypatch.setattr(sys, "stdin", change)
    assert run("edit", "valor") == 1
    assert path.read_text("utf-8") == theirs
    (draft,) = drafts(tmp_path)
    assert str(draft) in capsys.readouterr().err
    editor('phase = "9"=>phase = "2"')
    monkeypatch.setattr(sys, "stdin", Person("y", "d"))
    assert run("edit", "valor") == 1
    said = capsys.readouterr()
    assert "has changed since" in said.err
    assert "sites  40 → 32" in said.out
    assert path.read_text("utf-8") == theirs
    editor("sites = 32=>sites = 40")
    monkeypatch.setattr(sys, "stdin", Person("y", "w"))
    assert run("edit", "valor") == 0
    assert path.read_text("utf-8") == theirs.replace('phase = "3"', 'phase = "2"')


def test_half_a_copy_on_a_full_disk_is_no_draft(
    work: Path, tmp_path: Path, editor: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    editor("sites = 32=>sites = 33")
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "valor.toml":
            write(path, data[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        assert run("edit", "valor") == 3
    assert not drafts(tmp_path)
    assert run("edit", "valor") == 0  # at no terminal: nobody is asked about a draft
    assert "sites = 33" in trial(work, "valor")


def test_d_discards_no_draft(
    work: Path, tmp_path: Path, editor: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere it means to keep one."""
    editor('phase = "3"=>phase = "9"')
    assert run("edit", "valor") == 1
    monkeypatch.setattr(sys, "stdin", Person("d"))
    assert run("edit", "valor") == 1
    assert drafts(tmp_path)


def test_a_draft_that_is_discarded(
    work: Path, tmp_path: Path, editor: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    editor('phase = "3"=>phase = "9"')
    assert run("edit", "valor") == 1
    editor("sites = 32=>sites = 33")
    monkeypatch.setattr(sys, "stdin", Person("discard"))
    assert run("edit", "valor") == 0
    assert 'phase = "3"' in trial(work, "valor")
    assert "sites = 33" in trial(work, "valor")


def test_the_schema_lies_where_the_copy_names_it(
    work: Path, tmp_path: Path, editor: Callable[..., None]
) -> None:
    editor('phase = "3"=>phase = "9"')
    assert run("edit", "valor") == 1
    (draft,) = drafts(tmp_path)
    first = draft.read_text("utf-8").partition("\n")[0].removeprefix("#:schema ")
    assert (draft.parent / first).resolve().read_bytes() == (work / "trial.schema.json").read_bytes()


def test_the_ledger_is_edited_by_its_name(work: Path, editor: Callable[..., None]) -> None:
    before = (work / "ledger.toml").read_text("utf-8")
    editor("schema = 1=># mine\nschema = 1")
    assert run("edit", "ledger") == 0
    assert (work / "ledger.toml").read_text("utf-8") == before.replace("schema = 1", "# mine\nschema = 1")


# -- rename -------------------------------------------------------------------------------------------


def errors(root: Path) -> int:
    return main(["--records", str(root), "--quiet", "--as-of", "2026-11-22", "validate", "--format", "jsonl"])


def test_rename_takes_everything_with_it_and_back(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = held(work)
    for name, other in (("nurown-phase3", "nurown-iii"), ("nurown", "debamestrocel")):
        assert run("rename", name, other) == 0
        after = held(work)
        mentions = [
            path for path, data in after.items() if name.encode() in data.replace(b"nurown-phase3-", b"")
        ]
        assert f"trials/{name}.toml" not in after
        assert f"products/{name}.toml" not in after
        assert all(b"former_ids" in after[path] for path in mentions) or name == "nurown"
        assert errors(work) == 0
        assert run("fmt", "--check") == 0
        assert run("show", name) == 0
        assert run("rename", name, other) == 0  # the same command again
        assert held(work) == after
        assert run("rename", other, name) == 0
        assert run("set", name, "--unset", "former_ids") == 0
        assert held(work) == before
    assert "nothing to change" in capsys.readouterr().err


def test_what_names_a_related_study_by_its_id_is_renamed_too(work: Path) -> None:
    path = work / "trials" / "nurown-phase3.toml"
    waiver = '\n[[waivers]]\nrule = "DS001"\nfield = "related.nurown-phase2.why"\nwhy = "so"\n'
    text = path.read_text("utf-8")
    assert 'id = "nurown-phase2"' in text
    path.write_text(text + waiver, encoding="utf-8")
    assert run("rename", "nurown-phase2", "nurown-ii") == 0
    assert 'field = "related.nurown-ii.why"' in trial(work, "nurown-phase3")
    assert '{ id = "nurown-ii",' in trial(work, "nurown-phase3")


@pytest.mark.parametrize(
    ("field", "after"),
    [
        ('related."nurown-phase2".why', "related.nurown-ii.why"),
        ('related."nurown-phase2"', "related.nurown-ii"),
        ('related."nurown-phase2.x".why', 'related."nurown-phase2.x".why'),
        ("refs.nurown-phase2", "refs.nurown-phase2"),
    ],
)
def test_a_quoted_id_in_a_waiver_is_renamed_too(work: Path, field: str, after: str) -> None:
    path = work / "trials" / "nurown-phase3.toml"
    waiver = f"\n[[waivers]]\nrule = 'DS001'\nfield = '{field}'\nwhy = 'so'\n"
    path.write_text(path.read_text("utf-8") + waiver, encoding="utf-8")
    assert run("rename", "nurown-phase2", "nurown-ii") == 0
    (waived,) = parse(path.read_bytes()).values["waivers"]
    assert waived["field"] == after


def test_a_waiver_follows_a_record_to_a_registry_id_that_needs_quotes(work: Path) -> None:
    path = work / "trials" / "nurown-phase3.toml"
    waiver = "\n[[waivers]]\nrule = 'DS001'\nfield = 'related.nurown-phase2.why'\nwhy = 'so'\n"
    path.write_text(path.read_text("utf-8") + waiver, encoding="utf-8")
    text = redirected(path.read_text("utf-8"), "trial", "trial", "nurown-phase2", "EudraCT 2011: 1.2")
    (waived,) = parse(text.encode()).values["waivers"]
    assert waived["field"] == 'related."EudraCT 2011: 1.2".why'


def test_words_that_mention_the_old_id_are_named_and_left(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("set", "valor", "note=As in nurown-phase3.") == 0
    assert run("rename", "nurown-phase3", "third") == 0
    assert "words still mention nurown-phase3: records/trials/valor.toml" in capsys.readouterr().err
    assert "As in nurown-phase3." in trial(work, "valor")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("valor", "nurown-phase2"), 1, "is taken"),
        (("valor", "nurown"), 1, "is taken"),
        (("valor", "../up"), 2, "is no id"),
        (("valor", "con"), 2, "is no id"),
        (("valor", "Big"), 2, "is no id"),
        (("valor", "ｖalor"), 2, "is no id"),
        (("valor", "x" * 200), 2, "is no id"),
        (("ledger", "book"), 2, "no other name"),
        (("nobody", "book"), 2, "no record"),
    ],
)
def test_rename_refuses(
    work: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, str], status: int, said: str
) -> None:
    before = held(work)
    assert run("rename", *arguments) == status
    assert held(work) == before
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("data", [b"\xff nurown-phase3", b"related = nurown-phase3"])
def test_rename_refuses_where_it_cannot_see(
    work: Path, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    (work / "trials" / "valor.toml").write_bytes(data)
    before = held(work)
    assert run("rename", "nurown-phase3", "third") == 1
    assert "may refer to nurown-phase3" in capsys.readouterr().err
    assert held(work) == before
    assert run("rename", "np001-treg-phase1", "treg") == 0
    assert run("rename", "valor", "other") == 1


def test_rename_only_shown(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = held(work)
    assert run("rename", "nurown", "other", "--dry-run") == 0
    assert held(work) == before
    assert "interventions.mscntf.product  nurown → other" in capsys.readouterr().out


# -- exclude ------------------------------------------------------------------------------------------


def ledger(root: Path) -> dict[str, Any]:
    return parse((root / "ledger.toml").read_bytes()).values


def test_exclude_moves_a_record_to_the_ledger(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = parse(trial(work, "nurown-phase3").encode()).values
    assert run("set", "valor", "--append", "related={ id = 'nurown-phase3', rel = 'same_product' }") == 0
    assert run("exclude", "nurown-phase3", "--reason", "重复") == 1
    assert "records/trials/valor.toml refers to nurown-phase3" in capsys.readouterr().err
    why = ("--why", "The same study.", "--stage", "full_text")
    assert run("exclude", "nurown-phase3", "--reason", "重复", "--yes", *why) == 0
    entry = next(e for e in ledger(work)["excluded"] if e["id"] == "nurown-phase3")
    assert entry["title"] == record["title"]
    assert (entry["reason"], entry["stage"], entry["note"]) == ("duplicate", "full_text", "The same study.")
    assert set(entry["cites"]) == {"NCT03280056", *record.get("secondary_ids", [])}
    assert {ref["key"] for ref in record["refs"]} <= set(entry["refs"])
    assert entry["refs"] == sorted(entry["refs"])
    assert not (work / "trials" / "nurown-phase3.toml").exists()
    assert '{ id = "NCT03280056", rel = "same_product" }' in trial(work, "valor")
    assert all("nurown-phase3" not in claim.get("cites", []) for claim in ledger(work)["claims"])
    assert errors(work) == 0
    assert run("fmt", "--check") == 0
    before = held(work)
    for name in (
        "nurown-phase3",
        "NURown-phase3",
        "NCT03280056",
        "https://clinicaltrials.gov/study/nct03280056",
    ):
        assert run("exclude", name, "--reason", "duplicate") == 0
        assert held(work) == before
        said = capsys.readouterr().err.split("\n")[-2]
        as_ = "" if name == "nurown-phase3" else ", as nurown-phase3"
        assert said == f"{name} is excluded already{as_}; nothing to change"


def test_a_record_without_registry_id_is_taken_out_of_related_studies(work: Path) -> None:
    assert run("set", "valor", "--append", "related={ id = 'barczewska-2020', rel = 'same_product' }") == 0
    assert "registry_id" not in parse(trial(work, "barczewska-2020").encode()).values
    assert "barczewska-2020" in trial(work, "valor")
    assert run("exclude", "barczewska-2020", "--reason", "not_als", "--yes") == 0
    assert "barczewska-2020" not in trial(work, "valor")
    assert errors(work) == 0


def test_two_sources_of_one_key_are_kept_apart_and_one_source_once(work: Path) -> None:
    path = work / "ledger.toml"
    record = parse(trial(work, "nurown-phase3").encode()).values
    one, other, *_ = (ref for ref in record["refs"] if "doi" in ref or "url" in ref)
    name = "doi" if "doi" in other else "url"
    added = f'\n[[refs]]\nkey = "{one["key"]}"\nkind = "news"\nurl = "https://example.org/"\n'
    added += f'\n[[refs]]\nkey = "{other["key"]}"\nkind = "article"\n{name} = "{other[name]}"\n'
    path.write_text(path.read_text("utf-8") + added, encoding="utf-8")
    assert run("fmt", str(path)) == 0
    assert run("exclude", "nurown-phase3", "--reason", "duplicate", "--yes") == 0
    keys = [ref["key"] for ref in ledger(work)["refs"]]
    assert f"{one['key']}-2" in keys
    assert keys.count(other["key"]) == 1
    assert len(keys) == len(set(keys))


def test_a_collection_without_a_ledger_gets_one(work: Path) -> None:
    (work / "ledger.toml").unlink()
    assert run("exclude", "np001-treg-phase1", "--reason", "no_source") == 0
    text = (work / "ledger.toml").read_text("utf-8")
    assert text.startswith("#:schema ledger.schema.json\nschema = 1\n\n[[excluded]]\n")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("valor", "--reason", "because"), 2, "no term of excluded_reason"),
        (("valor", "--reason", "duplicate", "--stage", "never"), 2, "no term of excluded_stage"),
        (("nurown", "--reason", "not_a_study", "--yes"), 1, "would bring errors"),
        (("ledger", "--reason", "not_a_study"), 2, "no record"),
        (("nobody", "--reason", "not_a_study"), 2, "no record"),
    ],
)
def test_exclude_refuses(
    work: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], status: int, said: str
) -> None:
    before = held(work)
    assert run("exclude", *arguments) == status
    assert held(work) == before
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("name", "data"), [("ledger.toml", b"["), ("trials/valor.toml", b"[")])
def test_exclude_refuses_what_it_cannot_read(work: Path, name: str, data: bytes) -> None:
    (work / name).write_bytes(data)
    before = held(work)
    assert run("exclude", "valor", "--reason", "duplicate", "--yes") == 1
    assert held(work) == before


def test_an_exclusion_of_that_name_is_not_made_twice(work: Path) -> None:
    entry = '\n[[excluded]]\nid = "valor"\ntitle = "x"\nreason = "duplicate"\n'
    path = work / "ledger.toml"
    path.write_text(path.read_text("utf-8") + entry, encoding="utf-8")
    before = held(work)
    assert run("exclude", "valor", "--reason", "duplicate", "--yes") == 1
    assert held(work) == before


# -- verify -------------------------------------------------------------------------------------------


def test_verify_and_review(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = trial(work, "valor")
    path = work / "trials" / "valor.toml"
    path.write_text(text.partition("\n[verified]")[0] + "\n# the end\n", encoding="utf-8")
    (key, *_) = (ref["key"] for ref in parse(text.encode()).values["refs"])
    assert run("verify", "valor", "--review", "--by", "@two") == 1
    assert run("verify", "NCT02623699", "--against", f"registry,{key}", "--by", "@one") == 0
    stamp = {"on": "2026-11-22", "by": "@one", "against": sorted(["registry", key])}
    assert parse(path.read_bytes()).values["verified"] == stamp
    assert run("verify", "valor", "--review", "--by", "@ONE") == 1
    assert run("verify", "valor", "--review", "--by", "@two") == 0
    assert parse(path.read_bytes()).values["verified"] == {**stamp, "reviewed_by": "@two"}
    before = path.read_bytes()
    assert run("verify", "valor", "--review", "--by", "@two") == 0
    assert path.read_bytes() == before
    assert run("--as-of", "2026-12-01", "verify", "valor", "--against", "registry", "--by", "@one") == 0
    renewed = {"on": "2026-12-01", "by": "@one", "against": ["registry"]}
    assert parse(path.read_bytes()).values["verified"] == renewed
    assert "nothing to change" in capsys.readouterr().err


def test_who_verified_is_whom_git_knows(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("verify", "valor", "--against", "registry") == 2
    configuration = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    for text, name in (("[user]\nname = A. Curator\n", "A. Curator"), ("[github]\nuser = me\n", "@me")):
        configuration.write_text(text, encoding="utf-8")
        assert run("verify", "valor", "--against", "registry") == 0
        assert f'by = "{name}"' in trial(work, "valor")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("valor", "--by", "@x"), 2, "say what you compared it with"),
        (("valor", "--by", "@x", "--against", ","), 2, "say what you compared it with"),
        (("valor", "--by", "@x", "--against", "nowhere"), 2, "has no reference 'nowhere'"),
        (("barczewska-2020", "--by", "@x", "--against", "registry"), 2, "has no reference 'registry'"),
        (("valor", "--by", "a@b.org", "--against", "registry"), 2, "e-mail"),
        (("valor", "--by", " ", "--against", "registry"), 2, "--by @handle"),
        (("valor", "--by", "@x", "--against", "registry", "--review"), 2, "leave --against out"),
        (("ledger", "--by", "@x", "--against", "registry"), 1, "no readable trial"),
    ],
)
def test_verify_refuses(
    work: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], status: int, said: str
) -> None:
    before = held(work)
    assert run("verify", *arguments) == status
    assert held(work) == before
    assert said in capsys.readouterr().err


# -- fmt by id ----------------------------------------------------------------------------------------


def test_fmt_takes_ids(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = held(work)
    for name in ("valor", "nurown-phase3"):
        path = work / "trials" / f"{name}.toml"
        path.write_bytes(path.read_bytes().replace(b"sites = ", b"sites   =   "))
    assert run("fmt", "NCT02623699") == 0
    assert capsys.readouterr().out == "changed records/trials/valor.toml\n"
    assert run("fmt", "nurown-phase") == 2  # it writes, so the beginning of an id is not enough
    assert run("fmt", "nurown-phase3", "valor") == 0
    assert held(work) == before


def test_an_interrupted_change_is_told_of(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from alscli.store import transaction

    before = held(work)
    with monkeypatch.context() as patched:
        patched.setattr(transaction, "_put_back", lambda *_: None)
        patched.setattr(Path, "unlink", _stopped)
        assert run("rename", "nurown", "other") == 130
    assert held(work) != before
    assert run("set", "valor", "sites=32") == 0
    assert "was interrupted, and is taken back first" in capsys.readouterr().err
    assert held(work) == before


def test_what_was_added_half_is_no_obstacle_to_adding_it_again(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from alscli.store import transaction

    def stopped(folder: Path) -> None:
        if folder.name == "trials":
            raise KeyboardInterrupt

    text = (work / "trials" / "valor.toml").read_text("utf-8")
    text = text.replace('id = "valor"', 'id = "new-one"', 1).replace("NCT02623699", "NCT00000000")
    (work.parent / "new.toml").write_text(text, encoding="utf-8")
    one = ("add", "--from", os.fspath(work.parent / "new.toml"))
    with monkeypatch.context() as patched:
        patched.setattr(transaction, "_put_back", lambda *_: None)
        patched.setattr(transaction, "settle", stopped)
        assert run(*one) == 130
    path = work / "trials" / "new-one.toml"
    assert path.exists()
    assert run(*one, "--dry-run") == 1  # which only reads
    assert path.exists()
    assert run(*one) == 0
    assert "a change of 1 file was interrupted, and is taken back first" in capsys.readouterr().err
    assert path.exists()


def _stopped(path: Path, missing_ok: bool = False) -> None:
    if path.name == "nurown.toml":
        raise KeyboardInterrupt
    if path.exists() or not missing_ok:
        os.unlink(path)  # noqa: PTH108 - what it replaces


@pytest.mark.parametrize(
    ("command", "another", "cites"),
    [
        (("rename", "nurown-phase3", "a-third"), "a-third", [["a-third"], ["a-third", "valor"], ["a-third"]]),
        (
            ("exclude", "nurown-phase3", "--reason", "duplicate", "--yes"),
            "CNM-Au8",
            [["NCT03280056"], ["NCT03280056", "valor"], ["CNM-Au8", "NCT03280056"]],
        ),
    ],
)
def test_what_the_ledger_cites_follows_the_record(
    work: Path, command: tuple[str, ...], another: str, cites: list[list[str]]
) -> None:
    path = work / "ledger.toml"
    lists = ('["nurown-phase3"]', '["nurown-phase3", "valor"]', f'["{another}", "nurown-phase3"]')
    claims = [
        f'\n[[claims]]\nid = "c{number}"\ntext = "x"\nverdict = "unsupported"\nwhy = "x"\ncites = {listed}\n'
        for number, listed in enumerate(lists)
    ]
    head, refs, rest = path.read_text("utf-8").partition("\n[[refs]]")
    path.write_text(head + "".join(claims) + refs + rest, encoding="utf-8")
    assert run("fmt", "--check") == 0
    assert run(*command) == 0
    found = {claim["id"]: claim.get("cites") for claim in ledger(work)["claims"]}
    assert [found[f"c{number}"] for number in range(3)] == cites
    assert run("fmt", "--check") == 0
