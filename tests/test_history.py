"""`diff`, `history`, `blame` and `changelog` on a made past, against a script that asks `git show` only.

The script knows nothing of ours but the format: lists by id, sets without order.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from history import lay

from alscli.cli import main

Git = Callable[..., str]
Say = Callable[..., tuple[int, str, str]]

COMMITS = 30
RECORDS = 60
IDENTITY = {
    "values": ("arm", "label", "at"),
    "effects": ("arm", "vs"),
    "events": ("agency", "type", "indication"),
    "safety": ("arm", "at"),
    "given": (),
    "refs": ("key",),
    "disputes": ("field",),
    "waivers": ("rule", "field"),
    "collaborators": ("name",),
    "funders": ("name",),
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, shipped_records: Path) -> Path:
    """A clone, in a folder with a blank and Chinese in its name, of a repository with a made past."""
    place = tmp_path_factory.mktemp("past")
    root = place / "origin" / "records"
    (root / "trials").mkdir(parents=True)
    shutil.copytree(shipped_records / "products", root / "products")
    for name in ("alscli.toml", "ledger.toml"):
        shutil.copy(shipped_records / name, root / name)
    for path in sorted((shipped_records / "trials").glob("*.toml"))[:RECORDS]:
        shutil.copy(path, root / "trials")
    lay(root, COMMITS)
    subprocess.run(["git", "clone", "-q", str(root.parent), "渐冻 症"], cwd=place, check=True)
    return place / "渐冻 症"


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs the program in a folder: status, stdout, stderr."""

    def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
        before = Path.cwd()
        os.chdir(folder)
        try:
            status = main(arguments)
        finally:
            os.chdir(before)
        out, err = capsys.readouterr()
        return status, out, err

    return run


# -- the script --------------------------------------------------------------------------------------


@cache
def shown(folder: Path, revision: str, path: str) -> dict[str, Any] | None:
    """The record at a revision; None where there is none, an empty one where it cannot be read."""
    done = subprocess.run(["git", "show", f"{revision}:{path}"], cwd=folder, capture_output=True, check=False)
    if done.returncode:
        return None
    try:
        return tomllib.loads(done.stdout.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}


def flat(value: Any, path: str = "", key: str = "") -> Iterator[tuple[str, Any]]:
    """Every fact by a path of our own making."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flat(inner, f"{path}/{name}", name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        names: dict[str, int] = {}
        for place, inner in enumerate(value):
            parts = [str(inner.get(k, "")) for k in IDENTITY.get(key, ("id",))]
            label = "|".join(parts).rstrip("|") or str(place)
            names[label] = names.get(label, 0) + 1
            yield from flat(inner, f"{path}/{label}#{names[label]}")
    else:
        if path.count("/") == 2 and path.startswith("/enrollment/") and isinstance(value, int):
            path += "/n"
        yield path, str(sorted(value, key=str)) if isinstance(value, list) else str(value)


def facts(record: dict[str, Any] | None) -> dict[str, Any]:
    return dict(flat(record or {}))


@cache
def parents(folder: Path, revision: str) -> list[str]:
    line = subprocess.run(
        ["git", "rev-list", "--parents", "-1", revision],
        cwd=folder,
        capture_output=True,
        check=True,
        text=True,
    )
    return line.stdout.split()[1:]


def revisions(folder: Path) -> list[str]:
    done = subprocess.run(["git", "rev-list", "HEAD"], cwd=folder, capture_output=True, check=True, text=True)
    return done.stdout.split()


def names(folder: Path, revision: str) -> set[str]:
    done = subprocess.run(
        ["git", "ls-tree", "-r", "-z", "--name-only", revision, "records/trials"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    return {Path(name).stem for name in done.stdout.decode().split("\0") if name}


def number(old: dict[str, Any], new: dict[str, Any]) -> int:
    """How many facts differ."""
    return sum(old.get(name) != new.get(name) for name in {*old, *new})


# -- the scenario ------------------------------------------------------------------------------------


def told(fields: list[dict[str, Any]]) -> int:
    """How many facts the changes of our JSON are, by the script's count."""
    total = 0
    for each in fields:
        old, new = (
            dict(flat({each["field"].split(".")[-1]: side})) if side is not None else {}
            for side in (each["old"], each["new"])
        )
        total += number(old, new)
    return total


