"""Merging by field: laws over random edits of the records, and the cases that a law does not show."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_edits import Edit, additions, apply, commented, edits
from toml_texts import documents

from alscli.errors import AlscliError, RefusedError
from alscli.model.format import MODELS, FileKind, shape_of
from alscli.model.vocabulary import shipped
from alscli.store.compare import changes
from alscli.store.git import merge_lines
from alscli.store.layout import lay_out, meaning
from alscli.store.merge import REMOVED, Conflict, Merged, merge
from alscli.store.toml import parse
from alscli.store.weave import interleave

COLLECTION = Path(__file__).parent.parent / "collection"
RECORDS = [COLLECTION / "trials" / f"{name}.toml" for name in ("barczewska-2020", "np001-treg-phase1")]
RECORDS += [COLLECTION / "products" / "np001-treg.toml"]
SEEDS = st.integers(0, 2**32)
LAWS = settings(max_examples=15, deadline=None)  # `benchmarks/merge.py` tries many more


def kind_of(path: Path) -> FileKind:
    return "product" if path.parent.name == "products" else "trial"


def values(data: bytes) -> dict[str, Any]:
    return parse(data).values


def says(data: bytes, kind: FileKind) -> object:
    return meaning(values(data), shape_of(MODELS[kind]))


def changed(old: str, new: bytes, kind: FileKind) -> set[str]:
    return {repr(change) for change in changes(parse(old.encode()).values, values(new), kind)}


def merged(base: str, ours: str, theirs: str, kind: FileKind = "trial") -> Merged:
    return merge(base.encode(), ours.encode(), theirs.encode(), kind)


def is_valid(data: bytes, kind: FileKind) -> bool:
    MODELS[kind].model_validate(values(data), context={"vocabularies": shipped()})
    return True


class Branches:
    """A record, with comments of its own, and two sets of edits that share no field."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        path = self.chance.choice(RECORDS)
        self.kind = kind_of(path)
        self.base = commented(path.read_text("utf-8"), self.chance, self.chance.randrange(4))
        self.pool = edits(self.base, self.kind, self.chance)
        size = min(len(self.pool) // 3, self.chance.randrange(1, 8))
        self.left, self.right = (
            [*self.pool[at : at + size], *additions(self.kind, self.chance, self.chance.randrange(2))]
            for at in (0, size)
        )
        self.rest = self.pool[2 * size :]

    def made(self, chosen: list[Edit]) -> str:
        text = apply(self.base, chosen, self.kind)
        return commented(text, self.chance, self.chance.randrange(3))


@given(SEEDS)
@LAWS
def test_edits_of_different_fields_merge_with_all_comments(seed: int) -> None:
    branches = Branches(seed)
    ours, theirs = branches.made(branches.left), branches.made(branches.right)
    result = merged(branches.base, ours, theirs, branches.kind)
    swapped = merged(branches.base, theirs, ours, branches.kind)

    assert result.conflicts == ()
    assert is_valid(result.data, branches.kind)
    both = changed(branches.base, ours.encode(), branches.kind)
    both |= changed(branches.base, theirs.encode(), branches.kind)
    assert changed(branches.base, result.data, branches.kind) == both
    assert says(swapped.data, branches.kind) == says(result.data, branches.kind)
    text = result.data.decode()
    kept_by_both = set(re.findall(r"# comment \d+", ours)) & set(re.findall(r"# comment \d+", theirs))
    new = set(re.findall(r"# comment \d+", ours + theirs)) - set(re.findall(r"# comment \d+", branches.base))
    assert [comment for comment in kept_by_both | new if comment not in text] == []


@given(SEEDS)
@LAWS
def test_a_side_without_changes_gives_the_bytes_of_the_other(seed: int) -> None:
    branches = Branches(seed)
    ours = branches.made(branches.left)
    for result in (
        merged(branches.base, ours, branches.base, branches.kind),
        merged(branches.base, branches.base, ours, branches.kind),
        merged(branches.base, ours, ours, branches.kind),
        merged("", ours, ours, branches.kind),
    ):
        assert result == Merged(ours.encode())


@given(SEEDS)
@LAWS
def test_edits_of_one_field_conflict_there_and_nowhere_else(seed: int) -> None:
    branches = Branches(seed)
    both = [one for one in branches.rest if one.do == "set"][:2]
    other = [
        Edit(one.field, one.do, one.path, one.value + (" !" if isinstance(one.value, str) else 1))
        for one in both
    ]
    ours, theirs = branches.made([*branches.left, *both]), branches.made([*branches.right, *other])
    result = merged(branches.base, ours, theirs, branches.kind)
    swapped = merged(branches.base, theirs, ours, branches.kind)

    assert {conflict.field for conflict in result.conflicts} == {one.field for one in both}
    assert is_valid(result.data, branches.kind)
    disputes = [d for d in values(result.data).get("disputes", []) if d.get("ruling") == "merge"]
    mirrored = [d for d in values(swapped.data).get("disputes", []) if d.get("ruling") == "merge"]
    assert {d["field"] for d in disputes} == {one.field for one in both}
    assert [d["values"][::-1] for d in mirrored] == [d["values"] for d in disputes]
    between = changes(values(result.data), values(swapped.data), branches.kind)
    assert {change.field for change in between if not change.field.startswith("disputes")} == {
        one.field for one in both
    }


@given(documents(), documents(), documents())
@settings(max_examples=20, deadline=None)
def test_any_toml_merges_or_is_refused(base: str, ours: str, theirs: str) -> None:
    try:
        result = merged(base, ours, theirs)
    except AlscliError:
        return
    if ours != base and theirs != base:
        parse(result.data)


@given(st.permutations("abcdef"), st.permutations("abcdef"))
@settings(max_examples=50, deadline=None)
def test_what_one_side_moved_is_moved(base: list[str], ours: list[str]) -> None:
    assert interleave(base, ours, base) == ours
    assert interleave(base, base, ours) == ours
    assert interleave([*base, "x"], [*base, "b1", "x"], [*base, "a1", "x"]) == [*base, "a1", "b1", "x"]


TRIAL = """\
#:schema ../trial.schema.json
schema = 1
id = "example"
title = "Cells in ALS"
registry_id = "NCT00000001"
conditions = ["ALS"]
study_type = "interventional"
design = "rct"
phase = "1"
status = "completed"
status_as_of = "2019"
countries = ["CN", "US"]
sites = 6
src = "registry"

[dates]
start = { on = "2015", type = "actual" }

[enrollment]
planned = 40
randomized = 36

[[interventions]]
id = "cells"
modality = "cell"

[[arms]]
id = "active" # twice
n = 18
given = [
  { intervention = "cells", low = 1, unit = "mg" },
  { intervention = "cells", low = 2, unit = "mg" },
]

[[arms]]
id = "control"
n = 18

[[outcomes]]
id = "slope"
role = "primary"
values = [
  { arm = "active", value = -0.20 },
  { arm = "control", value = -0.50 },
]

[screening]
decision = "include"
"""


def with_lines(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_the_example_is_canonical_and_valid() -> None:
    assert lay_out(TRIAL, shape_of(MODELS["trial"])) == TRIAL
    assert is_valid(TRIAL.encode(), "trial")


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        pytest.param(("sites = 6", "sites = 7"), ('"2019"', '"2020"'), None, id="lines that touch"),
        pytest.param(
            ('["CN", "US"]', '["CN", "JP", "US"]'),
            ('["CN", "US"]', '["IL", "US"]'),
            ('["CN", "US"]', '["IL", "JP", "US"]'),
            id="a set: both added, one removed",
        ),
        pytest.param(
            ("randomized = 36", "randomized = 37"),
            ("randomized = 36", 'randomized = { n = 37, loc = "table 1" }'),
            ("randomized = 36", 'randomized = { n = 37, loc = "table 1" }'),
            id="a count that both changed, and its place in the source",
        ),
        pytest.param(
            ("value = -0.20", "value = -0.21"),
            ("value = -0.50", "value = -0.500"),
            None,
            id="two lines of one list",
        ),
        pytest.param(
            ('"active", value = -0.20', '"active", n = 18, value = -0.20'),
            ('"active", value = -0.20', '"active", value = -0.22'),
            ('"active", value = -0.20', '"active", n = 18, value = -0.22'),
            id="two keys of one line",
        ),
        pytest.param(
            ("low = 1,", "low = 3,"), ("low = 2,", "low = 4,"), None, id="two lines known by their places"
        ),
        pytest.param(
            ("value = -0.50 },\n]", 'value = -0.50 },\n]\nsrc = "registry"'),
            ('role = "primary"\n', 'role = "primary"\ninstrument = "ALSFRS-R"\n'),
            None,
            id="keys added above and below",
        ),
        pytest.param(
            ("sites = 6\n", "sites = 6 # ours\n"),
            ("sites = 6\n", "# theirs\nsites = 8\n"),
            ("sites = 6\n", "# theirs\nsites = 8 # ours\n"),
            id="comments about one line",
        ),
        pytest.param(
            ("sites = 6\n", ""),
            ("sites = 6\n", "# why\nsites = 6\n"),
            ("sites = 6\n", "# why\n"),
            id="orphan",
        ),
        pytest.param(("sites = 6\n", ""), ("planned = 40\n", ""), None, id="both removed"),
        pytest.param(("value = -0.20", "value = -0.2"), ("sites = 6", "sites = 7"), None, id="digits"),
    ],
)
def test_merges(ours: tuple[str, str], theirs: tuple[str, str], expected: tuple[str, str] | None) -> None:
    one, other = with_lines(TRIAL, ours), with_lines(TRIAL, theirs)
    wanted = with_lines(TRIAL, expected) if expected else with_lines(TRIAL, ours, theirs)
    for result in (merged(TRIAL, one, other), merged(TRIAL, other, one)):
        assert result.data.decode() == wanted
        assert result.conflicts == ()


