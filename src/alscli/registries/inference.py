"""What registries do not say in a field, read from their free text, with the words that support it.

Cell type, donor, route, dose, number and interval of doses, product. Precision before recall: where the text
can be read in two ways, nothing is proposed. Nothing here is written without a person's yes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Literal

from alscli.model.vocabulary import Vocabulary, shipped
from alscli.registries.draft import Draft, Proposal
from alscli.registries.words import LENGTH, NUMBER, length, number_of

Confidence = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of free text of the payload.

    `about` is what it speaks of (`interventions.0`, `arms.1`), empty for the whole study. `closeness`: 0 the
    intervention's or arm's own words, 1 a title, 2 a summary or keywords, 3 a long description.
    """

    path: str
    text: str
    about: str
    closeness: int


@dataclass(frozen=True, slots=True)
class _Hit:
    """A value that some words of a passage support."""

    value: Any
    words: str
    passage: Passage
    start: int = 0


def proposals(values: Mapping[str, Any], passages: Sequence[Passage]) -> list[Proposal]:
    """What the passages say of the interventions and arms of a draft."""
    readable = [
        Passage(each.path, _readable(each.text), each.about, each.closeness)
        for each in passages
        if len(each.text) <= _LONGEST
    ]
    found: list[Proposal] = []
    interventions = values.get("interventions") or []
    arms = values.get("arms") or []
    cells: list[int] = []
    for number, intervention in enumerate(interventions):
        own = _own(readable, number, intervention, arms, alone=_is_alone(interventions, number))
        if intervention.get("modality") in _NO_CELLS and not _names_cells(
            each for each in own if each.about == f"interventions.{number}" and each.path.endswith(_NAMING)
        ):
            continue
        if (hit := _cell_type(own)) is not None:
            cells.append(number)
            found.append(_proposal(f"interventions.{number}.cell_type", hit))
            if intervention.get("modality") not in ("cell", "ev"):
                modality = "ev" if hit.value == "MSC-EV" else "cell"
                found.append(_proposal(f"interventions.{number}.modality", hit, value=modality))
        whose = _whose(own if hit is not None else [each for each in own if _names_whose_cells(each)])
        if len(whose) == 1:
            found.append(_proposal(f"interventions.{number}.donor", whose[0]))
        elif not whose and hit is not None and hit.value in _GIVEN_BY_OTHERS:
            field = f"interventions.{number}.donor"
            found.append(_proposal(field, hit, value="allogeneic", confidence="medium"))
    escalates = values.get("design") == "dose_escalation" and len(arms) == 1
    for number, arm in enumerate(arms):
        found += _schedule(number, arm, interventions, readable, cells, escalates=escalates)
    return found


_LONGEST = 200_000
_NO_CELLS = frozenset(
    {"device", "procedure", "supplement", "bci", "exoskeleton", "rehabilitation", "antibody"}
)
"""What a text about cells does not make cells."""


def _is_alone(interventions: Sequence[Mapping[str, Any]], number: int) -> bool:
    """Whether an intervention is the only one that can be what the study's title speaks of."""
    treatments = [
        position for position, each in enumerate(interventions) if not is_background(each.get("name") or "")
    ]
    return treatments == [number]


def _own(
    passages: Sequence[Passage],
    number: int,
    intervention: Mapping[str, Any],
    arms: Sequence[Mapping[str, Any]],
    *,
    alone: bool,
) -> list[Passage]:
    """The passages about an intervention, nearest first: its own, those of its arms, those of the study.

    The words of an arm or of the study count for it only where nothing else can be meant.
    """
    about = f"interventions.{number}"
    mine = [each for each in passages if each.about == about]
    if is_background(intervention.get("name") or ""):
        return []
    shared: list[Passage] = []
    for position, arm in enumerate(arms):
        given = [line.get("intervention") for line in arm.get("given") or []]
        if given == [intervention.get("id")] or (alone and intervention.get("id") in given):
            shared += [each for each in passages if each.about == f"arms.{position}"]
    of_study = [each for each in passages if not each.about] if alone or _names_cells(mine) else []
    return [*mine, *shared, *sorted(of_study, key=lambda each: each.closeness)]


def _names_cells(passages: Iterable[Passage]) -> bool:
    return any(re.search(r"\bcells?\b|MSCs?\b|细胞|細胞", each.text, re.IGNORECASE) for each in passages)


def _proposal(field: str, hit: _Hit, *, value: Any = None, confidence: Confidence | None = None) -> Proposal:
    sure: Confidence = "high" if hit.passage.closeness <= 1 else "medium"
    stated = hit.value if value is None else value
    return Proposal(field, stated, hit.words, hit.passage.path, confidence or sure)


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SUPERSCRIPT = re.compile("10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")


def _readable(text: str) -> str:
    """The text with powers of ten in digits and without the backslashes of escaped Markdown."""
    if not text.isascii():
        text = _SUPERSCRIPT.sub(lambda match: "10^" + match[1].translate(_SUPERSCRIPTS), text)
        text = text.replace("\u00a0", " ").replace("\u2009", " ")
    return text.replace("\\", "")


# -- what is given ------------------------------------------------------------------------------------

