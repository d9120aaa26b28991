"""More faults in the shipped records, of kinds that `mutations.py` has not: other fields, other places.

Importing this enters them among the others; run as a script, it says how many there are of each kind.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from mutations import KINDS, Edit, File, Site, arms_with_sizes, counted, faults, kind, of_trials

Choice = Callable[[File], "list[Site]"]


def at(table: str, *keys: str) -> Choice:
    """The values of these keys in the tables of this name."""
    return lambda file: file.find(table, *keys)


def any_of(*choices: Choice) -> Choice:
    return lambda file: [site for choice in choices for site in choice(file)]


def replaced(name: str, code: str, where: Choice, literal: str, into: int = 0) -> None:
    """A kind: another literal in the place of the value, found `into` characters in it."""

    def fault(file: File) -> Iterator[Edit]:
        for site in where(file):
            if site.raw != literal and not site.raw.startswith('"not_'):
                yield site.put(literal, into)

    fault.__name__ = name
    kind(code)(fault)


def added(name: str, code: str, where: Choice, line: str) -> None:
    """A kind: a line more below a value, found where it begins."""

    def fault(file: File) -> Iterator[Edit]:
        for site in where(file):
            yield site.below(line)

    fault.__name__ = name
    kind(code)(fault)


def without_pair(site: Site) -> Edit:
    """An inline table without one of its pairs; the fault is where the table begins."""
    text = site.text
    end = site.end + 2 if text[site.end] == "," else site.end
    start = site.key_at if text[site.end] == "," else text.rindex(",", 0, site.key_at)
    return Edit(text[:start] + text[end:], text.rindex("{", 0, site.key_at))


def appended(file: File, text: str, into: int) -> Edit:
    return Edit(f"{file.text}\n{text}", len(file.text) + 1 + into)


def outcome_of(file: File, site: Site) -> dict[str, Any]:
    found: dict[str, Any] = file.values["outcomes"][site.element]
    return found


def line_of(file: File, site: Site) -> dict[str, Any]:
    """The value or effect in which a pair stands."""
    found: dict[str, Any] = outcome_of(file, site)[site.keys[0]][site.row]
    return found


# -- what is no TOML ----------------------------------------------------------------------------------

TITLE = any_of(at("", "title"), at("refs", "title"))
NUMBERS = any_of(at("", "sites"), at("arms", "n"), at("safety", "n"))


@kind("TX001")
def curly_quotes(file: File) -> Iterator[Edit]:
    for site in TITLE(file):
        yield site.put(f"“{site.raw[1:-1]}”")


@kind("TX001")
def corner_brackets(file: File) -> Iterator[Edit]:
    for site in file.find("", "title_zh"):
        yield site.put(f"「{site.raw[1:-1]}」")


@kind("TX001")
def quote_within_quotes(file: File) -> Iterator[Edit]:
    for site in TITLE(file):
        if "\\" not in site.raw and site.raw[1:4].isalpha():
            yield site.put(f'"The "new" {site.raw[1:]}', 6)


@kind("TX001")
def backslash_of_a_path(file: File) -> Iterator[Edit]:
    for site in file.find("", "note"):
        yield site.put(f'"C:\\papers {site.raw[1:]}', 5)


@kind("TX001")
def text_over_two_lines(file: File) -> Iterator[Edit]:
    for site in file.find("", "note"):
        if " " in site.raw[20:40] and "\\" not in site.raw[:40]:
            blank = site.raw.index(" ", 20)
            yield site.put(f"{site.raw[:blank]}\n{site.raw[blank + 1 :]}", blank)


@kind("TX001")
def comma_of_a_full_width(file: File) -> Iterator[Edit]:
    for site in [*file.find("screening", "found_in"), *file.find("verified", "against")]:
        if '", "' in site.raw:
            comma = site.raw.index('", "') + 1
            yield site.put(f"{site.raw[:comma]}，{site.raw[comma + 2 :]}", comma)


@kind("TX001")
def comma_missing_in_a_list(file: File) -> Iterator[Edit]:
    for site in [*file.find("screening", "found_in"), *file.find("", "countries")]:
        if '", "' in site.raw:
            comma = site.raw.index('", "') + 1
            yield site.put(f"{site.raw[:comma]} {site.raw[comma + 2 :]}", comma + 1)


@kind("TX001")
def comma_missing_in_an_inline_table(file: File) -> Iterator[Edit]:
    for site in file.find("dates", "start", "type"):
        comma = file.text.rindex(",", 0, site.key_at)
        yield Edit(file.text[:comma] + file.text[comma + 1 :], comma + 1)


@kind("TX001")
def list_not_closed(file: File) -> Iterator[Edit]:
    for site in file.find("", "conditions"):
        edit = site.put(site.raw[:-1])
        yield Edit(edit.text, edit.at + len(site.raw))  # the parser stops at the next line


replaced("truth_with_a_capital", "TX001", at("outcomes", "effects", "adjusted"), "True")
replaced("nothing_after_the_equals_sign", "TX001", NUMBERS, "")
replaced("leading_zero", "TX001", NUMBERS, "042", 1)
replaced("point_without_a_zero", "TX001", at("outcomes", "effects", "p"), ".04")
replaced("comma_for_a_point", "TX001", at("outcomes", "stat"), "0,04", 1)
replaced("percent_sign", "TX001", NUMBERS, "40%", 2)
replaced("bound_without_quotes", "TX001", at("outcomes", "effects", "p"), "<0.001")
replaced("day_without_quotes_that_is_none", "TX001", at("", "status_as_of"), "2021-02-30")
replaced("none_of_another_language", "TX001", at("", "follow_up"), "null")


@kind("TX001")
def words_after_a_value(file: File) -> Iterator[Edit]:
    for site in file.find("", "phase"):
        yield site.put(f"{site.raw} (registry)", len(site.raw) + 1)


@kind("TX001")
def comment_of_another_language(file: File) -> Iterator[Edit]:
    for site in file.find("", "id"):
        yield site.below("// from the registry")


@kind("TX001")
def conflict_left_by_git(file: File) -> Iterator[Edit]:
    for site in file.find("", "status"):
        line = f"status = {site.raw}"
        text = f'<<<<<<< HEAD\n{line}\n=======\nstatus = "unknown"\n>>>>>>> main'
        start = site.key_at
        yield Edit(f"{site.text[:start]}{text}{site.text[site.end :]}", start)


@kind("TX001")
def colon_for_the_equals_sign(file: File) -> Iterator[Edit]:
    for site in file.find("", "title"):
        yield Edit(f"{site.text[: site.key_at]}title: {site.text[site.start :]}", site.key_at + 5)


@kind("TX001")
def key_twice(file: File) -> Iterator[Edit]:
    for site in [*file.find("", "status"), *file.find("", "name"), *file.find("refs", "kind")]:
        edit = site.below(f"{site.keys[0]} = {site.raw}")
        yield Edit(edit.text, edit.at + len(f"{site.keys[0]} = {site.raw}"))  # where the parser stops


@kind("TX001")
def key_twice_in_another_spelling(file: File) -> Iterator[Edit]:
    for site in file.find("", "title"):
        line = f'"title" = {site.raw}'
        edit = site.below(line)
        yield Edit(edit.text, edit.at + len(line))


@kind("TX001")
def key_twice_in_an_inline_table(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "values", "n"):
        again = f", n = {site.raw}"
        yield Edit(f"{file.text[: site.end]}{again}{file.text[site.end :]}", site.end + len(again))


@kind("TX001")
def header_with_one_bracket(file: File) -> Iterator[Edit]:
    """A list of tables goes on as a table."""
    for name in ("refs", "outcomes", "arms"):
        found = list(re.finditer(rf"^\[\[{name}\]\]$", file.text, re.MULTILINE))
        if len(found) > 1:
            last = found[-1]
            text = f"{file.text[: last.start()]}[{name}]{file.text[last.end() :]}"
            yield Edit(text, last.start() + len(name) + 1)


@kind("TX001")
def file_cut_off(file: File) -> Iterator[Edit]:
    for site in [*file.find("refs", "url"), *file.find("", "note")]:
        yield Edit(file.text[: site.start + 9], site.start + 9)


@kind("TX001")
def key_in_chinese_without_quotes(file: File) -> Iterator[Edit]:
    for site in file.find("", "title"):
        yield site.below('标题 = "x"')


@kind("TX002")
def title_in_gb18030(file: File) -> Iterator[Edit]:
    for site in file.find("", "title_zh"):
        data = site.raw.encode("gb18030").decode("utf-8", "surrogateescape")
        first = next((n for n, character in enumerate(data) if "\udc80" <= character <= "\udcff"), None)
        if first is not None:
            yield site.put(data, first)


@kind("TX002")
def delete_character_in_a_comment(file: File) -> Iterator[Edit]:
    yield appended(file, "# checked\x7f\n", len("# checked"))


@kind("TX002")
def nul_in_a_list(file: File) -> Iterator[Edit]:
    for site in file.find("", "conditions"):
        yield site.put(site.raw.replace("]", "\0]"), len(site.raw) - 1)


@kind("TX003")
def key_of_many_parts(file: File) -> Iterator[Edit]:
    for site in file.find("", "id"):
        yield site.below(".".join("a" * 40) + " = 1")


@kind("TX003")
def integer_without_end(file: File) -> Iterator[Edit]:
    for site in NUMBERS(file):
        yield site.put("9" * 1200)


@kind("TX004")
def line_separator(file: File) -> Iterator[Edit]:
    for site in [*file.find("", "note"), *file.find("outcomes", "definition")]:
        yield site.put(f'{site.raw[:-1]}\u2028next"')


@kind("TX004")
def escaped_terminal_control(file: File) -> Iterator[Edit]:
    for site in [*file.find("refs", "title"), *file.find("arms", "label")]:
        yield site.put(f'{site.raw[:-1]}\\u001b[31m"')


@kind("TX004")
def soft_hyphen_in_an_alias(file: File) -> Iterator[Edit]:
    for site in file.find("", "aliases"):
        yield site.put(f'{site.raw[:-2]}\u00ad"]', site.raw.rindex('"', 0, -2))


@kind("TX004")
def hidden_in_a_comment(file: File) -> Iterator[Edit]:
    for site in file.find("", "id"):
        line = "# checked \u202etwice"
        edit = site.below(line)
        yield Edit(edit.text, edit.at + line.index("\u202e"))


@kind("TX005")
def literal_quotes(file: File) -> Iterator[Edit]:
    for site in file.sites:
        if len(site.keys) == 1 and re.fullmatch(r'"[a-z_]+"', site.raw):
            yield Edit(site.put(f"'{site.raw[1:-1]}'").text, site.key_at)


@kind("TX005")
def underscores_missing(file: File) -> Iterator[Edit]:
    for site in file.find("arms", "given", "low"):
        if "_" in site.raw:
            yield Edit(site.put(site.raw.replace("_", "")).text, file.text.rindex("\n", 0, site.start) + 1)


@kind("TX005")
def set_out_of_order(file: File) -> Iterator[Edit]:
    for site in [*file.find("", "countries"), *file.find("screening", "found_in")]:
        if isinstance(site.value, list) and len(site.value) > 1:
            yield Edit(site.put(json.dumps(site.value[::-1])).text, site.key_at)


@kind("TX005")
def dotted_keys(file: File) -> Iterator[Edit]:
    for site in file.find("dates", "registered"):
        if site.raw.startswith("{") and "type" in site.value:
            lines = [f"registered.{key} = {json.dumps(value)}" for key, value in site.value.items()]
            yield Edit(f"{file.text[: site.key_at]}{chr(10).join(lines)}{file.text[site.end :]}", site.key_at)


# -- keys ---------------------------------------------------------------------------------------------

added("key_of_another_table", "SM001", at("screening", "decision"), 'masking = "none"')
added("british_key", "SM001", at("enrollment", "planned"), "randomised = 40")
added("key_with_a_capital", "SM001", at("refs", "kind"), 'DOI = "10.1000/x"')
added("key_in_chinese", "SM001", at("", "title"), '"标题" = "x"')
added("key_of_an_arm", "SM001", at("arms", "role"), "size = 40")
added("dotted_unknown_key", "SM001", at("", "id"), "colour.of.it = 1")
added("key_of_a_waiver", "SM001", at("waivers", "rule"), 'because = "x"')
added("key_with_a_hyphen", "SM001", at("sponsor", "name"), "participants-pay = true")


@kind("SM001")
def header_misspelled(file: File) -> Iterator[Edit]:
    for name, wrong in (
        ("eligibility", "eligability"),
        ("sponsor", "sponsors"),
        ("verified", "verifed"),
    ):
        if f"\n[{name}]\n" in file.text:
            text = file.text.replace(f"\n[{name}]\n", f"\n[{wrong}]\n")
            yield Edit(text, text.index(f"\n[{wrong}]\n") + 1)


@kind("SM001")
def list_of_tables_misspelled(file: File) -> Iterator[Edit]:
    if "[[safety]]" in file.text:
        text = file.text.replace("[[safety]]", "[[safeties]]")
        yield Edit(text, text.index("[[safeties]]"))


def extra_pair(name: str, where: Choice, pair: str) -> None:
    def fault(file: File) -> Iterator[Edit]:
        for site in where(file):
            yield Edit(f"{file.text[: site.end]}, {pair}{file.text[site.end :]}", site.end + 2)

    fault.__name__ = name
    kind("SM001")(fault)


extra_pair("key_of_a_line_of_the_schedule", at("arms", "given", "route"), "dose = 1")
extra_pair("key_of_an_event", at("", "events", "type"), 'date = "2020"')
extra_pair("key_of_a_dispute", at("disputes", "values", "value"), "n = 1")
extra_pair("key_of_a_relation", at("", "related", "rel"), 'note = "x"')
extra_pair("key_of_a_subgroup", at("outcomes", "subgroup", "label"), 'p = "0.04"')
extra_pair("key_of_a_value", at("outcomes", "values", "value"), '"p-value" = 0.4')


def lost(name: str, where: Choice, code: str = "SM002") -> None:
    """A kind: the line is gone; found at the header of its table."""

    def fault(file: File) -> Iterator[Edit]:
        for site in where(file):
            yield site.drop()

    fault.__name__ = name
    kind(code)(fault)


lost("role_of_an_outcome_missing", at("outcomes", "role"))
lost("name_of_the_sponsor_missing", at("sponsor", "name"))
lost("key_of_a_reference_missing", at("refs", "key"))
lost("day_of_the_verification_missing", at("verified", "on"))
lost("field_of_a_dispute_missing", at("disputes", "field"))
lost("conditions_missing", at("", "conditions"))
lost("schema_missing", at("", "schema"))
lost("verdict_missing", at("claims", "verdict"))
lost("title_of_an_exclusion_missing", at("excluded", "title"))


@kind("SM002")
def table_missing(file: File) -> Iterator[Edit]:
    found = re.search(r"\n\[screening\]\n(?:.+\n)+", file.text)
    if found:
        yield Edit(file.text[: found.start()] + file.text[found.end() :], 0)


def lost_pair(name: str, where: Choice) -> None:
    def fault(file: File) -> Iterator[Edit]:
        for site in where(file):
            yield without_pair(site)

    fault.__name__ = name
    kind("SM002")(fault)


lost_pair("kind_of_a_relation_missing", at("", "related", "rel"))
lost_pair("type_of_an_event_missing", at("", "events", "type"))
lost_pair(
    "name_of_a_collaborator_missing",
    lambda file: [s for s in file.find("sponsor", "collaborators", "name") if file.text[s.end] == ","],
)
lost_pair(
    "label_of_a_subgroup_missing",
    lambda file: [s for s in file.find("outcomes", "subgroup", "label") if file.text[s.end] == ","],
)


# -- types --------------------------------------------------------------------------------------------

replaced("schema_as_text", "SM003", at("", "schema"), '"1"')
replaced("schema_with_a_point", "SM003", at("", "schema"), "1.0")
replaced("number_for_a_date", "SM003", at("dates", "start", "on"), "2019")
replaced("number_for_a_phase", "SM003", at("", "phase"), "2")
replaced("word_for_truth", "SM003", at("outcomes", "effects", "adjusted"), '"yes"')
replaced("number_for_truth", "SM003", at("outcomes", "subgroup", "prespecified"), "1")
replaced("interval_as_text", "SM003", at("outcomes", "effects", "ci"), '"0.41 to 0.94"')
replaced("range_as_a_number", "SM003", at("eligibility", "age"), "18")
replaced("count_as_text", "SM003", at("outcomes", "values", "n"), '"36"')
replaced("size_with_a_point", "SM003", at("", "sites"), "6.0")
replaced("doses_halved", "SM003", at("arms", "given", "doses"), "1.5")
replaced("registry_id_as_a_number", "SM003", at("", "registry_id"), "4745299")
replaced("secondary_ids_as_text", "SM003", at("", "secondary_ids"), '"BCT-001"')
replaced("number_in_a_list_of_texts", "SM003", at("", "conditions"), "[1]", 1)
replaced("list_of_lists", "SM003", at("", "countries"), '[["US"]]', 1)
replaced("source_as_a_number", "SM003", at("outcomes", "src"), "2019")
replaced("source_as_an_empty_list", "SM003", at("outcomes", "src"), "[]")
replaced("pmid_as_a_number", "SM003", at("refs", "pmid"), "31685667")
replaced("authors_as_text", "SM003", at("refs", "authors"), '"Berry JD"')
replaced("native_date_and_time", "SM003", at("refs", "title"), "2019-05-01T10:00:00Z")
replaced("table_for_a_term", "SM003", at("", "status"), '{ now = "completed" }')
replaced("list_for_a_term", "SM003", at("", "masking"), '["double"]')
replaced("truth_for_a_count", "SM003", at("enrollment", "enrolled"), "true")


@kind("SM003")
def list_of_tables_as_a_table(file: File) -> Iterator[Edit]:
    if file.text.count("[[interventions]]") == 1:
        text = file.text.replace("[[interventions]]", "[interventions]")
        yield Edit(text, text.index("[interventions]"))


@kind("SM003")
def table_as_a_list_of_tables(file: File) -> Iterator[Edit]:
    if "\n[screening]\n" in file.text:
        text = file.text.replace("\n[screening]\n", "\n[[screening]]\n")
        yield Edit(text, text.index("[[screening]]"))


@kind("SM003")
def schedule_as_text(file: File) -> Iterator[Edit]:
    block = re.compile(r"^given = (\[\n(?:  .*\n)+\])$", re.MULTILINE)
    for match in block.finditer(file.text):
        text = f'{file.text[: match.start(1)]}"one dose"{file.text[match.end(1) :]}'
        yield Edit(text, match.start(1))


# -- terms --------------------------------------------------------------------------------------------

replaced("sex_of_both", "SM004", at("eligibility", "sex"), '"both"')
replaced("status_in_chinese", "SM004", at("", "status"), '"招募中"')
replaced("design_in_chinese", "SM004", at("", "design"), '"单臂"')
replaced("phase_in_roman_figures", "SM004", at("", "phase"), '"II"')
replaced("model_unknown", "SM004", at("", "model"), '"stepped wedge"')
replaced("purpose_unknown", "SM004", at("", "purpose"), '"curative"')
replaced("stat_unknown", "SM004", at("outcomes", "stat"), '"average"')
replaced("instrument_unknown", "SM004", at("outcomes", "instrument"), '"ALSFRS-X"')
replaced("measure_unknown", "SM004", at("outcomes", "measure"), '"difference"')
replaced("matrix_misspelled", "SM004", at("outcomes", "matrix"), '"serun"')
replaced("effect_unknown", "SM004", at("outcomes", "effects", "type"), '"odds"')
replaced("unit_unknown", "SM004", at("arms", "given", "unit"), '"million cells"')
replaced("route_in_capitals", "SM004", at("arms", "given", "route"), '"INTRATHECAL"')
replaced("role_masked_unknown", "SM004", at("", "masked"), '["patients"]', 1)
replaced("subtype_unknown", "SM004", at("", "subtypes"), '["bulbus"]', 1)
replaced("decision_unknown", "SM004", at("screening", "decision"), '"included"')
replaced("reference_of_no_kind", "SM004", at("refs", "kind"), '"paper"')
replaced("relation_unknown", "SM004", at("", "related", "rel"), '"cousin"')
replaced("cells_unknown", "SM004", at("", "cell_type"), '"stem cells"')
replaced("date_of_no_type", "SM004", at("dates", "start", "type"), '"anticipated"')
replaced("verdict_unknown", "SM004", at("claims", "verdict"), '"maybe true"')
replaced("stage_unknown", "SM004", at("excluded", "stage"), '"second"')
replaced("event_unknown", "SM004", at("", "events", "type"), '"ind_approved"')
replaced("absence_of_a_required_term", "SM004", at("", "phase"), '"not_reported"')
replaced("country_of_three_letters", "SM004", at("", "countries"), '["USA"]', 1)
replaced("organization_of_no_class", "SM004", at("sponsor", "class"), '"company"')


# -- forms --------------------------------------------------------------------------------------------

replaced("month_of_one_digit", "SM005", at("dates", "start", "on"), '"2019-5"')
replaced("month_in_words", "SM005", at("", "status_as_of"), '"May 2019"')
replaced("date_with_a_time", "SM005", at("verified", "on"), '"2026-11-22T10:00:00Z"')
replaced("date_in_full_width", "SM005", at("dates", "completion", "on"), '"２０１９-０５"')
replaced("date_of_two_digits", "SM005", at("refs", "published"), '"19"')
replaced("date_blank", "SM005", at("disputes", "on"), '""')
replaced("date_of_a_reference_without_quotes", "SM005", at("refs", "retrieved"), "2026-11-22")
replaced("event_in_no_form", "SM005", at("", "events", "on"), '"Q2 2025"')
replaced("duration_in_capitals", "SM005", at("", "follow_up"), '"24W"')
replaced("duration_negative", "SM005", at("arms", "given", "every"), '"-4w"')
replaced("window_reversed", "SM005", at("outcomes", "at"), '"3m..0d"')
replaced("window_with_a_hyphen", "SM005", at("outcomes", "values", "at"), '"0d-3m"')
replaced("bound_with_a_sign", "SM005", at("outcomes", "effects", "p"), '"≤0.05"')
replaced("number_in_quotes", "SM005", at("outcomes", "values", "value"), '"12.5"')
replaced("number_not_finite", "SM005", at("outcomes", "effects", "est"), "nan")
replaced("number_without_bounds", "SM005", at("arms", "given", "low"), "1e30")
replaced("interval_of_three", "SM005", at("outcomes", "effects", "ci"), "[0.1, 0.5, 0.9]")
replaced("interval_reversed", "SM005", at("outcomes", "values", "ci"), "[9.1, 0.5]")
replaced("range_of_none", "SM005", at("eligibility", "alsfrs_r"), "[]")
replaced("doses_none", "SM005", at("arms", "given", "doses"), "0")
replaced("family_of_none", "SM005", at("outcomes", "subgroup", "family"), "0")
replaced("deaths_negative", "SM005", at("safety", "deaths"), "-1")
replaced("planned_negative", "SM005", at("enrollment", "planned"), "-40")
replaced("doi_as_an_address", "SM005", at("refs", "doi"), '"https://doi.org/10.1000/xyz"')
replaced("pmid_of_letters", "SM005", at("refs", "pmid"), '"12a45"')
replaced("pmcid_without_letters", "SM005", at("refs", "pmcid"), '"9305113"')
replaced("address_with_a_blank", "SM005", at("refs", "url"), '"https://example.org/a b"')
replaced("language_in_words", "SM005", at("refs", "lang"), '"English"')
replaced("label_blank", "SM005", at("arms", "label"), '" "')
replaced("source_blank", "SM005", at("outcomes", "src"), '""')
replaced("text_that_is_an_absence", "SM005", at("", "title"), '"not_reported"')
replaced("id_with_an_underscore", "SM005", at("arms", "id"), '"arm_1"')
replaced("id_in_chinese", "SM005", at("interventions", "id"), '"细胞"')
replaced("schema_of_the_past", "SM005", at("", "schema"), "0")

replaced("month_thirteen", "DT001", at("dates", "start", "on"), '"2019-13"')
replaced("day_naught", "DT001", at("dates", "completion", "on"), '"2019-05-00"')
replaced("leap_day_of_no_leap_year", "DT001", at("refs", "published"), '"2023-02-29"')
replaced("day_of_an_event", "DT001", at("", "events", "on"), '"2025-04-31"')
replaced("day_of_a_dispute", "DT001", at("disputes", "on"), '"2026-11-31"')
replaced("day_of_a_source", "DT001", at("refs", "retrieved"), '"2026-11-32"')
replaced("day_of_registration", "DT001", at("dates", "registered", "on"), '"2013-00"')


@kind("SM006")
def intervention_twice(file: File) -> Iterator[Edit]:
    for match in re.finditer(r'\[\[interventions\]\]\nid = ("[^"]+")\n(?:.+\n)+', file.text):
        again = f"\n{match[0]}"
        if "product = " not in match[0] and "[[waivers]]" not in file.text:
            place = match.end() + 1 + match.start(1) - match.start()
            yield Edit(file.text[: match.end()] + again + file.text[match.end() :], place)


@kind("SM006")
def exclusion_twice(file: File) -> Iterator[Edit]:
    sites = file.find("excluded", "id")
    for first, second in pairwise(sites):
        yield second.put(first.raw)


@kind("SM006")
def claim_twice(file: File) -> Iterator[Edit]:
    sites = file.find("claims", "id")
    for first, second in pairwise(sites):
        yield second.put(first.raw)


replaced("schema_of_the_far_future", "SM007", at("", "schema"), "99")


@kind("SM008")
def condition_by_a_synonym(file: File) -> Iterator[Edit]:
    for site in file.find("", "conditions"):
        if site.raw == '["ALS"]':
            yield site.put('["ALS", "运动神经元病"]', 8)


# -- waivers and identity -----------------------------------------------------------------------------

WAIVER = '[[waivers]]\nrule = "{rule}"\nwhy = "confirmed"\n'


@kind("WV001")
@of_trials
def waiver_of_what_nobody_can_waive(file: File) -> Iterator[Edit]:
    if "[[waivers]]" not in file.text:
        yield appended(file, WAIVER.format(rule="SM004"), WAIVER.index('"'))


@kind("WV001")
@of_trials
def waiver_of_a_rule_misspelled(file: File) -> Iterator[Edit]:
    if "[[waivers]]" not in file.text:
        yield appended(file, WAIVER.format(rule="dt008"), WAIVER.index('"'))


@kind("DT001")
def waiver_until_no_day(file: File) -> Iterator[Edit]:
    for site in file.find("waivers", "until"):
        yield site.put('"2027-06-31"')


@kind("SM005")
def waiver_until_some_time(file: File) -> Iterator[Edit]:
    for site in file.find("waivers", "until"):
        yield site.put('"mid 2027"')


@kind("ID002")
def letter_for_a_digit(file: File) -> Iterator[Edit]:
    for site in file.find("", "registry_id"):
        if site.raw.startswith('"NCT0'):
            yield site.put(site.raw.replace("0", "O", 1))


@kind("ID002")
def registry_id_in_another_spelling(file: File) -> Iterator[Edit]:
    for site in file.find("", "registry_id"):
        if site.raw.startswith('"NCT'):
            yield site.put(site.raw.replace("NCT", "nct "))


@kind("ID002")
def registry_id_of_another_in_another_spelling(file: File) -> Iterator[Edit]:
    other = next(path for path, values in file.everything.items() if "registry_id" in values)
    for site in file.find("", "registry_id"):
        if file.path > other:
            yield site.put(f'"{file.everything[other]["registry_id"].lower()}"')


@kind("ID002")
def registry_id_as_an_address(file: File) -> Iterator[Edit]:
    for site in file.find("", "registry_id"):
        if site.raw.startswith('"NCT'):
            yield site.put(f'"https://clinicaltrials.gov/study/{site.value}"')


@kind("ID004")
def secondary_id_of_another_in_another_spelling(file: File) -> Iterator[Edit]:
    other = next(path for path, values in file.everything.items() if "registry_id" in values)
    stated = {item["id"] for path in (other, file.path) for item in file.everything[path].get("related", [])}
    if file.path != other and not stated and file.values.get("registry_id"):
        for site in file.find("", "secondary_ids"):
            spelled = file.everything[other]["registry_id"].lower()
            if isinstance(site.value, list) and len(site.value) == 1:
                first, second = sorted([site.value[0], spelled])
                literal = f'["{first}", "{second}"]'
                yield site.put(literal, literal.index(f'"{spelled}"'))


@kind("ID001")
def id_of_a_neighbor(file: File) -> Iterator[Edit]:
    if file.kind == "trials":
        others = sorted(path for path in file.everything if path.startswith("trials/"))
        other = others[(others.index(file.path) + 1) % len(others)].split("/")[1].removesuffix(".toml")
        for site in file.find("", "id"):
            yield site.put(f'"{other}"')


# -- dates and status ---------------------------------------------------------------------------------


def day(file: File, name: str) -> str | None:
    dates = file.values.get("dates")
    stage = dates.get(name) if isinstance(dates, dict) else None
    return stage.get("on") if isinstance(stage, dict) else None


@kind("DT002")
def results_before_the_end(file: File) -> Iterator[Edit]:
    if day(file, "primary_completion"):
        for site in file.find("dates", "results_posted", "on"):
            start = day(file, "start")
            if start and len(start) >= 7:
                yield site.put(f'"{int(start[:4]) + 1}-01-01"')


@kind("DT003")
def start_of_the_future(file: File) -> Iterator[Edit]:
    for site in file.find("dates", "registered", "on"):
        if file.values["dates"]["registered"].get("type") == "actual" and not day(file, "start"):
            yield site.put('"2031-04-01"')


@kind("DT008")
def registered_a_decade_late(file: File) -> Iterator[Edit]:
    start, registered = day(file, "start"), day(file, "registered")
    begun = file.values.get("status") != "withdrawn"  # who began nothing cannot be late
    if begun and start and registered and registered[:4] <= start[:4] and registered < start < "2016":
        for site in file.find("dates", "registered", "on"):
            edit = site.put('"2025-03-01"')
            yield Edit(edit.text, edit.text.rindex("{", 0, edit.at))


@kind("DT012")
def stopped_without_a_reason(file: File) -> Iterator[Edit]:
    if file.values.get("status") == "completed" and "why_stopped" not in file.values:
        for site in file.find("", "status"):
            yield Edit(site.put('"suspended"').text, 0)


# -- design and people --------------------------------------------------------------------------------


@kind("DS002")
def chance_denied(file: File) -> Iterator[Edit]:
    if file.values.get("design") == "rct" and not counted(file, "randomized"):
        for site in file.find("", "allocation"):
            yield site.put('"non_randomized"')


lost(
    "external_control_without_a_label",
    lambda file: [
        site
        for site in file.find("arms", "label")
        if file.values["arms"][site.element].get("role") == "external_control"
        and file.values.get("control") == "external"
    ],
    "DS007",
)


@kind("DS006")
def control_denied(file: File) -> Iterator[Edit]:
    roles = [arm.get("role") for arm in file.values.get("arms", [])]
    if len(roles) == 2 and "placebo_comparator" in roles and file.values.get("model") != "crossover":
        for site in file.find("", "control"):
            yield site.put('"none"')


@kind("EN001")
def more_analyzed_than_randomized(file: File) -> Iterator[Edit]:
    if counted(file, "randomized"):
        for site in file.find("enrollment", "analyzed"):
            yield site.put("9000")


@kind("EN003")
def planned_tenfold(file: File) -> Iterator[Edit]:
    open_ones = ("recruiting", "not_yet_recruiting", "enrolling_by_invitation", "withdrawn")
    if file.values.get("status") in open_ones or file.values.get("phase") == "3":
        return
    for site in file.find("enrollment", "planned"):
        name = next((n for n in ("randomized", "enrolled", "treated") if counted(file, n)), None)
        actual = counted(file, name) if name else None
        if actual and site.raw.isdigit() and actual * 2 >= site.value and actual * 2 <= site.value * 3:
            edit = site.put(str(site.value * 10))
            where = re.search(rf"^{name} = ", edit.text, re.MULTILINE)
            assert where
            yield Edit(edit.text, where.end())


@kind("EN004")
def more_harmed_people_than_the_arm_holds(file: File) -> Iterator[Edit]:
    sizes = {arm["id"]: arm["n"] for arm in arms_with_sizes(file)}
    for site in file.find("safety", "n"):
        arm = file.values["safety"][site.element].get("arm")
        if arm in sizes:
            yield site.put(str(sizes[arm] + 100))


# -- therapies ----------------------------------------------------------------------------------------


@kind("IV002")
def own_umbilical_cord(file: File) -> Iterator[Edit]:
    for site in [*file.find("", "donor"), *file.find("interventions", "donor")]:
        holder = file.values if not site.table else file.values["interventions"][site.element]
        if holder.get("cell_type") in ("UC-MSC", "WJ-MSC") and "product" not in holder:
            yield site.put('"autologous"')


@kind("IV003")
def induced_cells_called_transduced(file: File) -> Iterator[Edit]:
    for site in file.find("", "genetic_modification"):
        if file.values.get("cell_type") == "MSC-NTF":
            yield site.put('"transduced"')


@kind("IV004")
def dose_negative(file: File) -> Iterator[Edit]:
    for site in file.find("arms", "given", "low"):
        yield site.put("-5")


@kind("IV007")
def cells_to_swallow(file: File) -> Iterator[Edit]:
    modalities = {item.get("id"): item.get("modality") for item in file.values.get("interventions", [])}
    for site in file.find("arms", "given", "route"):
        given = file.values["arms"][site.element]["given"][site.row]
        if modalities.get(given.get("intervention")) == "cell":
            yield site.put('"oral"')


# -- results ------------------------------------------------------------------------------------------


@kind("OC001")
def score_below_the_scale(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "values", "value"):
        outcome, value = outcome_of(file, site), line_of(file, site)
        if (
            outcome.get("instrument") == "ALSFRS-R"
            and outcome.get("measure") == "score"
            and outcome.get("stat") in ("mean", "median", None)
            and not {"ci", "iqr", "range"} & set(value)
            and "effects" not in outcome
        ):
            yield site.put("-4")


@kind("OC002")
def p_negative(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "p"):
        if outcome_of(file, site).get("result") not in ("met", "nominal"):
            yield site.put("-0.04")


@kind("OC002")
def p_in_percent(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "p"):
        if isinstance(site.value, float) and outcome_of(file, site).get("result") not in ("met", "nominal"):
            yield site.put("45")


@kind("OC002")
def ratio_of_naught(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "est"):
        effect = line_of(file, site)
        if effect.get("type") in ("or", "hr", "rr") and "ci" not in effect:
            yield site.put("0")


@kind("OC002")
def estimate_below_its_interval(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "est"):
        effect = line_of(file, site)
        alone = "p" not in effect and "values" not in outcome_of(file, site)
        if alone and "ci" in effect and effect.get("type") in ("hr", "or", "rr"):
            yield site.put(str(round(effect["ci"][0] / 3, 3)))


@kind("OC003")
def interval_far_from_naught(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "p"):
        effect = line_of(file, site)
        if (
            isinstance(effect.get("ci"), list)
            and effect.get("type") == "md"
            and effect["ci"][0] < 0 < effect["ci"][1]
            and "method" not in effect
            and not effect.get("adjusted")
        ):
            yield site.put('"<0.0001"')


@kind("OC015")
def biomarker_in_nothing(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "matrix"):
        if outcome_of(file, site).get("instrument") in ("NfL", "pNfH", "biomarker"):
            yield site.drop()


@kind("OC011")
def no_primary_outcome(file: File) -> Iterator[Edit]:
    outcomes = file.values.get("outcomes", [])
    primaries = [outcome for outcome in outcomes if outcome["role"] == "primary"]
    if (
        len(primaries) == 1
        and file.values["study_type"] == "interventional"
        and file.values["design"] not in ("case_report", "expanded_access")
        and not any(o.get("result") in ("met", "nominal") for o in outcomes)
    ):
        for site in file.find("outcomes", "role"):
            if site.raw == '"primary"':
                edit = site.put('"secondary"')
                yield Edit(edit.text, edit.text.index("[[outcomes]]"))


@kind("EN005")
def share_above_one(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "values", "value"):
        outcome = outcome_of(file, site)
        if (
            outcome.get("stat") == "percent"
            and outcome.get("measure") in ("responder", "incidence")
            and "effects" not in outcome
        ):
            yield site.put("140")


@kind("CL003")
def one_of_twelve(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "subgroup", "n"):
        outcome = outcome_of(file, site)
        if outcome.get("result") == "nominal" and "family" not in outcome["subgroup"]:
            text = f"{file.text[: site.end]}, family = 12{file.text[site.end :]}"
            yield Edit(text, site.end + len(", family = "))


@kind("SF003")
def death_beside_no_event(file: File) -> Iterator[Edit]:
    for site in file.find("safety", "statement"):
        line = file.values["safety"][site.element]
        if line.get("deaths") and line.get("sae_patients") != 0:
            yield site.put('"No serious adverse events."')


@kind("SF003")
def death_beside_no_event_in_chinese(file: File) -> Iterator[Edit]:
    for site in file.find("safety", "statement"):
        line = file.values["safety"][site.element]
        if line.get("deaths") and line.get("sae_patients") != 0:
            yield site.put('"无严重不良事件。"')


# -- regulation, sources, claims ----------------------------------------------------------------------


@kind("RG002")
def trial_called_approved(file: File) -> Iterator[Edit]:
    for site in file.find("", "note"):
        yield site.put(f'{site.raw[:-1]} In 2019 FDA approved the clinical trial."')


@kind("PV001")
def source_of_a_product_unknown(file: File) -> Iterator[Edit]:
    if file.kind == "products":
        for site in file.find("", "src"):
            yield site.put('"nobody1999"')


@kind("PV001")
def source_of_an_exclusion_unknown(file: File) -> Iterator[Edit]:
    for site in file.find("excluded", "refs"):
        yield site.put(f'{site.raw[:-1]}, "zz-nobody"]', len(site.raw) + 1)


@kind("PV001")
def source_with_a_capital(file: File) -> Iterator[Edit]:
    for site in file.find("safety", "src"):
        if site.raw.startswith('"') and site.raw != '"registry"':
            yield site.put(site.raw.title())


@kind("PV001")
def source_of_a_denominator_unknown(file: File) -> Iterator[Edit]:
    for site in file.find("enrollment", "randomized", "src"):
        yield site.put('["registry", "nobody1999"]', len('["registry", '))


replaced("notice_unknown", "PV001", at("refs", "notice"), '"nobody1999"')


@kind("PV003")
def place_of_numbers_missing(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "loc"):
        outcome = outcome_of(file, site)
        kinds = {ref["key"]: ref["kind"] for ref in file.values.get("refs", [])}
        if (
            "waivers" not in file.values
            and kinds.get(str(outcome.get("src"))) == "article"
            and any(isinstance(value.get("value"), int | float) for value in outcome.get("values", []))
        ):
            yield site.drop()


@kind("PV006")
def dispute_open_for_a_year(file: File) -> Iterator[Edit]:
    for site in file.find("disputes", "on"):
        ruling = next(s for s in file.find("disputes", "ruling") if s.element == site.element)
        if ruling.start < site.start:
            edit = site.put('"2025-01-05"')
            text = f'{edit.text[: ruling.start]}"open: full text"{edit.text[ruling.end :]}'
            yield Edit(text, edit.at + len('"open: full text"') - len(ruling.raw))


@kind("PV007")
def nobody_verified(file: File) -> Iterator[Edit]:
    found = re.search(r"\n\[verified\]\n(?:.+\n)+", file.text)
    against = file.values.get("verified", {}).get("against", [])
    rest = json.dumps({key: value for key, value in file.values.items() if key not in ("verified", "refs")})
    if found and all(f'"{key}"' in rest for key in against if key != "registry"):
        yield Edit(file.text[: found.start()] + file.text[found.end() :], 0)


@kind("PV009")
def shared_reference_that_nobody_cites(file: File) -> Iterator[Edit]:
    if file.kind == "ledger.toml":
        block = '[[refs]]\nkey = "aaa-unused"\nkind = "news"\nurl = "https://example.org/a"\n\n'
        first = file.text.index("[[refs]]")
        yield Edit(file.text[:first] + block + file.text[first:], first + len("[[refs]]\nkey = "))


@kind("CL001")
def called_effective_in_english(file: File) -> Iterator[Edit]:
    values = file.values
    if values.get("design") in ("single_arm", "case_report") and values.get("control") == "none":
        for site in file.find("safety", "statement"):
            yield site.put('"Effective in all three."')


@kind("CL005")
def called_first_in_class(file: File) -> Iterator[Edit]:
    for site in [*file.find("", "note"), *file.find("eligibility", "note"), *file.find("outcomes", "note")]:
        yield site.put(f'{site.raw[:-1]} First-in-class."')


@kind("CL008")
def therapy_sold(file: File) -> Iterator[Edit]:
    for site in file.find("sponsor", "class"):
        if not {"sells", "participants_pay", "collaborators", "funders"} & set(file.values["sponsor"]):
            edit = site.below("sells = true")
            yield Edit(edit.text, edit.at + len("sells = "))


@kind("XR001")
def arm_of_harms_unknown(file: File) -> Iterator[Edit]:
    for site in file.find("safety", "arm"):
        yield site.put('"nobody"')


@kind("XR001")
def arm_of_an_effect_unknown(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "arm"):
        if outcome_of(file, site).get("result") not in ("met", "not_met"):
            yield site.put('"treatd"')


@kind("XR001")
def product_in_capitals(file: File) -> Iterator[Edit]:
    for site in file.find("interventions", "product"):
        if "waivers" not in file.values and site.raw != site.raw.upper():
            yield site.put(site.raw.upper())


@kind("XR001")
def related_with_a_letter_less(file: File) -> Iterator[Edit]:
    for site in file.find("", "related", "id"):
        if f"trials/{site.value}.toml" in file.everything:
            yield site.put(f'{site.raw[:-2]}q"')


@kind("XR001")
def related_to_itself(file: File) -> Iterator[Edit]:
    for site in file.find("", "related", "id"):
        if file.values["related"][site.row]["rel"] != "regimen_of":
            yield site.put(f'"{file.values["id"]}"')


def main() -> None:
    """Say how many faults of each kind there are."""
    shipped = Path(__file__).parents[2] / "records"
    made = faults(shipped, *map(int, sys.argv[1:]))
    for name, (code, _) in KINDS.items():
        print(f"{sum(fault.kind == name for fault in made):>4}  {code}  {name.replace('_', ' ')}")
    print(f"{len(made)} faults of {len(KINDS)} kinds")


# -- what the rounds of bulk faults found ---------------------------------------------------------------


def renamed(name: str, keys: dict[str, str], where: Choice) -> None:
    """A kind: required keys of one or two letters with a slip, or under another word."""

    def fault(file: File) -> Iterator[Edit]:
        for site in where(file):
            yield site.rename(keys[site.keys[-1]])

    fault.__name__ = name
    kind("SM001")(fault)


SHORT = any_of(
    lambda file: [site for site in file.sites if site.table == "dates" and site.keys[1:] == ("on",)],
    at("verified", "by"),
    at("arms", "id"),
    at("outcomes", "id"),
)
renamed("short_required_key_with_a_slip", {"on": "op", "by": "bd", "id": "di"}, SHORT)
renamed(
    "required_key_under_another_word",
    {"title": "name", "phase": "stage", "design": "study_design"},
    any_of(
        *(
            lambda file, key=key: [site] if file.kind == "trials" and (site := file.root(key)) else []
            for key in ("title", "phase", "design")
        )
    ),
)


@kind("SM001")
@of_trials
def list_under_another_word(file: File) -> Iterator[Edit]:
    """Only lists of one element: of several, each header is one more unknown key of the same list."""
    for known, other in (("[[refs]]", "[[references]]"), ("[[arms]]", "[[groups]]")):
        if file.text.count(known) == 1:
            start = file.text.index(known)
            yield Edit(file.text.replace(known, other), start)


@kind("SM001")
def rule_of_a_waiver_with_a_slip(file: File) -> Iterator[Edit]:
    for site in file.find("waivers", "rule"):
        yield site.rename("rul")


@kind("ID007")
@of_trials
def registry_id_lost(file: File) -> Iterator[Edit]:
    site = file.root("registry_id")
    if site is not None and "registration" not in file.values and file.values.get("refs"):
        end = file.text.index("\n", site.end) + 1
        yield Edit(file.text[: site.key_at] + file.text[end:], 0)


@kind("SM006")
def key_of_another_reference(file: File) -> Iterator[Edit]:
    """A reference that nothing else would be missing: the later takes the key of the one before."""
    if file.kind == "trials":
        for one, other in pairwise(file.find("refs", "key")):
            yield other.put(one.raw)


@kind("DT013")
@of_trials
def treated_before_anybody_was_recruited(file: File) -> Iterator[Edit]:
    status = file.root("status")
    if status is not None and status.raw == '"completed"':
        for site in file.find("enrollment", "treated"):
            if re.match(r"(?:\{ n = )?[1-9]", site.raw):
                edit = status.put('"not_yet_recruiting"')
                yield Edit(edit.text, site.start + len("not_yet_recruiting") - len("completed"))


@kind("SM006")
@of_trials
def country_twice(file: File) -> Iterator[Edit]:
    for site in file.find("", "countries"):
        if site.raw.startswith("["):
            last = site.value[-1]
            yield site.put(f'{site.raw[:-1]}, "{last}"]', len(site.raw) + 1)


@kind("OC002")
def p_of_nought(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "effects", "p"):
        yield site.put("0.000")


@kind("SM005")
@of_trials
def date_in_other_words(file: File) -> Iterator[Edit]:
    for site in file.sites:
        if site.table == "dates" and re.fullmatch(r'"\d{4}-0[1-9]"', site.raw):
            yield site.put(f'"{site.value[:4]}/{site.value[5:]}"')


# -- one slip that looks like several -----------------------------------------------------------------


@kind("SM006")
@of_trials
def outcome_pasted_twice(file: File) -> Iterator[Edit]:
    for site in file.find("outcomes", "id"):
        following = re.search(r"\n(?=\n\[(?!outcomes\.))|\Z", file.text[site.header_at :])
        assert following is not None
        end = site.header_at + following.start() + (1 if following.group() else 0)
        block = file.text[site.header_at : end]
        where = end + 1 + site.start - site.header_at
        yield Edit(f"{file.text[:end]}\n{block}{file.text[end:]}", where)


@kind("XR001")
@of_trials
def arm_lost_in_a_merge(file: File) -> Iterator[Edit]:
    arms = file.find("arms", "id")
    for site in arms if len(arms) > 2 else ():
        end = file.text.index("\n[", site.end) + 1
        text = file.text[: site.header_at] + file.text[end:]
        if (named := re.search(rf"\b(?:arm|vs) = (?={re.escape(site.raw)})", text)) is not None:
            yield Edit(text, named.end())


@kind("DT003")
def event_to_come(file: File) -> Iterator[Edit]:
    for site in file.find("", "events", "on"):
        yield site.put('"2028-01"')


@kind("DT002")
@of_trials
def start_and_completion_exchanged(file: File) -> Iterator[Edit]:
    found = {
        site.keys[0]: site
        for site in file.find("dates", "start", "on") + file.find("dates", "completion", "on")
    }
    if len(found) == 2 and found["start"].raw[1:5] < found["completion"].raw[1:5]:
        start, completion = found["start"], found["completion"]
        text = (
            file.text[: start.start] + completion.raw + file.text[start.end : completion.start]
            + start.raw + file.text[completion.end :]
        )  # fmt: skip
        yield Edit(text, completion.start + len(completion.raw) - len(start.raw))


if __name__ == "__main__":
    main()
