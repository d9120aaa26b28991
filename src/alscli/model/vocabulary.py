"""The terms of every coded field: what a person types is found here, what a file holds is the term's code."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from alscli.errors import CollectionError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

LONGEST = 200
"""Characters; longer text is no term (the longest synonym has about 80)."""

NEAR = 74
"""Similarity, 0 to 100, below which a term is not worth suggesting."""

SURE = 0.8
"""Similarity, 0 to 1, from which a text is a slip of a name and not another one."""

SHORTEST = 4
"""Characters; of shorter names, too many are alike for one of them to be surely meant."""

MAX_BYTES = 1 << 20
"""Bytes; a larger file in a collection's `vocab` folder is refused unread."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term: `code` is stored; labels and synonyms are shown and understood.

    `maps_to` gives the same term elsewhere: `ctgov` (ClinicalTrials.gov API v2 enumeration), `fhir`
    (R5), `mesh`, `mondo`, `metafor` (`escalc` measure), `ucum`. `extra` holds what single fields add,
    such as an instrument's `low`, `high` and `better`.
    """

    code: str
    parent: str | None
    en: str
    zh_hans: str
    zh_hant: str
    synonyms: tuple[str, ...]
    maps_to: Mapping[str, str]
    extra: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that finds this term: code, labels, synonyms."""
        return (self.code, self.en, self.zh_hans, self.zh_hant, *self.synonyms)

    def is_named_exactly(self, text: str) -> bool:
        """Whether `text` says this term and nothing more: its code, a label, or a registry's code for it.

        A synonym may be narrower (phase 2b) or another thing (the opposite opinion). Of a unit the case
        counts: `Mg` is a tonne.
        """
        unit = self.maps_to.get("ucum")
        names = (self.code, self.en, self.zh_hans, self.zh_hant, unit or self.maps_to.get("ctgov", self.code))
        same = _unit_essence if unit else _essence
        return same(text) in map(same, names)


class Vocabulary:
    """The terms of one field, in file order."""

    def __init__(self, field: str, meaning: str, terms: Iterable[Term]) -> None:
        self.field = field
        self.meaning = meaning
        self.terms: Mapping[str, Term] = {term.code: term for term in terms}

    def find(self, text: str) -> Term | None:
        """The term that `text` names by code, label or synonym, whatever its case, script and hyphens."""
        if (exact := self.terms.get(text)) is not None:
            return exact
        if len(text) > LONGEST or not (key := normalize(text)):
            return None
        found = self._western.get(key)
        return self._chinese.get(key) if found is None and not key.isascii() else found

    def nearest(self, text: str, limit: int = 3) -> list[str]:
        """Codes of at most `limit` terms with a name like `text`, best first; none where nothing is near."""
        key = normalize(text) if len(text) <= LONGEST else ""
        like = list(self._like(key).items())
        if not like and len(key) >= (2 if _is_chinese(key) else 4):
            names = {**self._western, **self._chinese}
            like = [(names[name].code, name) for name in sorted(names, key=len) if key in name]
        right = [code for code, name in like if not _differ_by_a_negation(key, name)]
        opposite = [code for code, _ in like] if right else []  # alone, the opposite would mislead
        return list(dict.fromkeys(right + opposite))[:limit]

    def slip(self, text: str) -> str | None:
        """The one code that `text` is a slip of; None where it may mean another term, or the opposite."""
        key = normalize(text) if len(text) <= LONGEST else ""
        like = self._like(key)
        if len(like) != 1:
            return None
        ((code, name),) = like.items()
        is_other = (
            min(len(key), len(name)) < SHORTEST
            or _differ_by_a_negation(key, name)
            or _FIGURE.findall(key) != _FIGURE.findall(name)
            or _differ_by_a_word(key, name)
        )
        return code if _is_slip(key, name) and not is_other else None

    def slips(self, text: str) -> list[str]:
        """The codes that `text` is hardly anything but a slip of, where it need be no term at all."""
        key = normalize(text) if len(text) <= LONGEST else ""
        return [code for code, name in self._like(key).items() if _is_slip(key, name)]

    @lru_cache(maxsize=256)  # noqa: B019
    def _like(self, key: str) -> dict[str, str]:
        """The codes of the terms that have a name like `key`, best first, with that name."""
        if len(key) < 2:
            return {}
        from alscli.model.nearness import likest

        names = {**self._western, **self._chinese}
        found: dict[str, str] = {}
        if denied := names.get(_NEGATION.sub("not ", key, count=1)):
            found[denied.code] = key
        for name, _ in likest(key, names, NEAR):
            if len(key) > 2 or len(name) == 2:
                found.setdefault(names[name].code, name)
        return found

    @lru_cache(maxsize=1024)  # noqa: B019 - of the few vocabularies of a run
    def descendants(self, code: str) -> frozenset[str]:
        """`code` and every code below it; just `code` where it is unknown."""
        below = {code}
        while more := {term.code for term in self.terms.values() if term.parent in below} - below:
            below |= more
        return frozenset(below)

    @lru_cache(maxsize=1024)  # noqa: B019
    def ancestors(self, code: str) -> tuple[str, ...]:
        """The codes above `code`, nearest first."""
        above: list[str] = []
        while (term := self.terms.get(code)) is not None and term.parent is not None:
            code = term.parent
            above.append(code)
        return tuple(above)

    def filter(self, text: str) -> frozenset[str]:
        """The codes that a filter on `text` finds: its term, those below it, those that its `finds` names.

        Empty where `text` is no term. ClinicalTrials.gov's own filter on phase 2 finds 1/2 and 2/3 too.
        """
        term = self.find(text)
        return self.descendants(term.code).union(term.extra.get("finds", ())) if term else frozenset()

    # Chinese names are indexed apart, so that looking up an English one does not load OpenCC.

    @cached_property
    def _western(self) -> dict[str, Term]:
        return self._index(chinese=False)

    @cached_property
    def _chinese(self) -> dict[str, Term]:
        return self._index(chinese=True)

    def _index(self, *, chinese: bool) -> dict[str, Term]:
        found: dict[str, Term] = {}
        for term in self.terms.values():
            for name in term.names:
                if _is_chinese(name) is not chinese or not (key := normalize(name)):
                    continue
                if found.setdefault(key, term) is not term:
                    raise CollectionError(
                        f"vocabulary {self.field}: {name!r} names both {found[key].code} and {term.code}",
                        "take it away from one of them",
                    )
        return found

    def check(self) -> None:
        """Raise CollectionError where a name is shared, a parent is missing, or parents go in a circle."""
        _ = self._western, self._chinese
        for term in self.terms.values():
            if term.parent is not None and term.parent not in self.terms:
                raise CollectionError(
                    f"vocabulary {self.field}: {term.code} has the parent {term.parent!r}, which is no term",
                    "name the code of a term of this vocabulary, or leave parent out",
                )
        for code in self.terms:
            above: list[str] = []
            while (parent := self.terms[above[-1] if above else code].parent) is not None:
                if parent in above:
                    raise CollectionError(
                        f"vocabulary {self.field}: the parents of {code} go in a circle",
                        "take the parent away from one of " + ", ".join(above),
                    )
                above.append(parent)


