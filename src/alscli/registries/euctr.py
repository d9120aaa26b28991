"""The EU Clinical Trials Register: its text download of full trial details, one record a member state.

A record is lines of `E.8.1.1 Randomised: Yes`, some with the language of their text (`(es)`), values over
several lines, and groups that repeat (sponsors, products). The records of one EudraCT number become one
draft: the trial is one, the member states are its countries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alscli.model.identifiers import RegistryId, parse_registry_id
from alscli.registries import wording
from alscli.registries.assembly import Assembly
from alscli.registries.dates import read_date
from alscli.registries.draft import Draft, Unreadable
from alscli.registries.payload import MAX_ENTRY, TOO_LARGE, Tree, decode, json_entries
from alscli.registries.words import moment

_RECORD = re.compile(r"^(?=EudraCT Number:)", re.MULTILINE)
_CODE = r"(?:[A-H]\.[0-9]+(?:\.[0-9]+)*(?: (?:and|to) [A-H]\.[0-9.]*[0-9])?|D\.IMP|[NP]\.)"
_LINE = re.compile(
    rf"(?P<code>{_CODE})[ \t]*(?P<label>[^:\n]{{0,300}}?)"
    r"(?:\((?P<language>[a-z]{2})\))?[ \t]*:(?P<value>.*)"
)
_SUMMARY = re.compile(
    r"(EudraCT Number|Sponsor's Protocol Code Number|National Competent Authority|Clinical Trial Type"
    r"|Trial Status|Date on which this record was first entered in the EudraCT database"
    r"|Trial results|Link)\s*:(.*)"
)
_HEADING = re.compile(
    rf"Summary|[A-Z]\\. [A-Z][^:]*|Sponsor [0-9]+|This file contains full details.*|{_CODE} [A-Z][^:]*"
)
_ENGLISH = frozenset({"UK", "Ireland", "Malta", "United Kingdom"})
"""States whose records are in English; others may write their own language without marking it."""
_CONTACTS = re.compile(r"B\.5|C\.1\.5")
_FLAGS = {
    "E.8.1": "Controlled",
    "E.8.1.1": "Randomised",
    "E.8.1.2": "Open",
    "E.8.1.3": "Single blind",
    "E.8.1.4": "Double blind",
    "E.8.1.5": "Parallel group",
    "E.8.1.6": "Cross over",
    "E.8.2.2": "Placebo",
}
_PHASES = {"E.7.1": 1, "E.7.2": 2, "E.7.3": 3, "E.7.4": 4}
_PURPOSES = {"E.6.1": "diagnostic", "E.6.2": "prevention", "E.6.3": "treatment"}
_AGES = (
    ("F.1.1.1", 0, 0),
    ("F.1.1.2", 0, 0),
    ("F.1.1.3", 0, 0),
    ("F.1.1.4", 0, 1),
    ("F.1.1.5", 2, 11),
    ("F.1.1.6", 12, 17),
    ("F.1.2", 18, 64),
    ("F.1.3", 65, None),
)
"""Groups of age, in years: code, least, greatest."""


def is_mine(head: bytes) -> bool:
    """Whether a file that begins so is EU CTR's text of full trial details, or a copy of it."""
    text = decode(head)[0]
    if text.lstrip().startswith(("{", "[")):
        return '"euctr"' in text
    return re.search(r"^EudraCT Number:", text, re.MULTILINE) is not None


@dataclass(slots=True)
class _Field:
    """One line of a record: its code, label, language where it is not English, and value."""

    code: str
    label: str
    language: str
    value: str


