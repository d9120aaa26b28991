"""Identifiers of trials, papers and records: their shapes, their spellings and their pages.

Only shapes are checked. The last pair of a EudraCT or EU CT number is officially a check digit, but no
algorithm is published, and ISRCTN publishes none either: a right shape is no proof that a trial exists.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import unquote, urlsplit

_ICTRP = "https://trialsearch.who.int/Trial2.aspx?TrialID={}"
_ICTRP_JAPAN = "https://trialsearch.who.int/Trial2.aspx?TrialID=JPRN-{}"


@dataclass(frozen=True, slots=True)
class Registry:
    """A trial registry and the shape of its numbers.

    `pattern` is the whole canonical number, in the registry's own casing, for `fullmatch`. `url` has one
    `{}` for the number, or is None where no page can be reached by it. `who_primary`: a primary registry
    of the WHO network, or a member of one (JPRN). `prefix` and `digits` (how many may follow it) serve
    explanations. `spellings` are pairs of a pattern and what to write for its groups; `~` stands for an
    optional separator. `exact_in_text`: too short or too like a word to be recognized in running text
    unless spelled canonically.
    """

    code: str
    name: str
    example: str
    pattern: str
    spellings: tuple[tuple[str, str], ...]
    prefix: str = ""
    digits: tuple[int, ...] = ()
    url: str | None = _ICTRP
    who_primary: bool = True
    exact_in_text: bool = False


@dataclass(frozen=True, slots=True)
class RegistryId:
    """A registry and one of its numbers in canonical spelling."""

    registry: Registry
    value: str

    @property
    def url(self) -> str | None:
        """The page of the trial at its registry, else at ICTRP; None where neither goes by the number."""
        return self.registry.url.format(self.value) if self.registry.url else None

    @property
    def key(self) -> str:
        """What two spellings of one registration share.

        An EU CT number without its version group, an ANZCTR number without the `p` that marks
        prospective registration, else the value.
        """
        if self.registry.code == "ctis":
            return self.value[:14]
        if self.registry.code == "anzctr":
            return self.value.removesuffix("p")
        return self.value

    @property
    def version(self) -> str | None:
        """The version group of an EU CT number (`00`), where it has one."""
        return self.value[15:] or None if self.registry.code == "ctis" else None


# Shapes: tried on 120 real numbers, and those of JapicCTI, JMA, CRIS, CTRI, ReBEC, SLCTR and RPCEC
# compared with the patterns that github.com/maia-sh/ctregistries publishes.
REGISTRIES: tuple[Registry, ...] = (
    Registry(
        code="ctgov",
        name="ClinicalTrials.gov",
        example="NCT03280056",
        pattern=r"NCT[0-9]{8}",
        spellings=((r"NCT~([0-9]{8})", "NCT{}"),),
        prefix="NCT",
        digits=(8,),
        url="https://clinicaltrials.gov/study/{}",
        who_primary=False,
    ),
    Registry(
        code="eudract",
        name="EudraCT",
        example="2011-006254-85",
        # The middle group counts up from 000001 each year; numbers from 500000 on are EU CT numbers.
        pattern=r"20[0-9]{2}-[0-46-9][0-9]{5}-[0-9]{2}",
        spellings=(
            (
                r"(?:(?:EUDRACT|EUCTR)~)?(20[0-9]{2}-[0-46-9][0-9]{5}-[0-9]{2})"
                r"(?:-(?:[A-Z]{2}|3RD|OUTSIDE-EU/EEA))?",
                "{}",
            ),
        ),
        url="https://www.clinicaltrialsregister.eu/ctr-search/search?query={}",
    ),
    Registry(
        code="ctis",
        name="EU CTIS",
        example="2022-500244-37-00",
        pattern=r"20[0-9]{2}-5[0-9]{5}-[0-9]{2}(?:-[0-9]{2})?",
        spellings=(
            (r"(?:(?:CTIS|EUCTR?)~)?(20[0-9]{2}-5[0-9]{5}-[0-9]{2}(?:-[0-9]{2})?)(?:-[A-Z]{2})?", "{}"),
        ),
        url="https://euclinicaltrials.eu/ctis-public/view/{}",
    ),
    Registry(
        code="isrctn",
        name="ISRCTN",
        example="ISRCTN80181452",
        pattern=r"ISRCTN[0-9]{8}",
        spellings=((r"ISRCTN~([0-9]{8})", "ISRCTN{}"),),
        prefix="ISRCTN",
        digits=(8,),
        url="https://www.isrctn.com/{}",
    ),
    Registry(
        code="anzctr",
        name="ANZCTR",
        example="ACTRN12620000449932",
        pattern=r"ACTRN126[0-9]{11}p?",
        spellings=((r"ACTRN~(126[0-9]{11}p?)", "ACTRN{}"),),
        prefix="ACTRN",
        digits=(14,),
        url="https://anzctr.org.au/{}.aspx",
    ),
    Registry(
        code="chictr",
        name="ChiCTR",
        example="ChiCTR2000034346",
        pattern=r"ChiCTR(?:[0-9]{10}|-[A-Z]{2,5}-[0-9]{8})",
        spellings=(
            (r"ChiCTR~([0-9]{10})", "ChiCTR{}"),
            (r"ChiCTR~([A-Z]{2,5})-?([0-9]{8})", "ChiCTR-{}-{}"),
        ),
        prefix="ChiCTR",
        digits=(10,),
    ),
    Registry(
        code="itmctr",
        name="ITMCTR",
        example="ITMCTR2000003943",
        pattern=r"ITMCTR[0-9]{10}",
        spellings=((r"ITMCTR~([0-9]{10})", "ITMCTR{}"),),
        prefix="ITMCTR",
        digits=(10,),
    ),
    Registry(
        code="cde",
        name="CDE China",
        example="CTR20191402",
        pattern=r"CTR20[0-9]{6}",
        spellings=((r"CTR~(20[0-9]{6})", "CTR{}"),),
        prefix="CTR",
        digits=(8,),
        url=None,
        who_primary=False,
        exact_in_text=True,
    ),
    Registry(
        code="jrct",
        name="jRCT",
        example="jRCTs031190226",
        pattern=r"jRCT(?:[0-9]{10}|[a-z][0-9]{9})",
        spellings=((r"(?:JPRN~)?jRCT~([0-9]{10}|[a-z][0-9]{9})", "jRCT{}"),),
        prefix="jRCT",
        digits=(10,),
        url="https://jrct.mhlw.go.jp/latest-detail/{}",
    ),
    Registry(
        code="umin",
        name="UMIN-CTR",
        example="UMIN000039873",
        pattern=r"UMIN[0-9]{9}",
        spellings=((r"(?:JPRN~)?UMIN(?:-?CTR)?~([0-9]{9})", "UMIN{}"),),
        prefix="UMIN",
        digits=(9,),
        url=None,
    ),
    Registry(
        code="japic",
        name="JapicCTI",
        example="JapicCTI-194846",
        pattern=r"JapicCTI-[0-9]{6}",
        spellings=((r"(?:JPRN~)?Japic-?CTI~([0-9]{6})", "JapicCTI-{}"),),
        prefix="JapicCTI-",
        digits=(6,),
        url=_ICTRP_JAPAN,
    ),
    Registry(
        code="jma",
        name="JMACCT",
        example="JMA-IIA00097",
        pattern=r"JMA-IIA[0-9]{5}",
        spellings=((r"(?:JPRN~)?JMA~IIA~([0-9]{5})", "JMA-IIA{}"),),
        prefix="JMA-IIA",
        digits=(5,),
        url=_ICTRP_JAPAN,
    ),
    Registry(
        code="cris",
        name="CRIS",
        example="KCT0000379",
        pattern=r"KCT[0-9]{7}",
        spellings=((r"KCT~([0-9]{7})", "KCT{}"),),
        prefix="KCT",
        digits=(7,),
    ),
    Registry(
        code="ctri",
        name="CTRI",
        example="CTRI/2020/12/029986",
        pattern=r"CTRI/20[0-9]{2}/[0-9]{2,3}/[0-9]{6}",
        spellings=((r"CTRI\s?[/-]\s?(20[0-9]{2})[/-]([0-9]{2,3})[/-]([0-9]{6})", "CTRI/{}/{}/{}"),),
        prefix="CTRI",
    ),
    Registry(
        code="irct",
        name="IRCT",
        example="IRCT20200316046792N1",
        pattern=r"IRCT[0-9]{10,14}N[0-9]{1,3}",
        spellings=((r"IRCT~([0-9]{10,14})N([0-9]{1,3})", "IRCT{}N{}"),),
        prefix="IRCT",
    ),
    Registry(
        code="drks",
        name="DRKS",
        example="DRKS00015863",
        pattern=r"DRKS[0-9]{8}",
        spellings=((r"DRKS~([0-9]{8})", "DRKS{}"),),
        prefix="DRKS",
        digits=(8,),
        url="https://drks.de/search/en/trial/{}",
    ),
    Registry(
        code="ntr",
        name="the Dutch trial register",
        example="NL-OMON55279",
        pattern=r"NL-OMON[0-9]{4,6}|(?:NL|NTR)[0-9]{1,5}",
        spellings=(
            (r"NL-?OMON~([0-9]{4,6})", "NL-OMON{}"),
            (r"NL([0-9]{1,5})", "NL{}"),
            (r"NTR~([0-9]{1,5})", "NTR{}"),
        ),
        prefix="NL",
        exact_in_text=True,
    ),
    Registry(
        code="rebec",
        name="ReBEC",
        example="RBR-28gdtz",
        # All 90 numbers of a ReBEC export begin with a digit; without one, any word would do.
        pattern=r"RBR-(?=[a-z]*[0-9])[0-9a-z]{6,8}",
        spellings=((r"RBR~(?=[a-z]*[0-9])([0-9a-z]{6,8})", "RBR-{}"),),
        prefix="RBR-",
        exact_in_text=True,
    ),
    Registry(
        code="tctr",
        name="TCTR",
        example="TCTR20180508003",
        pattern=r"TCTR20[0-9]{9}",
        spellings=((r"TCTR~(20[0-9]{9})", "TCTR{}"),),
        prefix="TCTR",
        digits=(11,),
    ),
    Registry(
        code="pactr",
        name="PACTR",
        example="PACTR201609001751384",
        pattern=r"PACTR20[0-9]{13,14}",
        spellings=((r"PACTR~(20[0-9]{13,14})", "PACTR{}"),),
        prefix="PACTR",
        digits=(15, 16),
    ),
    Registry(
        code="slctr",
        name="SLCTR",
        example="SLCTR/2018/002",
        pattern=r"SLCTR/20[0-9]{2}/[0-9]{3}",
        spellings=((r"SLCTR\s?[/-]\s?(20[0-9]{2})[/-]([0-9]{3})", "SLCTR/{}/{}"),),
        prefix="SLCTR",
    ),
    Registry(
        code="rpcec",
        name="RPCEC",
        example="RPCEC00000139",
        pattern=r"RPCEC[0-9]{8}",
        spellings=((r"RPCEC~([0-9]{8})", "RPCEC{}"),),
        prefix="RPCEC",
        digits=(8,),
    ),
    Registry(
        code="repec",
        name="REPEC",
        example="PER-001-95",
        pattern=r"PER-[0-9]{3}-[0-9]{2}",
        spellings=((r"PER-([0-9]{3})-([0-9]{2})", "PER-{}-{}"),),
        prefix="PER-",
        exact_in_text=True,
    ),
    Registry(
        code="lbctr",
        name="LBCTR",
        example="LBCTR2019020191",
        pattern=r"LBCTR20[0-9]{8}",
        spellings=((r"LBCTR~(20[0-9]{8})", "LBCTR{}"),),
        prefix="LBCTR",
        digits=(10,),
    ),
)

_LOOSE = re.ASCII | re.IGNORECASE
_DIGIT = re.compile(r"\d")


def _loosen(spelling: str) -> str:
    return spelling.replace("~", r"[\s:#-]{0,2}")


# Compiled on first use: a command that reads the cache needs none of them.
@cache
def _compile_spellings() -> tuple[tuple[Registry, re.Pattern[str], str], ...]:
    return tuple(
        (registry, re.compile(_loosen(spelling), _LOOSE), form)
        for registry in REGISTRIES
        for spelling, form in registry.spellings
    )


@cache
def _compile_canonical() -> re.Pattern[str]:
    return re.compile("|".join(registry.pattern for registry in REGISTRIES))


@cache
def _compile_in_text() -> re.Pattern[str]:
    """Any id in folded running text.

    Bounded by ASCII letters and digits rather than word boundaries: Chinese text has no spaces around a
    number. The last look-ahead keeps ethics numbers (NL26560.042.09) out, and lets a footnote's digit
    follow a full stop. What must be spelled canonically must not follow a hyphen: HCoV-NL63 is a virus.
    """
    shapes = [
        rf"(?<!-)(?-i:{registry.pattern})" if registry.exact_in_text else _loosen(spelling)
        for registry in REGISTRIES
        for spelling, _ in registry.spellings
    ]
    return re.compile(
        rf"(?<![A-Za-z0-9])(?=[A-Za-z2])(?:{'|'.join(dict.fromkeys(shapes))})(?![A-Za-z0-9])(?!\.[0-9]{{3}}\.)",
        _LOOSE,
    )


_REMOVED = dict.fromkeys(
    [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]
)
_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2043, 0x2212], "-")
NOTE_MARK = re.compile(
    "[ª²³¹º\u02b0-\u02b8\u1d2c-\u1d6a\u1d9b-\u1dbf\u2070-\u209c\u2460-\u24ff\u2776-\u2793]"
)
"""What stands above, below or in a circle, as a footnote's mark does: plain, it would be one more digit."""
_LONGEST = 1000
"""No identifier, with its label or its URL, is longer: longer text is refused before it is read."""