class Vocabularies(Mapping[str, Vocabulary]):
    """The shipped vocabularies by field, each read when first asked for, and those that take their place."""

    def __init__(self, grown: Mapping[str, Vocabulary] | None = None) -> None:
        self._read = dict(grown or {})

    def __getitem__(self, field: str) -> Vocabulary:
        found = self._read.get(field)
        if found is None:
            if field not in self:
                raise KeyError(field)
            found = self._read[field] = _shipped_vocabulary(field)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_shipped_files())

    def __len__(self) -> int:
        return len(_shipped_files())

    def __contains__(self, field: object) -> bool:
        return field in _shipped_files()


@cache
def shipped() -> Vocabularies:
    """The vocabularies of this package."""
    return Vocabularies()


def extended(folder: Path) -> Vocabularies:
    """The shipped vocabularies and what the `*.toml` of a collection's `vocab` folder add to them.

    An addition is a new term (`code`, `en`; Chinese labels fall back on `en`) or new `synonyms` of an
    existing code. Raises CollectionError, with the file, for anything else.
    """
    grown: dict[str, Vocabulary] = {}
    for path in sorted(folder.glob("*.toml")):
        table = _additions(path)
        field = table.get("field")
        if not isinstance(field, str) or field not in shipped():
            raise CollectionError(
                f"{path}: {field!r} is no field with a vocabulary", "fields: " + ", ".join(shipped())
            )
        before = grown.get(field, shipped()[field])
        try:
            grown[field] = _grow(before, table)
            grown[field].check()
        except CollectionError as error:
            raise CollectionError(f"{path}: {error.message}", error.hint) from None
    return Vocabularies(grown)


def normalize(text: str) -> str:
    """The form in which names are compared; two names with the same form are the same name.

    NFKC, case-folded, without accents, Traditional characters as Simplified (one by one, 癥 as 症),
    pinyin glosses such as 側(cè) taken out, hyphens, commas and white space as one blank (none beside
    a Chinese character), apostrophes, full stops and trade marks dropped. I-II stays apart from III.
    """
    folded = _fold(text)
    if text.isascii():
        return folded
    while folded != (again := _fold(folded)):
        folded = again
    return folded


