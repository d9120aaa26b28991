"""Regulatory history: steps in their order, of agencies that take them, and not called what they are not."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from alscli.check.expression import deferred
from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.rules.claims import sentences, without_quotations
from alscli.check.rules.design import phase_in
from alscli.check.subject import Subject
from alscli.model.product import Event, Product
from alscli.model.values import PartialDate, known, listed
from alscli.model.vocabulary import shipped

# One body assesses and another decides; for the order of steps they are one.
_AUTHORITY = {"EC": "EMA", "MHLW": "PMDA"}
_APPLICATIONS = ("bla_submitted", "nda_submitted", "maa_submitted")
_CLEARANCES = frozenset({"ind_cleared", "cta_authorized"})
_APPROVALS = frozenset({"approval", "conditional_approval", "accelerated_approval"})
_BEFORE = {
    "ind_accepted": ("ind_submitted",),
    "ind_cleared": ("ind_accepted", "ind_submitted"),
    "approval": _APPLICATIONS,
}


def _indication(event: Event, product: Product) -> str | None:
    """For which disease; a product with one disease need not repeat it."""
    diseases = listed(product.indications)
    return event.indication or (diseases[0] if len(diseases) == 1 else None)


def _surely_after(one: Event, other: Event) -> bool:
    later, earlier = known(one.on), known(other.on)
    return later is not None and earlier is not None and later.surely_after(earlier)


@rule("RG001", "error", "product")
def steps_in_order(subject: Subject) -> Iterator[Problem]:
    """A regulatory step dated before the step that it answers.

    Submitted ≤ accepted ≤ cleared, and an application before its approval, within one agency and
    indication. EMA and EC count as one agency, as do PMDA and MHLW. An application that asks to turn a
    conditional or accelerated approval into a full one comes after it, so these are left alone, as is one
    that a later approval answers (of another form of the product), and a step that its agency does not have
    (RG005). One step that is dated too late is told once; one in the future is DT003's.

    Example: `ind_cleared` in 2025-01 and `ind_accepted` in 2025-03
    Remedy: compare both dates with their sources.
    """
    product = subject.product
    groups: dict[tuple[str | None, str | None], list[tuple[int, Event]]] = defaultdict(list)
    for e, event in enumerate(listed(product.events)):
        on = known(event.on)
        if on is not None and on.surely_after(subject.as_of):
            continue  # DT003's
        if event.agency is not None and not _takers(event, subject):
            agency = _AUTHORITY.get(event.agency, event.agency)
            groups[agency, _indication(event, product)].append((e, event))
    for group in groups.values():
        yield from _disorder(group)


def _disorder(group: list[tuple[int, Event]]) -> Iterator[Problem]:
    """Events of one agency and indication before all of those that they answer."""
    of_type: dict[str, list[Event]] = defaultdict(list)
    for _, event in group:
        of_type[event.type].append(event)
    approved = [on for _, event in group if event.type in _APPROVALS and (on := known(event.on)) is not None]
    last_approval = max((on.latest for on in approved), default=None)
    earliest = {name: _earliest(events) for name, events in of_type.items()}
    told: set[str] = set()
    for e, event in group:
        if (on := known(event.on)) is None:
            continue
        for earlier in _BEFORE.get(event.type, ()):
            first = earliest.get(earlier)
            if first is None or not first.surely_after(on):
                continue
            answered = last_approval is not None and first.earliest <= last_approval
            if earlier not in told and (event.type != "approval" or not answered):
                told.add(earlier)
                yield Problem(("events", e, "on"), f"{event.type} {on} is before {earlier} {first}")
            break


def _earliest(events: list[Event]) -> PartialDate | None:
    """The date of these events that begins first; None where one of them has none."""
    dates = [on for event in events if (on := known(event.on)) is not None]
    return min(dates, key=lambda on: on.earliest) if len(dates) == len(events) else None


_DENIED = deferred(r"\b(?:not|nor?|neither|never|without)\b|n't\b|[未不非无無没沒]", re.IGNORECASE)
_NO_SUCH_THING = deferred(
    r"[^,，;；]{0,60}?\b(?:is|was|are|were|has|have|does|did|came|permits?)\b(?: \w+){0,5}? (?:not?|never)\b"
    r"|[^，；]{0,10}(?:不是|并非|不等|不代表|不意味)",
    re.IGNORECASE,
)
_CUT = deferred(r"[,，、:：]|\bbut\b|但|而", re.IGNORECASE)
_BASIS = deferred(
    r"\b(?:based on|on the basis of|after|following|since)\b|基[于於]|根[据據]|依据|[凭憑]", re.IGNORECASE
)
_APPROVED = deferred(r"\bapprov(?:ed|al|als|es)\b|(?:批准|获批|獲批|核准)上市", re.IGNORECASE)
_BEGIN = r"(?:begin|start|commence|conduct|initiate|run|launch|proceed with|perform|carry out|open)"
_TRIALS = r"(?:trials?|stud(?:y|ies))\b(?!['’]s\b| (?:drug|medication|product|treatment))"
_TO_BEGIN = rf"\bapprov(?:ed|al)\b(?: \w+)?? (?:to|for) {_BEGIN} [^.;,，；]{{0,60}}?\b(?:{_TRIALS}|phase\b)"
_TRIAL_ZH = r"[临臨]床[试試][验驗]"
_MAY_ZH = r"[^，。；,;上要须須需后後的]{0,4}"
_BEGIN_ZH = "[开開]展|[进進]行|[启啟][动動]|[开開]始"
_LET_BEGIN_ZH = rf"(?:批准|[获獲]批|[获獲]准){_MAY_ZH}(?:{_BEGIN_ZH})[^，。；,;]{{0,12}}?[试試][验驗]"
_NO_TRIAL_ZH = r"(?![应應使]?用|[转轉]化|治[疗療]|急?需|上)"
_CLINIC_ZH = r"[临臨]床(?:[阶階]段)?(?![\u4e00-\u9fff])"
"""临床 by itself, which is a trial; 临床应用, 临床使用 and 临床研究 are something else."""
_ENTER_ZH = (
    rf"{_MAY_ZH}(?:{_BEGIN_ZH}|[进進]入)[^，。；,;上后後的确確]{{0,12}}?(?:{_CLINIC_ZH}|[临臨]床[试試][验驗])"
)
_NOT_PEOPLE_ZH = "(?<![患试試与與]者)(?<!病人)"
_CLINIC_APPROVED_ZH = (
    rf"{_NOT_PEOPLE_ZH}(?:批准|[获獲]批){_ENTER_ZH}"
    r"|(?<![于於据據凭憑借其项項个個的成过過由/ab0-9IVⅠⅡⅢⅣ一二三四])"
    r"[0-4IVⅠⅡⅢⅣ一二三四][0-4IVⅠⅡⅢⅣ一二三四ab/]{0,6} ?期[临臨]床(?:申[请請])?(?:已[经經]?)?"
    r"[获獲]得?[批准](?!准?(?:上市|[产產药藥剂劑后後]))"
)
_PERMITTED_ZH = rf"{_NOT_PEOPLE_ZH}[获獲]准{_ENTER_ZH}|(?<![者人司业業方])同意{_ENTER_ZH}"
_A_TRIAL = (
    r"(?:(?!(?:after|based|following|sale|market\w*|use|in|of|from)\b)[\w/-]{1,30} ){0,4}?"
    rf"(?:phase (?:[0-4]|I|V)|{_TRIALS})"
)
_PERMITTED = (
    r"\bcleared to (?:proceed|begin|start)\b(?! (?:to (?:the )?)?(?:market|sale|selling|launch))"
    rf"|\bmay (?:now )?(?:begin|start|commence|initiate|proceed (?:to|with|into)) {_A_TRIAL}"
    rf"|\b(?:go[- ]ahead|green light) (?:for|to {_BEGIN}) {_A_TRIAL}"
)
_ABOUT_TRIAL = deferred(
    r"(?<![A-Za-z])(?:IND|CTA)(?![A-Za-z])|investigational new drug|\bmay proceed\b|\bimplied licen[cs]e\b"
    r"|\bphase (?:[0-4]|I|V)+[abc]?\b.{0,20}\bmay (?:begin|start)"
    r"|^phase (?:[0-4]|I|V)+[abc]?(?:/(?:[0-4]|I|V)+[abc]?)?(?=\W*$|[,;]| (?:in|of|for|at|and)\b)"
    r"(?![^;]*\b(?:data|results?|met|based|show\w*|trials?|stud\w+|completed|confirm\w*|evidence|efficacy"
    r"|registry|owed|commitment|required|condition\w*|submitted)\b)"
    r"|\bclinical trial (?:application|notification|permit|permission|approval|clearance|licen[cs]e)"
    rf"|\b{_TRIALS}[^.;,，；]{{0,40}}?\b(?:may (?:begin|start|proceed|commence|open)|authori[sz]\w+|cleared)"
    rf"|\bauthori[sz](?:ation of|ation for|(?:ation|ed) to {_BEGIN}) [^.;,，；]{{0,40}}?\b{_TRIALS}"
    rf"|{_TO_BEGIN}"
    rf"|临床批件|[默]示[许許]可|(?:批准|[获獲]批)[临臨]床{_NO_TRIAL_ZH}"
    r"|[临臨]床[试試][验驗](?:申请|申請|批准|[许許]可|授[权權]|[获獲](?:得)?(?:批|准|[许許]可))"
    rf"|{_LET_BEGIN_ZH}|{_CLINIC_APPROVED_ZH}|{_PERMITTED_ZH}|{_PERMITTED}",
    re.IGNORECASE,
)
_TRIAL_APPROVED = deferred(
    r"\bapprov(?:ed|es|al of|al for)\s+"
    r"(?:(?:an?|the|its|this|their|first|new|pivotal|clinical|human|phase|[0-4IV/]+[abc]?|registrational)\s+){0,6}"
    rf"(?:(?:IND|investigational new drug)\b|{_TRIALS})"
    r"|\bIND(?: application)?\b[^,]{0,30}\bapprov(?:ed|al)\b"
    r"|\b(?:trials?|study|studies)\b"
    r"(?: (?:was|were|is|are|has|have|had|been|being|also|already|then|first)){1,4}"
    rf" approved\b|\b(?:trial|study) approved by\b|{_TO_BEGIN}"
    rf"|{_LET_BEGIN_ZH}|{_CLINIC_APPROVED_ZH}"
    r"|批准了? ?(?:[该該此其]|[这這][一个個款种種]*)?(?:[药藥]|[产產]品)?的? ?"
    rf"(?:IND(?![A-Za-z])|{_TRIAL_ZH}(?!用?[药藥]))"
    rf"|(?:{_TRIAL_ZH}(?!的|用?[药藥])|(?<![A-Za-z])IND)(?:申[请請])?(?:已|已经|已經|於|于|在)?"
    r"(?:(?![后後完结結中期所終终旨为為])[^，,。；;]){0,12}?"
    r"(?:[获獲]批(?!准?上市|准?[产產药藥剂劑后後])|批准(?!上市|的|[号號后後]))"
    rf"|[获獲]批[临臨]床{_NO_TRIAL_ZH}(?!(?:[试試][验驗])?[机機基])",
    re.IGNORECASE,
)
_OTHERWISE = deferred(
    r"ethi[ck]|\b[eé]ti[ckq]|\b(?:IRB|IEC|REB|[HN]?REC|METC|CCMO|CPP|CRB|CEI[CM]?|CEP|CONEP|CNE)s?\b"
    r"|protection des personnes|certified review|institution|committee|\bcomit[eé]|\bboard\b|universit"
    r"|hospital|伦理|倫理|[医醫]院|委[员員][会會]|大[学學]"
    r"|\bcall(?:s|ed|ing)\b|['’]s? words?\b|\bwording\b|[实實]为|實為|所[谓謂]",
    re.IGNORECASE,
)
"""Approved by an ethics committee or a hospital, or only called so."""


def _denied(text: str, found: re.Match[str]) -> bool:
    """Whether the found words are denied: before them in their clause, or among them."""
    begin = max((cut.end() for cut in _CUT.finditer(text, 0, found.start())), default=0)
    return _DENIED.search(text, begin, found.end()) is not None


def _rests_on(text: str, found: re.Match[str]) -> bool:
    """Whether the trial is named as what the approval rests on."""
    begin = max((cut.end() for cut in _CUT.finditer(text, 0, found.start())), default=0)
    return _BASIS.search(text, begin, found.start()) is not None


@rule("RG002", "warning", "trial", "product")
def clearance_called_approval(subject: Subject) -> Iterator[Problem]:
    """A clearance to run a trial called an approval.

    Clearing an IND permits a trial; approving a product permits its sale. Readers take the first for the
    second. Looked at are events, and notes that speak of an approved trial or IND; words that deny it, that
    are quoted or said to be another's, and the approval of ethics committees, are left alone.

    Example: `type = "approval"` with the outcome "IND for phase 1/2"
    Remedy: write cleared, and record `ind_cleared` or `cta_authorized`.
    """
    for path, text in subject.notes_with(["approv", "批"]):
        for sentence in sentences(without_quotations(text)):
            found = _TRIAL_APPROVED.search(sentence)
            if found is None or _denied(sentence, found) or _OTHERWISE.search(sentence):
                continue
            if not _NO_SUCH_THING.match(sentence, found.end()):
                yield Problem(path, f'"{found[0]}" is a clearance to run a trial, no approval')
                break
    if subject.record.entry.kind != "product":
        return
    for e, event in enumerate(listed(subject.product.events)):
        said = event.outcome or ""
        if event.type in _APPROVALS and (found := _ABOUT_TRIAL.search(said)):
            if not _denied(said, found) and not _rests_on(said, found):
                yield Problem(("events", e, "type"), f'{event.type}, yet the outcome speaks of "{found[0]}"')
        elif event.type in _CLEARANCES and (found := _APPROVED.search(said)) and not _denied(said, found):
            yield Problem(("events", e, "outcome"), f'"{found[0]}" of a clearance to run a trial')


_APPLICATION = r"(?:applications?|IND|CTA|filings?|dossiers?|submissions?|packages?)"
_RECEIVED = deferred(
    rf"受理(?![号號编編])|\baccepted for (?:review|filing)\b|\b{_APPLICATION}\b[^.;,]{{0,30}}?\baccepted\b"
    rf"|\baccepted (?:\w+ ){{0,3}}?{_APPLICATION}\b"
    r"|\bacceptance\b(?! (?:no\b|number))|\breceipt\b|\breceived\b",
    re.IGNORECASE,
)
_ANSWER = (
    r"(?:numbers?|letters?|notices?|notifications?|repl(?:y|ies)|responses?|comments?|feedback|permission|approval"
    r"|clearance|authori[sz]ation|licen[cs]e|go-ahead|green light|objections?)"
)
_ANSWERED = deferred(
    rf"\b{_ANSWER} (?:(?:was|were|is|has been) )?received\b"
    r"|\b(?:received|receipt of)(?: (?!applications?\b|filing\b|dossier\b|under\b)[\w-]+){0,4}?"
    rf" {_ANSWER}\b",
    re.IGNORECASE,
)
_CLEARED = deferred(
    r"(?<!no )(?<!not )(?<!not yet )(?<!not been )(?<!yet been )"
    r"\b(?:clear(?:ed|s|ance)|authori[sz]e[ds]|allow(?:ed|s))\b"
    r"|\b(?:may|can|could|safe[- ]to)[- ](?:begin|start|proceed)|\bno objections?\b|\bpermit|\bimplied\b"
    r"|(?<!未)(?:[获獲]批|批准|[默]示[许許]可)",
    re.IGNORECASE,
)


@rule("RG003", "warning", "product")
def receipt_called_clearance(subject: Subject) -> Iterator[Problem]:
    """The receipt of an application (受理) recorded as its clearance.

    受理 says that the papers are complete and the review begins; many never end in a clearance. The
    event's `outcome` is read, or the titles of its sources where it has none. That a number, a letter or an
    approval was received is no receipt of an application; words that state the clearance as well pass.

    Example: the Treg product NP001: the FDA's receipt of February 2025 as `ind_cleared`
    Remedy: record `ind_accepted` (NMPA) or `ind_submitted`.
    """
    for e, event in enumerate(listed(subject.product.events)):
        if (words := _receipt(event, subject)) is not None:
            yield Problem(("events", e, "type"), f'{event.type}, yet its source says "{words}"')


def _receipt(event: Event, subject: Subject) -> str | None:
    """The words by which what is recorded as a clearance was a receipt; None where they say no such thing."""
    if event.type not in _CLEARANCES:
        return None
    refs = subject.refs
    titles = [refs[key].title or "" for key in event.src or () if key in refs]
    said = _ANSWERED.sub("", event.outcome or " ".join(titles))
    found = _RECEIVED.search(said)
    return None if found is None or _CLEARED.search(said) else found[0]


_OF_COUNTRY = {
    "AU": {"TGA"},
    "CA": {"HC"},
    "CN": {"NMPA"},
    "GB": {"MHRA"},
    "IL": {"IL-MOH"},
    "JP": {"MHLW", "PMDA"},
    "KR": {"MFDS"},
    "US": {"FDA"},
}
# What an agency gives only to a product that has been permitted to be tested in people, or nearly so.
_LATER_STEPS = frozenset(
    {
        "ind_amendment",
        "fast_track",
        "rmat",
        "breakthrough",
        "spa",
        "eap",
        "adcom",
        *_APPLICATIONS,
        *_APPROVALS,
    }
)
_PHASE = deferred(
    r"\b(?:early )?phase [0-4IV]+[abc]?(?:/[0-4IV]+[abc]?)?\b|[0-4IVⅠⅡⅢ/]+[ab]?期", re.IGNORECASE
)


@rule("RG004", "warning", "trial", about=("dates.start",))
def dosed_before_clearance(subject: Subject) -> Iterator[Problem]:
    """A trial began before its product was cleared for testing in that country.

    Either a date is wrong, or the first participant belongs to another study. Left alone are
    investigator-initiated trials (`iit`), which may go another way; trials in several countries, or with an
    estimated start; and clearances that are not the product's first: they name another phase, or an earlier
    event presupposes one.

    Example: XS228: first dose in March 2025, cleared by NMPA in May 2025
    Remedy: compare the dates; tag the trial `iit` where it is one.
    """
    trial = subject.trial
    start = subject.stages.get("start")
    if start is None or start.type == "estimated" or "iit" in trial.tags:
        return
    agencies = _OF_COUNTRY.get("".join(listed(trial.countries)))
    if agencies is None or trial.study_type != "interventional":
        return
    for intervention in listed(trial.interventions):
        product = subject.snapshot.products.get(intervention.product or "")
        cleared = None if product is None else _first_clearance(product, agencies, subject)
        if cleared is not None and cleared.surely_after(start.on):
            words = f"{intervention.product} was cleared {cleared}, after the start {start.on}"
            yield Problem(("dates", "start", "on"), words)
            return


def _first_clearance(product: Product, agencies: set[str], subject: Subject) -> PartialDate | None:
    """When they first let the product be tested in the trial's disease; None where that is not known."""
    trial = subject.trial
    events = [e for e in listed(product.events) if e.agency in agencies and not _takers(e, subject)]
    clearances = [
        event
        for event in events
        if event.type in _CLEARANCES and (event.indication is None or event.indication in trial.conditions)
    ]
    dates = [on for event in clearances if (on := known(event.on)) is not None]
    if not dates or len(dates) < len(clearances) or any(on.surely_after(subject.as_of) for on in dates):
        return None
    first = min(dates, key=lambda on: on.earliest)
    phases = {phase_in(found[0]) for event in clearances for found in _PHASE.finditer(event.outcome or "")}
    levels = {level for phase in phases if phase is not None for level in phase.split("/")}
    if levels and levels.isdisjoint(trial.phase.split("/")):
        return None
    later = (known(event.on) for event in events if event.type in _LATER_STEPS)
    return None if any(on is not None and first.surely_after(on) for on in later) else first