def _fold(text: str) -> str:
    """Text with full-width forms and dashes as plain ASCII, and without soft hyphens and invisible marks.

    A footnote's mark would be one more digit: NUL before it keeps it out of every identifier.
    """
    if text.isascii():
        return text
    marked = NOTE_MARK.sub("\0\\g<0>", text.translate(_REMOVED))
    return unicodedata.normalize("NFKC", marked).translate(_DASHES)


def _read(text: str) -> RegistryId | None:
    """The id that the whole of a folded text spells, with spaces anywhere."""
    compact = re.sub(r"\s+", "", text)
    for registry, spelling, form in _compile_spellings():
        if match := spelling.fullmatch(compact):
            case = str.upper if registry.code == "chictr" else str.lower
            return RegistryId(registry, form.format(*map(case, match.groups())))
    return None


_LABEL = (
    r"[\s:;#.,(/-]*(?:clinical\s?trials\.gov|clinical|trials?|registry|register|registration|registered"
    r"|numbers?|no|nr|id|identifiers?|code|nct|eudract|euctr?|eu|ctis|ct|isrctn|anzctr|actrn|chictr"
    r"|umin-ctr|umin|ctr|jprn|jrct|drks|irct|cris|ctri|who|ictrp|[注註][册冊][号號]|登[记記][号號])"
    r"(?![A-Za-z0-9])[\s:;#.]*"
)
_URL = r"(?s:(?:(https?)://)?(?:www\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::[0-9]+)?/(.*))"
_REGISTRY_HOSTS = (
    "clinicaltrials.gov",
    "clinicaltrialsregister.eu",
    "euclinicaltrials.eu",
    "isrctn.com",
    "isrctn.org",
    "doi.org",  # 10.1186/ISRCTN80181452 is the DOI of a registration
    "anzctr.org.au",
    "chictr.org.cn",
    "itmctr.ccebtcm.org.cn",
    "chinadrugtrials.org.cn",
    "jrct.niph.go.jp",
    "jrct.mhlw.go.jp",
    "umin.ac.jp",
    "cris.nih.go.kr",
    "ctri.nic.in",
    "irct.ir",
    "drks.de",
    "trialregister.nl",
    "onderzoekmetmensen.nl",
    "ensaiosclinicos.gov.br",
    "thaiclinicaltrials.org",
    "pactr.samrc.ac.za",
    "slctr.lk",
    "rpcec.sld.cu",
    "ins.gob.pe",
    "lbctr.moph.gov.lb",
    "who.int",
)
# Pages whose address holds the number without its prefix.
_BARE_IN_URL = (
    ("trialregister.nl", r"trial/([0-9]{1,5})/?", "NL{}"),
    ("onderzoekmetmensen.nl", r"(?:[a-z]{2}/)?trial/([0-9]{4,6})/?", "NL-OMON{}"),
    (
        "anzctr.org.au",
        r"Trial/Registration/TrialReview\.aspx\?ACTRN=(126[0-9]{11}p?)",
        "ACTRN{}",
    ),
)