_PLACEBO = re.compile(
    r"\b(?:placebos?|sham|vehicle|excipient|dummy)\b|^(?:normal |sterile |isotonic )?saline"
    r"(?: solution| injection)?$"
    r"|^0?\.9 ?% (?:saline|sodium chloride|nacl)|安慰剂|安慰劑|假手术|^生理盐水",
    re.IGNORECASE,
)
_BACKGROUND = re.compile(
    r"^(?:.*\b(?:isolation|retrieval|harvest\w*|questionnaires?|(?:blood|tissue|fluid) sampl\w*)\b.*|"
    r"riluzole|rilutek|edaravone|radicava|standard(?: of)? care|usual care|best supportive care|"
    r"lumbar puncture|(?:bone[\s-]marrow|fat|adipose(?: tissue)?) "
    r"(?:aspiration|harvest\w*|biopsy|collection)|"
    r"liposuction.*|leuk[ao]pheresis|apheresis|blood (?:draw|sampl\w*|collection)|"
    r"(?:tacrolimus|basiliximab|mycophenolate\w*|methyl?prednisolone|prednisone|cyclosporine?|"
    r"immunosuppress\w*)(?: .*)?|利鲁唑|依达拉奉|标准治疗|常规治疗)$",
    re.IGNORECASE,
)


def is_placebo(text: str) -> bool:
    """Whether an intervention of this name is the feigned one, which no line of an arm names."""
    return bool(_PLACEBO.search(text.strip())) and not re.search(
        r"\bvs\b|versus|\bor placebo", text, re.IGNORECASE
    )


def is_background(name: str) -> bool:
    """Whether an intervention of this name is a harvest, a sampling or what everybody takes besides."""
    return bool(_BACKGROUND.match(name.strip()))


_BY_TYPE = {
    "BIOLOGICAL": "biologic",
    "DRUG": "not_reported",
    "DEVICE": "device",
    "PROCEDURE": "procedure",
    "DIETARY_SUPPLEMENT": "supplement",
    "GENETIC": "gene",
    "BEHAVIORAL": "other",
    "RADIATION": "other",
    "DIAGNOSTIC_TEST": "other",
    "COMBINATION_PRODUCT": "other",
    "OTHER": "other",
}
_MODALITIES = [
    (re.compile(pattern, re.IGNORECASE), modality)
    for pattern, modality in (
        (r"exosomes?\b|extracellular vesicles?|外泌体|囊泡", "ev"),
        (r"\bantisense\b|\btofersen\b|反义", "aso"),
        (r"\bsirna\b|small interfering", "sirna"),
        (r"\baav\d*\b|gene therapy|基因治疗", "gene"),
        (
            r"\b(?:stem|stromal|progenitor|precursor|t|treg|mononuclear|ensheathing|muse|regenerative)[\s-]cells?\b",
            "cell",
        ),
        (
            r"\b(?:hb-?ad|bm-?|ad-?|uc-?|wj-?)?mscs?\b|msc-ntf|\bnurown\b|neuronata|lenzumestrocel|干细胞|幹細胞|细胞移植",
            "cell",
        ),
        (r"\w{3,}mab\b|\bmonoclonal antibod(?:y|ies)\b|单抗", "antibody"),
    )
]


def intervention_modality(kind: str, name: str, others: Sequence[str] = ()) -> str | None:
    """The modality that the registry's type and the intervention's own names say.

    A drug can be a small molecule or not: `not_reported`. None for a type that is not known here.
    """
    if is_background(name):
        return _BY_TYPE.get(kind, "other")
    if kind in ("BIOLOGICAL", "DRUG", "PROCEDURE", "GENETIC", "OTHER", "COMBINATION_PRODUCT"):
        for text in (_folded(each) for each in (name, *others)):
            for pattern, modality in _MODALITIES:
                if pattern.search(text):
                    return modality
    return _BY_TYPE.get(kind)


# -- cell type ----------------------------------------------------------------------------------------


_KEPT = 64
"""Texts of which is kept what was found: each arm and each intervention asks those of the study anew."""


class _Names:
    """The names of a vocabulary's terms, to be found in running text, the longest first."""

    def __init__(self, vocabulary: Vocabulary, *, without: frozenset[str] = frozenset()) -> None:
        self.vocabulary = vocabulary
        self._western: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._chinese: dict[str, str] = {}
        for term in vocabulary.terms.values():
            for name in term.names:
                if name in without:
                    continue
                if not name.isascii():
                    self._chinese.setdefault(name, term.code)
                elif words := tuple(match[0] for match in _tokens(name)):
                    self._western.setdefault(words[0], []).append((words, term.code))
        for names in self._western.values():
            names.sort(key=lambda each: -len(each[0]))
        longest = sorted(self._chinese, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest)))

    def found(self, passage: Passage) -> list[_Hit]:
        """Every name in a passage."""
        return [_Hit(code, words, passage, start) for code, words, start in self._in(passage.text)]

    @lru_cache(_KEPT)  # noqa: B019 - there is one object of the class
    def _in(self, text: str) -> list[tuple[str, str, int]]:
        return list(self._names_in(text))

    def _names_in(self, text: str) -> Iterator[tuple[str, str, int]]:
        matches = _tokens(text)
        words = [match[0] for match in matches]
        at = 0
        while at < len(words):
            for name, code in self._western.get(words[at], ()):
                if tuple(words[at : at + len(name)]) == name:
                    start, end = matches[at].start(), matches[at + len(name) - 1].end()
                    yield code, text[start:end], start
                    at += len(name) - 1
                    break
            at += 1
        if not text.isascii():
            for match in self._pattern.finditer(text):
                yield self._chinese[match[0]], match[0], match.start()