def test_numbers_that_are_equal_keep_the_digits_of_the_longer() -> None:
    one, other = (with_lines(TRIAL, ("-0.20", number)) for number in ("-0.3", "-0.30"))
    assert merged(TRIAL, one, other).data == merged(TRIAL, other, one).data == other.encode()


def test_elements_that_both_sides_added_stand_in_an_order_that_does_not_depend_on_the_side() -> None:
    texts = [
        with_lines(TRIAL, ("[[outcomes]]", f'[[arms]]\nid = "{name}"\nn = 3\n\n[[outcomes]]'))
        for name in ("high", "low")
    ]
    result, swapped = merged(TRIAL, *texts), merged(TRIAL, *reversed(texts))
    assert result.data == swapped.data
    assert [arm["id"] for arm in values(result.data)["arms"]] == ["active", "control", "high", "low"]


def test_a_side_that_reorders_and_one_that_edits() -> None:
    active, control = (TRIAL[TRIAL.index(f'[[arms]]\nid = "{name}"') :] for name in ("active", "control"))
    active, control = active.split("[[")[1], control.split("[[")[1]
    moved = TRIAL.replace(f"[[{active}[[{control}", f"[[{control}[[{active}")
    edited = with_lines(TRIAL, ('id = "control"\nn = 18', 'id = "control"\nn = 19'))
    for result in (merged(TRIAL, moved, edited), merged(TRIAL, edited, moved)):
        assert [(arm["id"], arm["n"]) for arm in values(result.data)["arms"]] == [
            ("control", 19),
            ("active", 18),
        ]