def _is_on(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)


def _read_url(host: str, rest: str) -> RegistryId | None:
    """The one id that the address of a registry's page holds."""
    for domain, pattern, form in _BARE_IN_URL:
        if _is_on(host, domain) and (match := re.fullmatch(pattern, rest, _LOOSE)):
            return _read(form.format(match[1]))
    found = find_registry_ids(unquote(rest))
    return found[0] if len({each.key for each in found}) == 1 else None


@lru_cache(8192)
def parse_registry_id(text: str) -> RegistryId | None:
    """The registry id that a text is, in canonical spelling; None where it is no known registry's shape.

    Strict about the shape, lenient about the form: lower case, spaces, Unicode dashes, full-width
    characters, a label in front (`ClinicalTrials.gov Identifier: …`), ICTRP's spellings (`JPRN-…`,
    `EUCTR2011-006254-85-ES`, `CTIS2022-…`) and the addresses of the registries' own pages are accepted.
    """
    if len(text) > _LONGEST or not _DIGIT.search(text):
        return None
    folded = _fold(text).strip(" \t\r\n.,;:()[]<>\"'")
    if url := re.fullmatch(_URL, folded, _LOOSE):
        scheme, host, rest = url[1], url[2].lower(), url[3]
        if any(_is_on(host, domain) for domain in _REGISTRY_HOSTS):
            return _read_url(host, rest)
        if scheme:
            return None
    for _ in range(8):
        if found := _read(folded):
            return found
        if not (label := re.match(_LABEL, folded, _LOOSE)):
            return None
        folded = folded[label.end() :]
    return None