def test_diff_between_revisions(clone: Path, say: Say) -> None:
    every = revisions(clone)
    for back, forth in ((every[-1], every[0]), (every[0], every[15])):
        status, out, _ = say(clone, "-q", "diff", back, forth, "--format", "json")
        assert status == 0
        found = {each["id"]: each for each in json.loads(out)["records"] if each["kind"] == "trial"}
        old, new = names(clone, back), names(clone, forth)
        was = {each["was"]: id_ for id_, each in found.items() if each["change"] == "renamed"}
        assert {i for i, each in found.items() if each["change"] == "added"} <= new - old
        assert {i for i, each in found.items() if each["change"] == "removed"} == old - new - set(was)
        for id_ in sorted(old | new)[::6]:
            one, other = (shown(clone, end, f"records/trials/{id_}.toml") for end in (back, forth))
            if {} in (one, other):
                assert one == other or found[id_]["change"] == "unreadable"
            elif one is not None and other is not None:
                differing = number(facts(one), facts(other))
                assert (id_ in found) == bool(differing)
                if differing:
                    assert told(found[id_]["fields"]) == differing, id_


def test_there_are_all_kinds_of_change_in_this_past(clone: Path, say: Say) -> None:
    _, out, _ = say(clone, "-q", "diff", revisions(clone)[-1], "HEAD", "--format", "json")
    assert {each["change"] for each in json.loads(out)["records"]} >= {"changed", "removed", "renamed"}


def busiest(folder: Path) -> list[str]:
    """The records that still are there and that most commits touch, and one that was renamed."""
    done = subprocess.run(
        ["git", "log", "--format=", "--name-only", "-z"], cwd=folder, capture_output=True, check=True
    )
    paths = [p.strip() for p in done.stdout.decode().split("\0") if "/trials/" in p]
    here = names(folder, "HEAD")
    ids = [Path(path).stem for path in dict.fromkeys(sorted(paths, key=lambda p: (-paths.count(p), p)))]
    there = [id_ for id_ in ids if id_ in here and shown(folder, "HEAD", f"records/trials/{id_}.toml")]
    return [there[0], *[id_ for id_ in there if id_.startswith("renamed-")][:2]]


def walked(folder: Path, id_: str) -> tuple[dict[str, Any], dict[tuple[str, Any], str]]:
    """The commits that touched a record, with the record at each parent and after; who brought each fact."""
    name, touched, origin = id_, {}, {}
    for revision in revisions(folder):  # the newest first
        now = shown(folder, revision, f"records/trials/{name}.toml")
        if now is None:
            continue
        former = name
        sides: list[dict[str, Any] | None] = []
        for parent in parents(folder, revision):
            held = shown(folder, parent, f"records/trials/{name}.toml")
            if held is None and now.get("former_ids"):
                former = now["former_ids"][-1]
                held = shown(folder, parent, f"records/trials/{former}.toml")
            sides.append(held)
        if all(side != now for side in sides):
            touched[revision] = (sides, now)
        known = [facts(side) for side in sides]
        for fact, value in facts(now).items():
            if all(side.get(fact) != value for side in known):
                origin.setdefault((fact, value), revision)
        name = former
    return touched, origin


def test_history(clone: Path, say: Say) -> None:
    every = revisions(clone)
    for id_ in busiest(clone):
        status, out, _ = say(clone, "-q", "history", id_, "--format", "json")
        assert status == 0
        ours = {each["commit"]: each for each in json.loads(out)["commits"]}
        touched, _ = walked(clone, id_)
        assert list(ours) == [revision for revision in every if revision in touched], id_
        for revision, (sides, now) in touched.items():
            if len(sides) == 1 and sides[0] and now:
                assert told(ours[revision]["fields"]) == number(facts(sides[0]), facts(now)), (id_, revision)


def test_blame(clone: Path, say: Say) -> None:
    for id_ in busiest(clone):
        _, origin = walked(clone, id_)
        _, out, _ = say(clone, "-q", "blame", id_, "--format", "json")
        lines = {each["field"]: each for each in json.loads(out)["fields"]}
        now = facts(shown(clone, "HEAD", f"records/trials/{id_}.toml"))
        assert len(lines) == len(now)
        for field in ("status", "title", "id", "registry_id", "sites"):
            if f"/{field}" in now:
                assert lines[field]["commit"] == origin[f"/{field}", now[f"/{field}"]], (id_, field)


