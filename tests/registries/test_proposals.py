"""What a registry says in words only is asked about, one by one, and written after a yes alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alscli.cli.fetching import confirmed, told
from alscli.registries.draft import Draft, Oddity, Proposal

DRAFT = Draft(
    registry="ctgov",
    registry_id="NCT09000001",
    values={"registry_id": "NCT09000001", "interventions": [{"id": "cells", "modality": "cell"}]},
    paths={},
    oddities=(Oddity("statusModule.overallStatus", "says 'SLEEPING': left out"),),
    proposals=(
        Proposal(
            "interventions.0.cell_type", "BM-MSC", "autologous bone marrow MSC", "a.description", "high"
        ),
        Proposal("interventions.0.donor", "autologous", "autologous bone marrow MSC", "a.description", "low"),
    ),
    copy={},
)


class Person:
    """Answers in order, and hears what is said."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked, self.heard = list(answers), list[str](), list[str]()

    def ask(self, label: str, default: str, choices: Sequence[Any]) -> str:
        self.asked.append(label)
        return self.answers.pop(0)

    def say(self, text: str, style: str = "") -> None:
        self.heard.append(text)


def test_only_what_is_confirmed_is_taken() -> None:
    person = Person("y", "n")
    *_, values = confirmed(DRAFT, person)
    assert values["interventions"] == [{"id": "cells", "modality": "cell", "cell_type": "BM-MSC"}]
    assert person.asked == [
        "interventions.cells.cell_type = BM-MSC? y/n",
        "interventions.cells.donor = autologous? y/n",
    ]
    assert any("autologous bone marrow MSC" in line for line in person.heard), "the words that support it"
    assert DRAFT.values["interventions"] == [{"id": "cells", "modality": "cell"}], "the draft stays"


def test_what_nobody_is_asked_about_is_told() -> None:
    lines = told([DRAFT], proposals=True)
    assert lines[0] == "NCT09000001: statusModule.overallStatus: says 'SLEEPING': left out"
    assert "not written: interventions.0.cell_type = BM-MSC" in lines[1]