def is_canonical(text: str) -> bool:
    """Whether a text is exactly what a record's `registry_id` may hold."""
    return _compile_canonical().fullmatch(text) is not None


def find_registry_ids(text: str) -> list[RegistryId]:
    """All registry ids in running text, each once, in order of appearance.

    Narrower than `parse_registry_id`: a space may follow a prefix but not part the digits, and short or
    word-like shapes (CTR…, NL…, NTR…, PER-…, RBR-…) count only in canonical spelling.
    """
    found: dict[str, RegistryId] = {}
    for match in _compile_in_text().finditer(_fold(text)):
        if each := _read(match[0]):
            found.setdefault(each.value, each)
    return list(found.values())


def explain_registry_id(text: str) -> str | None:
    """What is wrong with a text that is nearly a canonical registry id, in one line.

    None for a canonical id, and for a text that resembles no registry's.
    """
    if is_canonical(text) or len(text) > 200:
        return None
    folded = " ".join(_fold(text).split())
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in folded)
    if parsed := parse_registry_id(text):
        return f"{shown} is written {parsed.value}"
    found = find_registry_ids(text)
    if len(found) > 1:
        return f"{len(found)} ids in one: {', '.join(each.value for each in found)}"
    if found:
        return f"{shown} is more than the id {found[0].value}"
    compact = folded.replace(" ", "")
    if parse_utn(compact):
        return f"{shown} is a WHO universal trial number, which no registry assigns: a secondary id"
    if re.fullmatch(r"NL[0-9]{4,6}\.[0-9]{3}\.[0-9]{2}", compact, _LOOSE):
        return f"{shown} is a Dutch ethics number: a secondary id"
    if re.fullmatch(r"R[0-9]{9}", compact, _LOOSE):
        return f"{shown} is UMIN's receipt number; its registry ids are like UMIN000039873"
    if re.fullmatch(r"[0-9]{2,4}-[0-9]{4,8}-[0-9]{1,3}(?:-[0-9]{1,3})?", compact):
        return f"{shown} is no EU number: EudraCT's are like 2011-006254-85, CTIS's like 2022-500244-37-00"
    return _explain_prefixed(shown, compact)


