"""Faults put into the shipped records, one at a time, each with the code and the place it must be found at.

`faults(records)` gives them all; run as a script, this file says how many of each kind there are. A kind is a
function that looks for places in a file where its fault is a fault and has no other consequence. Places
are found here by looking at the text, line by line, so that the program's own idea of where something stands
is checked and not repeated.
"""

from __future__ import annotations

import random
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

ENOUGH = 2
"""Faults of one kind, at most."""


@dataclass(frozen=True)
class Edit:
    """A text with a fault, and the character at which it must be found."""

    text: str
    at: int


@dataclass(frozen=True)
class Fault:
    """A file with a fault: its new bytes, and the code, line and column of the finding."""

    kind: str
    code: str
    path: str
    data: bytes
    line: int
    column: int


@dataclass(frozen=True)
class Site:
    """A value in a file: the table it is in, its keys, and where header, key and value stand.

    `element` is the number of the `[[table]]`; `row` that of the line of a list of inline tables.
    """

    text: str
    table: str
    element: int
    keys: tuple[str, ...]
    row: int
    header_at: int
    key_at: int
    start: int
    end: int

    @property
    def raw(self) -> str:
        return self.text[self.start : self.end]

    @property
    def value(self) -> Any:
        return tomllib.loads(f"x = {self.raw}")["x"]

    def put(self, literal: str, at: int = 0) -> Edit:
        """Write something else as the value; the fault is `at` characters into it."""
        return Edit(self.text[: self.start] + literal + self.text[self.end :], self.start + at)

    def rename(self, key: str) -> Edit:
        old = len(self.keys[-1])
        return Edit(self.text[: self.key_at] + key + self.text[self.key_at + old :], self.key_at)

    def drop(self) -> Edit:
        """Without the line; the fault is at the header of the table."""
        end = self.text.index("\n", self.end) + 1
        start = self.text.rindex("\n", 0, self.key_at) + 1
        return Edit(self.text[:start] + self.text[end:], self.header_at)

    def below(self, line: str) -> Edit:
        """With a line more after it."""
        end = self.text.index("\n", self.end) + 1
        return Edit(f"{self.text[:end]}{line}\n{self.text[end:]}", end)


_HEADER = re.compile(r"(\[\[?)([a-z_.]+)\]\]?$")
_LINE = re.compile(r"([a-z_]+) = (.+)$")
_PAIR = re.compile(r'([a-z_]+) = ("(?:[^"\\]|\\.)*"|\[[^\]]*\]|\{[^}]*\}|[^,\s}]+)')


@dataclass
class File:
    """A record in canonical layout, and what stands in it."""

    path: str
    text: str
    everything: dict[str, dict[str, Any]] = field(repr=False, default_factory=dict)

    @cached_property
    def values(self) -> dict[str, Any]:
        return tomllib.loads(self.text)

    @property
    def kind(self) -> str:
        return self.path.partition("/")[0]

    @cached_property
    def sites(self) -> list[Site]:
        return list(self._sites())

    def _sites(self) -> Iterator[Site]:
        table, element, header_at, host, row, at = "", 0, 0, "", 0, 0
        seen: dict[str, int] = {}
        for line in self.text.splitlines(keepends=True):
            text = line.rstrip("\n")
            if header := _HEADER.match(text):
                table = header[2]
                element = seen[table] = seen.get(table, -1) + 1
                header_at = at
            elif text.startswith("  {"):
                for pair in _PAIR.finditer(text, 3):
                    keys = (host, pair[1])
                    yield Site(
                        self.text, table, element, keys, row, header_at, at + pair.start(),
                        at + pair.start(2), at + pair.end(2),
                    )  # fmt: skip
                row += 1
            elif found := _LINE.match(text):
                host, row = found[1], 0
                if found[2] != "[":
                    start = at + found.start(2)
                    yield Site(self.text, table, element, (host,), 0, header_at, at, start, at + len(text))
                if found[2].startswith("{"):
                    for pair in _PAIR.finditer(text, found.start(2) + 1):
                        yield Site(
                            self.text, table, element, (host, pair[1]), 0, header_at, at + pair.start(),
                            at + pair.start(2), at + pair.end(2),
                        )  # fmt: skip
            at += len(line)

    def find(self, table: str, *keys: str) -> list[Site]:
        """The values of these keys in the tables of this name; the root is ""."""
        return [site for site in self.sites if site.table == table and site.keys == keys]

    def root(self, key: str) -> Site | None:
        return next(iter(self.find("", key)), None)


Kind = Callable[[File], Iterator[Edit]]
KINDS: dict[str, tuple[str, Kind]] = {}


def kind(code: str) -> Callable[[Kind], Kind]:
    def enter(function: Kind) -> Kind:
        KINDS[function.__name__] = (code, function)
        return function

    return enter


def files_of(records: Path) -> list[File]:
    """Every record of a collection."""
    paths = sorted(
        [*records.glob("trials/*.toml"), *records.glob("products/*.toml"), records / "ledger.toml"]
    )
    everything: dict[str, dict[str, Any]] = {}
    found = [
        File(path.relative_to(records).as_posix(), path.read_text("utf-8"), everything) for path in paths
    ]
    everything.update({file.path: file.values for file in found})
    return found