def test_changelog(clone: Path, say: Say) -> None:
    every = revisions(clone)
    back, forth = every[-1], every[0]
    status, out, _ = say(clone, "changelog", f"{back}..{forth}", "--format", "json")
    assert status == 0
    news = json.loads(out)
    assert (news["from"]["revision"], news["to"]["revision"]) == (back[:10], forth[:10])
    old, new = names(clone, back), names(clone, forth)
    statuses = set()
    for id_ in sorted(old & new):
        one, other = (shown(clone, end, f"records/trials/{id_}.toml") for end in (back, forth))
        decided = all((side or {}).get("screening", {}).get("decision") == "include" for side in (one, other))
        if one and other and decided and one["status"] != other["status"]:
            statuses.add(id_)
    assert {each["id"] for each in news["status_changes"] if each["id"] in old} == statuses
    gone = {each["id"] for each in news["removed"]}
    assert gone <= old - new
    _, text, _ = say(clone, "changelog", f"{back}..")
    for id_ in sorted(statuses | gone):
        assert f"**{id_}**" in text
    head = text.index("## Status")
    assert text.count("\n  - _", head, text.index("\n## ", head)) == len(news["status_changes"])


# -- bad input ---------------------------------------------------------------------------------------

COMMANDS = (("diff", "HEAD"), ("history", "valor"), ("blame", "valor"), ("changelog", "HEAD~1..HEAD"))


@pytest.fixture
def work(collection_folder: Path, git: Git) -> Path:
    git(collection_folder.parent, "init", "-q")
    git(collection_folder.parent, "add", "-A")
    git(collection_folder.parent, "commit", "-qm", "records")
    return collection_folder.parent


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_no_repository(collection_folder: Path, say: Say, command: tuple[str, ...]) -> None:
    status, out, err = say(collection_folder.parent, *command)
    assert (status, out) == (2, "")
    assert ("in no git repository" in err) or (command[0] == "diff" and "no revision" in err)
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_before_the_first_commit(
    collection_folder: Path, git: Git, say: Say, command: tuple[str, ...]
) -> None:
    git(collection_folder.parent, "init", "-q")
    status, out, err = say(collection_folder.parent, *command)
    assert (status, out) == (2, "")
    assert "there is no commit yet" in err
    status, out, err = say(collection_folder.parent, "diff", "--stat")
    assert (status, out.count("+ ")) == (0, 11)


