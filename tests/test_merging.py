"""git with the merge driver, the diff view and the hooks of `install-git`; the Action and its recipes."""

from __future__ import annotations

import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner
from pre_commit.yaml import yaml_load
from record_edits import Edit, apply, edits

from alscli.cli import main
from alscli.store.compare import changes
from alscli.store.toml import parse

if TYPE_CHECKING:
    from conftest import Git

ROOT = Path(__file__).parent.parent
SMALL = ROOT / "tests" / "collection"
ACTION: dict[str, Any] = yaml_load((ROOT / "action.yml").read_text("utf-8"))
NAMES = ("nurown-phase2", "np001-treg-phase1", "barczewska-2020", "valor")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="hooks and recipes are of a POSIX shell")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, git: Git) -> Path:
    """A repository with a collection and everything that `install-git` sets up, committed."""
    folder = tmp_path_factory.mktemp("template")
    shutil.copytree(SMALL, folder / "records")
    git(folder, "init", "-q")
    here = Path.cwd()
    try:
        os.chdir(folder)
        assert main(["install-git", "--quiet"]) == 0
    finally:
        os.chdir(here)
    for hook in (folder / ".git" / "hooks").glob("pre-*"):
        hook.unlink()  # most tests are of merges, and a hook starts the program twice
    for arguments in (("add", "-A"), ("commit", "-qm", "records")):
        git(folder, *arguments)
    return folder