def faults(records: Path, seed: int = 0, enough: int = ENOUGH) -> list[Fault]:
    """Faults of every kind, at most one of a kind in a file."""
    files = files_of(records)
    made: list[Fault] = []
    for name, (code, function) in KINDS.items():
        chance = random.Random(f"{seed} {name}")
        count = 0
        for file in chance.sample(files, len(files)):
            edits = list(function(file))
            if edits:
                made.append(_fault(name, code, file, chance.choice(edits)))
                count += 1
            if count == enough:
                break
    return made


def _fault(name: str, code: str, file: File, edit: Edit) -> Fault:
    data = edit.text.encode("utf-8", "surrogateescape")
    before = edit.text[: edit.at].removeprefix("\ufeff")
    line = before.count("\n") + 1
    return Fault(name, code, file.path, data, line, len(before) - before.rfind("\n"))


def of_trials(function: Kind) -> Kind:
    def only(file: File) -> Iterator[Edit]:
        if file.kind == "trials":
            yield from function(file)

    only.__name__ = function.__name__
    return only


# -- text ---------------------------------------------------------------------------------------------


@kind("TX001")
def quote_not_closed(file: File) -> Iterator[Edit]:
    for site in file.sites:
        if len(site.keys) == 1 and site.raw.startswith('"'):
            yield site.put(site.raw[:-1], len(site.raw) - 1)


@kind("TX001")
def value_not_quoted(file: File) -> Iterator[Edit]:
    for site in file.sites:
        if re.fullmatch(r'"[a-z_]{5,}"', site.raw):
            yield site.put(site.raw[1:-1])


@kind("TX001")
def equals_sign_missing(file: File) -> Iterator[Edit]:
    for site in file.sites:
        if len(site.keys) == 1:
            end = site.start
            yield Edit(f"{file.text[: end - 2]}{file.text[end:]}", end - 2)


@kind("TX001")
def table_twice(file: File) -> Iterator[Edit]:
    for name in ("dates", "enrollment", "screening", "verified"):
        if f"\n[{name}]\n" in file.text:
            text = f"{file.text}\n[{name}]\n"
            yield Edit(text, len(text) - 2)  # the bracket, where the parser stops


@kind("TX001")
def native_toml_1_1(file: File) -> Iterator[Edit]:
    """A line end in an inline table, which only TOML 1.1 allows."""
    for match in re.finditer(r"^[a-z_]+ = \{( )", file.text, re.MULTILINE):
        yield Edit(f"{file.text[: match.start(1)]}\n{file.text[match.end(1) :]}", match.start(1))


@kind("TX002")
def latin_1(file: File) -> Iterator[Edit]:
    for site in file.find("", "title"):
        yield site.put('"Caf\udce9 ' + site.raw[1:], 4)


@kind("TX002")
def control_character(file: File) -> Iterator[Edit]:
    for site in file.sites:
        if site.raw.startswith('"') and len(site.raw) > 8:
            yield site.put(f"{site.raw[:5]}\x01{site.raw[5:]}", 5)


@kind("TX002")
def carriage_return_alone(file: File) -> Iterator[Edit]:
    for match in re.finditer(r"\n(?!\n)", file.text):
        yield Edit(f"{file.text[: match.start()]}\r{file.text[match.end() :]}", match.start())


@kind("TX003")
def over_a_mebibyte(file: File) -> Iterator[Edit]:
    yield Edit(file.text + "# filler\n" * 120_000, 0)


@kind("TX003")
def nested_too_deep(file: File) -> Iterator[Edit]:
    for site in file.find("", "id"):
        edit = site.below(f"tags = {'[' * 300}{']' * 300}")
        yield Edit(edit.text, edit.at + len("tags = ") + 32)


@kind("TX004")
def text_that_runs_backwards(file: File) -> Iterator[Edit]:
    for key in ("title", "note", "developer"):
        for site in file.find("", key):
            yield site.put(f'{site.raw[:-1]} \u202ecilbup\u202c"')


@kind("TX004")
def zero_width_space(file: File) -> Iterator[Edit]:
    for site in [*file.find("outcomes", "note"), *file.find("refs", "title"), *file.find("", "note")]:
        yield site.put(f'{site.raw[:-1]}\u200b"')


@kind("TX004")
def cyrillic_letter_in_an_id(file: File) -> Iterator[Edit]:
    for site in file.find("", "secondary_ids"):
        first = site.value[0]
        if isinstance(first, str) and first.startswith("N") is False and "C" in first.upper():
            changed = re.sub("[Cc]", "\u0421", first, count=1)
            literal = site.raw.replace(f'"{first}"', f'"{changed}"')
            yield site.put(literal, 1)


@kind("TX005")
def blanks_around_the_equals_sign(file: File) -> Iterator[Edit]:
    for site in file.sites:
        if len(site.keys) == 1:
            yield Edit(f"{file.text[: site.start]}  {file.text[site.start :]}", site.key_at)


@kind("TX005")
def crlf(file: File) -> Iterator[Edit]:
    yield Edit(file.text.replace("\n", "\r\n"), 0)


@kind("TX005")
def keys_out_of_order(file: File) -> Iterator[Edit]:
    lines = re.search(r"^(id = .*\n)(title = .*\n|name = .*\n)", file.text, re.MULTILINE)
    if lines:
        yield Edit(file.text.replace(lines[0], lines[2] + lines[1]), lines.start())


@kind("TX006")
def merge_not_resolved(file: File) -> Iterator[Edit]:
    for site in file.find("disputes", "ruling"):
        yield site.put('"merge"')