def _explain_prefixed(shown: str, compact: str) -> str | None:
    """What is wrong behind, or in, the letters that a text without spaces begins with."""
    for registry in sorted(REGISTRIES, key=lambda each: -len(each.prefix)):
        size = len(registry.prefix)
        head, rest = compact[:size], compact[size:].lstrip("-:#/")
        if not registry.prefix or sum(map(str.isdecimal, rest)) * 2 < max(len(rest), 1):
            continue
        if head.upper() != registry.prefix.upper():
            if head.isalpha() and size > 2 and sorted(head.upper()) == sorted(registry.prefix.upper()):
                return f"{shown} begins with {head}; {registry.name} ids begin with {registry.prefix}"
            continue
        if registry.digits and rest.isdecimal() and len(rest) not in registry.digits:
            count = " or ".join(map(str, registry.digits))
            digits = "digit" if len(rest) == 1 else "digits"
            return f"{shown} has {len(rest)} {digits} after {registry.prefix}; {registry.name} uses {count}"
        wrong = next((char for char in rest if not char.isdecimal()), None)
        if wrong and len(rest) in registry.digits:
            return f"{shown} has {wrong!r} where {registry.name} has a digit"
        return f"{shown} is not in the form of {registry.name}, such as {registry.example}"
    return None


def parse_utn(text: str) -> str | None:
    """A WHO universal trial number, `U1111-1111-1111`: a secondary id, since no registry assigns it."""
    if len(text) > _LONGEST:
        return None
    match = re.fullmatch(r"(?:UTN[:#]?)?U?(1111-[0-9]{4}-[0-9]{4})", "".join(_fold(text).split()), _LOOSE)
    return f"U{match[1]}" if match else None