def arm(name: str, size: int, before: str) -> str:
    """One more arm, before what stands there."""
    return f'[[arms]]\nid = "{name}"\nn = {size}\n\n{before}'


OUTCOMES = "[[outcomes]]"
FIRST = '[[arms]]\nid = "active"'


@pytest.mark.parametrize(
    ("ours", "theirs", "alone", "fields"),
    [
        (("sites = 6", "sites = 7"), ('"CN", "US"]', '"CN"]'), True, []),
        (("value = -0.20", "n = 18, value = -0.20"), ("value = -0.20", "value = -0.22"), True, []),
        ((FIRST, arm("x", 1, FIRST)), (OUTCOMES, arm("x", 2, OUTCOMES)), False, ["arms.x.n"]),
        ((OUTCOMES, arm("x", 1, OUTCOMES)), (OUTCOMES, arm("y", 1, OUTCOMES)), True, []),
    ],
    ids=["lines that touch", "two keys of a line", "one arm at two places", "two arms at one place"],
)  # fmt: skip
def test_what_git_alone_makes_of_it(
    ours: tuple[str, str], theirs: tuple[str, str], alone: bool, fields: list[str]
) -> None:
    one, other = with_lines(TRIAL, ours), with_lines(TRIAL, theirs)
    by_lines = merge_lines(TRIAL.encode(), one.encode(), other.encode())
    assert (b"<<<<<<<" in by_lines) is alone
    if not alone:
        assert [arm["id"] for arm in values(by_lines)["arms"]].count("x") == 2
    result = merged(TRIAL, one, other)
    assert [c.field for c in result.conflicts] == fields
    assert [arm["id"] for arm in values(result.data)["arms"]].count("x") <= 1


def dispute(result: Merged) -> tuple[str, list[Any]]:
    (one,) = values(result.data)["disputes"]
    assert one["ruling"] == "merge"
    return one["field"], [value["value"] for value in one["values"]]