_DROPPED = dict.fromkeys(
    [
        *map(ord, "®©™℠.'’‘ʼ`\u00ad\ufeff"),
        *range(0x200B, 0x2010),  # zero width and direction marks
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
    ]
)
_BLANK = re.compile(r"(?:[^\w/%+<>=^]|_)+")
_SLASH = re.compile(" ?/ ?")
_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ"
_ACCENTS = dict.fromkeys(range(0x300, 0x370))


_NEGATION = re.compile(r"\b(?:not |no |non ?|un ?|dis ?|in)(?=\w)|[未非不无]")
_FIGURE = re.compile(r"[\d%+<>=^]")
_ROMAN = re.compile(r"(?<![a-z])(?:i{1,3}|iv)(?![a-z])")
_ROMAN_FIGURES = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_SAID_BY_THE_FIELD = re.compile(r"^(?:phase|ph) ?| (?:blind(?:ed)?|masked)$")


def _essence(text: str) -> str:
    """The form in which two texts say exactly the same: `Phase II` and `2`, `Double-Blind` and `double`."""
    bare = _SAID_BY_THE_FIELD.sub("", normalize(text))
    return _ROMAN.sub(lambda match: _ROMAN_FIGURES[match[0]], bare)


def _is_slip(key: str, name: str) -> bool:
    """Whether one is hardly anything but the other misspelled: of short names, two letters swapped."""
    from rapidfuzz.distance import OSA

    if min(len(key), len(name)) < SHORTEST:
        return sorted(key) == sorted(name)
    return OSA.distance(key, name) <= 1 or OSA.normalized_similarity(key, name) >= SURE


def _differ_by_a_negation(one: str, other: str) -> bool:
    """Whether taking the negations out of one of two like names makes them more alike."""
    from rapidfuzz import fuzz

    bare_one, bare_other = _NEGATION.sub("", one), _NEGATION.sub("", other)
    likeness = fuzz.ratio(one, other)
    return fuzz.ratio(bare_one, other) > likeness or fuzz.ratio(one, bare_other) > likeness


