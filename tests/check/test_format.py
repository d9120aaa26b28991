"""What is wrong with the form of a file, in words that help."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alscli.check.finding import Problem
from alscli.check.format import kind_of, problems, shown
from alscli.model.format import MODELS, FileKind
from alscli.model.vocabulary import shipped

SMALLEST = """
schema = 1
id = "example"
title = "Cells in ALS"
registry_id = "NCT00000001"
conditions = ["ALS"]
study_type = "interventional"
design = "single_arm"
phase = "1"
status = "completed"
status_as_of = "2019"
screening = { decision = "include" }
"""


def stated(text: str, kind: FileKind = "trial") -> list[tuple[str, Problem]]:
    """Codes and problems of a file of this kind."""
    values = tomllib.loads(text, parse_float=Decimal)
    errors: Any = []
    try:
        MODELS[kind].model_validate(values, context={"vocabularies": shipped()})
    except ValidationError as error:
        errors = error.errors(include_url=False)
    return list(problems(kind, errors, values, shipped()))


def trial(**keys: str) -> list[tuple[str, Problem]]:
    """Codes and problems of the smallest trial with some keys in other words; empty text takes one away."""
    lines = [line for line in SMALLEST.strip().split("\n") if line.split(" ")[0] not in keys]
    return stated("\n".join([*lines, *(f"{key} = {value}" for key, value in keys.items() if value)]))


def test_the_smallest_trial_has_no_problem() -> None:
    assert trial() == []


@pytest.mark.parametrize(
    ("keys", "code", "message"),
    [
        ({"enrolment": "40"}, "SM001", "unknown key `enrolment`; did you mean `enrollment`?"),
        (
            {"dates": '{ strat = { on = "2019" } }'},
            "SM001",
            "unknown key `strat` in [dates]; did you mean `start`?",
        ),
        ({"qqq": "1"}, "SM001", "unknown key `qqq`"),
        ({'"a\\u001bb"': "1"}, "SM001", "unknown key `a\\x1bb`"),
        ({"nctId": '"NCT00000001"'}, "SM001", "unknown key `nctId`; did you mean `registry_id`?"),
        ({"phase": ""}, "SM002", "`phase` is missing"),
        ({"dates": '{ start = { type = "actual" } }'}, "SM002", "`on` is missing in [dates.start]"),
        ({"registry_id": ""}, "SM002", "needs a source: `registry_id` or one `[[refs]]`"),
        ({"interventions": '[{ id = "a" }]'}, "SM002", "needs `product` or `modality`"),
        ({"sites": '"three"'}, "SM003", "`sites` should be a whole number, not the text 'three'"),
        ({"sites": "2.0"}, "SM003", "`sites` should be a whole number, not 2.0"),
        ({"sites": "true"}, "SM003", "`sites` should be a whole number, not true"),
        ({"sites": "[1, 2]"}, "SM003", "`sites` should be a whole number, not a list"),
        ({"sites": "[]"}, "SM003", "`sites` should be a whole number, not an empty list"),
        ({"eligibility": '{ age = ["18", 60] }'}, "SM003", "`age` should be a number, not the text '18'"),
        ({"eligibility": "{ age = [[18]] }"}, "SM003", "`age` should be a number, not a list"),
        ({"eligibility": "{ age = [] }"}, "SM005", "[] is not a range: [least] or [least, greatest]"),
        (
            {"eligibility": "{ age = [60, 17.5] }"},
            "SM005",
            "[60, 17.5] is not in order: the lesser number stands first",
        ),
        ({"src": '["registry", 2021]'}, "SM003", "`src` should be text in quotes, not 2021"),
        (
            {"src": "[]"},
            "SM003",
            "`src` should be the key of a source, or a list of keys, not an empty list",
        ),
        ({"conditions": '"ALS"'}, "SM003", "`conditions` should be a list, not the text 'ALS'"),
        ({"arms": '{ id = "a" }'}, "SM003", "`arms` should be a list of tables, not a table"),
        ({"dates": '"2019"'}, "SM003", "`dates` should be a table, not the text '2019'"),
        ({"title": "2019-01-01"}, "SM003", "`title` should be text in quotes, not 2019-01-01"),
        ({"phase": "3"}, "SM003", "`phase` should be a term in quotes, not 3"),
        ({"status": '"complet"'}, "SM004", "'complet' is not a status; did you mean 'completed'?"),
        ({"status": '"qqqqqq"'}, "SM004", "'qqqqqq' is not a status"),
        ({"countries": '["Germany"]'}, "SM004", "'Germany' is written 'DE'"),
        ({"countries": '["德国"]'}, "SM004", "'德国' is written 'DE'"),
        (
            {"phase": '"not_reported"'},
            "SM004",
            "'not_reported' cannot stand here: `phase` needs a term of phase",
        ),
        ({"study_type": '"trial"'}, "SM004", "'trial' is not a study type"),
        (
            {"status_as_of": '"29/08/2017"'},
            "SM005",
            "'29/08/2017' is not a date: YYYY, YYYY-MM or YYYY-MM-DD",
        ),
        ({"status_as_of": "2017-08-29"}, "SM005", '2017-08-29 is not a date in quotes: "2017-08-29"'),
        ({"id": '"Nur Own"'}, "ID001", "'Nur Own' is no id: use lower-case letters and digits"),
        ({"former_ids": '["Nur Own"]'}, "SM005", "'Nur Own' is no id: use lower-case letters and digits"),
        ({"status_as_of": '"2025-02-30"'}, "DT001", "2025-02-30 is no day of the calendar"),
        (
            {"registry_id": '"NCT0711831"'},
            "ID002",
            "NCT0711831 has 7 digits after NCT; ClinicalTrials.gov uses 8",
        ),
        ({"registry_id": '"nct07118319"'}, "ID002", "'nct07118319' is written 'NCT07118319'"),
        ({"registry_id": '"ABC"'}, "ID002", "'ABC' has the shape of no known registry"),
        ({"schema": "3"}, "SM007", "schema 3 is newer than this program, which reads schema 1"),
        ({"schema": "0"}, "SM005", "0 is not 1"),
    ],
    ids=lambda item: item if isinstance(item, str) and len(item) == 5 else "",
)
def test_one_fault_is_one_problem_in_plain_words(keys: dict[str, str], code: str, message: str) -> None:
    [(found, problem)] = trial(**keys)
    assert found == code
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("keys", "replacement"),
    [
        ({"countries": '["Germany"]'}, '"DE"'),
        ({"registry_id": '"NCT 07118319"'}, '"NCT07118319"'),
        ({"refs": '[{ key = "a", kind = "article", doi = "https://doi.org/10.1000/x" }]'}, '"10.1000/x"'),
        ({"status": '"recruting"'}, '"recruiting"'),
        ({"status": '"qqqqqq"'}, None),
        ({"status_as_of": "2017-08-29"}, '"2017-08-29"'),
        ({"registry_id": '"NCT0711831"'}, None),
        ({"sites": '"three"'}, None),
    ],
)
def test_a_replacement_is_toml_where_there_is_exactly_one(
    keys: dict[str, str], replacement: str | None
) -> None:
    [(_, problem)] = trial(**keys)
    assert problem.replacement == replacement


def test_a_newer_schema_is_all_that_is_said() -> None:
    [(code, _)] = stated('schema = 2\nid = "Not An Id"\nnew = 1\n')
    assert code == "SM007"


def test_a_misspelled_required_key_is_one_problem() -> None:
    [(code, problem)] = trial(phase="", fase='"1"')
    assert (code, problem.suggestions[0]) == ("SM001", "phase")
    [(code, problem)] = trial(registry_id="", regsitry_id='"NCT00000001"')
    assert (code, problem.suggestions[0]) == ("SM001", "registry_id")


@pytest.mark.parametrize(
    ("keys", "unknown", "meant"),
    [
        ({"id": "", "in": '"example"'}, "in", "id"),
        ({"phase": "", "stage": '"1"'}, "stage", "phase"),
        ({"design": "", "study_design": '"single_arm"'}, "study_design", "design"),
        ({"title": "", "name": '"Cells in ALS"'}, "name", "title"),
        ({"conditions": "", "disease": '["ALS"]'}, "disease", "conditions"),
        ({"screening": "", "inclusion": '{ decision = "include" }'}, "inclusion", "screening"),
        ({"verified": '{ op = "2026-11-22", by = "@a" }'}, "op", "on"),
        ({"verified": '{ when = "2026-11-22", by = "@a" }'}, "when", "on"),
        ({"enrollment": "{ planned = { m = 40 } }"}, "m", "n"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_a_required_key_under_another_word_is_one_problem(
    keys: dict[str, str], unknown: str, meant: str
) -> None:
    [(code, problem)] = trial(**keys)
    assert (code, problem.path[-1], problem.suggestions[0]) == ("SM001", unknown, meant)


def test_an_unknown_key_that_cannot_hold_the_missing_value_is_another_problem() -> None:
    assert [code for code, _ in trial(conditions="", disease='"ALS"')] == ["SM002", "SM001"]


def test_the_article_fits_the_word() -> None:
    [(_, problem)] = trial(outcomes='[{ id = "a", role = "qqqqqq" }]')
    assert problem.message.startswith("'qqqqqq' is not an outcome role")


def test_an_unknown_key_beside_the_known_one_hides_nothing() -> None:
    assert [code for code, _ in trial(statsu='"completed"', phase="")] == ["SM002", "SM001"]


def test_a_key_of_an_importer_is_one_problem() -> None:
    for name in ("nct_id", "nctid", "NCTId", "nct-number"):
        [(code, problem)] = trial(registry_id="", **{name: '"NCT00000001"'})
        assert (code, problem.suggestions) == ("SM001", ("registry_id",))


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"eligibility": '{ age = ["18", 60] }'}, ("eligibility", "age", 0)),
        ({"eligibility": '{ alsfrs_r = [25, "x"] }'}, ("eligibility", "alsfrs_r", 1)),
        ({"eligibility": "{ age = [60, 18] }"}, ("eligibility", "age")),
        ({"src": '["registry", ""]'}, ("src", 1)),
        (
            {"disputes": '[{ field = "phase", values = [{ value = [1, [2, {}]], src = "registry" }] }]'},
            ("disputes", 0, "values", 0, "value", 1, 1),
        ),
    ],
)
def test_a_bad_element_is_pointed_at(keys: dict[str, str], path: tuple[str | int, ...]) -> None:
    assert path in [problem.path for _, problem in trial(**keys)]


def test_the_other_files_have_forms_too() -> None:
    assert [code for code, _ in stated('schema = 1\nid = "a"\nname = "A"\n', "product")] == ["SM002"]
    ledger = 'schema = 1\n[[searches]]\nid = "a"\non = "2026"\nsource = "s"\nquery = "q"\nhits = -1\n'
    assert [code for code, _ in stated(ledger, "ledger")] == ["SM005"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([Decimal("-1.20"), 3], "[-1.20, 3]"),
        ([True, ["it's", 'a "b"']], '[true, ["it\'s", "a \\"b\\""]]'),
        (["\u202e"], '["\\u202E"]'),
        ([{"a": 1, "b c": {}}], '[{ a = 1, "b c" = {} }]'),
        ([date(2019, 1, 1)], "[2019-01-01]"),
        (list(range(50)), f"{str(list(range(50)))[:76]} …]"),
    ],
    ids=str,
)
def test_lists_are_shown_as_in_toml(value: object, text: str) -> None:
    assert shown(value) == text


@given(
    st.recursive(st.text() | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_shown_lists_are_printable_toml(value: Any) -> None:
    text = shown([value])
    assert text.isprintable()
    if not text.endswith(" …]"):
        assert tomllib.loads(f"a = {text}") == {"a": [value]}


@given(st.text())
def test_shown_text_is_printable_and_short(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) <= 81


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": 1}, "a table"),
        ([1], "a list"),
        ([], "an empty list"),
        (True, "true"),
        ("x", "the text 'x'"),
        (Decimal("1.50"), "1.50"),
    ],
)
def test_kinds_of_values_in_words(value: object, words: str) -> None:
    assert kind_of(value) == words