_TOKEN = re.compile(r"[a-z0-9+']+|[.;:()\n]")


def _tokens(text: str) -> list[re.Match[str]]:
    """The words of a text in lower case, and what ends a phrase; a place in them is one in the text."""
    lower = text.casefold() if text.isascii() else _lower(text)
    return list(_TOKEN.finditer(lower))


def _lower(text: str) -> str:
    """Lower case of the same length."""
    lower = text.lower()
    if len(lower) != len(text):  # İ becomes two
        lower = "".join(low if len(low := each.lower()) == 1 else each for each in text)
    return lower.replace("’", "'")


def _folded(text: str) -> str:
    text = text.casefold().replace("’", "'")
    return " ".join(re.sub(r"[-_‐‑–®™/,]+", " ", text).split())


_TOO_SHORT = frozenset({"other", "Muse", "SHED", "ASC", "ASCs", "self", "iPS", "HSCs", "HSC", "CD34+"})


@cache
def _cell_names() -> _Names:
    return _Names(shipped()["cell_type"], without=_TOO_SHORT)


_EXCLUDED = re.compile(
    r"(?:prior|previous|history of|exclu\w+|not|no|without|never|rather than|instead of|unlike|既往|排除)"
    r"(?:[\s\w,-]{0,40})$",
    re.IGNORECASE,
)
_TISSUES = [
    (re.compile(pattern, re.IGNORECASE), code)
    for pattern, code in (
        (r"wharton'?s?[\s-]+jelly|沃顿胶|华通", "WJ-MSC"),
        (r"(?:umbilical[\s-]+)?cord[\s-]+blood|脐带?血", "UCB-MSC"),
        (r"umbilical[\s-]+cord(?![\s-]+blood)|脐带(?!血)", "UC-MSC"),
        (r"bone[\s-]+marrow|\biliac crest|骨髓", "BM-MSC"),
        (r"adipose|\bbody fat\b|\bfat tissue|lipoaspirat|脂肪", "AD-MSC"),
        (r"placent\w+|amnio\w+|胎盘|羊膜", "PL-MSC"),
        (r"dental[\s-]+pulp|牙髓", "DP-MSC"),
    )
]


def _cell_type(passages: Sequence[Passage]) -> _Hit | None:
    """The one cell type that the nearest passages name, made more precise by further ones."""
    names = _cell_names()
    vocabulary = names.vocabulary
    best: _Hit | None = None
    for closeness in range(3):
        hits = [
            hit
            for passage in passages
            if passage.closeness == closeness
            for hit in names.found(passage)
            if not _denied(hit) and (hit.value != "other-cell" or passage.path.endswith(_NAMING))
        ]
        codes = _most_precise({hit.value for hit in hits}, vocabulary)
        if best is not None:
            codes = {
                code
                for code in codes
                if best.value in vocabulary.ancestors(code) or best.value == "other-cell"
            }
            codes.discard("other-cell")
        if len(codes) == 1:
            code = codes.pop()
            best = next(hit for hit in hits if hit.value == code)
        elif codes and best is None:
            common = _common(codes, vocabulary)
            if common is None:
                return None
            best = _Hit(common, next(hit.words for hit in hits), hits[0].passage)
    if best is not None and best.value == "MSC":
        return _by_tissue(best, passages)
    return best


_NAMING = (".name", ".otherNames")
"""Where `stem cells` alone names what is given; elsewhere it is what a text talks about."""


def _denied(hit: _Hit) -> bool:
    """Whether the words before a hit deny it: `prior stem cell therapy` is the commonest false one."""
    sentence = re.split(r"[.;\n。；]", hit.passage.text[: hit.start])[-1]
    return hit.passage.closeness >= 1 and bool(_EXCLUDED.search(sentence))


def _most_precise(codes: set[str], vocabulary: Vocabulary) -> set[str]:
    above = {parent for code in codes for parent in vocabulary.ancestors(code)}
    precise = codes - above
    return precise - {"other-cell"} if len(precise) > 1 else precise


def _common(codes: set[str], vocabulary: Vocabulary) -> str | None:
    """The narrowest term above all of these."""
    lines = [[code, *vocabulary.ancestors(code)] for code in codes]
    shared = [code for code in lines[0] if all(code in line for line in lines[1:])]
    return shared[0] if shared else None


def _by_tissue(hit: _Hit, passages: Sequence[Passage]) -> _Hit:
    """A mesenchymal stem cell with the one tissue that the texts name for it, else as it is."""
    for closeness in range(4):
        found: dict[str, _Hit] = {}
        for passage in passages:
            if passage.closeness != closeness:
                continue
            for pattern, code in _TISSUES:
                if match := pattern.search(passage.text):
                    sentence = _sentence(passage.text, match.start())
                    if re.search(r"cell|MSC|aspirat|harvest|biops|细胞|細胞", sentence, re.IGNORECASE):
                        found.setdefault(code, _Hit(code, match[0], passage))
        if set(found) == {"UC-MSC", "WJ-MSC"}:
            del found["UC-MSC"]
        if len(found) == 1:
            (only,) = found.values()
            # A tissue away from the cells' own name may be that of another cell.
            return _Hit(only.value, only.words, Passage(only.passage.path, "", "", max(2, closeness)))
        if found:
            return hit
    return hit