@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (("diff", "mian"), "'mian' is no revision, record, file or folder", "did you mean main?"),
        (("diff", "valro"), "'valro' is no revision", "did you mean valor?"),
        (("diff", "--", "valro"), "'valro' is no revision", "did you mean valor?"),
        (("diff", "mian..HEAD"), "'mian' is no revision", "did you mean main?"),
        (("diff", "main...v9"), "'v9' is no revision", "name a commit"),
        (("diff", "HEAD~7"), "'HEAD~7' is no revision", "did you mean HEAD?"),
        (("diff", "HEAD", "HEAD", "HEAD"), "revisions come first, two at most", "alscli diff"),
        (("diff", "valor", "HEAD"), "revisions come first", "alscli diff"),
        (("diff", "valor", "nurown"), "valor is a trial, nurown a product", "two of a kind"),
        (("diff", "records", "records/ledger.toml"), "a folder and a file", "two of a kind"),
        (("diff", "valor", "nurown-phase3", "--status", "completed"), "filters choose among many", "compare"),
        (("diff", "HEAD", ".git"), ".git holds no records of this collection", "two files or folders"),
        (("diff", "--staged", "HEAD", "HEAD"), "--staged takes one revision", "alscli diff --staged"),
        (("diff", "--stat", "--format", "json"), "--stat has no JSON", "every field"),
        (("diff", "--registry", "--staged"), "reads the working tree, not the index", "--staged out"),
        (("diff", "--format", "xml"), "'xml' is not known", "text, json, markdown"),
        (
            ("diff", "--registry"),
            "there are no registry copies",
            "alscli sync",
        ),
        (
            ("diff", "--registry", "valor"),
            "there is no registry copy of valor",
            "alscli sync valor",
        ),
        (("diff", "--status", "recuiting"), "'recuiting' is no term of status", "recruiting"),
        (("diff", "a" * 5000), "is no revision", ""),
        (("diff", "records\0x"), "is no revision", ""),
        (("history", "valro"), "no record 'valro'", "did you mean valor?"),
        (("history", "../valor"), "no record '../valor'", ""),
        (("history", "nurown-phase"), "'nurown-phase' is ambiguous", "nurown-phase2"),
        (("history", "valor", "statsu"), "no field 'statsu'", "did you mean status?"),
        (("history", "valor", "--format", "xml"), "'xml' is not known", "markdown"),
        (("blame", "valor", "enrollment.plannd"), "no field 'enrollment.plannd'", "planned"),
        (("blame", ""), "no record ''", ""),
        (("changelog", "HEAD..mian"), "'mian' is no revision", "did you mean main?"),
        (("changelog", "HEAD", "--format", "text"), "'text' is not known", "markdown, json"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_what_is_not_there(work: Path, say: Say, arguments: tuple[str, ...], what: str, hint: str) -> None:
    status, out, err = say(work, *arguments)
    assert (status, out) == (2, "")
    first, second = err.splitlines()
    assert what in first
    assert hint in second


def test_a_shallow_clone(work: Path, git: Git, say: Say, tmp_path: Path) -> None:
    edit(work / "records" / "trials" / "valor.toml", "sites = 32", "sites = 33")
    git(work, "commit", "-qam", "second")
    git(tmp_path, "clone", "-q", "--depth=1", work.as_uri(), "clone")
    status, out, err = say(tmp_path / "clone", "history", "valor")
    assert status == 0
    assert "as far as this clone goes back" in out
    assert "git fetch --unshallow" in err
    status, _, err = say(tmp_path / "clone", "changelog", "v1..HEAD")
    assert status == 2
    assert "git fetch --unshallow" in err


def test_an_object_that_is_lost(work: Path, git: Git, say: Say) -> None:
    path = work / "records" / "trials" / "valor.toml"
    name = git(work, "rev-parse", "HEAD:records/trials/valor.toml").strip()
    edit(path, "sites = 32", "sites = 33")
    git(work, "commit", "-qam", "second")
    (work / ".git" / "objects" / name[:2] / name[2:]).unlink()
    for command in (("history", "valor"), ("blame", "valor"), ("diff", "HEAD~1", "HEAD")):
        status, _, err = say(work, *command)
        assert status == 3
        assert err.splitlines() == [f"error: git: object {name} is missing", "  `git fsck` says what is lost"]


def test_a_record_that_is_a_branch_too(work: Path, git: Git, say: Say) -> None:
    git(work, "branch", "valor")
    status, _, err = say(work, "diff", "valor")
    assert status == 2
    assert "is a revision and a record" in err
    assert say(work, "diff", "--", "valor")[0] == 0
    assert say(work, "diff", "refs/heads/valor")[0] == 0
    git(work, "branch", "NCT02623699")  # its registry id
    assert "is a revision and a record" in say(work, "diff", "NCT02623699")[2]


def test_a_record_that_is_broken_now(work: Path, say: Say) -> None:
    (work / "records" / "trials" / "valor.toml").write_text("[")
    status, _, err = say(work, "blame", "valor")
    assert status == 3
    assert err.splitlines()[0].startswith("error: valor cannot be read: 1:")
    status, out, err = say(work, "history", "valor")
    assert status == 0
    assert "added with" in out
    assert "not committed" in err


# -- what can be asked -------------------------------------------------------------------------------


def test_files_folders_ids_ranges_and_the_index(work: Path, git: Git, say: Say) -> None:
    edit(work / "records" / "trials" / "valor.toml", "sites = 32", "sites = 33")
    edit(work / "records" / "products" / "nurown.toml", 'name = "NurOwn"', 'name = "Nur"')
    (work / "records" / "trials" / "nurown-phase2.toml").unlink()

    def ids(*arguments: str) -> list[str]:
        status, out, _ = say(work, "-q", "diff", "--format", "json", *arguments)
        assert status == 0
        return [each["id"] for each in json.loads(out)["records"]]

    assert ids() == ids("records") == ids(".") == ids("HEAD") == ["nurown", "nurown-phase2", "valor"]
    assert ids("records/trials") == ["nurown-phase2", "valor"]
    assert ids("HEAD", "records/products") == ["nurown"]
    assert (
        ids("valor")
        == ids("NCT02623699")
        == ids("nct02623699")
        == ids("records/trials/valor.toml")
        == ["valor"]
    )
    assert ids("nurown-phase2") == ids("records/trials/nurown-phase2.toml") == ["nurown-phase2"]  # gone
    assert ids("HEAD", "--", "valor", "nurown") == ["nurown", "valor"]
    assert ids("ledger") == []
    assert ids("--staged") == []
    git(work, "add", "records/products")
    assert ids("--staged") == ids("--cached", "HEAD") == ["nurown"]
    git(work, "checkout", "-qb", "side")
    git(work, "commit", "-qm", "nurown")
    assert ids("main..side") == ids("main", "side") == ids("main..") == ids("main...side") == ["nurown"]
    assert ids("..main") == ["nurown"]
    assert ids("side...main") == []
    assert ids("valor", "nurown-phase3") == ["nurown-phase3"]


def test_filters(work: Path, git: Git, say: Say) -> None:
    edit(
        work / "records" / "trials" / "np001-treg-phase1.toml",
        'status = "recruiting"',
        'status = "completed"',
    )
    edit(work / "records" / "trials" / "valor.toml", "sites = 32", "sites = 33")
    edit(work / "records" / "products" / "nurown.toml", 'name = "NurOwn"', 'name = "Nur"')
    (work / "records" / "trials" / "nurown-phase2.toml").unlink()
    (work / "records" / "trials" / "nsi566-phase2.toml").write_text("[")

    def ids(*arguments: str) -> list[str]:
        _, out, _ = say(work, "-q", "diff", *arguments, "--format", "json")
        return [each["id"] for each in json.loads(out)["records"] if each["change"] != "unreadable"]

    for ends in ((), ("--staged",), ("HEAD~1", "HEAD")):
        if ends:
            git(work, "add", "-A")
        if len(ends) > 1:
            git(work, "commit", "-qm", "all")
        assert ids(*ends, "--status", "recruiting") == ["np001-treg-phase1"]  # what it was
        assert ids(*ends, "--status", "completed", "--modality", "aso") == ["valor"]
        assert ids(*ends, "--cell-type", "MSC") == ["nurown-phase2"]  # through its product
        assert ids(*ends, "--phase", "1", "--phase", "3") == ["np001-treg-phase1", "valor"]
    _, out, _ = say(work, "-q", "diff", "HEAD~1", "HEAD", "--country", "JP", "--stat")
    assert out.splitlines() == ["! nsi566-phase2    0 fields"]  # nobody can rule it out


def test_history_of_one_field_and_its_formats(work: Path, git: Git, say: Say) -> None:
    edit(work / "records" / "trials" / "valor.toml", "sites = 32", "sites = 33")
    git(work, "commit", "-qam", "Sites: <b>|*x*")
    edit(work / "records" / "trials" / "valor.toml", "sites = 33", "sites = 34")
    _, out, err = say(work, "history", "valor", "sites")
    day = "2026-11-22"
    head = git(work, "rev-parse", "HEAD").strip()
    first = git(work, "rev-parse", "HEAD~1").strip()
    assert out == (
        f"{day}  {head[:10]}  Curator  Sites: <b>|*x*\n    sites  32 → 33\n\n"
        f"{day}  {first[:10]}  Curator  records\n  added\n    sites  (nothing) → 32\n"
    )
    assert "changes that are not committed" in err
    _, out, _ = say(work, "-q", "history", "valor", "sites", "--format", "markdown")
    assert r"## 2026-11-22 Sites: \<b\>\|\*x\*" in out
    assert "| | field | old | new |\n| --- | --- | --- | --- |\n|  | `sites` | 32 | 33 |" in out
    _, out, _ = say(work, "-q", "history", "valor", "sites", "--format", "json")
    envelope = json.loads(out)
    assert (envelope["schema"], envelope["id"], envelope["field"]) == ("alscli/history/1", "valor", "sites")
    assert envelope["commits"][0]["fields"] == [{"field": "sites", "old": 32, "new": 33, "weight": "minor"}]
    status, out, err = say(work, "history", "valor", "follow_up")
    assert (status, out) == (0, "")
    assert "follow_up is in no commit of valor" in err

    _, out, _ = say(work, "blame", "valor", "sites")
    assert out.split() == ["not", "committed", "sites", "34"]
    _, out, _ = say(work, "blame", "valor", "enrollment.randomized", "--format", "json")
    envelope = json.loads(out)
    assert envelope["schema"] == "alscli/blame/1"
    assert envelope["fields"][0] == {
        "field": "enrollment.randomized",
        "value": 108,
        "commit": first,
        "date": envelope["fields"][0]["date"],
        "author": "Curator",
        "subject": "records",
    }
    _, out, _ = say(work, "blame", "valor", "phase", "--format", "markdown")
    assert out.splitlines()[-1] == f"| {day} | Curator | `{first[:10]}` | `phase` | 3 |"


def test_the_history_of_a_record_that_is_gone_of_a_product_and_of_the_ledger(
    work: Path, git: Git, say: Say
) -> None:
    (work / "records" / "trials" / "valor.toml").unlink()
    status, out, err = say(work, "history", "valor")
    assert (status, "added with" in out, err) == (0, True, "")
    git(work, "commit", "-qam", "gone")
    _, out, _ = say(work, "history", "valor")
    assert "\n  removed\n" in out
    status, _, err = say(work, "blame", "valor")
    assert status == 3
    assert "valor is gone" in err
    for id_ in ("nurown", "ledger"):
        assert "added with" in say(work, "history", id_)[1]
        assert "refs." in say(work, "blame", id_)[1]


def test_what_the_changelog_tells(work: Path, git: Git, say: Say) -> None:
    folder = work / "records"
    edit(
        folder / "trials" / "valor.toml",
        'status = "completed"',
        'status = "terminated"\nwhy_stopped = "a *star*"',
    )
    edit(folder / "trials" / "nurown-phase3.toml", 'result = "not_met"', 'result = "met"')
    edit(folder / "trials" / "nurown-phase3.toml", "screened = { n = 263", "screened = { n = 264")
    edit(folder / "trials" / "np001-treg-phase1.toml", 'decision = "include"', 'decision = "undecided"')
    text = (
        (folder / "trials" / "barczewska-2020.toml")
        .read_text("utf-8")
        .replace('id = "barczewska-2020"', 'id = "new"')
    )
    text = text.replace("title = ", 'former_ids = []\ntitle = "N" # ', 1)
    (folder / "trials" / "new.toml").write_text(text, "utf-8")
    (folder / "trials" / "nsi566-phase2.toml").unlink()
    edit(
        folder / "products" / "nurown.toml",
        "events = [\n",
        'events = [\n  { on = "2030", agency = "FDA", type = "approval" },\n',
    )
    ledger = (folder / "ledger.toml").read_text("utf-8")
    ledger += '\n[[excluded]]\nid = "e-1"\ntitle = "Left"\nreason = "not_als"\n'
    ledger += 'cites = ["nsi566-phase2"]\nnote = "why"\n'
    (folder / "ledger.toml").write_text(ledger, "utf-8")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "news")
    status, out, _ = say(work, "changelog", "HEAD~1")
    assert status == 0
    sections = {part.split("\n")[0]: part for part in out.split("\n## ")}
    assert "**new** N" in sections["New trials"]
    assert "completed → terminated (a \\*star\\*)" in sections["Status"].lower()
    assert "_OCEBM 2 · RCT" in sections["Status"]
    assert "**nurown-phase3**" in sections["Results"]
    assert "→ met" in sections["Results"]
    assert "2030 FDA" in sections["Regulators"]
    gone = sections["No longer in the register"]
    assert "**nsi566-phase2**" in gone
    assert "why" in gone
    assert "no longer decided" in gone
    assert "**e-1** Left" in sections["Looked at and left out"]
    assert "`enrollment.screened`: 263 → 264" in sections["Other changes"]
    assert "valor" not in sections["Other changes"]
    _, out, _ = say(work, "changelog", "HEAD..HEAD")
    assert out.endswith("Nothing changed that concerns a reader.\n")