# -- schema -------------------------------------------------------------------------------------------


@kind("SM001")
def unknown_key(file: File) -> Iterator[Edit]:
    for site in file.find("", "id"):
        yield site.below('colour = "red"')


@kind("SM001")
def unknown_key_in_a_table(file: File) -> Iterator[Edit]:
    for site in file.sites:
        if site.table in ("arms", "outcomes", "refs", "screening") and site.keys in (("id",), ("key",)):
            yield site.below("zzz = 1")


@kind("SM001")
def unknown_key_in_an_inline_table(file: File) -> Iterator[Edit]:
    for site in file.sites:
        if len(site.keys) == 2:
            yield Edit(f"{file.text[: site.end]}, zzz = 1{file.text[site.end :]}", site.end + 2)


@kind("SM001")
def key_misspelled(file: File) -> Iterator[Edit]:
    wrong = {"countries": "countrys", "masking": "maskng", "allocation": "alocation", "sites": "sitess"}
    for key, other in wrong.items():
        for site in file.find("", key):
            yield site.rename(other)


@kind("SM001")
def required_key_misspelled(file: File) -> Iterator[Edit]:
    wrong = {"title": "titel", "status": "statsu", "status_as_of": "status_asof", "modality": "modalty"}
    for key, other in wrong.items():
        for site in file.find("", key):
            yield site.rename(other)


@kind("SM001")
def key_of_an_effect_misspelled(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "est"):
        yield site.rename("estt")


@kind("SM002")
def required_key_missing(file: File) -> Iterator[Edit]:
    keys = ("title", "study_type", "status_as_of", "phase", "design") if file.kind == "trials" else ("name",)
    for key in keys:
        for site in file.find("", key):
            yield site.drop()


@kind("SM002")
def decision_missing(file: File) -> Iterator[Edit]:
    for site in file.find("screening", "decision"):
        yield site.drop()


@kind("SM002")
def kind_of_a_reference_missing(file: File) -> Iterator[Edit]:
    for site in file.find("refs", "kind"):
        yield site.drop()


@kind("SM002")
def id_of_an_arm_missing(file: File) -> Iterator[Edit]:
    for site in file.find("arms", "id"):
        yield site.drop()


@kind("SM002")
def day_of_a_date_missing(file: File) -> Iterator[Edit]:
    for site in file.find("dates", "start", "type"):
        start = file.text.rindex("{", 0, site.key_at)
        yield Edit(f"{file.text[: start + 2]}{file.text[site.key_at :]}", start)


@kind("SM003")
def number_for_text(file: File) -> Iterator[Edit]:
    for key in ("title", "note", "name", "developer", "acronym"):
        for site in file.find("", key):
            yield site.put("5")


@kind("SM003")
def text_for_number(file: File) -> Iterator[Edit]:
    for site in [*file.find("", "sites"), *file.find("arms", "n"), *file.find("safety", "deaths")]:
        if site.raw.isdigit():
            yield site.put('"six"')


@kind("SM003")
def text_for_a_count(file: File) -> Iterator[Edit]:
    for key in ("planned", "enrolled", "randomized", "treated"):
        for site in file.find("enrollment", key):
            if site.raw.isdigit():
                yield site.put('"about 40"')


@kind("SM003")
def text_for_a_list(file: File) -> Iterator[Edit]:
    for key in ("conditions", "countries", "aliases"):
        for site in file.find("", key):
            if site.raw.startswith("["):
                yield site.put('"ALS"')


@kind("SM003")
def truth_for_a_p(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "p"):
        yield site.put("true")


@kind("SM003")
def text_for_a_table(file: File) -> Iterator[Edit]:
    for site in [*file.find("dates", "start"), *file.find("dates", "completion")]:
        if site.raw.startswith("{"):
            yield site.put('"2019-05"')


@kind("SM003")
def fraction_for_a_count(file: File) -> Iterator[Edit]:
    for site in [*file.find("outcomes", "values", "n"), *file.find("arms", "n"), *file.find("", "sites")]:
        if site.raw.isdigit():
            yield site.put(f"{site.raw}.5")


@kind("SM004")
def status_misspelled(file: File) -> Iterator[Edit]:
    for site in file.find("", "status"):
        yield site.put('"recruting"')


@kind("SM004")
def term_of_another_vocabulary(file: File) -> Iterator[Edit]:
    for key in ("design", "phase", "study_type", "masking", "modality"):
        for site in file.find("", key):
            yield site.put('"intrathecal"')


@kind("SM004")
def synonym_for_a_route(file: File) -> Iterator[Edit]:
    for site in file.find("arms", "given", "route"):
        if site.raw == '"intrathecal"':
            yield site.put('"鞘内"')


@kind("SM004")
def country_by_name(file: File) -> Iterator[Edit]:
    names = {"US": "United States", "CN": "China", "KR": "Korea", "PL": "Poland", "IL": "Israel"}
    for site in file.find("", "countries"):
        for code, name in names.items():
            if f'"{code}"' in site.raw:
                yield site.put(site.raw.replace(f'"{code}"', f'"{name}"'), site.raw.index(f'"{code}"'))


@kind("SM004")
def role_of_an_outcome(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "role"):
        yield site.put('"main"')


@kind("SM004")
def result_of_an_outcome(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "result"):
        yield site.put('"positive"')