class _Record:
    """One member state's record of a trial."""

    def __init__(self, summary: dict[str, str], fields: list[_Field]) -> None:
        self.summary = summary
        self.fields = fields

    def text(self, code: str) -> str:
        """The first value of a code, the English one where there are several."""
        found = [each for each in self.fields if each.code == code and each.value]
        return next((each.value for each in found if not each.language), found[0].value if found else "")

    def labelled(self, code: str, words: str) -> str:
        """The first value of a code whose label holds some words."""
        return next((each.value for each in self.fields if each.code == code and words in each.label), "")

    def says(self, code: str) -> bool:
        """Whether a yes-or-no line says yes."""
        return self.text(code).strip().casefold() == "yes"

    @property
    def state(self) -> str:
        """The member state, without its authority; empty for a paediatric trial outside the EEA."""
        said = self.text("A.1") or self.summary.get("National Competent Authority", "")
        name = said.partition(" - ")[0].strip()
        return "" if re.match(r"outside|3rd|third", name, re.IGNORECASE) else name

    @property
    def status(self) -> str:
        """The record's own status."""
        return self.text("P.") or self.summary.get("Trial Status", "")

    def groups(self, first: str) -> Iterator[list[_Field]]:
        """The fields of each group that begins with a code, up to the next of them."""
        group: list[_Field] = []
        for each in self.fields:
            if each.code == first:
                if group:
                    yield group
                group = []
            if each.code == first or group:
                if each.code[:1] != first[:1]:
                    break
                group.append(each)
        if group:
            yield group

    def as_tree(self) -> Tree:
        """The record as JSON, without contacts."""
        kept = [each for each in self.fields if not _CONTACTS.match(each.code)]
        return {
            "summary": self.summary,
            "fields": [
                {"code": each.code, "label": each.label, "lang": each.language, "value": each.value}
                for each in kept
            ],
        }


def drafts(data: bytes) -> Iterator[Draft | Unreadable]:
    """Every trial of a download, the records of its member states together."""
    trials: dict[str, list[_Record]] = {}
    known: dict[str, RegistryId] = {}
    remark = None
    for number, found in enumerate(_records(data), start=1):
        if isinstance(found, Unreadable):
            yield found
            continue
        record, remark = found
        said = record.text("A.2") or record.summary.get("EudraCT Number", "")
        id_ = parse_registry_id(said)
        if id_ is None or id_.registry.code not in ("eudract", "ctis"):
            shown = wording.shorten(said, 40)
            why = f"“{shown}” is no EudraCT number" if shown else "has no EudraCT number"
            yield Unreadable(f"entry {number}", why)
            continue
        if len(record.fields) < 5:
            yield Unreadable(f"entry {number} ({id_.value})", "is cut: almost nothing of the record is there")
            continue
        known[id_.key] = id_
        trials.setdefault(id_.key, []).append(record)
    for key, records in trials.items():
        yield _draft(known[key], records, remark)


def _records(data: bytes) -> Iterator[tuple[_Record, str | None] | Unreadable]:
    text, remark = decode(data)
    if text.lstrip().startswith(("{", "[")):
        for entry in json_entries(data):
            if isinstance(entry, Unreadable):
                yield entry
                continue
            for each in entry.tree.get("euctr") or []:
                if isinstance(each, dict):
                    yield _restored(each), entry.remark
        return
    found = False
    for chunk in _RECORD.split(text)[1:]:
        found = True
        if len(chunk) > MAX_ENTRY:
            yield Unreadable(wording.shorten(chunk[:60], 40), TOO_LARGE)
            continue
        yield _read(chunk), remark
    if not found:
        yield Unreadable("file", "holds no EudraCT Number")


def _restored(tree: Tree) -> _Record:
    fields = [
        _Field(*(str(each.get(name, "")) for name in ("code", "label", "lang", "value")))
        for each in tree.get("fields") or []
        if isinstance(each, dict)
    ]
    summary = tree.get("summary")
    return _Record(dict(summary) if isinstance(summary, dict) else {}, fields)