@pytest.mark.parametrize(
    ("ours", "theirs", "field", "disputed"),
    [
        pytest.param(('"rct"', '"nrct"'), ('"rct"', '"cohort"'), "design", ["nrct", "cohort"], id="word"),
        pytest.param(("= 40", "= 41"), ("= 40", "= 42"), "enrollment.planned", [41, 42], id="number"),
        pytest.param(("sites = 6\n", ""), ("sites = 6", "sites = 7"), "sites", [REMOVED, 7], id="removed"),
        pytest.param(("sites = 6", "sites = 7"), ("sites = 6\n", ""), "sites", [7, REMOVED], id="kept"),
        pytest.param(
            ('["ALS"]', '["ALS", "PLS"]'),
            ('["ALS"]', '["ALS", "PMA"]'),
            "conditions",
            [["ALS", "PLS"], ["ALS", "PMA"]],
            id="a list with an order of its own",
        ),
        pytest.param(
            ("low = 1,", "low = 3,"),
            ("low = 1,", "low = 1, high = 4,"),
            "arms.active.given.0",
            ["{ low = 3 }", "{ high = 4 }"],
            id="a line known by its place",
        ),
        pytest.param(
            ('  { intervention = "cells", low = 2, unit = "mg" },\n', ""),
            ("low = 1,", "low = 3,"),
            "arms.active.given",
            [
                '[{ intervention = "cells", low = 1, unit = "mg" }]',
                '[{ intervention = "cells", low = 3, unit = "mg" }, '
                '{ intervention = "cells", low = 2, unit = "mg" }]',
            ],
            id="places that moved",
        ),
        pytest.param(
            ('[[arms]]\nid = "control"\nn = 18\n\n', ""),
            ('id = "control"\nn = 18', 'id = "control"\nn = 17'),
            "arms.control",
            [REMOVED, "{ n = 17 }"],
            id="an element removed and changed",
        ),
        pytest.param(
            ("randomized = 36", "randomized = 37"),
            ("randomized = 36", 'randomized = { n = 36, src = "paper" }'),
            "enrollment.randomized",
            [37, '{ n = 36, src = "paper" }'],
            id="a count, and its source",
        ),
        pytest.param(
            ("randomized = 36\n", ""),
            ("randomized = 36", 'randomized = { n = 36, loc = "table 1" }'),
            "enrollment.randomized",
            [REMOVED, '{ n = 36, loc = "table 1" }'],
            id="a count removed, and its place in the source",
        ),
        pytest.param(
            ('{ on = "2015"', '{ on = "2016"'),
            ('type = "actual" }', 'type = "actual", src = "paper" }'),
            "dates.start",
            ['{ on = "2016" }', '{ src = "paper" }'],
            id="a date, and its source",
        ),
        pytest.param(
            ("value = -0.20", "value = -0.21"),
            ("value = -0.50 },\n]\n", 'value = -0.50 },\n]\nsrc = "paper"\n'),
            "outcomes.slope",
            [
                '{ values = [{ arm = "active", value = -0.21 }, { arm = "control", value = -0.50 }] }',
                '{ src = "paper" }',
            ],
            id="results, and their source",
        ),
    ],
)  # fmt: skip
def test_conflicts(ours: tuple[str, str], theirs: tuple[str, str], field: str, disputed: list[Any]) -> None:
    one, other = with_lines(TRIAL, ours), with_lines(TRIAL, theirs)
    result, swapped = merged(TRIAL, one, other), merged(TRIAL, other, one)
    assert dispute(result) == (field, disputed)
    assert dispute(swapped) == (field, disputed[::-1])
    assert is_valid(result.data, "trial")
    # The text is that of one side with the dispute: ours, or what the other side did not remove.
    kept = other if disputed[0] == REMOVED else one
    head, _, tail = result.data.decode().partition("[[disputes]]")
    assert head + tail[tail.index("[screening]") :] == kept


words = st.sampled_from([None, "a", "b"])
counts = st.tuples(st.sampled_from([36, 37, 38]), words, words)


@given(counts, counts, counts)
@settings(max_examples=50, deadline=None)
def test_no_number_stands_beside_the_source_of_another_side(
    base: tuple[Any, ...], ours: tuple[Any, ...], theirs: tuple[Any, ...]
) -> None:
    texts = []
    for n, src, loc in (base, ours, theirs):
        pairs = ", ".join(f'{key} = "{word}"' for key, word in (("src", src), ("loc", loc)) if word)
        texts.append(with_lines(TRIAL, ("randomized = 36", f"randomized = {{ n = {n}, {pairs} }}")))
    result = merged(*(text.replace(",  }", " }") for text in texts))
    held = values(result.data)["enrollment"]["randomized"]
    held = held if isinstance(held, dict) else {"n": held}
    if not result.conflicts:
        assert (held["n"], held.get("src"), held.get("loc")) in (ours, theirs)