@kind("SM004")
def capital_letter(file: File) -> Iterator[Edit]:
    for site in [*file.find("refs", "kind"), *file.find("", "donor"), *file.find("arms", "role")]:
        yield site.put(site.raw.upper())


@kind("SM004")
def status_behind_a_byte_order_mark_and_crlf(file: File) -> Iterator[Edit]:
    for site in file.find("", "status"):
        edit = site.put('"recruting"')
        before = edit.text[: edit.at].replace("\n", "\r\n")
        yield Edit(f"\ufeff{before}" + edit.text[edit.at :].replace("\n", "\r\n"), len(before) + 1)


@kind("SM004")
def term_behind_a_wide_character(file: File) -> Iterator[Edit]:
    for site in file.find("sponsor", "class"):
        name = next(s for s in file.find("sponsor", "name"))
        pair = '  { name = "𠀀🧬 Foundation", class = '
        if not file.find("sponsor", "collaborators", "name"):
            end = file.text.index("\n", max(site.end, name.end)) + 1
            text = f'{file.text[:end]}collaborators = [\n{pair}"charity-like" }},\n]\n{file.text[end:]}'
            yield Edit(text, end + len("collaborators = [\n") + len(pair))


@kind("SM004")
def agency_of_an_event(file: File) -> Iterator[Edit]:
    for site in file.find("", "events", "agency"):
        yield site.put('"XYZ"')


@kind("SM005")
def date_with_slashes(file: File) -> Iterator[Edit]:
    for key in ("status_as_of",):
        for site in file.find("", key):
            yield site.put('"29/08/2017"')
    for site in [*file.find("dates", "start", "on"), *file.find("verified", "on")]:
        yield site.put('"2017/08/29"')


@kind("SM005")
def date_without_quotes(file: File) -> Iterator[Edit]:
    for site in [*file.find("dates", "completion", "on"), *file.find("", "status_as_of")]:
        yield site.put("2019-05-01")


@kind("SM005")
def duration_in_words(file: File) -> Iterator[Edit]:
    for site in [*file.find("", "follow_up"), *file.find("arms", "given", "every")]:
        yield site.put('"28 weeks"')


@kind("SM005")
def moment_in_words(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "at"):
        yield site.put('"week 28"')


@kind("SM005")
def doi_without_prefix(file: File) -> Iterator[Edit]:
    for site in file.find("refs", "doi"):
        yield site.put('"mus.27472"')


@kind("SM005")
def range_reversed(file: File) -> Iterator[Edit]:
    for site in file.find("eligibility", "age"):
        yield site.put("[75, 18]")


@kind("SM005")
def interval_of_one(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "ci"):
        if site.raw.startswith("["):
            yield site.put("[1]")


@kind("SM005")
def title_blank(file: File) -> Iterator[Edit]:
    for site in file.find("", "title"):
        yield site.put('"  "')


@kind("SM005")
def count_negative(file: File) -> Iterator[Edit]:
    for site in [*file.find("arms", "n"), *file.find("", "sites"), *file.find("safety", "n")]:
        if site.raw.isdigit():
            yield site.put("-1")


@kind("SM005")
def p_as_text(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "p"):
        yield site.put('"p < 0.05"')


@kind("SM005")
def absence_within_a_list(file: File) -> Iterator[Edit]:
    for site in file.find("", "conditions"):
        yield site.put('["ALS", "not_reported"]', 8)


@kind("SM006")
def reference_twice(file: File) -> Iterator[Edit]:
    for match in re.finditer(r'\[\[refs\]\]\nkey = ("[^"]+")\n(?:[a-z_]+ = .*\n)+', file.text):
        again = f"\n{match[0]}"
        at = match.end() + 1 + match.start(1) - match.start()
        yield Edit(file.text[: match.end()] + again + file.text[match.end() :], at)


@kind("SM006")
def outcome_twice(file: File) -> Iterator[Edit]:
    block = r'\[\[outcomes\]\]\nid = ("[^"]+")\n(?:[a-z_]+ = [^\[{\n]*\n)+(?=\n)'
    for match in re.finditer(block, file.text):
        if 'role = "primary"' in file.text and 'role = "primary"' not in match[0]:
            again = f"\n{match[0]}"
            at = match.end() + 1 + match.start(1) - match.start()
            yield Edit(file.text[: match.end()] + again + file.text[match.end() :], at)


@kind("SM007")
def newer_schema(file: File) -> Iterator[Edit]:
    for site in file.find("", "schema"):
        yield site.put("2")


@kind("SM008")
def condition_in_own_words(file: File) -> Iterator[Edit]:
    for site in file.find("", "conditions"):
        if '"ALS"' in site.raw:
            yield site.put(f'{site.raw[:-1]}, "Wasting of the Shoulder"]', len(site.raw) + 1)


@kind("WV001")
def waiver_of_nothing(file: File) -> Iterator[Edit]:
    if file.kind == "trials" and "[[waivers]]" not in file.text:
        block = '\n[[waivers]]\nrule = "DT014"\nwhy = "confirmed"\n'
        dates = file.values.get("dates", {})
        if not {"start", "completion"} <= set(dates):
            yield Edit(file.text + block, len(file.text) + len("\n[[waivers]]\nrule = "))


@kind("WV001")
def waiver_of_no_rule(file: File) -> Iterator[Edit]:
    if file.kind != "ledger.toml" and "[[waivers]]" not in file.text:
        block = '\n[[waivers]]\nrule = "ZZ123"\nwhy = "confirmed"\n'
        yield Edit(file.text + block, len(file.text) + len("\n[[waivers]]\nrule = "))