@pytest.fixture
def clone(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the repository, in which the test stands."""
    folder = Path(shutil.copytree(template, tmp_path / "clone"))
    monkeypatch.chdir(folder)
    return folder


def trial(folder: Path, name: str) -> Path:
    return folder / "records" / "trials" / f"{name}.toml"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_bytes().decode()
    assert text.count(old) == 1, old
    path.write_bytes(text.replace(old, new).encode())


def branch(folder: Path, git: Git, name: str, edit: Callable[[], object]) -> None:
    """A branch from main with what `edit` does; main stays."""
    git(folder, "switch", "-qc", name, "main")
    edit()
    git(folder, "commit", "-qam", name)


def merging(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`git merge`, whose status tells whether there are conflicts."""
    command = ["git", "-c", "user.name=Curator", "-c", "user.email=curator@example.org", "merge", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


# -- merges -------------------------------------------------------------------------------------------


def test_forty_edits_on_two_branches_merge_with_plain_git(clone: Path, git: Git) -> None:
    chance = random.Random(7)
    texts = {name: trial(clone, name).read_text("utf-8") for name in NAMES}
    made: dict[int, dict[str, str]] = {0: {}, 1: {}}
    for name, text in texts.items():
        pool = edits(text, "trial", chance)[:10]
        for side in made:
            made[side][name] = apply(text, pool[side::2], "trial")

    def write(side: int) -> None:
        for name, text in made[side].items():
            trial(clone, name).write_text(text, "utf-8")

    branch(clone, git, "left", lambda: write(0))
    branch(clone, git, "right", lambda: write(1))
    done = merging(clone, "-q", "-m", "both", "left")
    assert (done.returncode, done.stderr) == (0, "")
    assert git(clone, "status", "--short") == ""
    for name, text in texts.items():
        one, other = (changed(text, made[side][name]) for side in made)
        assert len(one | other) == 10
        assert changed(text, trial(clone, name).read_text("utf-8")) == one | other


def changed(old: str, new: str) -> set[str]:
    found = changes(parse(old.encode()).values, parse(new.encode()).values, "trial")
    return {repr(change) for change in found}


def test_fields_that_both_branches_changed_conflict_and_no_others(
    clone: Path, git: Git, capsys: pytest.CaptureFixture[str]
) -> None:
    path = trial(clone, "nurown-phase2")
    text = path.read_text("utf-8")
    chance = random.Random(3)
    pool = [one for one in edits(text, "trial", chance) if one.do == "set"][:6]
    other = [Edit(one.field, one.do, one.path, _unlike(one.value)) for one in pool[:2]]
    branch(clone, git, "left", lambda: path.write_text(apply(text, pool[:4], "trial"), "utf-8"))
    branch(clone, git, "right", lambda: path.write_text(apply(text, [*other, *pool[4:]], "trial"), "utf-8"))
    done = merging(clone, "left")
    assert done.returncode == 1
    assert "CONFLICT (content): Merge conflict in records/trials/nurown-phase2.toml" in done.stdout
    assert "records/trials/nurown-phase2.toml: 2 fields changed on both sides: " in done.stderr
    merged = parse(path.read_bytes()).values
    disputed = [d for d in merged["disputes"] if d.get("ruling") == "merge"]
    assert {d["field"] for d in disputed} == {one.field for one in pool[:2]}
    capsys.readouterr()
    assert main(["validate", "--format", "jsonl", "--select", "TX006", "--no-cache"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


def _unlike(value: Any) -> Any:
    return f"{value} !" if isinstance(value, str) else value + 1


def test_a_rebase_uses_the_driver_too(clone: Path, git: Git) -> None:
    path = trial(clone, "valor")
    branch(clone, git, "left", lambda: change(path, 'status = "completed"', 'status = "terminated"'))
    branch(clone, git, "right", lambda: change(path, "sites = ", "sites = 1"))
    git(clone, "rebase", "-q", "left")
    values = parse(path.read_bytes()).values
    assert values["status"] == "terminated"
    assert str(values["sites"]).startswith("1")


def test_what_cannot_be_merged_by_field_stops(clone: Path, git: Git) -> None:
    broken, binary = trial(clone, "valor"), trial(clone, "nurown-phase2")

    def spoil() -> None:
        broken.write_text(broken.read_text("utf-8") + "[[oh\n", "utf-8")
        binary.write_bytes(b"\0\xff" * 2000)

    def edit() -> None:
        for path in (broken, binary):
            change(path, 'status = "completed"', 'status = "terminated"')

    branch(clone, git, "spoiled", spoil)
    branch(clone, git, "good", edit)
    done = merging(clone, "spoiled")
    assert done.returncode == 1
    for path in (broken, binary):
        told = f"records/trials/{path.name} cannot be merged by field: theirs cannot be read: "
        assert told in done.stderr
        assert b'status = "terminated"' in path.read_bytes()
    assert "ours is kept as it is (git: error: Cannot merge binary files" in done.stderr
    assert broken.read_text("utf-8").endswith("[[oh\n")
    assert "Traceback" not in done.stderr
    unmerged = {line for line in git(clone, "status", "--short").splitlines() if line.startswith("UU")}
    assert unmerged == {f"UU records/trials/{path.name}" for path in (broken, binary)}


# -- the driver as git calls it -----------------------------------------------------------------------


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with base, ours and theirs: one record, `sites` and `title` changed on one side each."""
    monkeypatch.chdir(tmp_path)
    text = (SMALL / "trials" / "valor.toml").read_text("utf-8")
    for name, old, new in (
        ("base", "", ""),
        ("ours", "sites = ", "sites = 1"),
        ("theirs", 'title = "', 'title = "A'),
    ):
        (tmp_path / name).write_text(re.sub(rf"(?m)^{old}", new, text, count=1), "utf-8")
    return tmp_path


def test_the_result_goes_to_ours(three: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge-driver", "--", "base", "ours", "theirs", "records/trials/valor.toml"]) == 0
    text = (three / "ours").read_text("utf-8")
    assert 'title = "A' in text
    assert "sites = 1" in text
    assert capsys.readouterr() == ("", "")


def test_a_conflict_keeps_both_values(three: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(three / "theirs", "phase = ", 'phase = "2" #')
    change(three / "ours", "phase = ", 'phase = "4" #')
    assert main(["merge-driver", "--", "base", "ours", "theirs", "records/trials/valor.toml"]) == 1
    merged = parse((three / "ours").read_bytes()).values
    disputes = [dispute for dispute in merged["disputes"] if dispute.get("ruling") == "merge"]
    assert disputes == [{"field": "phase", "values": [{"value": "4"}, {"value": "2"}], "ruling": "merge"}]
    assert merged["phase"] == "4"
    assert str(merged["sites"]).startswith("1")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("records/trials/valor.toml: 1 field changed on both sides: phase\n")


@pytest.mark.parametrize(
    ("labels", "first"),
    [((), "ours"), (("%S", "%X", "%Y"), "ours"), (("1a2b", "HEAD", "topic"), "HEAD"), (("", "", ""), "ours")],
)
def test_the_names_of_the_branches_are_at_the_markers(
    labels: tuple[str, ...], first: str, three: Path
) -> None:
    (three / "base").write_text("[[\none\n", "utf-8")
    assert main(["merge-driver", "--", "base", "ours", "theirs", "records/trials/valor.toml", *labels]) == 1
    assert (three / "ours").read_text("utf-8").count(f"\n<<<<<<< {first}\n") >= 1


def test_two_valid_sides_that_make_an_invalid_record_stop(
    three: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (three / "base").read_text("utf-8")
    minimal = "\n".join(line for line in text.split("\n")[:3])
    record = minimal + '\ntitle = "T"\nconditions = ["ALS"]\nstudy_type = "interventional"\n'
    record += 'design = "rct"\nphase = "3"\nstatus = "completed"\nstatus_as_of = "2019"\n'
    ending = '\n[screening]\ndecision = "include"\n'
    number, ref = (
        'registry_id = "NCT02623699"\n',
        '\n[[refs]]\nkey = "a"\nkind = "news"\nurl = "https://example.org"\n',
    )
    (three / "base").write_text(record.replace("\ntitle", f"\n{number}title", 1) + ref + ending, "utf-8")
    (three / "ours").write_text(record + ref + ending, "utf-8")
    (three / "theirs").write_text(record.replace("\ntitle", f"\n{number}title", 1) + ending, "utf-8")
    status = main(["merge-driver", "--", "base", "ours", "theirs", "records/trials/valor.toml"])
    merged = parse((three / "ours").read_bytes()).values
    assert "refs" not in merged
    assert "registry_id" not in merged
    assert status == 1
    assert "each side is valid, what both make is not" in capsys.readouterr().err


def test_a_conflict_in_the_ledger_has_markers_at_the_field_alone(
    three: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (SMALL / "ledger.toml").read_text("utf-8")
    verdicts = re.findall(r"(?m)^verdict = .*$", text)
    (three / "base").write_text(text, "utf-8")
    for name, verdict in (("ours", '"supported"'), ("theirs", '"false"')):
        (three / name).write_text(text.replace(verdicts[0], f"verdict = {verdict}", 1), "utf-8")
    assert main(["merge-driver", "--", "base", "ours", "theirs", "records/ledger.toml"]) == 1
    lines = (three / "ours").read_text("utf-8").split("\n")
    at = lines.index("<<<<<<< ours")
    expected = ["<<<<<<< ours", 'verdict = "supported"', "=======", 'verdict = "false"', ">>>>>>> theirs"]
    assert lines[at : at + 5] == expected
    assert "\n".join([*lines[:at], verdicts[0], *lines[at + 5 :]]) == text
    assert "between conflict markers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument 'ANCESTOR'"),
        (["base"], "Missing argument 'OURS'"),
        (["nowhere", "ours", "theirs"], "nowhere: No such file or directory"),
        ([".", "ours", "theirs"], ".: Is a directory"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], words: str, three: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (three / "ours").read_bytes()
    assert main(["merge-driver", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert (three / "ours").read_bytes() == before


def test_a_huge_side_is_merged_by_lines(three: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (three / "theirs").write_bytes((three / "base").read_bytes() + b"# more\n" * 200_000)
    assert main(["merge-driver", "base", "ours", "theirs", "records/trials/valor.toml"]) == 1
    assert "theirs cannot be read: 1:1: TX003 larger than 1 MiB" in capsys.readouterr().err
    merged = (three / "ours").read_bytes()
    assert merged.endswith(b"# more\n")
    assert b"sites = 1" in merged


def test_what_lies_where_no_record_does_is_merged_by_lines(
    three: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["merge-driver", "base", "ours", "theirs", "pyproject.toml"]) == 1
    assert "pyproject.toml cannot be merged by field: it lies where no record does" in capsys.readouterr().err


def test_without_a_path_it_is_a_trial(three: Path) -> None:
    assert main(["merge-driver", "base", "ours", "theirs"]) == 0


# -- the view -----------------------------------------------------------------------------------------


def test_git_shows_changes_by_field(clone: Path, git: Git) -> None:
    path = trial(clone, "nurown-phase3")
    change(path, "randomized = { n = 196,", "randomized = { n = 189,")
    shown = git(clone, "diff", "-U0")
    lines = [line for line in shown.split("\n")[4:] if line[:1] in "+-"]
    assert lines == ["-enrollment.randomized = 196", "+enrollment.randomized = 189", ""]


def test_what_only_moved_is_no_change_in_the_view(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (SMALL / "trials" / "nurown-phase3.toml").read_text("utf-8")
    moved = tmp_path / "moved.toml"
    head, first, *rest = re.split(r"(?m)^(?=\[\[refs\]\])", text)
    moved.write_text("".join([head, *rest, "\n", first]), "utf-8")
    views = []
    for path in (SMALL / "trials" / "nurown-phase3.toml", moved):
        assert main(["textconv", str(path)]) == 0
        views.append(capsys.readouterr().out)
    assert views[0] == views[1]


@pytest.mark.parametrize("name", sorted(str(p.relative_to(SMALL)) for p in SMALL.glob("*/*.toml")))
def test_every_value_has_its_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["textconv", str(SMALL / name)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(set(lines)) == len(lines)
    assert all(re.match(r"#|[a-z][^=\n]* = \S", line) for line in lines)


def test_comments_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.toml"
    path.write_text('id = "x" # one\ncountries = [\n  # two\n  "US", # three\n]\n# four\n', "utf-8")
    assert main(["textconv", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-6:] == ["# one", 'id = "x"', "# two", "# three", 'countries = ["US"]', "# four"]


@pytest.mark.parametrize("data", [b"a = \n", b"\xff\xfe\0", b"x" * (1 << 21)])
def test_what_is_no_record_is_shown_as_it_is(
    data: bytes, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(data)
    assert main(["textconv", str(path)]) == 0
    assert capfdbinary.readouterr().out == data


# -- setting up ---------------------------------------------------------------------------------------


@pytest.fixture
def fresh(tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a collection, in a folder with a name of its own."""
    folder = tmp_path / "a 库 'of' 100%"
    shutil.copytree(SMALL, folder / "records")
    git(folder, "init", "-q")
    monkeypatch.chdir(folder)
    return folder


def state(folder: Path) -> dict[str, bytes]:
    """The files that setting up may touch."""
    paths = [
        folder / ".git" / "config",
        folder / "records" / ".gitattributes",
        *(folder / ".git" / "hooks").iterdir(),
    ]
    return {str(path): path.read_bytes() for path in paths if path.exists()}


def test_setting_up_twice_and_back(fresh: Path, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    before = state(fresh)
    assert main(["install-git", "--dry-run"]) == 0
    assert state(fresh) == before
    planned = capsys.readouterr().out
    assert main(["install-git"]) == 0
    done = capsys.readouterr()
    assert planned == "".join(f"would {line}\n" for line in done.out.splitlines())
    assert sys.executable in done.err
    after = state(fresh)
    assert git(
        fresh, "check-attr", "merge", "diff", "--", "records/trials/valor.toml", "records/ledger.toml"
    ) == (
        "records/trials/valor.toml: merge: alscli\nrecords/trials/valor.toml: diff: alscli\n"
        "records/ledger.toml: merge: alscli\nrecords/ledger.toml: diff: alscli\n"
    )
    assert git(fresh, "check-attr", "merge", "--", "records/alscli.toml").endswith(": unspecified\n")
    assert main(["install-git"]) == 0
    assert {line.partition(":")[0] for line in capsys.readouterr().out.splitlines()} == {"already"}
    assert state(fresh) == after
    assert main(["install-git", "--uninstall"]) == 0
    assert {path: data for path, data in state(fresh).items() if not path.endswith("config")} == {
        path: data for path, data in before.items() if not path.endswith("config")
    }
    assert "alscli" not in git(fresh, "config", "--local", "--list")
    capsys.readouterr()
    assert main(["install-git", "--uninstall"]) == 0
    assert capsys.readouterr() == ("", "nothing of ours is set up here\n")


def test_the_hook_stops_a_commit_with_errors(fresh: Path, git: Git) -> None:
    git(fresh, "add", "-A")
    git(fresh, "commit", "-qm", "records")
    assert main(["install-git", "--quiet"]) == 0
    change(trial(fresh, "valor"), 'status = "completed"', 'status = "complted"')
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        git(fresh, "commit", "-qam", "a slip")
    assert "SM004" in stopped.value.stderr
    assert "nothing committed: the collection has errors" in stopped.value.stderr
    assert git(fresh, "log", "--format=%s") == "records\n"
    hooks = [fresh / ".git" / "hooks" / name for name in ("pre-commit", "pre-merge-commit")]
    assert hooks[0].read_bytes() == hooks[1].read_bytes()
    assert all(os.access(hook, os.X_OK) for hook in hooks)


def test_hooks_and_lines_of_others_stay(fresh: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hook, attributes = fresh / ".git" / "hooks" / "pre-commit", fresh / "records" / ".gitattributes"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n", "utf-8")
    attributes.write_bytes(b"*.md text\n/ledger.toml merge=alscli diff=alscli\n# \xff\n")
    assert main(["install-git"]) == 0
    done = capsys.readouterr()
    assert "leave .git/hooks/pre-commit as it is: it exists and is not ours" in done.out
    assert (
        f"to check there, add: {shlex.quote(sys.executable)} -P -m alscli --records records validate"
        in done.err
    )
    assert hook.read_text("utf-8") == "#!/bin/sh\nexit 0\n"
    assert attributes.read_bytes().startswith(
        b"*.md text\n/ledger.toml merge=alscli diff=alscli\n# \xff\n/trials/"
    )
    assert main(["install-git", "--uninstall", "--quiet"]) == 0
    assert hook.exists()
    assert attributes.read_bytes() == b"*.md text\n# \xff\n"


@pytest.mark.parametrize(
    "held", [b"*.md text\r\n# why\r\n", b"*.md text", b"*.md text\n# \x0c\x85\r\xff\n\n\n", b"\n"]
)
def test_every_byte_of_the_lines_of_others_stays(fresh: Path, git: Git, held: bytes) -> None:
    attributes = fresh / "records" / ".gitattributes"
    attributes.write_bytes(held)
    assert main(["install-git", "--quiet"]) == 0
    added = attributes.read_bytes()
    assert added.startswith(held)
    assert added.count(b"\r\n") in (0, added.count(b"\n"))
    assert git(fresh, "check-attr", "merge", "--", "records/ledger.toml").endswith(": alscli\n")
    assert main(["install-git", "--quiet"]) == 0
    assert attributes.read_bytes() == added
    assert main(["install-git", "--uninstall", "--quiet"]) == 0
    assert attributes.read_bytes() == (held if held.endswith(b"\n") else held + b"\n")


def test_hooks_that_other_clones_share_stay(
    fresh: Path, git: Git, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(fresh, "config", "core.hooksPath", str(tmp_path / "shared"))
    assert main(["install-git"]) == 0
    assert "core.hooksPath serves other clones too" in capsys.readouterr().out
    assert not (tmp_path / "shared").exists()


def test_another_interpreter_takes_the_place_of_the_last(
    fresh: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["install-git", "--quiet"]) == 0
    monkeypatch.setattr(sys, "executable", "/opt/it's 100%/python")
    assert main(["install-git", "--quiet"]) == 0
    quoted = "'/opt/it'\"'\"'s 100%/python' -P -m alscli"
    assert git(fresh, "config", "diff.alscli.textconv") == f"{quoted} textconv\n"
    driver = git(fresh, "config", "--get-all", "merge.alscli.driver")
    assert driver == f"{quoted.replace('%', '%%')} merge-driver -- %O %A %B %P %S %X %Y\n"
    assert quoted in (fresh / ".git" / "hooks" / "pre-commit").read_text("utf-8")


def test_what_keeps_it_from_being_set_up(
    fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = fresh / ".git" / "config.lock"
    lock.touch()
    assert main(["install-git"]) == 3
    error = capsys.readouterr().err
    assert "error: the settings of the clone cannot be written: git: " in error
    assert "config" in error
    lock.unlink()
    (fresh / "records" / ".gitattributes").symlink_to("elsewhere")
    assert main(["install-git"]) == 1
    assert ".gitattributes is a symbolic link" in capsys.readouterr().err
    outside = shutil.copytree(SMALL, tmp_path / "outside" / "records").parent
    monkeypatch.chdir(outside)
    assert main(["install-git"]) == 2
    assert "no git repository\n  start one with `git init`" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert main(["install-git"]) == 3


def test_the_document_shows_what_a_transcript_shows() -> None:
    document = (ROOT / "docs" / "merging.md").read_text("utf-8")
    transcript = (ROOT / "tests" / "transcripts" / "merge.txt").read_text("utf-8")
    blocks = re.findall(r"```console\n(.*?)```", document, re.DOTALL)
    assert len(blocks) > 2
    assert [block for block in blocks if block not in transcript] == []


# -- the Action ---------------------------------------------------------------------------------------

STEPS = {step.get("name", step.get("uses")): step for step in ACTION["runs"]["steps"]}
RECIPES = re.findall(r"```yml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text("utf-8"), re.DOTALL)


def schema_says(schema: str, path: Path) -> str:
    """What somebody else's reading of the format says against a file; empty is nothing."""
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, str(path)])
    return "" if done.exit_code == 0 else done.output


def test_the_action_has_the_form_that_github_asks_for() -> None:
    assert schema_says("vendor.github-actions", ROOT / "action.yml") == ""


@pytest.mark.parametrize(("schema", "number"), [("vendor.github-workflows", 0), ("vendor.gitlab-ci", 1)])
def test_recipes_have_the_form_that_their_host_asks_for(schema: str, number: int, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yml"
    path.write_text(RECIPES[number], "utf-8")
    assert schema_says(schema, path) == ""


def test_the_action_and_its_recipe_are_pinned_and_keep_to_the_least() -> None:
    workflow = yaml_load(RECIPES[0])
    (job,) = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "read"}
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
    used = [step["uses"] for step in [*ACTION["runs"]["steps"], *job["steps"]] if "uses" in step]
    own = [use for use in used if not use.startswith("actions/")]
    assert [use.partition("@")[2] for use in own] == ["COMMIT"]
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", use) for use in used if use not in own)
    assert all("${{" not in step.get("run", "") for step in ACTION["runs"]["steps"]), (
        "no text of others in a shell"
    )


@pytest.fixture
def runner(clone: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of GitHub's merge of a pull request that changes one record, with an error in it."""
    path = trial(clone, "valor")
    branch(clone, git, "topic", lambda: change(path, 'status = "completed"', 'status = "complted"'))
    git(clone, "switch", "-q", "main")
    change(trial(clone, "nurown-phase3"), "randomized = { n = 196,", "randomized = { n = 189,")
    git(clone, "commit", "-qam", "meanwhile")
    git(clone, "merge", "-q", "-m", "pull request", "topic")
    programs = tmp_path / "bin"
    programs.mkdir()
    _program(programs / "alscli", f'exec {shlex.quote(sys.executable)} -m alscli "$@"')
    _program(programs / "python", f'exec {shlex.quote(sys.executable)} "$@"')
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


def run(step: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]["run"]]
    environment = os.environ | variables
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_the_steps_of_the_action(runner: Path, git: Git) -> None:
    clone = runner / "clone"
    done = run("Find what to compare with", BASE="0" * 40, GIVEN="")
    assert done.returncode == 0, done.stderr
    commit = git(clone, "rev-parse", "HEAD^1").strip()
    assert (runner / "GITHUB_OUTPUT").read_text("utf-8") == f"commit={commit}\n"

    done = run("Check the records", BASE=commit, FAIL_ON="error", RECORDS="records")
    assert done.returncode == 1
    assert re.search(r"(?m)^::error file=records/trials/valor\.toml,line=\d+,", done.stdout)

    done = run("Show what changed", BASE=commit, RECORDS="records")
    assert done.returncode == 0, done.stderr
    summary = (runner / "GITHUB_STEP_SUMMARY").read_text("utf-8")
    assert "complted" in summary
    assert "nurown-phase3" not in summary, "what others changed meanwhile is not of this pull request"

    for held, call in (
        ("", "POST repos/o/r/issues/5/comments"),
        ("77", "PATCH repos/o/r/issues/comments/77"),
    ):
        _program(
            runner / "bin" / "gh", f'case "$*" in *--paginate*) printf %s "{held}";; *) echo "$@";; esac'
        )
        done = run("Comment on the pull request", GH_TOKEN="t", NUMBER="5", REPOSITORY="o/r")
        assert done.returncode == 0, done.stderr
        assert call in done.stdout
    assert (runner / "alscli-comment.md").read_text("utf-8") == f"<!-- alscli -->\n{summary}"
    _program(runner / "bin" / "gh", "exit 1")
    done = run("Comment on the pull request", GH_TOKEN="t", NUMBER="5", REPOSITORY="o/r")
    assert done.returncode == 0
    assert done.stdout.startswith("::notice title=alscli::no comment")


def test_a_base_that_is_given_or_fetched(runner: Path, git: Git) -> None:
    clone = runner / "clone"
    first = git(clone, "rev-list", "--max-parents=0", "HEAD").strip()
    assert run("Find what to compare with", BASE=first, GIVEN=first).returncode == 0
    shallow = runner / "shallow"
    git(runner, "clone", "-q", "--depth=1", clone.as_uri(), str(shallow))
    git(clone, "config", "uploadpack.allowAnySHA1InWant", "true")
    script = f"cd {shlex.quote(str(shallow))}\n" + STEPS["Find what to compare with"]["run"]
    subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], env=os.environ | {"BASE": first, "GIVEN": ""}, check=True
    )
    assert (runner / "GITHUB_OUTPUT").read_text("utf-8") == f"commit={first}\n" * 2
