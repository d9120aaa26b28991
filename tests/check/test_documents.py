"""What the documents and recipes say is what the program does; other programs read the recipes as theirs.

`ALSCLI_UPDATE=1 pytest tests/check/test_documents.py` writes `docs/rules.md` anew.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pre_commit.clientlib import load_config, load_manifest
from pre_commit.yaml import yaml_load

from alscli.check.engine import catalogue
from alscli.cli import main

if TYPE_CHECKING:
    from conftest import Git

ROOT = Path(__file__).parents[2]
RULES = ROOT / "docs" / "rules.md"
RECIPES = (ROOT / "docs" / "ci.md").read_text("utf-8")
MANIFEST = ROOT / ".pre-commit-hooks.yaml"

# -- rules --------------------------------------------------------------------------------------------

HEAD = """\
# The rules of `alscli validate`

Written from the program (`alscli explain`), {count} rules. An **error** is a record that contradicts
itself, a **warning** what a curator can and should mend, a **note** what is true and what a reader should
know.
"""


def rules_document() -> str:
    parts = [HEAD.format(count=len(catalogue()))]
    for rule in catalogue().values():
        first, _, rest = rule.documentation.partition("\n")
        *text, example, remedy = re.split(r"\n(?=Example: |Remedy: )", rest.strip("\n"))
        parts.append(f"\n## {rule.code}, {rule.severity.value}\n\n{first}\n")
        parts += [f"\n{part.strip()}\n" for part in text if part.strip()]
        parts += [f"\n{part.strip()}\n" for part in (example, remedy)]
        if not rule.waivable:
            parts.append("\nCannot be waived.\n")
    return "".join(parts)


def test_the_rules_are_documented_as_they_are() -> None:
    if os.environ.get("ALSCLI_UPDATE"):
        RULES.write_text(rules_document(), "utf-8")
    assert RULES.read_text("utf-8") == rules_document()


# -- pre-commit ---------------------------------------------------------------------------------------

HOOKS: list[dict[str, Any]] = load_manifest(str(MANIFEST))
NAMES = [hook["id"] for hook in HOOKS]


def test_pre_commit_reads_the_hooks() -> None:
    assert NAMES == ["alscli-validate", "alscli-fmt"]


@pytest.mark.parametrize("hook", HOOKS, ids=NAMES)
@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("records/trials/valor.toml", True),
        ("trials/valor.toml", True),
        ("records/products/nurown.toml", True),
        ("records/ledger.toml", True),
        ("pyproject.toml", False),
        ("trials/notes.md", False),
        ("mytrials/x.toml", False),
    ],
)
def test_hooks_look_at_records(hook: dict[str, Any], path: str, taken: bool) -> None:
    assert bool(re.search(hook["files"], path)) is taken


def run_hook(name: str, paths: list[str], *more: str) -> int:
    hook = HOOKS[NAMES.index(name)]
    program, *arguments = shlex.split(hook["entry"])
    assert program == "alscli"
    return main([*arguments, *more, *(paths if hook["pass_filenames"] else [])])


@pytest.mark.parametrize("more", [(), ("--records", "records")])
@pytest.mark.parametrize("name", NAMES)
def test_hooks_run(
    name: str, more: tuple[str, ...], collection_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(collection_folder.parent)
    path = collection_folder / "trials" / "valor.toml"
    good = path.read_text("utf-8")
    assert run_hook(name, ["records/trials/valor.toml"], *more) == 0
    assert path.read_text("utf-8") == good
    path.write_text(good.replace("status = ", "status   = ").replace('"completed"', '"complted"'), "utf-8")
    assert run_hook(name, ["records/trials/valor.toml"], *more) == (1 if name == "alscli-validate" else 0)
    laid_out = good.replace('"completed"', '"complted"')
    assert (path.read_text("utf-8") == laid_out) is (name == "alscli-fmt")


# -- recipes ------------------------------------------------------------------------------------------

BLOCKS = re.findall(r"```yaml\n(.*?)```", RECIPES, re.DOTALL)
CONFIG, WORKFLOW, PIPELINE = BLOCKS


def test_pre_commit_reads_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / ".pre-commit-config.yaml"
    path.write_text(CONFIG, "utf-8")
    (repository,) = load_config(str(path))["repos"]
    assert {hook["id"] for hook in repository["hooks"]} == set(NAMES)


@pytest.mark.parametrize(
    ("schema", "text"), [("vendor.github-workflows", WORKFLOW), ("vendor.gitlab-ci", PIPELINE)]
)
def test_recipes_have_the_form_that_their_host_asks_for(schema: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yml"
    path.write_text(text, "utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_workflow_may_only_read_and_is_pinned() -> None:
    workflow = yaml_load(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert "permissions" not in job
    assert job["runs-on"] != "ubuntu-latest"
    actions = [step["uses"] for step in job["steps"] if "uses" in step]
    assert actions
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action) for action in actions)
    assert all("${{" not in step.get("run", "") for step in job["steps"]), "text of others runs in no shell"


@pytest.fixture
def repository(collection_folder: Path, git: Git, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The collection in a commit, a change to it in the next, and `alscli` as a program."""
    folder = collection_folder.parent
    monkeypatch.chdir(folder)
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "records")):
        git(folder, *arguments)
    path = collection_folder / "trials" / "valor.toml"
    path.write_text(path.read_text("utf-8").replace('"completed"', '"complted"'), "utf-8")
    git(folder, "commit", "-qam", "a slip")
    shim = tmp_path / "bin" / "alscli"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m alscli "$@"\n', "utf-8")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    return folder


def shell(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_the_job_annotates_the_line(repository: Path) -> None:
    (job,) = yaml_load(WORKFLOW)["jobs"].values()
    script = job["steps"][-1]["run"]
    done = shell(script, BASE="HEAD~1")
    assert done.returncode == 1
    (found,) = [line for line in done.stdout.splitlines() if line.startswith("::error ")]
    lines = (repository / "records" / "trials" / "valor.toml").read_text("utf-8").split("\n")
    line = lines.index('status = "complted"') + 1
    place = f"line={line},endLine={line},col=10,endColumn=20,title=SM004"
    assert found.startswith(f"::error file=records/trials/valor.toml,{place}::")


def test_the_pipeline_leaves_a_report(repository: Path) -> None:
    _, check, layout = yaml_load(PIPELINE)["records"]["script"]
    assert shell(check, CI_MERGE_REQUEST_DIFF_BASE_SHA="HEAD~1").returncode == 1
    report = (repository / yaml_load(PIPELINE)["records"]["artifacts"]["reports"]["junit"]).read_text("utf-8")
    assert "SM004" in report
    assert 'failures="1"' in report
    assert shell(layout).returncode == 0