@kind("WV002")
def waiver_out_of_date(file: File) -> Iterator[Edit]:
    if file.kind == "trials" and "[[waivers]]" not in file.text:
        block = '\n[[waivers]]\nrule = "PV007"\nwhy = "later"\nuntil = '
        yield Edit(f'{file.text}{block}"2020-01-01"\n', len(file.text) + len(block))


@kind("WV002")
def waiver_without_reason(file: File) -> Iterator[Edit]:
    if file.kind == "trials" and "[[waivers]]" not in file.text:
        yield Edit(f'{file.text}\n[[waivers]]\nrule = "DT010"\n', len(file.text) + 1)


# -- identity and dates -------------------------------------------------------------------------------


@kind("ID001")
def id_not_the_file_name(file: File) -> Iterator[Edit]:
    if file.kind == "trials":  # what waits for a product by its id is told that it is not there
        for site in file.find("", "id"):
            yield site.put(f'{site.raw[:-1]}-x"')


@kind("ID001")
def id_with_capitals(file: File) -> Iterator[Edit]:
    for site in file.find("", "id"):
        yield site.put(site.raw.upper())


@kind("ID002")
def registry_id_too_short(file: File) -> Iterator[Edit]:
    for site in file.find("", "registry_id"):
        if site.raw.startswith('"NCT'):
            yield site.put(f'{site.raw[:-2]}"')


@kind("ID003")
def registry_id_of_another(file: File) -> Iterator[Edit]:
    other = next(path for path, values in file.everything.items() if "registry_id" in values)
    for site in file.find("", "registry_id"):
        if file.path > other:
            yield site.put(f'"{file.everything[other]["registry_id"]}"')


@kind("ID007")
def registration_not_explained(file: File) -> Iterator[Edit]:
    for site in file.find("", "registration"):
        yield site.drop()


@kind("DT001")
def no_day_of_the_calendar(file: File) -> Iterator[Edit]:
    for site in [
        *file.find("dates", "start", "on"),
        *file.find("", "status_as_of"),
        *file.find("verified", "on"),
    ]:
        yield site.put('"2021-02-30"')


@kind("DT002")
def completion_before_start(file: File) -> Iterator[Edit]:
    dates = file.values.get("dates", {})
    over = file.values.get("status") in ("completed", "terminated")
    if (
        over
        and isinstance(dates.get("start"), dict)
        and not {"primary_completion", "results_posted"} & set(dates)
    ):
        for site in file.find("dates", "completion", "on"):
            yield site.put('"1999-01-05"')


@kind("DT003")
def verified_tomorrow(file: File) -> Iterator[Edit]:
    for site in file.find("verified", "on"):
        yield site.put('"2031-01-01"')


@kind("DT003")
def status_of_the_future(file: File) -> Iterator[Edit]:
    for site in file.find("", "status_as_of"):
        yield site.put('"2031-01"')


@kind("DT011")
def verified_long_ago(file: File) -> Iterator[Edit]:
    for site in file.find("verified", "on"):
        yield site.put('"2021-01-01"')


@kind("DT012")
def reason_for_stopping_missing(file: File) -> Iterator[Edit]:
    for site in file.find("", "why_stopped"):
        yield site.drop()


# -- numbers ------------------------------------------------------------------------------------------


def arms_with_sizes(file: File) -> list[dict[str, Any]]:
    arms = file.values.get("arms")
    return [arm for arm in arms if isinstance(arm.get("n"), int)] if isinstance(arms, list) else []


def counted(file: File, stage: str) -> int | None:
    flow = file.values.get("enrollment")
    count = flow.get(stage) if isinstance(flow, dict) else None
    count = count.get("n") if isinstance(count, dict) else count
    return count if isinstance(count, int) else None


@kind("EN001")
def more_treated_than_randomized(file: File) -> Iterator[Edit]:
    randomized = counted(file, "randomized")
    sizes = [arm.get("n") for arm in file.values.get("arms", [])]
    if randomized and (None in sizes or sum(sizes) == randomized or not sizes):
        for site in file.find("enrollment", "treated"):
            if site.raw.isdigit():
                yield site.put(str(randomized + 1))
            else:
                yield site.put(re.sub(r"n = \d+", f"n = {randomized + 1}", site.raw))


@kind("EN001")
def more_completed_than_treated(file: File) -> Iterator[Edit]:
    flow = file.values.get("enrollment")
    if isinstance(flow, dict) and "analyzed" not in flow:
        for site in file.find("enrollment", "completed"):
            yield site.put("5000")


@kind("EN002")
def arms_do_not_add_up(file: File) -> Iterator[Edit]:
    flow = file.values.get("enrollment")
    arms = arms_with_sizes(file)
    if (
        file.values.get("allocation") == "randomized"
        and file.values.get("model") != "crossover"
        and isinstance(flow, dict)
        and len(arms) > 1
        and len(arms) == len(file.values["arms"])
        and {"randomized", "treated"} & set(flow)
    ):
        for site in file.find("arms", "n"):
            if file.values["arms"][site.element].get("role") not in ("other", "external_control"):
                edit = site.put(str(site.value + 1000))
                yield Edit(edit.text, edit.text.index("[[arms]]"))