_CLOSERS = {")": "(", "]": "[", ">": "<", "}": "{"}


def _cut_tail(doi: str) -> str:
    """A DOI without the punctuation of the sentence around it; brackets stay where they are balanced."""
    while doi:
        last = doi[-1]
        opener = _CLOSERS.get(last)
        if last not in ".,;:'\"([<{" and (opener is None or doi.count(opener) >= doi.count(last)):
            break
        doi = doi[:-1]
    return doi


def parse_doi(text: str) -> str | None:
    """A DOI in the case given (DOIs compare without case); None where it is none.

    Accepts `doi:` and addresses at doi.org, and cuts trailing punctuation. Shape: the registrant's four
    to nine digits without subdivision, as Crossref and DataCite assign them, and any printable suffix.
    """
    if len(text) > _LONGEST:
        return None
    folded = _fold(text).strip().lstrip("\"'<([{")
    if url := re.fullmatch(r"(?:https?://)?(?:dx\.|www\.)?doi\.org/([^?#]*)(?:[?#].*)?", folded, _LOOSE):
        folded = unquote(url[1])
    else:
        folded = re.sub(r"^doi\s*[:=]?\s*", "", folded, flags=_LOOSE)
    doi = _cut_tail(folded)
    return doi if doi.isprintable() and re.fullmatch(r"10\.[0-9]{4,9}/\S+", doi) else None