@rule("RG005", "error", "product")
def foreign_event(subject: Subject) -> Iterator[Problem]:
    """An event that its agency does not know, or that lacks its agency.

    Each agency has its own steps; `agencies` in the vocabulary of events says whose. Only results, licences,
    first doses and ends of development need no agency. Agencies that a collection adds are left alone.

    Example: NMPA with `rmat`, which only the FDA gives
    Remedy: mend the agency or the event.
    """
    for e, event in enumerate(listed(subject.product.events)):
        if event.agency is None:
            if not subject.vocabularies["event"].terms[event.type].extra.get("agency_optional"):
                yield Problem(("events", e, "agency"), f"{event.type} without its agency", at="header")
        elif takers := _takers(event, subject):
            words = (
                f"{event.agency} has no {event.type}; {', '.join(takers)} {'do' if takers[1:] else 'does'}"
            )
            yield Problem(("events", e, "agency"), words, suggestions=takers)


def _takers(event: Event, subject: Subject) -> tuple[str, ...]:
    """The agencies that have this step, where the event names one that does not."""
    takers = tuple(subject.vocabularies["event"].terms[event.type].extra.get("agencies", ()))
    return takers if event.agency in shipped()["agency"].terms and event.agency not in takers else ()


_ONCE = frozenset(
    {"ind_submitted", "ind_accepted", "ind_cleared", "cta_authorized", "nhc_filing", "orphan", "fast_track"}
    | {"rmat", "breakthrough", "prime", "care_pilot", "approval", "conditional_approval"}
    | {
        "accelerated_approval",
        "first_dose",
        "discontinued",
        "bla_withdrawn",
        "maa_withdrawn",
        "approval_withdrawn",
    }
)