@kind("EN004")
def more_in_the_outcome_than_in_the_arm(file: File) -> Iterator[Edit]:
    sizes = {arm["id"]: arm["n"] for arm in arms_with_sizes(file)}
    for site in file.find("outcomes", "values", "n"):
        outcome = file.values["outcomes"][site.element]
        value = outcome["values"][site.row]
        if (
            value.get("arm") in sizes
            and outcome.get("population") != "pooled"
            and outcome.get("stat") not in ("percent", "count")
            and outcome.get("measure") != "category"
        ):
            yield site.put(str(sizes[value["arm"]] + 1))


@kind("IV001")
def cell_type_missing(file: File) -> Iterator[Edit]:
    if file.kind == "products" and file.values["modality"] == "cell":
        for site in file.find("", "cell_type"):
            yield site.drop()


@kind("IV001")
def cell_type_of_an_intervention_missing(file: File) -> Iterator[Edit]:
    for site in file.find("interventions", "cell_type"):
        if file.values["interventions"][site.element].get("modality") == "cell":
            yield site.drop()


@kind("IV004")
def dose_of_nothing(file: File) -> Iterator[Edit]:
    for site in file.find("arms", "given", "low"):
        if "high" not in file.values["arms"][site.element]["given"][site.row]:
            yield site.put("0")


@kind("IV004")
def dose_reversed(file: File) -> Iterator[Edit]:
    for site in file.find("arms", "given", "high"):
        low = file.values["arms"][site.element]["given"][site.row]["low"]
        if isinstance(low, int) and low > 9:
            yield site.put(f"{low - 1:_}" if low > 10_000 else str(low - 1))


@kind("IV005")
def dose_a_million_fold(file: File) -> Iterator[Edit]:
    for site in file.find("arms", "given", "low"):
        given = file.values["arms"][site.element]["given"][site.row]
        if "high" not in given and given.get("unit") == "cells":
            yield site.put(f"{site.raw}_000_000")


@kind("OC001")
def score_off_the_scale(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "values", "value"):
        outcome = file.values["outcomes"][site.element]
        value = outcome["values"][site.row]
        if (
            outcome.get("instrument") == "ALSFRS-R"
            and outcome.get("measure") == "score"
            and outcome.get("stat") != "percent"
            and "ci" not in value
            and isinstance(value["value"], (int, float))
            and all(value["value"] >= other.get("value", 0) for other in outcome["values"])
        ):
            yield site.put("52")


@kind("OC002")
def p_above_one(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "p"):
        if file.values["outcomes"][site.element].get("result") not in ("met", "nominal"):
            yield site.put("1.5")


@kind("OC002")
def p_of_zero(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "p"):
        yield site.put("0")


@kind("OC002")
def estimate_outside_its_interval(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "est"):
        effect = file.values["outcomes"][site.element]["effects"][site.row]
        if "ci" in effect and "p" not in effect and "values" not in file.values["outcomes"][site.element]:
            yield site.put(str(effect["ci"][1] + abs(effect["ci"][0]) + 3))


@kind("SF001")
def more_deaths_than_people(file: File) -> Iterator[Edit]:
    for site in file.find("safety", "deaths"):
        if "n" in file.values["safety"][site.element]:
            yield site.put("5000")


@kind("SF001")
def more_related_events_than_events(file: File) -> Iterator[Edit]:
    for site in file.find("safety", "sae_related_patients"):
        if isinstance(file.values["safety"][site.element].get("sae_patients"), int):
            yield site.put("4000")


# -- design, regulation, sources, claims --------------------------------------------------------------


@kind("DS001")
def observational_with_a_phase(file: File) -> Iterator[Edit]:
    values = file.values
    if values.get("phase") == "na" and values.get("study_type") == "observational":
        for site in file.find("", "phase"):
            yield site.put('"2"')


@kind("DS003")
def double_blind_and_open(file: File) -> Iterator[Edit]:
    extension = re.search("(?i)extension|previously treated", file.values.get("title", ""))
    if file.values.get("masking") == "none" and "masked" not in file.values and not extension:
        for site in file.find("", "title"):
            edit = site.put(f'"Double-blind {site.raw[1:]}')
            yield Edit(edit.text, edit.text.index("\nmasking = ") + len("\nmasking = "))


@kind("RG005")
def rmat_of_the_nmpa(file: File) -> Iterator[Edit]:
    for site in file.find("", "events", "agency"):
        if site.raw == '"NMPA"' and '"ind_cleared"' not in file.text[site.end : site.end + 30]:
            end = file.text.index("\n", site.end)
            line = re.sub(r'type = "[a-z_]+"', 'type = "rmat"', file.text[site.end : end])
            yield Edit(file.text[: site.end] + line + file.text[end:], site.start)


@kind("RG005")
def event_of_another_agency(file: File) -> Iterator[Edit]:
    for site in file.find("", "events", "agency"):
        if file.values["events"][site.row]["type"] in ("rmat", "adcom", "refuse_to_file", "spa"):
            yield site.put('"NMPA"')


@kind("PV001")
def source_unknown(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "src"):
        if site.raw.startswith('"'):
            yield site.put('"nobody1999"')


@kind("PV001")
def source_of_a_line_unknown(file: File) -> Iterator[Edit]:
    for site in file.sites:
        if len(site.keys) == 2 and site.keys[1] == "src" and site.raw.startswith('"'):
            yield site.put('"nobody1999"')


