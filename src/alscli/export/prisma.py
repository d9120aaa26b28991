"""The counts of a PRISMA 2020 flow diagram, as the R package PRISMA2020 reads them.

`PRISMA_data(read.csv(file))` finds counts by `data`, nodes by `node` and labels by `box`. What the ledger
cannot tell is NA, never 0.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from alscli.export import csv
from alscli.export.references import gather
from alscli.export.selection import Selection
from alscli.model.identifiers import REGISTRIES
from alscli.query.filters import Condition
from alscli.query.tables import Column, Row

_COLUMNS = tuple(
    Column(name, "text", "")
    for name in ("data", "node", "box", "description", "boxtext", "tooltips", "url", "n")
)
_BOXES = """
-                          node4  prevstud       Previous studies
previous_studies           node5  box1           Studies included in previous version of review
previous_reports           -      box1           Reports of studies included in previous version of review
-                          node6  newstud        Identification of new studies via databases and registers
database_results           node7  box2           Databases
register_results           -      box2           Registers
-                          node16 othstud        Identification of new studies via other methods
website_results            node17 box11          Websites
organisation_results       -      box11          Organisations
citations_results          -      box11          Citation searching
duplicates                 node8  box3           Duplicate records
excluded_automatic         -      box3           Records marked as ineligible by automation tools
excluded_other             -      box3           Records removed for other reasons
records_screened           node9  box4           Records screened
records_excluded           node10 box5           Records excluded
dbr_sought_reports         node11 box6           Reports sought for retrieval
dbr_notretrieved_reports   node12 box7           Reports not retrieved
other_sought_reports       node18 box12          Reports sought for retrieval
other_notretrieved_reports node19 box13          Reports not retrieved
dbr_assessed               node13 box8           Reports assessed for eligibility
dbr_excluded               node14 box9           Reports excluded
other_assessed             node20 box14          Reports assessed for eligibility
other_excluded             node21 box15          Reports excluded
new_studies                node15 box10          New studies included in review
new_reports                -      box10          Reports of new included studies
total_studies              node22 box16          Total studies included in review
total_reports              -      box16          Reports of total included studies
identification             node1  identification Identification
screening                  node2  screening      Screening
included                   node3  included       Included
"""
_REPORTS = frozenset({"article", "preprint", "thesis", "abstract"})


def render(selection: Selection, said: list[str]) -> Iterator[str]:
    """The file; `said` gets what the diagram cannot show."""
    counts = count(selection, said)
    selection.counts["counts"] = len(counts)
    return csv.render(_COLUMNS, [_row(line, counts) for line in _BOXES.strip().splitlines()])


def _row(line: str, counts: dict[str, str]) -> Row:
    data, node, box, text = line.split(None, 3)
    title = data == "-" or data == box
    return {
        "data": "NA" if data == "-" else data,
        "node": "NA" if node == "-" else node,
        "box": box,
        "description": text,
        "boxtext": text,
        "tooltips": text,
        "url": "NA",
        "n": "0" if title else counts.get(data, "NA"),
    }


def count(selection: Selection, said: list[str]) -> dict[str, str]:
    """The counts by name, of the whole collection: what was looked at is a trial or excluded."""
    every = replace(selection, trials=Condition("1"), counts={})
    decisions = Counter(str(row["decision"]) for row in every.rows("trials"))
    excluded = list(selection.rows("excluded"))
    labels = selection.vocabularies["excluded_reason"].terms
    before = Counter(str(row["reason"]) for row in excluded if row["reason"] in ("duplicate", "removed"))
    rest = [row for row in excluded if row["reason"] not in ("duplicate", "removed")]
    in_full = [row for row in rest if row["stage"] == "full_text"]
    lost = sum(row["reason"] == "no_source" for row in in_full)
    reasons = Counter(str(row["reason"]) for row in in_full if row["reason"] != "no_source")
    screened = decisions.total() + len(rest)
    sought = screened - (len(rest) - len(in_full))
    reports = sum(source.kind in _REPORTS for source in gather(replace(selection, narrowed=True)))
    if decisions["undecided"]:
        said.append(f"{decisions['undecided']} assessed records are undecided: PRISMA has no box for them")
    words = [f"{labels[r].en if r in labels else r}, {n}" for r, n in sorted(reasons.items())]
    return {
        **_identified(selection, said),
        "duplicates": str(before["duplicate"]),
        "excluded_other": str(before["removed"]),
        "records_screened": str(screened),
        "records_excluded": str(len(rest) - len(in_full)),
        "dbr_sought_reports": str(sought),
        "dbr_notretrieved_reports": str(lost),
        "dbr_assessed": str(sought - lost),
        "dbr_excluded": "; ".join(words) or "NA",
        "new_studies": str(decisions["include"]),
        "new_reports": str(reports),
        "total_studies": str(decisions["include"]),
        "total_reports": str(reports),
    }


def _identified(selection: Selection, said: list[str]) -> dict[str, str]:
    """How many records the searches named, where they say so."""
    found: dict[str, list[int | None]] = {}
    for row in selection.rows("searches"):
        hits = row["hits"]
        name = "register_results" if _is_registry(str(row["source"])) else "database_results"
        found.setdefault(name, []).append(hits if isinstance(hits, int) else None)
    if not found or any(None in hits for hits in found.values()):
        said.append("the ledger does not say how many records each search found: those counts are NA")
    return {name: "NA" if None in hits else str(sum(h or 0 for h in hits)) for name, hits in found.items()}


def _is_registry(source: str) -> bool:
    text = source.casefold()
    words = set(re.split(r"[^a-z0-9]+", text))
    return "ictrp" in words or any(each.code in words or each.name.casefold() in text for each in REGISTRIES)