def test_news_that_no_section_of_its_own_tells(work: Path, git: Git, say: Say) -> None:
    """An endpoint that is primary no more, a reason that changed alone, numbers that are results."""
    folder = work / "records" / "trials"
    edit(folder / "valor.toml", 'status = "completed"', 'status = "terminated"\nwhy_stopped = "money"')
    git(work, "commit", "-qam", "before")
    edit(folder / "valor.toml", 'why_stopped = "money"', 'why_stopped = "harm"')
    edit(folder / "nurown-phase3.toml", 'role = "primary"', 'role = "secondary"')
    edit(folder / "np001-treg-phase1.toml", "[screening]", "[[safety]]\nn = 4\ndeaths = 1\n\n[screening]")
    git(work, "commit", "-qam", "news")
    _, out, _ = say(work, "changelog", "HEAD~1")
    sections = {part.split("\n")[0]: part for part in out.split("\n## ")}
    assert "Status" not in sections
    other = sections["Other changes"]
    assert "`why_stopped`: money → harm" in other
    assert ".role`: primary → secondary" in other
    assert "np001-treg-phase1" in sections["Results"]
    assert "np001-treg-phase1" not in other


@pytest.mark.parametrize("command", ["diff", "history", "blame", "changelog"])
def test_help_has_examples(work: Path, say: Say, command: str) -> None:
    _, out, _ = say(work, command, "--help")
    assert out.count(f"    alscli {command} ") >= 2