@kind("PV001")
def source_unknown_in_a_list(file: File) -> Iterator[Edit]:
    for site in file.find("verified", "against"):
        yield site.put(f'{site.raw[:-1]}, "zz-nobody"]', len(site.raw) + 1)


@kind("PV003")
def article_without_doi(file: File) -> Iterator[Edit]:
    for site in file.find("refs", "doi"):
        ref = file.values["refs"][site.element]
        if ref["kind"] == "article" and not {"pmid", "pmcid", "volume", "pages"} & set(ref):
            yield site.drop()


@kind("PV008")
def reference_not_cited(file: File) -> Iterator[Edit]:
    if file.kind != "ledger.toml":
        block = '[[refs]]\nkey = "aaa-unused"\nkind = "news"\nurl = "https://example.org/a"\n\n'
        at = file.text.find("[[refs]]")
        if at >= 0:
            yield Edit(file.text[:at] + block + file.text[at:], at + len("[[refs]]\nkey = "))


@kind("CL001")
def called_effective(file: File) -> Iterator[Edit]:
    values = file.values
    if (
        values.get("design") in ("single_arm", "case_report", "case_series")
        and values.get("control") == "none"
    ):
        for site in file.find("", "note"):
            yield site.put(f'{site.raw[:-1]} 治疗有效。"')


@kind("CL005")
def called_the_first_of_the_world(file: File) -> Iterator[Edit]:
    for site in file.find("", "note"):
        yield site.put(f'{site.raw[:-1]} 全球首款。"')


@kind("XR001")
def product_unknown(file: File) -> Iterator[Edit]:
    for site in file.find("interventions", "product"):
        if "waivers" not in file.values:
            yield site.put('"no-such-product"')


@kind("XR001")
def arm_of_a_value_unknown(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "values", "arm"):
        outcome = file.values["outcomes"][site.element]
        if outcome.get("measure") != "category" and "effects" not in outcome:
            yield site.put('"nobody"')


@kind("XR001")
def comparator_unknown(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "vs"):
        yield site.put('"nobody"')


@kind("XR001")
def intervention_of_an_arm_unknown(file: File) -> Iterator[Edit]:
    for site in file.find("arms", "given", "intervention"):
        yield site.put('"nobody"')


@kind("XR001")
def related_unknown(file: File) -> Iterator[Edit]:
    for site in file.find("", "related", "id"):
        if file.values["related"][site.row]["rel"] != "regimen_of":
            yield site.put('"no-such-trial"')


@kind("SM004")
def reason_of_an_exclusion(file: File) -> Iterator[Edit]:
    for site in file.find("excluded", "reason"):
        yield site.put('"uninteresting"')


@kind("SC001")
def exclusion_without_reason(file: File) -> Iterator[Edit]:
    for site in file.find("excluded", "reason"):
        yield site.drop()


@kind("ID004")
def secondary_id_of_another(file: File) -> Iterator[Edit]:
    """Of the first trial that has a registry id, when no other relation is stated."""
    other = next(path for path, values in file.everything.items() if "registry_id" in values)
    stated = {item["id"] for path in (other, file.path) for item in file.everything[path].get("related", [])}
    if file.path != other and not stated and file.values.get("registry_id"):
        for site in file.find("", "secondary_ids"):
            name = file.everything[other]["registry_id"]
            if name not in site.raw and site.raw.startswith("["):
                elements = sorted([*site.value, name])
                literal = "[" + ", ".join(f'"{element}"' for element in elements) + "]"
                yield site.put(literal, literal.index(f'"{name}"'))


@kind("ID009")
def regimen_of_a_platform(file: File) -> Iterator[Edit]:
    if file.kind == "trials":
        for site in file.find("", "title"):
            yield site.put('"HEALEY ALS platform trial: regimen K"')


@kind("DT006")
def open_for_years(file: File) -> Iterator[Edit]:
    values = file.values
    if values.get("status") in ("recruiting", "active_not_recruiting"):
        dates = values.get("dates", {})
        if not {"completion", "primary_completion", "results_posted"} & set(dates):
            for site in file.find("", "status_as_of"):
                edit = site.put('"2021-03"')
                yield Edit(edit.text, edit.text.index("\nstatus = ") + len("\nstatus = "))


@kind("DT007")
def completion_estimated(file: File) -> Iterator[Edit]:
    values = file.values
    if (
        values.get("status") == "completed"
        and values["study_type"] == "interventional"
        and "registry_id" in values
    ):
        for site in file.find("dates", "completion", "type"):
            start = file.text.rindex("{", 0, site.key_at)
            yield Edit(site.put('"estimated"').text, start)


@kind("DS006")
def control_without_its_arm(file: File) -> Iterator[Edit]:
    roles = [arm.get("role") for arm in file.values.get("arms", [])]
    if len(roles) > 1 and set(roles) == {"experimental"} and file.values.get("model") != "crossover":
        for site in file.find("", "control"):
            yield site.put('"placebo"')


@kind("DS010")
def roles_do_not_count(file: File) -> Iterator[Edit]:
    for site in file.find("", "masked"):
        if file.values.get("masking") in ("triple", "quadruple"):
            yield site.put('["participant"]')


@kind("DS011")
def label_of_another_phase(file: File) -> Iterator[Edit]:
    if not any(dispute["field"].startswith("phase") for dispute in file.values.get("disputes", [])):
        for site in file.find("", "phase_label"):
            yield site.put('"4b"')