@rule("RG006", "warning", "product")
def one_event_two_dates(subject: Subject) -> Iterator[Problem]:
    """One event of a product twice, with different dates, and no dispute about it.

    Agency, type and indication are what an event is. Events that recur (results, holds, amendments, votes,
    applications, meetings, licences) are left alone, as are dates that can be one day, such as 2025-02 and
    2025-02-14, clearances of different phases, approvals, first doses and ends of development with
    different outcomes (the tablet, the film), and receipts that RG003 reports.

    Example: XS228: FDA clearance in January and in February 2025
    Remedy: keep one, and both dates in a dispute about `events`.
    """
    product = subject.product
    disputed = {_BELOW_EVENT.sub(r"\1", dispute.field) for dispute in product.disputes}
    seen: dict[tuple[str | None, str, str | None], list[_Step]] = defaultdict(list)
    for e, event in enumerate(listed(product.events)):
        if event.type not in _ONCE or _receipt(event, subject) is not None:
            continue
        step, earlier = _Step(event), seen[event.agency, event.type, _indication(event, product)]
        other = next((other for other in earlier if _apart(step, other)), None)
        if other is not None and disputed.isdisjoint(("events", f"events.{event.agency}:{event.type}")):
            whose = f"{event.agency} " if event.agency is not None else ""
            words = f"{whose}{event.type} {event.on}, and {other.event.on} before"
            yield Problem(("events", e, "on"), words)
        if len(earlier) < _COMPARED:
            earlier.append(step)


_COMPARED = 50
"""Events of one kind that others are compared with; no product has as many."""


_BELOW_EVENT = deferred(r"(:[^.:]*)[.:].*", re.DOTALL)
"""What follows agency and type in the path of an event."""


_OF_OUTCOMES = _APPROVALS | {"first_dose", "discontinued"}
"""Events that come once for each outcome: a form of the product, a country, a cohort."""


class _Step:
    """An event, and the phases of the trials that its outcome speaks of."""

    def __init__(self, event: Event) -> None:
        self.event = event

    @cached_property
    def phases(self) -> list[str]:
        return _PHASE.findall(self.event.outcome or "")


def _apart(step: _Step, earlier: _Step) -> bool:
    one, other = step.event, earlier.event
    if not _surely_after(one, other) and not _surely_after(other, one):
        return False
    if one.type in _OF_OUTCOMES and one.outcome and other.outcome and one.outcome != other.outcome:
        return False
    return not step.phases or not earlier.phases or step.phases == earlier.phases