def _read(chunk: str) -> _Record:
    summary: dict[str, str] = {}
    fields: list[_Field] = []
    for line in chunk.splitlines():
        if not fields and (match := _SUMMARY.fullmatch(line)):
            summary[match[1]] = match[2].strip()
        elif match := _LINE.fullmatch(line.rstrip()):
            label = " ".join(match["label"].split())
            fields.append(_Field(match["code"], label, match["language"] or "", match["value"].strip()))
        elif fields and line.strip() and not _HEADING.fullmatch(line.strip()):
            last = fields[-1]
            last.value = f"{last.value}\n{line.strip()}".strip()
    return _Record(summary, fields)


# -- one trial --------------------------------------------------------------------------------------


def _draft(known: RegistryId, records: list[_Record], remark: str | None) -> Draft:
    first = min(records, key=lambda record: record.state not in _ENGLISH)
    assembly = Assembly(known, "A.2")
    assembly.remark("", remark)
    assembly.titles(first.text("A.3.1"), first.text("A.3"), ("A.3.1", "A.3"))
    short = wording.one_line(first.text("A.3.2"))
    if re.fullmatch(r"\S{2,20}", short) and short.upper() == short:
        assembly.put("acronym", short, "A.3.2")
    ids = [each.text(code) for each in records for code in ("A.4.1", "A.5.1", "A.5.2", "A.5.3", "A.5.4")]
    assembly.put("secondary_ids", wording.ids(ids, known.value), "A.4.1")
    _conditions(assembly, first)
    assembly.put("study_type", "interventional", "A.2")
    numbers = {number for code, number in _PHASES.items() if first.says(code)}
    assembly.phase(wording.phases(numbers), "E.7")
    _design(assembly, first)
    _status(assembly, records)
    _dates(assembly, records)
    _countries(assembly, records)
    _people(assembly, records)
    _sponsor(assembly, first)
    _products(assembly, first)
    for role, code in (("primary", "E.5.1"), ("secondary", "E.5.2")):
        time = moment(first.text(f"{code}.1"))
        for item in wording.items(first.text(code)):
            assembly.outcome(role, item, time, code)
    assembly.passage(first.text("A.3"), "A.3", 1)
    assembly.passage(first.text("E.2.1"), "E.2.1", 2)
    return assembly.draft({"euctr": [each.as_tree() for each in records]})


def _conditions(assembly: Assembly, record: _Record) -> None:
    for code in ("E.1.1", "E.1.1.1"):
        found = wording.conditions([wording.one_line(record.text(code))])
        if found:
            assembly.put("conditions", found, code)
            return


def _design(assembly: Assembly, record: _Record) -> None:
    words = ". ".join(
        f"{label}: {'yes' if record.says(code) else 'no'}"
        for code, label in _FLAGS.items()
        if record.text(code).casefold() in ("yes", "no")
    )
    title = f"{record.text('A.3')} {record.text('A.3.1')}"
    found = wording.design(words, "interventional", title)
    purposes = [purpose for code, purpose in _PURPOSES.items() if record.says(code)]
    found.purpose = purposes[0] if len(purposes) == 1 else None
    assembly.design(found, "E.8")


def _status(assembly: Assembly, records: list[_Record]) -> None:
    """One status where the member states agree, else what the trial is as long as one of them goes on."""
    said = {record.state or "outside the EEA": record.status for record in records}
    codes = {wording.status(each, "eudract").value for each in said.values()}
    if len(codes) == 1:
        assembly.status(next(iter(said.values())), "P.")
    else:
        over = codes <= {"completed", "terminated", "withdrawn"}
        code = ("completed" if "completed" in codes else "terminated") if over else "unknown"
        listed = "; ".join(f"{state}: {status or 'none'}" for state, status in said.items())
        assembly.put("status", code, "P.")
        assembly.remark("P.", f"member states differ ({wording.shorten(listed, 200)}); taken as {code}")
    days = [
        day
        for record in records
        for text in (
            record.summary.get("Date on which this record was first entered in the EudraCT database", ""),
            record.labelled("N.", "Date of Competent Authority Decision"),
            record.labelled("N.", "Date of Ethics Committee Opinion"),
            record.labelled("P.", "Date"),
        )
        if (day := read_date(text).value)
    ]
    if days:
        assembly.put("status_as_of", max(days), "N.")
        assembly.remark(
            "N.", "the latest day in the records dates the status: they say nothing of their last change"
        )


