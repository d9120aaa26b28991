"""What an import would do with each entry of a file, and why; nothing is decided twice, nothing written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from alscli.errors import AlscliError, UsageError
from alscli.model.format import MODELS, schema_comment, shape_of
from alscli.model.identifiers import parse_registry_id, suggest_record_id
from alscli.model.nearness import did_you_mean
from alscli.model.values import PartialDate
from alscli.model.vocabulary import Vocabularies
from alscli.registries.draft import Draft, Unreadable
from alscli.registries.sync import Reconciled, reconcile
from alscli.store.canonical import dump
from alscli.store.collection import Collection, Record, Snapshot, names_of, registry_ids
from alscli.store.copies import Copy, differing, find, place, written
from alscli.store.merge import bring
from alscli.store.transaction import Step
from alscli.store.write import content

Action = Literal["create", "update", "conflict", "unchanged", "duplicate", "skip", "error"]
ACTIONS: tuple[Action, ...] = ("create", "update", "conflict", "unchanged", "duplicate", "skip", "error")
SHAPE = shape_of(MODELS["trial"])


@dataclass(frozen=True)
class Item:
    """What is to become of one entry; `id` is the record's, empty where there is none.

    `steps` are the files that carry it out, `oddities` what of the payload could not be taken over.
    """

    source: str
    registry_id: str
    action: Action
    id: str
    why: str
    steps: Sequence[Step] = ()
    oddities: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """The item as `import --format json` gives it."""
        named = ("source", "registry_id", "action", "id", "why")
        return {name: getattr(self, name) for name in named} | {"oddities": list(self.oddities)}


# -- which entries ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """Which entries come in: codes by field; an entry must have one of each field that is named."""

    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def refusal(self, draft: Draft, vocabularies: Vocabularies) -> str:
        """Why an entry does not come in; empty where it does."""
        for name, codes in self.codes.items():
            held = _held(name, draft, vocabularies)
            if not held & codes:
                said = ", ".join(sorted(held)) or "nothing"
                return f"{name} is {said}, not {self.words[name]}"
        return ""


_FIELDS = {"condition": "condition", "modality": "modality", "type": "study_type"}
"""What `--only` asks for, and the vocabulary of its terms."""


def choice(pairs: Iterable[str], vocabularies: Vocabularies) -> Choice:
    """The choice that `FIELD=TERM` pairs make; several of one field are alternatives."""
    codes: dict[str, frozenset[str]] = {}
    words: dict[str, str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name not in _FIELDS:
            raise UsageError(
                f"--only: {pair!r} is not known", "write condition=ALS, modality=cell or type=interventional"
            )
        vocabulary = vocabularies[_FIELDS[name]]
        found = vocabulary.filter(text)
        if not found:
            near = vocabulary.nearest(text)
            raise UsageError(
                f"--only: {text!r} is no {name}",
                f"did you mean {' or '.join(near)}?" if near else did_you_mean(text, vocabulary.terms),
            )
        codes[name] = codes.get(name, frozenset()) | found
        words[name] = f"{words[name]} or {text}" if name in words else text
    return Choice(codes, words)


def _held(name: str, draft: Draft, vocabularies: Vocabularies) -> set[str]:
    """The codes that an entry has for a field, those that its words propose among them."""
    values = draft.values
    if name == "type":
        return {str(values.get("study_type"))}
    if name == "condition":
        stated = values.get("conditions")
        terms = ((text, vocabularies["condition"].find(text)) for text in _texts(stated))
        return {text if term is None else term.code for text, term in terms}
    interventions = values.get("interventions")
    tables = interventions if isinstance(interventions, list) else []
    proposed = {str(each.value) for each in draft.proposals if each.field.endswith(".modality")}
    return {str(each["modality"]) for each in tables if "modality" in each} | proposed


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


# -- what becomes of them -----------------------------------------------------------------------------


class Plan:
    """Entries one after the other to items; remembers what earlier ones have taken.

    Callers hand in every entry once, in order, with the name of the file that it comes from.
    """

    def __init__(
        self, collection: Collection, snapshot: Snapshot, as_of: date, chosen: Choice | None = None
    ) -> None:
        self._collection = collection
        self._as_of = as_of
        self._chosen = chosen or Choice()
        self._names = {
            name for record in snapshot.records if record.entry.kind != "ledger" for name in names_of(record)
        }
        self._registered: dict[str, Record] = {}
        self._mentioned: dict[str, str] = {}
        for record in snapshot.records:
            own = record.document.values.get("registry_id") if record.document else None
            for text in registry_ids(record):
                key = _key(text)
                if text == own:
                    self._registered.setdefault(key, record)
                else:
                    self._mentioned.setdefault(key, record.entry.id)
        self._excluded = {
            _key(cited): f"{entry.id} ({entry.reason})"
            for entry in (snapshot.ledger.excluded if snapshot.ledger else ())
            for cited in entry.cites
            if parse_registry_id(cited)
        }
        self._seen: dict[str, str] = {}

    def items(self, source: str, entries: Iterable[Draft | Unreadable]) -> Iterator[Item]:
        """What becomes of each entry of a source."""
        for entry in entries:
            yield self.item(source, entry)

    def item(self, source: str, entry: Draft | Unreadable) -> Item:
        """What becomes of one entry."""
        if isinstance(entry, Unreadable):
            return Item(entry.source or source, "", "error", "", entry.why)
        oddities = [f"{oddity.path}: {oddity.message}" for oddity in entry.oddities]

        def said(action: Action, id_: str, why: str, steps: Sequence[Step] = ()) -> Item:
            return Item(source, entry.registry_id, action, id_, why, steps, oddities)

        if refusal := self._chosen.refusal(entry, self._collection.vocabularies):
            return said("skip", "", refusal)
        key = _key(entry.registry_id)
        if key in self._seen:
            return said("duplicate", self._seen[key], "given before in this import")
        if key in self._excluded:
            return said("skip", "", f"excluded in the ledger as {self._excluded[key]}")
        record = self._registered.get(key)
        others = [_key(text) for text in _texts(entry.values.get("secondary_ids"))]
        if record is None and (twin := self._twin(entry.registry_id, others)):
            return said("duplicate", *twin)
        try:
            if record is not None:
                action, why, steps = self._met(record, entry)
                self._seen[key] = record.entry.id
                return said(action, record.entry.id, why, steps)
            id_, steps = self._new(entry)
        except AlscliError as error:
            return said("error", record.entry.id if record else "", error.message)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            return said("error", "", f"{where} {first['msg']}".strip())
        self._seen[key] = id_
        self._mentioned |= {other: id_ for other in others if parse_registry_id(other)}
        if "status_as_of" not in entry.values:
            oddities.append(f"status_as_of: taken as {_last_day(entry.values, self._as_of)}")
        return said("create", id_, "new", steps)

    def _twin(self, registry_id: str, others: Sequence[str]) -> tuple[str, str] | None:
        """The trial that a new entry is another entry of by its secondary ids, and why."""
        if (id_ := self._mentioned.get(_key(registry_id))) is not None:
            return id_, f"{registry_id} is a secondary id of {id_}"
        if (other := next((key for key in others if key in self._registered), None)) is not None:
            id_ = self._registered[other].entry.id
            return id_, f"its secondary id {other} is the registry id of {id_}"
        if (other := next((key for key in others if key in self._seen), None)) is not None:
            return self._seen[other], f"its secondary id {other} came in before"
        return None

    def _new(self, draft: Draft) -> tuple[str, list[Step]]:
        """The id of a new record, and the files that make it and its copy."""
        id_ = self._free(suggest_record_id(draft.registry_id))
        values = {**draft.values, "schema": 1, "id": id_, "screening": {"decision": "undecided"}}
        values.setdefault("src", "registry")
        values.setdefault("status_as_of", _last_day(draft.values, self._as_of))
        values.pop("verified", None)
        text = dump(values, SHAPE, schema_comment("trial"))
        MODELS["trial"].model_validate(values, context={"vocabularies": self._collection.vocabularies})
        self._names |= {id_, draft.registry_id.casefold()}
        target = self._collection.root / "trials" / f"{id_}.toml"
        return id_, [Step(target, None, text.encode()), *copied(self._collection.root, id_, draft)]

    def _free(self, wanted: str) -> str:
        id_, number = wanted, 2
        while id_.casefold() in self._names:
            id_, number = f"{wanted}-{number}", number + 1
        return id_

    def _met(self, record: Record, draft: Draft) -> tuple[Action, str, list[Step]]:
        """What an entry means for the record that has its registry id."""
        copy = copied(self._collection.root, record.entry.id, draft)
        if not copy and record.readable:
            return "unchanged", "the registry says what it said", []
        change = compared(self._collection, record, draft, self._as_of)
        if change.is_conflict:
            fields = [move.field for move in change.reconciled.of("disputed")] or change.differing
            verb = "differs" if len(fields) == 1 else "differ"
            why = f"{_counted(fields)} {verb} from the record: {_listed(fields)}; see `alscli sync --from`"
            return "conflict", why, []
        steps = [*change.steps, *copy]
        follows = [move.field for move in change.reconciled.of("follows")]
        if not follows:
            return "update", "a newer registry copy; no field of the record changes", steps
        return "update", f"{_counted(follows)}: {_listed(follows)}", steps


@dataclass(frozen=True)
class Compared:
    """A record beside a new draft of it: how they reconcile, and the step that writes the record."""

    reconciled: Reconciled
    steps: list[Step]
    differing: list[str]
    """Facts that the record takes from the registry, and that its first copy gives otherwise."""

    @property
    def is_conflict(self) -> bool:
        """Whether a person should look before anything is written."""
        return bool(self.reconciled.of("disputed") or self.differing)


def compared(collection: Collection, record: Record, draft: Draft, as_of: date) -> Compared:
    """A record, its last copy and a new draft, reconciled. Raises AlscliError where one cannot be read."""
    if record.document is None or not record.readable:
        raise UsageError(f"{record.entry.id} cannot be read", "`alscli validate` says what is wrong")
    last = find(collection.root, record.entry.id)
    found = reconcile(record.document.values, last.values if last else None, _plain(draft.values), as_of)
    text = record.document.text
    if found.of("follows") or found.of("disputed"):
        text = bring(text, found.values, SHAPE)
    before, after = record.document.text.encode(), text.encode()
    steps = [Step(record.entry.path, before, after)] if before != after else []
    first = [] if last else [name for name, _, _ in differing(found.values, copy_of(draft))]
    return Compared(found, steps, first)


def copied(root: Path, id_: str, draft: Draft) -> list[Step]:
    """The step that keeps the copy of a draft of the record `id_`; none where the file holds it already."""
    path = place(root, id_)
    before, after = content(path), written(copy_of(draft))
    return [Step(path, before, after)] if before != after else []


def copy_of(draft: Draft) -> Copy:
    """The copy that is kept of a draft."""
    return Copy(draft.registry, draft.registry_id, _plain(draft.values), draft.copy)


def _last_day(values: Mapping[str, Any], as_of: date) -> str:
    """The last date of an entry that does not date its status, which cannot be older than what it tells.

    Dates that are estimated, or later than `as_of`, tell nothing; `as_of` where no other is there.
    """
    told = values.get("dates", {}).values()
    days = [each["on"] for each in told if each.get("type") != "estimated"]
    past = [day for day in map(PartialDate.parse, days) if day.latest <= as_of]
    return max(past, key=lambda day: day.latest).text if past else as_of.isoformat()


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the registry says, without what makes it a record."""
    return {key: value for key, value in values.items() if key not in ("schema", "id", "screening")}


def _counted(fields: Sequence[str]) -> str:
    return f"{len(fields)} field{'' if len(fields) == 1 else 's'}"


def _listed(fields: Sequence[str]) -> str:
    return ", ".join(fields[:3]) + (" …" if len(fields) > 3 else "")


def _key(text: str) -> str:
    parsed = parse_registry_id(text)
    return parsed.key if parsed else text
