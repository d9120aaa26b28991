"""What changed between two revisions, for readers: new trials, status, results, regulators, what went.

Every trial stands with its honest line as it is at the later revision, so that no result is told without the
result of the primary endpoint beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alscli.model.evidence import assess
from alscli.model.format import MODELS, shape_of
from alscli.model.identifiers import parse_registry_id
from alscli.model.path import labels, split
from alscli.model.vocabulary import Vocabularies
from alscli.store.collection import Snapshot
from alscli.store.compare import Change, RecordChange, Version
from alscli.text import one_line
from alscli.views.changes import code, plain_value, said
from alscli.views.table import escaped

_TOLD = frozenset({"status", "status_as_of", "safety", "events"})
_RESULTS = ("result", "values", "effects")
_PRODUCT = shape_of(MODELS["product"])

Item = dict[str, Any]


@dataclass(frozen=True)
class End:
    """One end of the stretch: its short revision, its day, its records by id, and those that have a model."""

    revision: str
    day: str
    versions: Mapping[str, Version]
    snapshot: Snapshot

    def values(self, id_: str | None) -> Mapping[str, Any]:
        """What the record holds here; nothing where it is not or cannot be read."""
        version = self.versions.get(id_) if id_ is not None else None
        return (version.values if version else None) or {}


@dataclass
class News:
    """What changed, by section."""

    new_trials: list[Item] = field(default_factory=list)
    new_products: list[Item] = field(default_factory=list)
    status_changes: list[Item] = field(default_factory=list)
    results: list[Item] = field(default_factory=list)
    regulatory_events: list[Item] = field(default_factory=list)
    removed: list[Item] = field(default_factory=list)
    left_out: list[Item] = field(default_factory=list)
    claims: list[Item] = field(default_factory=list)
    other_changes: list[Item] = field(default_factory=list)
    unreadable: list[Item] = field(default_factory=list)


def news(found: Sequence[RecordChange], old: End, new: End, terms: Vocabularies) -> News:
    """What of these changes a reader wants to know. Trials that are not decided are no news."""
    told = News()
    for record in found:
        before, after = old.values(record.was or record.id), new.values(record.id)
        if record.change == "unreadable":
            told.unreadable.append({"id": record.id, "why": record.note})
        elif record.kind == "ledger":
            _ledger(told, before, after, terms)
        elif record.kind == "product":
            _product(told, record, before, after, terms)
        else:
            _trial(told, record, (before, after), new, terms)
    went = {str(item["id"]) for item in told.removed}
    told.left_out = [item for item in told.left_out if str(item["id"]) not in went]
    return told


def _trial(
    told: News,
    record: RecordChange,
    sides: tuple[Mapping[str, Any], Mapping[str, Any]],
    new: End,
    terms: Vocabularies,
) -> None:
    before, after = sides
    item = _headed(record.id, after or before, new)
    was_in, is_in = _included(before), _included(after)
    if is_in and not was_in:
        status, phase = _term(terms, "status", after.get("status")), _term(terms, "phase", after.get("phase"))
        told.new_trials.append(item | {"status": status, "phase": phase})
    elif was_in and not is_in:
        told.removed.append(_gone(item, new, terms, undecided=bool(after)))
    elif is_in:
        if before.get("status") != after.get("status"):
            change = {key: _term(terms, "status", each.get("status")) for key, each in _named(sides)}
            why = after.get("why_stopped")
            told.status_changes.append(item | change | ({"why_stopped": why} if isinstance(why, str) else {}))
        results = list(_results(before, after, terms))
        if results:
            told.results.append(item | {"outcomes": results})
        _rest(told, item, record)


def _named(sides: tuple[Any, Any]) -> tuple[tuple[str, Any], tuple[str, Any]]:
    return ("old", sides[0]), ("new", sides[1])


def _headed(id_: str, values: Mapping[str, Any], new: End) -> Item:
    """Id, title, registry id and honest line of a trial; no line where the record has errors or is gone."""
    trial = new.snapshot.trials.get(id_)
    return {
        "id": id_,
        "title": values.get("title"),
        "registry_id": values.get("registry_id"),
        "evidence": assess(trial, new.snapshot.shared_refs).line if trial else None,
    }


def _included(values: Mapping[str, Any]) -> bool:
    screening = values.get("screening")
    return bool(values) and not (isinstance(screening, Mapping) and screening.get("decision") == "undecided")


def _gone(item: Item, new: End, terms: Vocabularies, *, undecided: bool = False) -> Item:
    """A record that went, with the reason that the ledger gives."""
    item = {key: item[key] for key in ("id", "title", "registry_id") if key in item}
    if undecided:
        return item | {"why": "no longer decided"}
    names = {str(name) for name in (item["id"], item.get("registry_id")) if name is not None}
    for entry in _tables(new.values("ledger"), "excluded"):
        cites = entry.get("cites")
        cited = map(str, cites if isinstance(cites, list) else ())
        if str(entry.get("id")) in names or names & set(cited):
            reason = _term(terms, "excluded_reason", entry.get("reason"))
            return item | {"why": "; ".join(map(str, filter(None, (reason, entry.get("note")))))}
    return item | {"why": None}


def _results(before: Mapping[str, Any], after: Mapping[str, Any], terms: Vocabularies) -> Iterator[Item]:
    """The outcomes whose results or numbers differ, the primary ones first."""
    held = {str(each.get("id")): each for each in _tables(before, "outcomes")}
    here = {str(each.get("id")): each for each in _tables(after, "outcomes")}
    ids = sorted(dict.fromkeys([*here, *held]), key=lambda id_: here.get(id_, {}).get("role") != "primary")
    for id_ in ids:
        one, other = held.get(id_, {}), here.get(id_, {})
        if all(one.get(key) == other.get(key) for key in _RESULTS):
            continue
        yield {
            "id": id_,
            "role": _term(terms, "outcome_role", (other or one).get("role")),
            "old": _term(terms, "result", one.get("result")),
            "new": _term(terms, "result", other.get("result")),
        }
    if before.get("safety") != after.get("safety"):
        yield {"id": "safety", "role": None, "old": None, "new": None}


def _product(
    told: News, record: RecordChange, before: Mapping[str, Any], after: Mapping[str, Any], terms: Vocabularies
) -> None:
    item = {"id": record.id, "title": (after or before).get("name")}
    if not before:
        told.new_products.append(item)
    elif not after:
        told.removed.append(item | {"why": None})
        return
    else:
        _rest(told, item, record)
    events = [_events(each) for each in (before, after)]
    for label in dict.fromkeys([*events[1], *events[0]]):
        one, other = (side.get(label) for side in events)
        if one != other:
            what = "added" if one is None else "removed" if other is None else "changed"
            told.regulatory_events.append(item | {"change": what} | _event(other or one or {}, terms))


def _events(values: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    events = _tables(values, "events")
    return dict(zip(labels(events, _PRODUCT.keys["events"]), events, strict=True))


def _event(event: Mapping[str, Any], terms: Vocabularies) -> Item:
    return {
        "on": event.get("on"),
        "agency": event.get("agency"),
        "event": _term(terms, "event", event.get("type")),
        "indication": event.get("indication"),
        "outcome": event.get("outcome"),
    }


def _ledger(told: News, before: Mapping[str, Any], after: Mapping[str, Any], terms: Vocabularies) -> None:
    known = {str(each.get("id")) for each in _tables(before, "excluded")}
    for entry in _tables(after, "excluded"):
        if str(entry.get("id")) not in known:
            reason = _term(terms, "excluded_reason", entry.get("reason"))
            told.left_out.append({"id": entry.get("id"), "title": entry.get("title"), "why": reason})
    held = {str(each.get("id")): each for each in _tables(before, "claims")}
    for claim in _tables(after, "claims"):
        was = held.get(str(claim.get("id")), {})
        if was.get("verdict") != claim.get("verdict"):
            verdicts = {
                key: _term(terms, "verdict", each.get("verdict")) for key, each in _named((was, claim))
            }
            about = {key: claim.get(key) for key in ("id", "text", "why")}
            told.claims.append(about | verdicts)


def _rest(told: News, item: Item, record: RecordChange) -> None:
    """What no other section tells: major changes with their values, of the others the number."""
    major: list[Item] = []
    minor = 0
    for change in record.fields:
        if _is_told(change, record):
            continue
        if change.weight == "major":
            major.append({"field": change.field, "old": change.old, "new": change.new})
        else:
            minor += 1
    if major or minor or record.was:
        told.other_changes.append(item | {"was": record.was, "major": major, "minor": minor})


def _is_told(change: Change, record: RecordChange) -> bool:
    """Whether another section tells this change, or a change that it goes with."""
    root, *below = split(change.field)
    if root == "why_stopped":
        return any(each.field == "status" for each in record.fields)
    if root != "outcomes":
        return root in _TOLD
    if len(below) > 1:
        return below[1] in _RESULTS
    sides = (each if isinstance(each, list) else [each] for each in (change.old, change.new))
    return any(isinstance(each, Mapping) and set(_RESULTS) & set(each) for side in sides for each in side)


def _tables(values: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    listed = values.get(key)
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []


def _term(terms: Vocabularies, vocabulary: str, code: Any) -> str | None:
    """A term in words."""
    if not isinstance(code, str):
        return None
    term = terms[vocabulary].terms.get(code)
    return term.en if term else code.replace("_", " ")


def as_json(told: News, old: End, new: End) -> str:
    """The news in a versioned envelope."""
    ends = {key: {"revision": end.revision, "date": end.day} for key, end in (("from", old), ("to", new))}
    envelope = {"schema": "alscli/changelog/1", **ends, **vars(told)}
    return json.dumps(envelope, ensure_ascii=False, indent=2, default=plain_value) + "\n"


def markdown(told: News, old: End, new: End) -> Iterator[str]:
    """Lines that can be published as they are."""
    yield f"# What changed from {old.day} to {new.day}"
    yield ""
    yield f"Between the revisions `{old.revision}` and `{new.revision}` of the register."
    sections = (
        ("New trials", told.new_trials, _new_trial),
        ("New products", told.new_products, _plain_item),
        ("Status", told.status_changes, _status),
        ("Results", told.results, _result),
        ("Regulators", told.regulatory_events, _regulator),
        ("No longer in the register", told.removed, _with_reason),
        ("Looked at and left out", told.left_out, _with_reason),
        ("Claims looked into", told.claims, _claim),
        ("Other changes", told.other_changes, _other),
        ("Not readable at one of the revisions", told.unreadable, _with_reason),
    )
    for title, items, lines in sections:
        if items:
            yield ""
            yield f"## {title}"
            yield ""
            for item in items:
                yield from lines(item)
    if not any(items for _, items, _ in sections):
        yield ""
        yield "Nothing changed that concerns a reader."


def _head(item: Item) -> str:
    """`**id** title (registry id)`, the registry id a link."""
    title = f" {escaped(one_line(str(item['title'])))}" if item.get("title") else ""
    head = f"**{escaped(one_line(str(item['id'])))}**{title}"
    number = item.get("registry_id")
    if not isinstance(number, str):
        return head
    parsed = parse_registry_id(number)
    url = parsed.url if parsed else None
    shown = escaped(one_line(number))
    return f"{head} ([{shown}]({url}))" if url else f"{head} ({shown})"


def _honest(item: Item) -> str:
    line = item.get("evidence") or "no honest line: the record has errors"
    return f"  - _{escaped(one_line(line))}_"


_TOLD_OF_NEW = ("phase", "status")


def _new_trial(item: Item) -> Iterator[str]:
    facts = [escaped(f"{name} {item[name].removeprefix(f'{name} ')}") for name in _TOLD_OF_NEW if item[name]]
    yield f"- {_head(item)}: {', '.join(facts)}"
    yield _honest(item)


def _plain_item(item: Item) -> Iterator[str]:
    yield f"- {_head(item)}"


def _status(item: Item) -> Iterator[str]:
    yield f"- {_head(item)}: {_arrow(item)}" + (
        f" ({_shown(item['why_stopped'])})" if "why_stopped" in item else ""
    )
    yield _honest(item)


def _arrow(item: Item) -> str:
    return f"{_shown(item['old']) or 'nothing'} → {_shown(item['new']) or 'nothing'}"


def _shown(value: Any) -> str:
    return escaped(said(value))


def _result(item: Item) -> Iterator[str]:
    yield f"- {_head(item)}"
    yield _honest(item)
    for outcome in item["outcomes"]:
        name = f"{_shown(outcome['role'])} outcome {code(outcome['id'])}"
        if outcome["id"] == "safety" and outcome["role"] is None:
            yield "  - safety: what is recorded changed"
        elif outcome["old"] == outcome["new"]:
            result = _shown(outcome["new"]) or "none recorded"
            yield f"  - {name}: numbers added or corrected, result as before: {result}"
        else:
            yield f"  - {name}: {_arrow(outcome)}"


def _regulator(item: Item) -> Iterator[str]:
    who = " ".join(_shown(item[key]) for key in ("on", "agency") if item[key])
    about = "".join(f", {_shown(item[key])}" for key in ("indication", "outcome") if item[key])
    note = "" if item["change"] == "added" else f" (entry {item['change']})"
    yield f"- {_head(item)}: {who}: {_shown(item['event'])}{about}{note}"


def _with_reason(item: Item) -> Iterator[str]:
    yield f"- {_head(item)}" + (f": {_shown(item['why'])}" if item.get("why") else "")


def _claim(item: Item) -> Iterator[str]:
    verdict = _shown(item["new"]) if item["old"] is None else _arrow(item)
    yield f"- “{_shown(item['text'])}”: {verdict}"
    if item.get("why"):
        yield f"  - {_shown(item['why'])}"


def _other(item: Item) -> Iterator[str]:
    was = f" (was {escaped(one_line(item['was']))})" if item["was"] else ""
    minor = item["minor"]
    few = f"{minor} field{'s' if minor != 1 else ''} corrected or added" if minor else ""
    yield f"- {_head(item)}{was}" + (f": {few}" if few else "")
    for change in item["major"]:
        yield f"  - {code(change['field'])}: {_arrow(change)}"