def test_a_record_that_both_sides_added() -> None:
    other = with_lines(TRIAL, ("sites = 6", "sites = 7"), ("planned = 40\n", ""))
    result = merged("", TRIAL, other)
    assert [c.field for c in result.conflicts] == ["sites"]
    assert values(result.data)["enrollment"] == {"planned": 40, "randomized": 36}


def test_what_the_ancestor_left_unruled_is_no_agreement() -> None:
    one, other = (with_lines(TRIAL, ("sites = 6", f"sites = {number}")) for number in (7, 8))
    unruled = merged(TRIAL, one, other).data.decode()
    assert values(unruled.encode())["sites"] == 7
    ruled = [merged(unruled, unruled, side).data.decode() for side in (one, other)]
    assert ruled == [one, other]
    result = merged(unruled, *ruled)
    assert result.conflicts == (Conflict("sites", None, 7, 8),)
    # One side that ruled is right; the other has only not looked at it.
    edited = with_lines(unruled, ("planned = 40", "planned = 41"))
    assert values(merged(unruled, edited, other).data)["sites"] == 8


def test_line_ends_and_byte_order_mark_are_ours() -> None:
    ours = "\ufeff" + with_lines(TRIAL, ("sites = 6", "sites = 7")).replace("\n", "\r\n")
    theirs = with_lines(TRIAL, ("planned = 40", "planned = 41"))
    result = merged(TRIAL, ours, theirs)
    wanted = with_lines(TRIAL, ("sites = 6", "sites = 7"), ("planned = 40", "planned = 41"))
    assert result.data.decode() == "\ufeff" + wanted.replace("\n", "\r\n")
    back = merged(TRIAL, theirs, ours)
    assert back.data.decode() == wanted


def test_what_is_untidy_stays_so() -> None:
    untidy = TRIAL.replace("sites = 6", "sites   =   6   # why").replace('["CN", "US"]', "[ 'CN', 'US' ]")
    ours, theirs = (
        with_lines(untidy, ("planned = 40", "planned = 41")),
        with_lines(untidy, ('"2019"', "'2020'")),
    )
    assert merged(untidy, ours, theirs).data.decode() == with_lines(
        untidy, ("planned = 40", "planned = 41"), ('"2019"', "'2020'")
    )


LEDGER = """\
#:schema ledger.schema.json
schema = 1

[[claims]]
id = "one"
text = "It works."
verdict = "unsupported"

[[claims]]
id = "two"
text = "It is safe."
verdict = "unsupported"
"""


def test_a_ledger_has_no_disputes_so_the_sides_come_back() -> None:
    ours = with_lines(LEDGER, ("It works.", "It works!"), ("It is safe.", "Safe."))
    theirs = with_lines(LEDGER, ("It works.", "Works."))
    result = merged(LEDGER, ours, theirs, "ledger")
    assert [c.field for c in result.conflicts] == ["claims.one.text"]
    assert result.sides is not None
    texts = [side.decode() for side in result.sides]
    assert texts == [with_lines(ours, ("It works!", text)) for text in ("It works.", "It works!", "Works.")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"title = ", "1:9: TX001"),
        (b"\xff\xfe", "TX002"),
        (b"a = 1\n" * 200_000, "TX003"),
        (b"a = " + b"[" * 40 + b"]" * 40, "TX003"),
    ],
)
def test_what_is_no_toml_is_refused_with_its_side(data: bytes, words: str) -> None:
    good, other = TRIAL.encode(), with_lines(TRIAL, ("sites = 6", "sites = 7")).encode()
    for sides, name in (
        ((data, good, other), "the common ancestor"),
        ((good, data, other), "ours"),
        ((good, other, data), "theirs"),
    ):
        with pytest.raises(RefusedError, match=f"^{name} cannot be read: .*{words}"):
            merge(*sides, "trial")


def test_values_of_wrong_types_are_conflicts_too() -> None:
    for wrong in ("countries = 3", "countries = [1, { a = 2 }]", 'countries = "not_reported"'):
        one = with_lines(TRIAL, ('countries = ["CN", "US"]', wrong))
        other = with_lines(TRIAL, ('["CN", "US"]', '["CN"]'))
        assert [c.field for c in merged(TRIAL, one, other).conflicts] == ["countries"]
        assert [c.field for c in merged(TRIAL, other, one).conflicts] == ["countries"]
