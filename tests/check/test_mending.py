"""`validate --fix`: what is safe is written, nothing else changes, and nothing gets worse."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.check.engine import catalogue, check, select
from alscli.check.finding import Severity
from alscli.check.mending import Mending, is_mendable, mend, write
from alscli.check.report import Report
from alscli.errors import RefusedError
from alscli.model.format import MODELS, shape_of
from alscli.model.path import Path as Keys
from alscli.store import edit as editing
from alscli.store.collection import Collection, Snapshot, assemble
from alscli.store.toml import Document, parse

if TYPE_CHECKING:
    from conftest import Program

ALL = select([], [])
GRAVE = frozenset(code for code, rule in catalogue().items() if rule.severity is Severity.ERROR)
AS_OF = date(2026, 11, 22)


def change(path: Path, old: str, new: str) -> None:
    """Replace the only occurrence of a text in a file, bytes around it as they are."""
    data = path.read_bytes()
    assert data.count(old.encode()) == 1, (old, data.count(old.encode()))
    path.write_bytes(data.replace(old.encode(), new.encode()))


def planned(
    collection: Collection, snapshot: Snapshot, codes: frozenset[str] = ALL, only: set[str] | None = None
) -> Mending:
    """What can be mended; nothing is written."""

    def findings(snapshot: Snapshot) -> Report:
        return check(collection, snapshot, as_of=AS_OF, codes=codes, only=only)

    def errors(snapshot: Snapshot) -> Report:
        return check(collection, snapshot, as_of=AS_OF, codes=GRAVE)

    return mend(collection, snapshot, findings, errors)


def mending(root: Path, codes: frozenset[str] = ALL) -> Mending:
    """What was mended, written."""
    collection = Collection(root)
    found = planned(collection, collection.load(), codes)
    list(write(collection, found))
    return found


@pytest.fixture
def trial(collection_folder: Path) -> Path:
    return collection_folder / "trials" / "nurown-phase3.toml"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('status = "completed"', 'status = "已完成"  # says the page'),
        ('status = "completed"', 'status = "Completed"'),
        ('countries = ["US"]', 'countries = [ "United States" ]'),
        ('registry_id = "NCT03280056"', 'registry_id = "nct 03280056"'),
        ('registry_id = "NCT03280056"', 'registry_id = "https://clinicaltrials.gov/study/NCT03280056"'),
        ('id = "nurown-phase3"', 'id = "nurown-3"'),
        ('doi = "10.1002/mus.27472"', 'doi = "https://doi.org/10.1002/mus.27472"'),
        ('start = { on = "2017-08-28"', "start = { on = 2017-08-28"),
        ('start = { on = "2017-08-28"', 'start = { on = "28 August 2017"'),
        ("sites = 6", 'sites = "6"'),
        ('countries = ["US"]', 'countries = ["usa", "US"]'),
        ('countries = ["US"]', 'countries = ["USA", "America"]'),
    ],
)
def test_the_same_said_otherwise_is_written_as_the_format_wants(trial: Path, right: str, wrong: str) -> None:
    before = trial.read_text("utf-8")
    change(trial, right, wrong)
    found = mending(trial.parent.parent)
    assert found.refused == []
    assert [one.after.entry.path for one in found.files] == [trial]
    after = trial.read_text("utf-8")
    assert ("# says the page" in after) == ("# says the page" in wrong)
    assert parse(after.encode()).values == parse(before.encode()).values
    assert after.replace(" # says the page", "") == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('status = "completed"', 'status = "complted"'),
        ('title = "', 'titel = "'),
        ('registry_id = "NCT03280056"', 'registry_id = "NCT0328005"'),
        ("sites = 6", 'sites = "six"'),
        ('start = { on = "2017-08-28"', 'start = { on = "08/07/2017"'),
        ('status = "completed"', 'status = "incomplete"'),
        ('src = "registry"\n', 'src = "registy"\n'),
    ],
)
def test_a_guess_is_not_written(trial: Path, old: str, new: str) -> None:
    text = trial.read_text("utf-8")
    spoiled = text.replace(old, new, 1)
    trial.write_text(spoiled, "utf-8")
    assert mending(trial.parent.parent).files == []
    assert trial.read_text("utf-8") == spoiled


def test_layout_keeps_comments_and_meaning(trial: Path) -> None:
    text = trial.read_text("utf-8")
    spoiled = text.replace('phase = "3"', "phase   =   '3' # as printed").replace("\n", "\r\n")
    trial.write_bytes(b"\xef\xbb\xbf" + spoiled.encode())
    mending(trial.parent.parent)
    after = trial.read_bytes().decode()
    assert 'phase = "3"' in after or "phase = '3'" in after
    assert "# as printed" in after
    assert "\r" not in after
    assert not after.startswith("\ufeff")
    assert parse(after.encode()).values == parse(text.encode()).values


@pytest.mark.parametrize("line", ["", "#:schema ../product.schema.json\n"])
def test_the_line_that_names_the_schema_is_mended(trial: Path, line: str) -> None:
    text = trial.read_text("utf-8")
    trial.write_text(line + text.partition("\n")[2], "utf-8")
    assert [one.findings for one in mending(trial.parent.parent).files] == [1]
    assert trial.read_text("utf-8") == text


def test_a_comment_does_not_go_with_the_second_of_two_terms(trial: Path) -> None:
    change(trial, 'countries = ["US"]', 'countries = [\n  "US",\n  "usa", # says the paper\n]')
    spoiled = trial.read_text("utf-8")
    mending(trial.parent.parent)
    assert trial.read_text("utf-8") == spoiled


def test_rules_that_are_not_selected_are_not_mended(trial: Path) -> None:
    change(trial, 'status = "completed"', 'status  =  "已完成"')
    mending(trial.parent.parent, select(["SM"], []))
    assert 'status  =  "completed"' in trial.read_text("utf-8")


def test_a_file_that_would_gain_an_error_is_left_and_the_others_are_not(collection_folder: Path) -> None:
    trials = collection_folder / "trials"
    copy = trials / "copied.toml"
    copy.write_text(
        (trials / "nurown-phase3.toml").read_text("utf-8").replace('"NCT03280056"', '"nct03280056"'), "utf-8"
    )
    change(trials / "valor.toml", 'status = "completed"', 'status = "Completed"')
    before = copy.read_bytes()
    found = mending(collection_folder, select(["SM", "ID"], []))
    assert [one.after.entry.id for one in found.files] == ["valor"]
    assert [(record.entry.id, why[:24]) for record, why in found.refused] == [
        ("copied", "that would bring ID003 N")
    ]
    assert copy.read_bytes() == before


def test_an_error_elsewhere_counts_too(collection_folder: Path) -> None:
    """A product that takes the name of its file would be missed by the trials that cite its id."""
    products = collection_folder / "products"
    (products / "nurown.toml").rename(products / "mscntf.toml")
    found = mending(collection_folder, select(["ID001"], []))
    assert found.files == []
    assert [record.entry.id for record, _ in found.refused] == ["mscntf"]
    assert 'id = "nurown"' in (products / "mscntf.toml").read_text("utf-8")


def test_a_file_that_changes_meanwhile_is_not_overwritten(trial: Path) -> None:
    change(trial, 'status = "completed"', 'status = "Completed"')
    collection = Collection(trial.parent.parent)
    found = planned(collection, collection.load())
    change(trial, "sites = 6", "sites = 7")
    with pytest.raises(RefusedError, match="changed meanwhile"):
        list(write(collection, found))
    assert "sites = 7" in trial.read_text("utf-8")


def test_what_may_not_be_written_stops_no_other_file(trial: Path, tmp_path: Path) -> None:
    """The first of three is a link, the second changes meanwhile."""
    folder = trial.parent
    linked, changed, other = folder / "barczewska-2020.toml", trial, folder / "valor.toml"
    for path in (linked, changed, other):
        change(path, 'status = "completed"', 'status = "Completed"')
    elsewhere = linked.rename(tmp_path / "elsewhere.toml")
    linked.symlink_to(elsewhere)
    collection = Collection(folder.parent)
    found = planned(collection, collection.load())
    assert [record.entry.id for record, _ in found.refused] == ["barczewska-2020"]
    assert "symbolic link" in found.refused[0][1]
    change(changed, "sites = 6", "sites = 7")
    with pytest.raises(RefusedError, match="changed meanwhile"):
        list(write(collection, found))
    assert 'status = "completed"' in other.read_text("utf-8")
    assert 'status = "Completed"' in elsewhere.read_text("utf-8")


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_mending_twice_mends_nothing_more(data: st.DataObject) -> None:
    """What was mended is not found again, and every other value stays."""
    small = Path(__file__).parent.parent / "collection"
    collection = Collection(small)
    snapshot = collection.load()
    record = data.draw(st.sampled_from([r for r in snapshot.records if r.entry.kind != "ledger"]))
    text = record.document.text  # type: ignore[union-attr]
    spellings = data.draw(
        st.lists(
            st.sampled_from(
                [('"completed"', '"Completed"'), ('"cell"', '"Cell"'), ("\n", "\r\n"), (" = ", "  = "),
                 ('"registry"', '"Registry"'), ('"ALS"', '"als"'), ('"US"', '"usa"')]
            ),
            max_size=4,
            unique=True,
        )
    )  # fmt: skip
    for right, wrong in spellings:
        text = text.replace(right, wrong)
    spoiled = collection.understand(record.entry, text.encode())
    records = [spoiled if one is record else one for one in snapshot.records]

    only = {str(record.entry.path)}
    once = planned(collection, assemble(records), only=only)
    again = planned(collection, once.snapshot, only=only)
    assert again.files == []
    left = check(collection, once.snapshot, as_of=AS_OF, codes=ALL, only=only).findings
    assert once.refused or not [finding for finding in left if is_mendable(finding)]


def test_many_findings_of_a_file_are_mended_in_one_go(trial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each where it stands, every byte beside them as it was; the text is read as often as of a few."""
    right = trial.read_text("utf-8")
    read = 0

    def counted(data: bytes) -> Document:
        nonlocal read
        read += 1
        return parse(data)

    monkeypatch.setattr(editing, "parse", counted)
    for many in (3, 30):
        read = 0
        refs = [
            f'\r\n[[refs]]\r\nkey = "x{i}" # {i}\r\nkind   = "{{}}"\r\ndoi = "{{}}10.1000/x{i}" # é\r\n'
            for i in range(many)
        ]
        trial.write_bytes((right + "".join(ref.format("Article", "doi:") for ref in refs)).encode())
        [found] = mending(trial.parent.parent, select(["SM"], [])).files
        assert found.findings == 2 * many
        assert trial.read_bytes().decode() == right + "".join(ref.format("article", "") for ref in refs)
        assert read == 2