def _unit_essence(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _differ_by_a_word(one: str, other: str) -> bool:
    """Whether a word is added, or another word and not the same misspelled; a lost blank is no word."""
    words, others = one.split(), other.split()
    if len(words) != len(others):
        return one.replace(" ", "") != other.replace(" ", "")
    return any(a != b and not _is_slip(a, b) for a, b in zip(words, others, strict=True))


def _is_chinese(text: str) -> bool:
    return not text.isascii() and any("\u3400" <= character <= "\u9fff" for character in text)


@cache
def _chinese_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A pinyin gloss, and a blank beside a Chinese character: compiling them takes 5 ms, so only when met."""
    han = "[\u3400-\u9fff]"
    gloss = rf"(?<={han})(?: ?\((?=[a-zü]{{0,5}}[{_TONED}])[a-zü{_TONED}]{{1,6}}\))+"
    return re.compile(gloss), re.compile(f"(?<={han}) | (?={han})")


def _fold(text: str) -> str:
    if text.isascii():  # which the rest would leave as it is
        text = _BLANK.sub(" ", text.translate(_DROPPED).lower())
        return (_SLASH.sub("/", text) if "/" in text else text).strip()
    text = unicodedata.normalize("NFKC", text.translate(_DROPPED)).casefold().replace("\u2044", "/")
    if chinese := _is_chinese(text):
        gloss, gap = _chinese_patterns()
        text = gloss.sub("", _simplify(text))
    if not text.isascii():
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).translate(_ACCENTS))
    text = _SLASH.sub("/", _BLANK.sub(" ", text))
    return (gap.sub("", text) if chinese else text).strip()


def _simplify(text: str) -> str:
    # One character at a time: by phrases, the result would depend on its neighbors and not be stable.
    characters = "".join(filter(_is_chinese, set(text)))
    return text.translate(str.maketrans(characters, _converter()(characters)))


@cache
def _converter() -> Callable[[str], str]:
    """Traditional to Simplified, character by character: OpenCC, or the vocabulary's own pairs without it."""
    try:
        import opencc
    except ImportError:
        return lambda characters: characters.translate(_own_pairs())
    converter = opencc.OpenCC("t2s")
    return lambda characters: converter.convert("\n".join(characters)).replace("\n", "")


@cache
def _own_pairs() -> dict[int, str]:
    pairs = {ord("癥"): "症"}
    for field in _shipped_files():
        if field == "country":  # whose Traditional names are other words, not other characters
            continue
        for term in _shipped_table(field)["terms"]:
            if len(term["zh_hant"]) == len(term["zh_hans"]):
                for traditional, simplified in zip(term["zh_hant"], term["zh_hans"], strict=True):
                    if traditional != simplified:
                        pairs[ord(traditional)] = simplified
    return pairs


@cache
def _shipped_files() -> dict[str, Traversable]:
    from importlib.resources import files

    found = (files("alscli") / "vocab").iterdir()
    named = {file.name.removesuffix(".toml"): file for file in found if file.name.endswith(".toml")}
    return {field: named[field] for field in sorted(named)}


def _shipped_table(field: str) -> dict[str, Any]:
    import toml_rs  # ten times as fast as tomllib, which counts at every start

    table: dict[str, Any] = toml_rs.loads(_shipped_files()[field].read_text("utf-8"), toml_version="1.0.0")
    return table


@cache
def _shipped_vocabulary(field: str) -> Vocabulary:
    table = _shipped_table(field)
    return Vocabulary(table["field"], table["meaning"], map(_term, table["terms"]))


_LABELS = ("en", "zh_hans", "zh_hant")
_KEYS = ("code", "parent", *_LABELS, "synonyms", "maps_to")


def _term(entry: Mapping[str, Any]) -> Term:
    return Term(
        code=entry["code"],
        parent=entry.get("parent"),
        en=entry["en"],
        zh_hans=entry.get("zh_hans", entry["en"]),
        zh_hant=entry.get("zh_hant", entry.get("zh_hans", entry["en"])),
        synonyms=tuple(entry.get("synonyms", ())),
        maps_to=entry.get("maps_to", {}),
        extra={key: value for key, value in entry.items() if key not in _KEYS},
    )


def _additions(path: Path) -> dict[str, Any]:
    """The table of one file of a collection, as far as its syntax goes."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise CollectionError(f"{path}: larger than 1 MiB", "a vocabulary is a list of terms; split it")
        return tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise CollectionError(f"{path}: {error.strerror or error}", "make the file readable") from None
    except UnicodeDecodeError as error:
        raise CollectionError(f"{path}: not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise CollectionError(f"{path}: not valid TOML: {error}", "mend the syntax there") from None
    except RecursionError:
        raise CollectionError(f"{path}: nested too deeply", "a vocabulary is a flat list of terms") from None


def _grow(vocabulary: Vocabulary, table: Mapping[str, Any]) -> Vocabulary:
    """`vocabulary` with the terms and synonyms of `table`; CollectionError where it is malformed."""
    if unknown := sorted(set(table) - {"field", "meaning", "terms"}):
        raise CollectionError(f"unknown key {unknown[0]!r}", "a vocabulary has field, meaning and [[terms]]")
    entries = table.get("terms", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CollectionError("terms is not a list of tables", "write each term under [[terms]]")
    terms = dict(vocabulary.terms)
    for number, entry in enumerate(entries, start=1):
        code = _checked(entry, f"term {number}")
        if code not in terms:
            if "en" not in entry:
                raise CollectionError(
                    f"term {code!r} is new and has no English label", 'add en = "…", or mend the code'
                )
            terms[code] = _term(entry)
        elif other := sorted(set(entry) - {"code", "synonyms"}):
            raise CollectionError(
                f"term {code!r} exists already; {other[0]} cannot be changed",
                "an existing term takes synonyms, nothing else",
            )
        else:
            known = terms[code]
            terms[code] = replace(known, synonyms=(*known.synonyms, *entry.get("synonyms", ())))
    return Vocabulary(vocabulary.field, vocabulary.meaning, terms.values())


def _checked(entry: Mapping[str, Any], place: str) -> str:
    """The code of `entry`; CollectionError where a key has the wrong type."""
    code = entry.get("code")
    if not isinstance(code, str) or not code.strip():
        raise CollectionError(f"{place} has no code", 'add code = "…"')
    for key in (*_LABELS, "parent"):
        if key in entry and not (isinstance(entry[key], str) and entry[key].strip()):
            raise CollectionError(f"term {code!r}: {key} is not text", f'write {key} = "…"')
    synonyms = entry.get("synonyms", [])
    if not isinstance(synonyms, list) or not all(isinstance(name, str) for name in synonyms):
        raise CollectionError(f"term {code!r}: synonyms is not a list of texts", 'write synonyms = ["…"]')
    maps_to = entry.get("maps_to", {})
    if not isinstance(maps_to, dict) or not all(isinstance(value, str) for value in maps_to.values()):
        raise CollectionError(
            f"term {code!r}: maps_to is not a table of texts", 'write maps_to = { mesh = "…" }'
        )
    return code