def _sentence(text: str, at: int) -> str:
    start = max(text.rfind(mark, 0, at) for mark in (". ", "\n", "。", ";", "；")) + 1
    ends = [end for mark in (". ", "\n", "。", ";", "；") if (end := text.find(mark, at)) >= 0]
    return text[start : min(ends, default=len(text))]


# -- donor --------------------------------------------------------------------------------------------

_AUTOLOGOUS = re.compile(
    r"\bautologous(?:ly)?\b(?!\s+(?:serum|plasma|blood|csf|cerebrospinal|platelet))"
    r"|\b(?:patient|subject|participant)s?['’]?s?\s+own\b"
    r"|\b(?:his|her|their) own (?:body|fat|bone|stem|adipose|cells?)"
    r"|\b(?:taken|obtained|harvested|collected) from (?:the |each )?(?:patient|subject|participant)\b"
    r"|\b(?:patients?|subjects?|participants?)\b[^.;\n]{0,60}\bunder(?:went|go|going)\b[^.;\n]{0,30}"
    r"\bbone[\s-]marrow (?:aspirat|harvest)\w*"
    r"|自体(?!血清|血浆)|自體",
    re.IGNORECASE,
)
_ALLOGENEIC = re.compile(
    r"\ballogen(?:e?ic|eous)\b|\bunrelated donors?\b|\bhealthy donors?\b|\bthird[\s-]party donor"
    r"|异体|異體|异基因",
    re.IGNORECASE,
)
_GIVEN_BY_OTHERS = frozenset(
    {
        *("UC-MSC", "WJ-MSC", "UCB-MSC", "PL-MSC", "UCB-MNC"),
        *("fetal-spinal-NSC", "fetal-brain-NSC", "NPC-GDNF", "ESC", "ESC-astrocyte"),
    }
)


def _whose(passages: Sequence[Passage]) -> list[_Hit]:
    """Whose cells they are, as the nearest passages say that say it; both are none that can be proposed."""
    for closeness in range(4):
        found: dict[str, _Hit] = {}
        for passage in passages:
            if passage.closeness == closeness:
                for pattern, code in ((_AUTOLOGOUS, "autologous"), (_ALLOGENEIC, "allogeneic")):
                    for match in pattern.finditer(passage.text):
                        before = re.split(r"[.;\n]", passage.text[: match.start()])[-1]
                        if not _NOT_SO.search(before):
                            found.setdefault(code, _Hit(code, match[0], passage))
        if found:
            return list(found.values())
    return []


_NOT_SO = re.compile(r"\b(?:not|non|no|prior|previous|history of)[\s-]*$", re.IGNORECASE)
_WHOSE_CELLS = re.compile(
    r"\b(?:autologous|allogen(?:e?ic|eous))\s(?:[\w/-]+\s){0,6}(?:cells?|lymphocytes?)\b"
    r"|(?:自体|自體|异体|異體|同种异体)[^。；,，]{0,12}(?:细胞|細胞)",
    re.IGNORECASE,
)


def _names_whose_cells(passage: Passage) -> bool:
    """Whether a name or a title says whose cells are given, of whatever type they are."""
    return passage.closeness <= 1 and _WHOSE_CELLS.search(passage.text) is not None


# -- route --------------------------------------------------------------------------------------------

_ROUTES = [
    ([stem.replace("_", " ") for stem in stems.split()], re.compile(pattern, re.IGNORECASE), code)
    for stems, pattern, code in (
        (
            "thec subarach 鞘 蛛网膜",
            r"\bintra[\s-]?thec\w+|\bsubarachnoid\w*|鞘内|鞘內|蛛网膜下腔",
            "intrathecal",
        ),
        (
            "spinal medullary 脊髓",
            r"\bintra[\s-]?spinal\w*|\bintra[\s-]?medullary\b|(?:lumbar|cervical|thoracic)\s+spinal\s+cord"
            r"|spinal cord (?:injections?\b(?! of)|gr[ae]y matter)|脊髓内",
            "intraspinal",
        ),
        (
            "ventricular ommaya 脑室",
            r"\bintra[\s-]?(?:cerebro[\s-]?)?ventricular\w*|\bommaya\b|脑室",
            "intracerebroventricular",
        ),
        (
            "cerebral cortical cortex 脑内",
            r"\bintra[\s-]?cerebral(?:ly)?\b|\bintra[\s-]?cortical\w*|\bmotor cortex\b|脑内注射",
            "intracerebral",
        ),
        (
            "venous vein iv_inf iv_inj iv_adm i.v (iv) 静脉 靜脈",
            r"\bintra[\s-]?ven(?:ous(?:ly)?)\b|\b(?:peripheral|cubital|antecubital)\s+vein\b"
            r"|\bI\.?V\.? (?:infusion|injection|administration)"
            r"|\((?:IV|i\.v\.)\)|静脉|靜脈",
            "intravenous",
        ),
        (
            "muscular (im (i.m 肌",
            r"\bintra[\s-]?muscular(?:ly)?\b|\((?:IM|i\.m\.)\)|肌内|肌肉注射",
            "intramuscular",
        ),
        ("nasal 鼻", r"\bintra[\s-]?nasal(?:ly)?\b|\bnasal (?:drops|spray)|经鼻|鼻内|滴鼻", "intranasal"),
        ("arterial 动脉", r"\bintra[\s-]?arterial(?:ly)?\b|动脉", "intra_arterial"),
        ("epidural 硬膜外", r"\bepidural(?:ly)?\b|硬膜外", "epidural"),
        ("cutaneous 皮下", r"\bsub[\s-]?cutaneous(?:ly)?\b|皮下", "subcutaneous"),
        (
            "oral per_os mouth tablet capsule 口服",
            r"\boral(?:ly)?\b|\bper os\b|\bby mouth\b|\b(?:tablet|capsule)s?\b|口服",
            "oral",
        ),
        ("inhal 吸入", r"\binhal(?:ed|ation)\b|吸入", "inhaled"),
        ("transdermal", r"\btransdermal(?:ly)?\b", "transdermal"),
    )
]
_PUNCTURE = re.compile(r"lumbar\s+puncture|spinal\s+tap|腰椎?穿", re.IGNORECASE)
_GIVING = re.compile(
    r"inject|infus|administ|transplant|deliver|implant|inoculat|graft|given|via|through|by\s+(?:a\s+)?(?:standard\s+)?"
    r"lumbar|注射|给药|移植|输注|回输",
    re.IGNORECASE,
)
_NOT_GIVING = re.compile(
    r"aspirat|harvest|biops|collect|sampl|anaesth|anesth|contraindicat|contrast|premedicat|sedat|采集|抽取",
    re.IGNORECASE,
)