def test_many_values_are_set_as_one_after_the_other() -> None:
    """Also a key that is not there, a table below headers, and a value within another."""
    shape = shape_of(MODELS["trial"])
    text = 'id = "a"\nsites = "6"\n[dates]\nstart = { on = 2019-01-01, type = "Actual" } # seen\n'
    changes: dict[Keys, object] = {
        ("dates", "start", "type"): "actual",
        ("sites",): 6,
        ("title",): "A",
        ("dates", "start", "on"): "2019-01-01",
    }
    within: dict[Keys, object] = {**changes, ("dates", "start"): {"on": "2020"}}
    backwards = dict(reversed(within.items()))
    emptied: dict[Keys, object] = {("dates",): {}}
    for each in (changes, within, backwards, emptied):
        one_by_one = text
        for path, value in each.items():
            one_by_one = editing.set_value(one_by_one, path, value, shape)
        assert editing.set_values(text, each, shape) == one_by_one


# -- the command --------------------------------------------------------------------------------------


def test_fix_says_what_it_mended_and_what_is_left(trial: Path, alscli: Program) -> None:
    change(trial, 'status = "completed"', 'status = "Completed"')
    change(trial, "sites = 6", 'sites = "six"')
    folder = trial.parents[2]
    done = alscli(folder, "validate", "--fix", "--select", "SM,TX")
    assert done.returncode == 1
    assert "sites" in done.stdout
    assert "SM004" not in done.stdout
    assert done.stderr.splitlines()[0] == "mended records/trials/nurown-phase3.toml: 1 finding"
    change(trial, 'sites = "six"', "sites = 6")
    assert alscli(folder, "validate", "--fix", "--select", "SM,TX").returncode == 0


