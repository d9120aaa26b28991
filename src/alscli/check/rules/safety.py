"""Safety: counts that fit each other, and words that fit the counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alscli.check.expression import deferred
from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.rules.claims import claimed, is_doubted, plainly, sentences
from alscli.check.subject import Subject
from alscli.model.trial import Outcome, Safety, Trial
from alscli.model.values import known, listed

_COUNTS = ("deaths", "sae_patients", "sae_related_patients", "ae_patients")
_WORDS = {
    "deaths": "deaths",
    "sae_patients": "people with a serious adverse event",
    "sae_related_patients": "people with a related serious adverse event",
    "ae_patients": "people with an adverse event",
}
_GOOD = r"(?:good|excellent|favou?rable|acceptable|satisfactory)"
_SAFE_STEMS = deferred(r"safe|tolera|安全|耐受", re.IGNORECASE)
"""A part of everything that `_SAFE` can match."""
_HAPPENED = r"(?:[发發]生|出[现現]|[见見]|[观觀]察到)"
_SAFE = deferred(
    r"(?<![\w-])(?:safe|safely|well[- ]tolerated|tolerable"
    r"|tolerated (?:(?:the |their |this )?[\w-]+ )?(?:very |quite )?well)\b(?!-)"
    rf"|\b{_GOOD} (?:and \w+ )?(?:tolerability|tolerance"
    r"|safety(?= profile| and tolerab|\W*$|[,.;:)]))"
    rf"|\b(?:safety|tolerability|tolerance)(?: profile)?(?: was| were| is)? {_GOOD}\b"
    r"|\bno (?:[\w-]+ )?safety (?:concern|signal|issue|problem)"
    rf"|(?:[无無]|[没沒]有|未(?:{_HAPPENED}|[发發][现現]|[报報][告道]|[检檢]出))(?:任何|明[显顯]|重大|新)?的?"
    r"安全性?(?:[问問][题題]|信[号號]|[隐隱]患)(?![的是])"
    r"|安全(?=[且可地]|[和与與及并並]?(?:有效|耐受)(?!性)|的?(?:[^\w:：]|$))"
    r"|(?:安全性|耐受性?)(?:均|都|是)?(?:[较較很]?(?:良好|好|佳)(?!的?[剂劑]量)|可以?接受(?!性|[与與]否|程度))"
    r"|(?:良好|可接受)的?(?:安全|耐受)",
    re.IGNORECASE,
)
_CONFIRMED = deferred(
    r"\b(?:safety|tolerability)(?: and (?:safety|tolerability|feasibility))?"
    r"(?: of (?:the |this )?(?:stem )?(?:cells|treatment|therapy|drug|product|procedure|transplantation))?"
    r" (?:was|were|(?:has|have|had) been) (?:(?:also|thus|again|further|clearly|fully) )?"
    r"(?:confirmed|demonstrated|established|prove[dn]|shown)\b"
    r"|(?:安全性|耐受性)(?:[也均都已]|[进進]一步|已[经經]){0,2}(?:得到|[获獲]得?)?了?(?:充分)?"
    r"(?:[证證][实實明]|[确確][认認]|[验驗][证證])",
    re.IGNORECASE,
)
_OF_THE_TREATMENT = deferred(
    r"\b(?:(?:stem )?cells?|treatment|therapy|drug|product|transplantation|infusions?|injections?|procedure"
    r"|patients?|participants?|people|doses?|groups?|trial|study|the|this|its|of|in|at|for|and|all|both|every)\b"
    r"|[该該本此其的在中和与與及均都]|治[疗療]|[细細]胞|[药藥]物|移植|患者|受[试試]者|所有|全部|研究|[试試][验驗]",
    re.IGNORECASE,
)
"""What may stand beside "safety was confirmed" in a sentence that claims nothing else."""
_ALIAS = r"(?: ?[(（][^)）]{1,20}[)）])?"
_EVENT = (
    r"(?:(?:serious|severe)(?: or \w+)? (?:clinical )?(?:adverse events?|AEs?"
    r"|(?:side[- ]effect|adverse reaction)s?(?! (?:of|to|from)\b))|SAEs?)\b"
)
_NUMBERS = r" (?:data|counts?|numbers?|rates?|reporting|tables?|forms?|lists?)\b"
_PEOPLE = r"(?:patient|participant|person|people|subject|individual|volunteer|recipient)s?"
_HAD = r"(?:had|has|have|experienced|suffered|developed|reported|showed|sustained|with)"
_SEEN = r"(?:observed|seen|noted|found|detected|encountered|experienced|occur\w*|happen\w*|arise|arose)"
_EVENT_ZH = r"(?:[严嚴]重的?(?:不良|副)(?:事件|反应|反應|作用)|SAEs?)"
_FOUND = rf"(?:{_HAPPENED}|[发發][现現]|[检檢]出|[监監][测測]到|[记記][录錄]到)[到过過]?"
_ANY = (
    r"(?:任何|一|1?[例名位]|(?:明[显顯]|特殊)的?|(?:[严嚴]重)?[并併][发發]症"
    r"|患者|受[试試]者|病[例人]|人|有|死亡|[或和及与與、]){0,4}"
)
_NUMBERS_ZH = r"的?(?:[数數]|例[数數]|[资資]料|信息|[记記][录錄]|[报報]告)"
_NONE = (
    r"(?:(?:no|neither|without|zero|0|free (?:of|from))(?: any| single)?"
    r"|not(?: \w+)? (?:any|one|a single))"
)
_NO_EVENT = deferred(
    rf"(?<!not )(?<![.,])\b{_NONE} (?:\w+ n?or )?{_EVENT}(?!{_NUMBERS})"
    rf"|(?<!not )(?<![.,])\b{_NONE} adverse events?"
    r"(?=(?: of any kind| at all)?\W*$|, | \(\w+\)| (?:were|was|occurred|have|has|had)\b)"
    rf"|\b(?:none|nobody|no[ -]one|neither|no (?:\w+ )?{_PEOPLE})\b(?: [\w-]+){{0,5}}? {_HAD}"
    rf"(?: (?:an?|any|single)){{0,2}} {_EVENT}"
    rf"|{_EVENT}{_ALIAS} ?(?:[:：=–—-] ?(?:none|nil|zero|0(?![.\d])|no(?! \w))\b"
    r"|, (?:none(?! \w)|0(?! ?[.\d]))"
    r"|[(（](?:n ?= ?)?0(?![.\d])"
    rf"|(?:were|was|did|have|has|had)(?: been)? (?:none\b|nil\b|absent\b|(?:not|never)(?: been)? {_SEEN}))"
    rf"|^absence of (?:any )?{_EVENT}(?=\W*$)"
    rf"|^(?:adverse events?{_ALIAS}: ?none|不良事件[:：] ?[无無])(?=\W*$)"
    rf"|(?:[无無没沒]|未(?:再|曾)?(?={_FOUND})){_ANY}(?:{_FOUND})?{_ANY}{_EVENT_ZH}(?!{_NUMBERS_ZH})"
    rf"|(?:[无無]|(?:未|[没沒]有){_HAPPENED}?)(?:任何)?不良事件(?={_HAPPENED}?(?:[，,]|\W*$))"
    rf"|{_EVENT_ZH}{_ALIAS}(?:[发發]生率)? ?(?:[:：为為] ?)?"
    rf"(?:[无無零0](?![.\d]|{_NUMBERS_ZH}|法|[关關详詳]|[^，,]{{0,8}}(?:差[异異别別]|[区區][别別]))|(?:[无無未]|[没沒]有){_HAPPENED})",
    re.IGNORECASE,
)
_TIME = (
    r"(?<!\d)\d{1,3}[ -]?(?:days?|weeks?|months?|years?|[dwmy]\b|[个個]?(?:月|周|週|天|日|年))"
    r"|[一二三四五六七八九十半][个個]?(?:月|周|週|天|年)|\b(?:days?|weeks?|months?|years?) \d"
    r"|\b(?:one|two|three|four|six|nine|ten|twelve) (?:day|week|month|year)s?\b|up to|\bby the end"
)
_TELL = r"(?:list|nam|describ|mention|tabulat|detail|specif|itemi[sz])"
# The paper is silent, or the events are those of some consequence.
_UNTOLD = (
    rf"\b{_TELL}(?:e|y|ie)?[sd]? no\b|\b{_TELL}i?ed no\b"
    rf"|(?:(?<!it )\b(?:is|was|are|were|been)(?: \w+ly)?|\bnone) (?:{_TELL}i?|stat)ed\b|\bseparately\b"
    rf"|{_EVENT} (?:that |which )?(?:led|lead|leading|result\w*|requir\w*|prompt\w*)\b"
    rf"|因{_EVENT_ZH}|{_EVENT_ZH}(?:而|所)?(?:[导導]致|引起|造成|致)"
)
_SOME = (
    r"\b(?:was|were) (?:fatal|unexpected|considered|held|judged)\b|\b(?:link|ascri|assign)\w+|consequence"
    r"|special interest|\bcomplet(?:ers?|ing)\b|who completed|\bremaining\b|\bthe rest\b|extension"
    r"|\binterim\b|open[- ]label|lead-in|\bpart [\dA-Z]\b|\bphase [\dIV]+\b(?! (?:trial|study))|\bstages?\b"
    r"|\bperiods?\b|(?<!any )(?<!each )(?<!either )(?<!single )(?<!-)\b(?:center|centre|site)\b|patients? \d"
    r"|\bacute|\bearly|discharge|\bin (?:the )?hospital\b"
    r"|grade [\dIV]|\bper\b|according to|\bcounted\b|\bin the abstract\b"
    r"|急性|近期|早期|中期|[阶階]段|出院|住院|完成[^，,]{0,6}者|小[时時]|[术術]中|(?<!各)中心|[随隨][访訪]"
)
"""Of some events, some people, some time, or as somebody else counts them."""
_NARROWED = deferred(
    rf"{_UNTOLD}"
    r"|relat|attribut|due to|caus|emergent|proced|infusion|injection|treatment|drug|device|during|within"
    r"|before|after|until|first|other|besides|beyond|aside|apart|except|further|surviv|protocol|defin"
    r"|group|\barms?\b|cohort|placebo|sham\b|control|\bdoses?\b"
    r"|\bon (?!(?:the|record|review|follow|study|trial)\b)\w"
    rf"|{_SOME}"
    r"|相关|相關|有关|有關|其他|其它|除|以外|之外|存活|幸存|定[义義]|方案|期[间間]|[输輸]注|手[术術]|注射|[组組]"
    rf"|{_TIME}",
    re.IGNORECASE,
)
_EVERYWHERE = deferred(
    r"\b(?:any|either|both|all|each|the (?:two|three|four))(?: of the)? (?:study |treatment |dose )?"
    r"(?:groups?|arms?|cohorts?)\b"
    r"|(?:[两兩三四各]|所有)[个個]?[组組]",
    re.IGNORECASE,
)

_MEANS = r"(?:treatment|therapy|drug|product|procedure|infusion|injection|intervention|device|cells?)"
_WHATEVER = deferred(
    r"\b(?:related or (?:un|not )related|(?:unrelated|not related) or related|(?:whether )?related or not"
    r"|regardless of (?:causality|relatedness|relationship))\b"
    rf"(?: to (?:(?:the|study|trial|investigational|cell|stem) ){{0,3}}{_MEANS}\b)?",
    re.IGNORECASE,
)
_NO_DEATH = deferred(
    r"\b(?:no|zero|without(?: any)?) deaths?\b"
    rf"|\b(?:none|nobody|no[ -]one|no {_PEOPLE})(?: of the {_PEOPLE})? (?:ha[sd] |have )?died\b"
    rf"|(?:[无無]|(?:未|[没沒]有?)(?:{_HAPPENED})?)(?:任何|一例|1例|患者|病[例人]|受[试試]者|人)?"
    r"死亡(?:病例|事件|[发發]生|者)?",
    re.IGNORECASE,
)
_OF_ALL = deferred(
    rf"\b(?:there|(?:was|were|(?:has|have|had)(?: been)?)(?: (?:seen|observed|reported|recorded|noted))?"
    rf"|occurred|{_PEOPLE}|any|all|both|either|each|groups?|arms?|cohorts?|in|of|the|and|or|nor?"
    r"|(?:serious )?adverse events?|SAEs?|AEs?|withdrawals?|drop-?outs?)\b"
    r"|患者|受[试試]者|病人|[两兩各]?[组組]|所有|全部|中|均|都|[发發]生|退出|脱落|失[访訪]|[也或和与與及且无無]",
    re.IGNORECASE,
)
"""What may stand beside "no deaths" in a sentence that denies them of everybody at any time."""
_A_DEATH = deferred(r"\b(?:deaths?|died|dead|dies|fatal\w*|demise|deceased)\b|死|去世|逝", re.IGNORECASE)


def _number(safety: Safety, key: str) -> int | None:
    number: int | None = known(getattr(safety, key))
    return number


def _lines(trial: Trial) -> Iterator[tuple[int, Safety, int | None]]:
    """The lines of safety with their positions and how many people each is about."""
    sizes = {arm.id: known(arm.n) for arm in listed(trial.arms)}
    for s, safety in enumerate(listed(trial.safety)):
        people = known(safety.n)
        yield s, safety, sizes.get(safety.arm or "") if people is None else people


@rule("SF001", "error", "trial", about=("safety",))
def counts_narrow(subject: Subject) -> Iterator[Problem]:
    """More people with a related serious event than with any, or more of either, or deaths, than people.

    Where a line has no `n`, the number of people in its arm counts.

    Example: `n = 18`, `deaths = 19`
    Remedy: compare with the source; events counted instead of people are not `sae_patients`.
    """
    for s, safety, people in _lines(subject.trial):
        serious, related = known(safety.sae_patients), known(safety.sae_related_patients)
        for key in _COUNTS:
            number = _number(safety, key)
            if number is None:
                continue
            if people is not None and number > people:
                yield Problem(("safety", s, key), f"{number} {_WORDS[key]}, more than the {people} people")
            elif key == "sae_related_patients" and serious is not None and number > serious:
                words = f"{related} with a related serious adverse event, more than the {serious} with any"
                yield Problem(("safety", s, key), words)


@rule("SF002", "note", "trial", about=("safety[].statement",))
def safe_without_counts(subject: Subject) -> Iterator[Problem]:
    """Called safe or well tolerated, and no count of deaths or adverse events anywhere in the record.

    Words that are denied, doubted or asked before they stand are left alone, as in CL001; "safety was
    confirmed" counts only in a sentence that says nothing else.

    Example: `statement = "Well tolerated; no safety concerns (authors)."` alone
    Remedy: add the counts where the source has them; none where it has not.
    """
    lines = listed(subject.trial.safety)
    if not any(line.statement is not None for line in lines):
        return
    if any(_number(line, key) is not None for line in lines for key in _COUNTS):
        return
    if any(_counted(outcome) for outcome in listed(subject.trial.outcomes)):
        return
    for s, safety in enumerate(lines):
        if not _SAFE_STEMS.search(safety.statement or ""):
            continue
        said = (_words_of_safety(sentence) for sentence in sentences(safety.statement or ""))
        if (words := next(filter(None, said), None)) is not None:
            yield Problem(("safety", s, "statement"), f'"{words}", and no count')


def _words_of_safety(sentence: str) -> str | None:
    return claimed(sentence, _SAFE) or plainly(sentence, _CONFIRMED, _OF_THE_TREATMENT)


def _counted(outcome: Outcome) -> bool:
    if known(outcome.instrument) != "adverse-events":
        return False
    return any(known(value.value) is not None for value in listed(outcome.values))


@rule("SF003", "warning", "trial", about=("safety[].deaths",))
def death_not_serious(subject: Subject) -> Iterator[Problem]:
    """No serious adverse event, or no death in words, beside a death.

    A death is a serious adverse event whatever its cause (ICH E2A). Words that narrow the claim (related,
    due to the treatment, of one kind, within a time or a part of the trial, beyond the deaths, in the
    survivors, in one of the groups, leading to withdrawal) pass: they say something else. So do words that
    say that the paper is silent. "No deaths" is told only where the sentence says nothing else and none
    beside it tells of a death. A line with more deaths than people is left to SF001, as is one with related
    serious events and no serious ones.

    Example: seed 003 says that umbilical-cord cells had none, and the abstract (Qiao 2016) has a death in
    the third month
    Remedy: count the death, or say which events are meant.
    """
    for s, safety, people in _lines(subject.trial):
        deaths = known(safety.deaths)
        if not deaths or (people is not None and deaths > people):
            continue
        counted = f"{deaths} death{'s' if deaths > 1 else ''}"
        if known(safety.sae_patients) == 0:
            if not known(safety.sae_related_patients):
                words = f"nobody with a serious adverse event, yet {counted}"
                yield Problem(("safety", s, "sae_patients"), words)
        elif safety.statement is not None and (denied := _denied(safety.statement)) is not None:
            yield Problem(("safety", s, "statement"), f"no {denied} in words, yet {counted}")


def _denied(statement: str) -> str | None:
    """What a statement says there was none of; None where it says no such thing."""
    if _claims_none(statement):
        return "serious adverse event"
    return "death" if _claims_no_death(statement) else None


def _claims_none(statement: str) -> bool:
    return any(
        (said := _NO_EVENT.search(sentence))
        and not is_doubted(sentence, said.start())
        and not _NARROWED.search(_WHATEVER.sub("", _EVERYWHERE.sub("", sentence)))
        for sentence in sentences(statement)
    )


def _claims_no_death(statement: str) -> bool:
    said = sentences(statement)
    denials = [sentence for sentence in said if plainly(sentence, _NO_DEATH, _OF_ALL)]
    return bool(denials) and not any(_A_DEATH.search(other) for other in said if other not in denials)