def _dates(assembly: Assembly, records: list[_Record]) -> None:
    name = "Date on which this record was first entered in the EudraCT database"
    entered = [day for each in records if (day := read_date(each.summary.get(name, "")).value)]
    assembly.date("registered", min(entered, default=""), name, "actual")
    ended = [day for each in records if (day := read_date(each.labelled("P.", "Date")).value)]
    if ended and all(each.labelled("P.", "Date") for each in records):
        assembly.date("completion", max(ended), "P.", "actual")


def _countries(assembly: Assembly, records: list[_Record]) -> None:
    named = [record.state for record in records]
    for record in records:
        named += re.split(r"[\n;]", record.text("E.8.6.3"))
    assembly.countries(named, "A.1")


def _people(assembly: Assembly, records: list[_Record]) -> None:
    for code in ("F.4.2.2", "F.4.2.1", "F.4.1"):
        said = sorted({text for record in records if (text := record.text(code))}, key=lambda t: (len(t), t))
        if not said or said[-1] == "0":
            continue
        if code != "F.4.2.2":
            where = "in the EEA" if code == "F.4.2.1" else "in one member state"
            assembly.remark(code, f"the number {where}: none is given for the whole trial")
        if len(said) > 1:
            assembly.remark(code, f"member states say {', '.join(said)}; the greatest taken")
        assembly.people("planned", said[-1], code)
        break
    first = records[0]
    bands = [(least, greatest) for code, least, greatest in _AGES if first.says(code)]
    if bands:
        limits = [bands[0][0]] if bands[-1][1] is None else [bands[0][0], bands[-1][1]]
        if limits != [0]:
            assembly.put("eligibility.age", limits, "F.1")
    words = " ".join(
        f"{name}: {'yes' if first.says(code) else 'no'}"
        for code, name in (("F.2.1", "Female"), ("F.2.2", "Male"))
    )
    assembly.sex(words, "F.2")


def _sponsor(assembly: Assembly, record: _Record) -> None:
    sponsors = [
        wording.one_line(each.value) for each in record.fields if each.code == "B.1.1" and not each.language
    ]
    sponsors = [name for name in sponsors if not wording.is_nothing(name)]
    if sponsors:
        assembly.sponsor(sponsors[0], "B.1.1")
        if record.text("B.3.1 and B.3.2").casefold() == "commercial":
            assembly.put("sponsor.class", "industry", "B.3.1 and B.3.2")
    others = wording.names("\n".join(sponsors[1:]), sponsors[:1])
    assembly.organizations("collaborators", others, "B.1.1")
    support = [wording.one_line(each.value) for each in record.fields if each.code == "B.4.1"]
    assembly.organizations("funders", wording.names("\n".join(support), (*sponsors[:1], *others)), "B.4.1")


def _products(assembly: Assembly, record: _Record) -> None:
    for group in record.groups("D.IMP"):
        product: dict[str, str] = {}
        for each in group:
            if each.value and not each.language:
                product.setdefault(each.code, wording.one_line(each.value))
        codes = ("D.3.1", "D.2.1.1.1", "D.3.8", "D.3.9.2", "D.3.2")
        names = [product[code] for code in codes if not wording.is_nothing(product.get(code, ""))]
        if not names:
            continue
        modality = ""
        if product.get("D.3.11.3.1") == "Yes":
            modality = "cell"
        elif product.get("D.3.11.3.2") == "Yes":
            modality = "gene"
        aliases: list[Any] = [name for name in names[1:] if name.casefold() != names[0].casefold()]
        assembly.intervention(names[0], aliases, "D.3.1", kind="DRUG", modality=modality)