def test_diff_writes_nothing(trial: Path, alscli: Program) -> None:
    change(trial, 'status = "completed"', 'status = "Completed"')
    before = trial.read_bytes()
    done = alscli(trial.parents[2], "validate", "--fix", "--diff", "--select", "SM,TX")
    assert done.returncode == 1, "nothing was written, so the fault is still there"
    assert '-status = "Completed"\n+status = "completed"\n' in done.stdout
    assert "would mend 1 finding in 1 file; 0 would be left; nothing written" in done.stderr
    assert trial.read_bytes() == before


def test_the_diff_can_be_applied(trial: Path, alscli: Program, git: object, tmp_path: Path) -> None:
    """With lines that hold a form feed's relatives, and without a line end at the end of the file."""
    text = trial.read_text("utf-8").replace('status = "completed"', 'status = "Completed" # \x85 \u2028 here')
    trial.write_text(text.rstrip("\n"), "utf-8")
    folder = trial.parents[2]
    git(folder, "init", "-q")  # type: ignore[operator]
    shown = alscli(folder, "validate", "--fix", "--diff", "--select", "SM,TX005").stdout
    (tmp_path / "mend.patch").write_bytes(shown.encode())
    git(folder, "apply", str(tmp_path / "mend.patch"))  # type: ignore[operator]
    assert 'status = "completed" # \x85 \u2028 here\n' in trial.read_text("utf-8")
    assert alscli(folder, "validate", "--select", "SM,TX005").returncode == 0


def test_diff_needs_fix(trial: Path, alscli: Program) -> None:
    assert alscli(trial.parents[2], "validate", "--diff").returncode == 2


@pytest.mark.parametrize(
    ("masking", "written"), [("Double", "double"), ("double-blind", None), ("双盲", None)]
)
def test_how_many_roles_are_masked_is_not_guessed(
    alscli: Program, trial: Path, masking: str, written: str | None
) -> None:
    change(trial, 'masking = "quadruple"', f'masking = "{masking}"')
    done = alscli(trial.parents[2], "validate", "--fix", "--select", "SM004")
    assert f'masking = "{written or masking}"' in trial.read_text("utf-8")
    assert done.returncode == (0 if written else 1)
    assert written or "counts the roles" in done.stdout