_CORD = re.compile(
    r"\bcord\b|laminectom|surg|parenchym|gr[ae]y matter|anterior horn|microinject|脊髓", re.IGNORECASE
)


def _routes(passages: Iterable[Passage]) -> dict[str, _Hit]:
    """Every route that the passages name, but for harvests, samples and anesthesia."""
    found: dict[str, _Hit] = {}
    for passage in passages:
        for code, words in _routes_in(passage.text).items():
            found.setdefault(code, _Hit(code, words, passage))
    # "Intraspinal delivery into the cerebrospinal fluid" and "intraspinal … intrathecal" of one dose.
    if {"intraspinal", "intrathecal"} <= set(found):
        words = found["intraspinal"].passage.text
        if not re.search(
            r"spinal\s+cord|intra[\s-]?spinal(?:ly)?\s+and|and\s+\d?\s*intra[\s-]?thecal|gr[ae]y matter",
            words,
            re.IGNORECASE,
        ):
            found.pop("intraspinal")
    return found


@lru_cache(_KEPT)
def _routes_in(text: str) -> dict[str, str]:
    """The routes that a text names, with the words."""
    found: dict[str, str] = {}
    lower = text.casefold()
    for stems, pattern, code in _ROUTES:
        for stem in stems:
            if stem in lower:
                break
        else:
            continue
        for match in pattern.finditer(text):
            around = _clause(text, match.start(), match.end())
            if not (_NOT_GIVING.search(around) and not _GIVING.search(around)) and not _is_spared(
                around, match[0]
            ):
                found.setdefault(code, match[0])
    near = "punct" in lower or "tap" in lower or "穿" in lower
    if near and (puncture := _PUNCTURE.search(text)):
        clause = _clause(text, puncture.start(), puncture.end())
        if _GIVING.search(clause) and not _NOT_GIVING.search(clause):
            found.setdefault("intrathecal", puncture[0])
    return found


def _clause(text: str, start: int, end: int) -> str:
    before = re.split(r"[.;\n。；，]\s", text[:start])[-1]
    after = re.split(r"[.;\n。；，](?:\s|$)", text[end:])[0]
    return before[-90:] + text[start:end] + after[:90]


def _is_spared(clause: str, words: str) -> bool:
    return bool(
        re.search(rf"(?:not|without|no|prior|previous|oral)\s+{re.escape(words)}", clause, re.IGNORECASE)
    ) and (words.casefold() not in ("oral", "orally") or "not" in clause)


# -- doses --------------------------------------------------------------------------------------------

_NUM = r"(\d{1,3},\d{1,2}(?!\d)|\d{1,4}(?:,\d{3})*(?:\.\d+)?)"
_DOSE = re.compile(
    _NUM + r"(?:\s*±\s*[\d.]+|\s*(?:[-–~至]|to)\s*" + _NUM + r")?\s*"
    r"(?:[×xX*]\s*10\s*(?:\^|'|exp|E|\*\*)?\s*\(?(\d{1,2})(?!\d)\)?|[×xX*]?\s*E\s*(\d{1,2})(?!\d)"
    r"|(million|billion|mio)\b|([万亿萬億]))",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"\d{1,3},\d{1,2}")