def doi_url(doi: str) -> str:
    """The address that resolves a DOI, with the characters escaped that an address cannot hold."""
    return "https://doi.org/" + re.sub(
        r'[%"#?<>\\^`{|}\[\]]', lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), doi
    )


def _parse_number(text: str, pattern: str) -> str | None:
    if len(text) > _LONGEST:
        return None
    match = re.fullmatch(pattern, _fold(text).strip(" \t\r\n.,;()[]"), _LOOSE)
    return match[1].upper() if match else None


def parse_pmid(text: str) -> str | None:
    """A PubMed id: one to eight digits, from the number, `PMID: …` or an address at PubMed."""
    return _parse_number(
        text,
        r"(?:PMID\s*[:#]?\s*|(?:https?://)?(?:www\.)?(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed"
        r"|europepmc\.org/(?:article|abstract)/med)/)?([1-9][0-9]{0,7})/?(?:[?#]\S*)?",
    )


def parse_pmcid(text: str) -> str | None:
    """A PubMed Central id, `PMC` and four to eight digits, from the id or an address at PMC."""
    return _parse_number(
        text,
        r"(?:PMCID\s*[:#]?\s*|(?:https?://)?(?:www\.)?(?:pmc\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pmc"
        r"|europepmc\.org)/articles?/(?:PMC/)?)?(PMC[1-9][0-9]{3,7})/?(?:[?#]\S*)?",
    )


def pmid_url(pmid: str) -> str:
    """The page of a paper at PubMed."""
    return f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"


def pmcid_url(pmcid: str) -> str:
    """The page of a paper at PubMed Central."""
    return f"https://pmc.ncbi.nlm.nih.gov/articles/{pmcid}/"


_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:[/?#][!#-;=?-\[\]-~]*)?")
"""Most addresses, for which taking them apart would tell nothing more."""
_NOT_IN_URL = re.compile(r'[\s"<>\\]')


def parse_url(text: str) -> str | None:
    """A web address as given, without the white space around it; None where it is none.

    http or https, a host with a dot, no user name before it, and neither white space, quotes, angle
    brackets, backslashes nor invisible characters within.
    """
    if _PLAIN_URL.fullmatch(text):
        return text
    url = text.strip()
    if not url.isprintable() or _NOT_IN_URL.search(url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    plain = parts.scheme in ("http", "https") and parts.username is None
    return url if plain and "." in host.strip(".") else None


_LONGEST_RECORD_ID = 80
_SUGGESTED = 60
"""Suggestions are cut to this many characters: they are typed."""
# Names that Windows reserves in every folder, whatever follows the first dot:
# learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))]
)
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})


@lru_cache(8192)
def is_safe_record_id(text: str) -> bool:
    """Whether a text can be a record's id and so a file's name anywhere.

    Kebab-case of ASCII letters and digits, at most 80 characters, none of Windows' reserved names.
    """
    return (
        len(text) <= _LONGEST_RECORD_ID
        and text not in _RESERVED
        and re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", text) is not None
    )


def suggest_record_id(text: str) -> str:
    """A safe record id from a title or a registry id; `trial` where no letter or digit can be kept."""
    known = parse_registry_id(text)
    plain = known.key if known else text[:_LONGEST]
    # Apostrophes vanish rather than part a word, and so do the accents that decomposition leaves.
    if plain.isascii():
        letters = plain.lower().replace("'", "").replace("`", "")
    else:
        folded = _fold(plain).casefold().translate(_LETTERS)
        letters = re.sub("['’`\u0300-\u036f]", "", unicodedata.normalize("NFKD", folded))
    words = re.findall(r"[a-z0-9]+", letters)
    suggestion = "-".join(words)
    if len(suggestion) > _SUGGESTED:
        cut = suggestion[: _SUGGESTED + 1]
        suggestion = cut.rpartition("-")[0] or cut[:_SUGGESTED]
    if not suggestion or suggestion in _RESERVED:
        return f"{suggestion}-trial".lstrip("-")
    return suggestion