@kind("EN006")
def categories_do_not_add_up(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "values", "value"):
        outcome = file.values["outcomes"][site.element]
        values = outcome["values"]
        if (
            outcome.get("measure") == "category"
            and outcome.get("stat") == "count"
            and 0 < site.row == len(values) - 1
            and len({(value.get("arm"), value.get("at"), value.get("n")) for value in values}) == 1
        ):
            yield site.put(str(site.value + 1))


@kind("EN005")
def percentage_of_nobody(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "values", "value"):
        outcome = file.values["outcomes"][site.element]
        value = outcome["values"][site.row]
        if (
            outcome.get("stat") == "percent"
            and outcome.get("measure") in ("responder", "incidence")
            and isinstance(value.get("n"), int)
            and 5 <= value["n"] <= 50
            and "effects" not in outcome
        ):
            yield site.put(f"{100 / value['n'] * 1.5:.1f}")


@kind("OC006")
def met_with_a_large_p(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "result"):
        outcome = file.values["outcomes"][site.element]
        effects = outcome.get("effects", [])
        if (
            site.raw == '"not_met"'
            and len(effects) == 1
            and isinstance(effects[0].get("p"), float)
            and effects[0]["p"] >= 0.06
            and effects[0].get("type") in ("or", "md")
            and "note" not in outcome
        ):
            yield site.put('"met"')


@kind("OC012")
def posted_and_pending(file: File) -> Iterator[Edit]:
    dates = file.values.get("dates", {})
    if isinstance(dates.get("results_posted"), dict):
        for site in file.find("outcomes", "result"):
            outcome = file.values["outcomes"][site.element]
            if outcome["role"] == "primary" and not {"values", "effects"} & set(outcome):
                yield site.put('"pending"')


@kind("SF001")
def more_with_events_than_people(file: File) -> Iterator[Edit]:
    for site in file.find("safety", "sae_patients"):
        if isinstance(file.values["safety"][site.element].get("n"), int):
            yield site.put("5000")


@kind("SF001")
def more_with_any_event_than_people(file: File) -> Iterator[Edit]:
    for site in file.find("safety", "ae_patients"):
        if isinstance(file.values["safety"][site.element].get("n"), int):
            yield site.put("5000")


@kind("IV002")
def donor_of_another(file: File) -> Iterator[Edit]:
    for site in file.find("", "donor"):
        if file.values.get("cell_type") == "MSC-NTF":
            yield site.put('"allogeneic"')


@kind("RG001")
def cleared_before_accepted(file: File) -> Iterator[Edit]:
    """The two steps change places; dates stay in order."""
    types = [event["type"] for event in file.values.get("events", [])]
    pairs = [("ind_accepted", "ind_cleared"), ("ind_submitted", "ind_cleared"), ("bla_submitted", "approval")]
    for first, last in pairs:
        if types.count(first) == types.count(last) == 1 and types.index(first) < types.index(last):
            earlier, later = (file.find("", "events", "type")[types.index(name)] for name in (first, last))
            agencies = {file.values["events"][types.index(name)].get("agency") for name in (first, last)}
            if len(agencies) == 1:
                between = file.text[earlier.end : later.start]
                text = f'{file.text[: earlier.start]}"{last}"{between}"{first}"{file.text[later.end :]}'
                yield Edit(text, file.find("", "events", "on")[types.index(first)].start)


@kind("SM003")
def table_for_text(file: File) -> Iterator[Edit]:
    for key in ("title", "developer", "status_as_of"):
        for site in file.find("", key):
            yield site.put("{ zh = 1 }")


@kind("SM003")
def list_for_text(file: File) -> Iterator[Edit]:
    for site in [*file.find("refs", "journal"), *file.find("outcomes", "definition")]:
        yield site.put('["a"]')


@kind("SM001")
def unknown_table(file: File) -> Iterator[Edit]:
    text = f"{file.text}\n[remarks]\nfirst = 1\n"
    yield Edit(text, len(file.text) + 1)


@kind("SM001")
def unknown_list_of_tables(file: File) -> Iterator[Edit]:
    text = f'{file.text}\n[[groups]]\nid = "a"\n\n[[groups]]\nid = "b"\n'
    yield Edit(text, len(file.text) + 1)


@kind("SM005")
def address_without_scheme(file: File) -> Iterator[Edit]:
    for site in file.find("refs", "url"):
        yield site.put('"clinicaltrials.gov/study"')


@kind("SM005")
def pmid_with_prefix(file: File) -> Iterator[Edit]:
    for site in file.find("refs", "pmid"):
        yield site.put('"PMID: 1234567"')


@kind("SM005")
def id_of_an_outcome_with_blanks(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "id"):
        yield site.put('"slope at 28 weeks"')


@kind("PV001")
def registry_cited_without_one(file: File) -> Iterator[Edit]:
    if "registry_id" not in file.values and file.kind != "ledger.toml":
        for site in file.find("verified", "against"):
            literal = "[" + ", ".join(f'"{key}"' for key in sorted([*site.value, "registry"])) + "]"
            yield site.put(literal, literal.index('"registry"'))


if __name__ == "__main__":
    shipped = Path(__file__).parents[2] / "records"
    made = faults(shipped, *map(int, sys.argv[1:]))
    for name, (code, _) in KINDS.items():
        print(f"{sum(fault.kind == name for fault in made):>4}  {code}  {name.replace('_', ' ')}")
    print(f"{len(made)} faults of {len(KINDS)} kinds")