_IN_FULL = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3}){1,4})(?![\d,]|\.\d)")
"""`30,000,000 cells`"""
_LOST = re.compile(r"[×xX*]\s*10\s*[?？�]|\d\s*[×xX]\s*10(?![\d^'*e⁰-⁹])\s*(?:个|個|cells)", re.IGNORECASE)
_OF_CELLS = re.compile(
    r"^\W{0,3}(?:of\s+)?(?:\(?[\w.-]+\s+){0,6}?(?:cells?|[A-Za-z-]*MSCs?|Tregs?|NSCs?|MNCs?)\b|^\s*(?:个|個)?(?:活)?(?:[细細]胞|间充质|MSC)|^\s*[个個]",
    re.IGNORECASE,
)
_PER_KG = re.compile(
    r"(?:/\s*kg|per\s+kg|per\s+kilogram|\bkg-1|/\s*公斤|/\s*千克|每公斤|每千克)", re.IGNORECASE
)
_VG = re.compile(r"^\W{0,3}(?:vg|vector genomes?|viral genomes?)\b", re.IGNORECASE)
_MG = re.compile(r"(?<![\w.])" + _NUM + r"\s*(mg|毫克)(?![a-z])(?!\s*/\s*(?:m2|m²|dl|l|ml))", re.IGNORECASE)
_POWERS = {"million": 6, "mio": 6, "billion": 9, "万": 4, "萬": 4, "亿": 8, "億": 8}
_CUMULATIVE = re.compile(
    r"\b(?:total|cumulative|altogether|harvest\w*|at least|minimum|more than|up to)\b|总共|合计",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """The amount of one administration."""

    low: int | Decimal
    high: int | Decimal | None
    unit: str


def amounts(text: str) -> list[tuple[Amount, str]]:
    """The doses that a text states, with their words; flattened powers (`30 × 106 cells`) are read as such.

    A power whose exponent is lost (`1×10?`), and `10x6`, say no number and give nothing.
    """
    if not any(each in text for each in "0123456789"):
        return []
    text = _readable(text)
    if _is_lost(text):
        return []
    found: list[tuple[Amount, str]] = []
    for low, high, exponent, start, end in _numbers(text):
        rest = text[end : end + 80]
        unit = _unit_of(rest, _sentence(text, start))
        if unit is None:
            continue
        least, most = _times(low, exponent), _times(high, exponent) if high else None
        if most is not None and most <= least:
            continue
        kind = _PER_KG.search(rest)
        words = text[start : end + min(len(rest), kind.end() if kind and kind.end() < 40 else 14)]
        found.append((Amount(least, most, unit), words.strip()))
    return found


def _numbers(text: str) -> Iterator[tuple[str, str | None, int, int, int]]:
    """Every large number: its digits, those of the end of a range, the power of ten, where it stands."""
    for match in _DOSE.finditer(text):
        low, high, power, short, word, chinese = match.groups()
        exponent = int(power or short or 0) or _POWERS.get((word or chinese or "").casefold(), 0)
        if 3 <= exponent <= 16:
            yield low, high, exponent, match.start(), match.end()
    for match in _IN_FULL.finditer(text):
        yield match[1], None, 0, match.start(), match.end()


def _is_lost(text: str) -> bool:
    """Whether a power of ten has lost its exponent."""
    return "10" in text and _LOST.search(text) is not None


def _times(digits: str, exponent: int) -> int | Decimal:
    plain = digits.replace(",", ".") if _DECIMAL_COMMA.fullmatch(digits) else digits.replace(",", "")
    value = Decimal(plain).scaleb(exponent)
    return int(value) if value == value.to_integral_value() else value


def _unit_of(rest: str, sentence: str) -> str | None:
    if _VG.match(rest):
        return "vg/kg" if _PER_KG.search(rest[:25]) else "vg"
    near = re.split(r"[.;\n。；](?:\s|$)", rest)[0]
    if _PER_KG.match(near.lstrip(" )")):
        return "cells/kg" if re.search(r"cell|MSC|细胞", sentence, re.IGNORECASE) else None
    if _OF_CELLS.match(rest):
        return "cells/kg" if _PER_KG.search(near) else "cells"
    return None


_COUNT_OF = re.compile(
    rf"(?<!between )\b(twice)\b(?!\s+(?:a|an|per|daily|weekly|each|every)\b)"
    rf"|(?<!between )\b({NUMBER})\s+"
    r"(?:(?:intra[\s-]?\w+|consecutive|repeated|separate|monthly|weekly|equal|IT|IV|lumbar|stem|cell|MSC)"
    r"\s+(?:\(\w+\)\s+)?){0,3}"
    r"(injections?|administrations?|infusions?|doses?|transplantations?|treatments?|applications?|times)\b"
    r"|共\s*(\d+|[一二两三四五六七八九十])\s*次|(\d+|[一二两三四五六七八九十])\s*次(?:注射|给药|移植|输注|鞘内)",
    re.IGNORECASE,
)
_EVERY = re.compile(
    rf"\bevery\s+({LENGTH})|\bevery\s+(month|week|day)\b|\b(?:at|in|with)\s+(?:an?\s+)?(?:intervals?\s+of\s+)?({LENGTH})[\s-]+intervals?\b"
    rf"|\bintervals?\s+of\s+({LENGTH})|\bseparated\s+by\s+({LENGTH})|\b({LENGTH})\s+apart\b"
    r"|\bonce\s+(?:per|a|every|each)\s+(month|week|day)\b"
    r"|每\s*(?:隔)?\s*((?:\d+|[一二两三四五六七八九十])\s*(?:个月|周|天|月))",
    re.IGNORECASE,
)
_OF_DOSES = re.compile(
    r"inject|infus|admin|dos|treat|transplant|cells?\b|give|receiv|IT\b|IV\b|次|注射|给药|移植|输",
    re.IGNORECASE,
)
_AMBIGUOUS = re.compile(r"\bbi[\s-]?(?:monthly|weekly)\b", re.IGNORECASE)


@lru_cache(_KEPT)
def interval(text: str) -> tuple[str, str] | None:
    """The one interval between doses that a text states, with its words; bimonthly is none."""
    found: dict[str, str] = {}
    lower = text.casefold()
    if not any(each in lower for each in ("every", "interval", "apart", "separated", "once", "每")):
        return None
    for match in _EVERY.finditer(text):
        if not _OF_DOSES.search(_clause(text, match.start(), match.end())):
            continue
        said = next(each for each in match.groups() if each)
        if (one := length(f"1 {said}" if said.casefold() in ("month", "week", "day") else said)) is not None:
            found.setdefault(one, match[0])
    several = len(found) != 1 or _AMBIGUOUS.search(text) or _STRETCHES.search(text)
    return None if several else next(iter(found.items()))


@lru_cache(_KEPT)
def dose_count(text: str) -> tuple[int, str] | None:
    """How many administrations a text states, where it states one number, with its words.

    `A total of` says of several numbers which it is.
    """
    lower = text.casefold()
    if not any(each in lower for each in _COUNTED):
        return None
    if "a total of" in lower and not _STRETCHES.search(text):
        totals = {number_of(match[1]): match[0] for match in _IN_ALL.finditer(text)}
        if len(totals) == 1 and (total := next(iter(totals))) is not None:
            return total, totals[total]
    found: dict[int, str] = {}
    if "once" in lower and (once := _ONCE.search(text)):
        found[1] = once[0]
    for match in _COUNT_OF.finditer(text):
        said = next(each for each in (match[1], match[2], match[4], match[5]) if each).casefold()
        count = number_of(said)
        if re.search(r"(?:\bor|\bto|[-–])\s*$", text[: match.start()]):
            return None
        if match[3] and not match[3].casefold().endswith("s") and said not in ("single", "one", "1"):
            continue
        if said in ("a", "an", "once", "double"):
            continue
        if count is not None and 1 <= count <= 100:
            found.setdefault(count, match[0])
    return next(iter(found.items())) if len(found) == 1 and not _STRETCHES.search(text) else None


_IN_ALL = re.compile(
    rf"\ba total of ({NUMBER})\s+(?:[\w-]+\s+){{0,2}}?"
    r"(?:injections|administrations|infusions|doses|transplantations|treatments)\b",
    re.IGNORECASE,
)
_ONCE = re.compile(
    r"\bonce\s+(?:intra\w+\s+)?(?:injection|infusion|administration)\b"
    r"|\b(?:injected|infused|administered|given|transplanted|(?:injection|infusion|administration))"
    r"\s+once\b(?!\s+(?:an?|per|every|each|daily|weekly|monthly|the|they|it)\b)",
    re.IGNORECASE,
)
_COUNTED = ("inject", "admin", "infus", "dose", "transplant", "treatment", "applic", "times", "twice", "次")
_STRETCHES = re.compile(r"\bfollowed\s+by\b|\bthen\b|随后|然后", re.IGNORECASE)
"""A schedule of several stretches has no one number and no one interval."""


def _schedule(
    number: int,
    arm: Mapping[str, Any],
    interventions: Sequence[Mapping[str, Any]],
    passages: Sequence[Passage],
    cells: Sequence[int],
    *,
    escalates: bool,
) -> Iterator[Proposal]:
    """Route, dose, number and interval of doses for the one treatment of an arm."""
    positions = {each["id"]: position for position, each in enumerate(interventions)}
    lines = [
        (place, positions[line["intervention"]])
        for place, line in enumerate(arm.get("given") or [])
        if line.get("intervention") in positions
        and not is_background(interventions[positions[line["intervention"]]].get("name") or "")
    ]
    if len(lines) != 1:
        return
    ((place, intervention),) = lines
    at = f"arms.{number}.given.{place}"
    own = [each for each in passages if each.about in (f"arms.{number}", f"interventions.{intervention}")]
    levels = [own]
    if _is_alone(interventions, intervention):
        levels += [
            [each for each in passages if not each.about and each.closeness == level] for level in (1, 2, 3)
        ]
    modality = interventions[intervention].get("modality")
    is_cells = intervention in cells or modality == "cell"
    if modality in _WITHOUT_DOSES and not is_cells:
        return
    routes = list(_route_of(at, number, arm, place, levels, _NEVER_CELLS if is_cells else frozenset()))
    yield from routes
    if any(not each.field.endswith(".route") for each in routes):
        return  # several lines: which of them a dose or a number belongs to is not said
    # Cohorts of different doses that are not arms of their own have no one dose.
    yield from _dose_of(at, levels[:1] if escalates else levels, is_cells=is_cells)
    if not escalates:
        of_study = [each for level in levels[2:] for each in level]
        yield from _count_and_interval(at, own, of_study)


_WITHOUT_DOSES = frozenset({"device", "procedure", "bci", "exoskeleton", "rehabilitation"})
"""What is neither given by a route nor measured in doses."""
_NEVER_CELLS = frozenset({"oral", "subcutaneous", "inhaled", "transdermal"})
"""Routes of other drugs in a text about cells."""


def _route_of(
    at: str,
    number: int,
    arm: Mapping[str, Any],
    place: int,
    levels: Sequence[Sequence[Passage]],
    never: frozenset[str],
) -> Iterator[Proposal]:
    for level, passages in enumerate(levels):
        routes = {code: hit for code, hit in _routes(passages).items() if code not in never}
        if not routes:
            continue
        sure: Confidence = "high" if level <= 1 else "medium"
        if len(routes) == 1:
            (hit,) = routes.values()
            if hit.value == "intraspinal" and not any(
                _CORD.search(each.text) for level_passages in levels for each in level_passages
            ):
                sure = "low"  # said of injections into the fluid too
            yield _proposal(f"{at}.route", hit, confidence=sure)
        elif level <= 1 and len(routes) == 2 and len(arm["given"]) == 1:
            line = dict(arm["given"][place])
            hits = list(routes.values())
            words = " … ".join(hit.words for hit in hits)
            lines = [{**line, "route": hit.value} for hit in hits]
            yield Proposal(f"arms.{number}.given", lines, words, hits[0].passage.path, "medium")
        return


def _dose_of(at: str, levels: Sequence[Sequence[Passage]], *, is_cells: bool) -> Iterator[Proposal]:
    for level, passages in enumerate(levels):
        found: dict[Amount, tuple[str, Passage]] = {}
        for passage in passages:
            if _is_lost(passage.text):
                return
            stated = amounts(passage.text) if is_cells or level == 0 else []
            if not is_cells:
                stated += _milligrams(passage.text)
            for amount, words in stated:
                found.setdefault(amount, (words, passage))
        if not found:
            continue
        if any(_VARIES.search(passage.text) for _, passage in found.values()):
            return
        per_kg = {Amount(each.low, each.high, "cells/kg") for each in found}
        if len(found) > 1 and len(per_kg) > 1:
            return
        # A name that drops `per kg` where the description has it.
        amount = max(found, key=lambda each: each.unit == "cells/kg")
        words, passage = found[amount]
        sentence = _sentence(passage.text, max(passage.text.find(words), 0))
        plain = level == 0 and len(found) == 1 and not _CUMULATIVE.search(sentence)
        sure: Confidence = "high" if plain else "medium"
        yield Proposal(f"{at}.low", amount.low, words, passage.path, sure)
        if amount.high is not None:
            yield Proposal(f"{at}.high", amount.high, words, passage.path, sure)
        yield Proposal(f"{at}.unit", amount.unit, words, passage.path, sure)
        return


_VARIES = re.compile(
    r"\bsubsequent (?:doses?|injections?|infusions?)\b|\bmay be (?:reduced|increased|adjusted)\b|\btitrat",
    re.IGNORECASE,
)
"""Where the amount changes in the course of the treatment, one line does not tell it."""


def _milligrams(text: str) -> list[tuple[Amount, str]]:
    found: list[tuple[Amount, str]] = []
    if "mg" not in text.casefold() and "毫克" not in text:
        return found
    for match in _MG.finditer(text):
        rest = text[match.end() : match.end() + 12]
        unit = "mg/kg" if _PER_KG.match(rest.lstrip()) else "mg"
        words = match[0] + (rest[:3] if unit == "mg/kg" else "")
        found.append((Amount(_times(match[1], 0), None, unit), words))
    return found


def _count_and_interval(at: str, own: Sequence[Passage], of_study: Sequence[Passage]) -> Iterator[Proposal]:
    count = _said_once(f"{at}.doses", dose_count, own, of_study)
    if count is not None and count.value == 1:
        several = [each for each in of_study if (dose_count(each.text) or (1,))[0] > 1]
        if several:  # a single dose each time, of several
            count = _said_once(f"{at}.doses", dose_count, (), several)
            if count is None:
                return
    if count is not None:
        yield count
    ambiguous = any(_AMBIGUOUS.search(each.text) for each in own)
    if not ambiguous and (count is None or count.value != 1):
        every = _said_once(f"{at}.every", interval, own, of_study)
        if every is not None:
            yield every


def _said_once(
    field: str,
    reader: Callable[[str], tuple[object, str] | None],
    own: Sequence[Passage],
    of_study: Sequence[Passage],
) -> Proposal | None:
    """What the reader finds in the own passages, else in those of the study, where it is one thing."""
    for passages, sure in ((own, "high"), (of_study, "medium")):
        hits = [(found, each) for each in passages if (found := reader(each.text)) is not None]
        if len({found[0] for found, _ in hits}) == 1:
            (value, words), passage = hits[0]
            return Proposal(field, value, words, passage.path, "high" if sure == "high" else "medium")
        if hits:
            return None
    return None


# -- product ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the collection: by what names it goes, and who develops it."""

    id: str
    names: tuple[str, ...]
    developer: str | None = None


def product_proposals(draft: Draft, products: Iterable[Product]) -> list[Proposal]:
    """Products of the collection that the names of the interventions say.

    One alias may name two products (NP001 does), so a name alone gives medium, with its developer as the
    sponsor high, and two products with the name nothing.
    """
    found: list[Proposal] = []
    by_name: dict[str, list[Product]] = {}
    for product in products:
        for name in product.names:
            if len(key := _folded(name)) > 2:
                by_name.setdefault(key, []).append(product)
    sponsors = _folded(str(draft.values.get("sponsor", {}).get("name", "")))
    for number, each in enumerate(draft.values.get("interventions") or []):
        names = _folded("\n".join([each.get("name", ""), *each.get("aliases", [])]))
        hits = {
            product.id: (product, name)
            for name, products_ in by_name.items()
            if re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", names)
            for product in products_
        }
        of_sponsor = {key: hit for key, hit in hits.items() if _same_house(hit[0].developer, sponsors)}
        chosen = of_sponsor or hits
        if len(chosen) == 1:
            ((product, name),) = chosen.values()
            path = draft.paths.get(f"interventions.{number}.name", "")
            sure: Confidence = "high" if of_sponsor else "medium"
            found.append(Proposal(f"interventions.{number}.product", product.id, name, path, sure))
    return found


def _same_house(developer: str | None, sponsor: str) -> bool:
    words = _folded(developer or "").split()
    return bool(words) and len(words[0]) > 2 and words[0] in sponsor.split()
