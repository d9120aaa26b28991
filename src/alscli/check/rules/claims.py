"""Claims: words and results that say more than the trial can."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.subject import Subject
from alscli.model.evidence import has_result
from alscli.model.path import Path
from alscli.model.trial import Trial
from alscli.model.values import known, listed

_SENTENCE = re.compile(r"\.\s+|[;。；!?！？\n]")


def sentences(text: str) -> list[str]:
    """The sentences of a note."""
    return _SENTENCE.split(text)


_EFFICACY = re.compile(
    r"\b(?:effective(?! (?:dose|date|concentration))|efficacious)\b"
    r"|有效(?![性率期成剂劑量])|(?:显著|顯著)(?!性)",
    re.IGNORECASE,
)
_EFFICACY_STEMS = ("effective", "efficacious", "有效", "显著", "顯著")
_DENIED = re.compile(
    r"\b(?:not|nor?|neither|never|cannot|without|whether|if)\b|n't\b|[无無未不非没沒]|是否", re.IGNORECASE
)
_CONCURRENT = frozenset({"placebo", "sham", "active", "standard_care", "no_treatment", "dose"})


def _controlled(trial: Trial) -> bool:
    """Whether the trial compares with a concurrent control and has reported something."""
    compares = (
        trial.design in ("rct", "nrct")
        or known(trial.allocation) == "randomized"
        or known(trial.control) in _CONCURRENT
    )
    return compares and any(has_result(outcome) for outcome in listed(trial.outcomes))


@rule("CL001", "warning", "trial")
def efficacy_in_words(subject: Subject) -> Iterator[Problem]:
    """Words of efficacy in a note or statement of a trial without a controlled result.

    有效, 显著, effective: without a concurrent control nobody can say so. Sentences that deny or ask, and
    有效性 and 有效率 (efficacy, rate of response), are left alone.

    Example: "Effective in all patients" in a single-arm trial
    Remedy: say what was measured, and how it changed.
    """
    controlled: bool | None = None
    for path, text in subject.notes if subject.may_say(_EFFICACY_STEMS) else ():
        if not _EFFICACY.search(text):
            continue
        if controlled is None:
            controlled = _controlled(subject.trial)
        if controlled:
            return
        for sentence in sentences(text):
            if (found := _EFFICACY.search(sentence)) and not _DENIED.search(sentence):
                yield Problem(path, f'"{found[0]}", of a trial without a controlled result')
                break


@rule("CL002", "warning", "trial", about=("outcomes[].result",))
def subgroup_without_primary(subject: Subject) -> Iterator[Problem]:
    """A positive result of a subgroup or post hoc, and nothing said of the primary outcome's.

    A reader takes the one for the other. A primary outcome with `not_reported` is enough: it says that
    somebody looked. Observational studies without a primary outcome are left alone.

    Example: ALSummit with the slow progressors alone
    Remedy: add the primary outcome and what came of it.
    """
    trial = subject.trial
    outcomes = listed(trial.outcomes)
    positive = [
        o
        for o, outcome in enumerate(outcomes)
        if outcome.result in ("met", "nominal")
        and (outcome.subgroup is not None or outcome.role == "post_hoc")
        and outcome.role != "primary"
    ]
    if not positive:
        return
    primaries = [outcome for outcome in outcomes if outcome.role == "primary"]
    if any(outcome.result not in (None, "pending") or has_result(outcome) for outcome in primaries):
        return
    if not primaries and trial.study_type != "interventional":
        return
    lacking = "its result is missing" if primaries else "there is none"
    for o in positive:
        words = f"{outcomes[o].result} apart from the primary outcome, and {lacking}"
        yield Problem(("outcomes", o, "result"), words)


@rule("CL003", "note", "trial", about=("outcomes[].subgroup",))
def many_cut_offs(subject: Subject) -> Iterator[Problem]:
    """A nominal p of one among five or more subgroups or cut-offs tested.

    With nine independent tests one p below 0.05 is to be expected in more than a third of trials without
    any effect.

    Example: NurOwn phase 3: nine thresholds of baseline ALSFRS-R
    Remedy: none where true; readers are told.
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        family = known(outcome.subgroup.family) if outcome.subgroup is not None else None
        if family is not None and family >= 5 and outcome.result == "nominal":
            path: Path = ("outcomes", o, "subgroup", "family")
            yield Problem(path, f"a nominal result, one of {family} tested")


_SUPERLATIVE = re.compile(
    r"(?:best|first)[ -]in[ -]class|world['’]?s? first|first in the world|ground-?breaking|revolutionary"
    r"|breakthrough(?! (?:therap|device|designation))|game[ -]chang|unprecedented|miracl|cutting[ -]edge"
    r"|[全环環]球首|世界首|[国國][际際]首|首[创創]|[领領]先|最先[进進]|革命性|奇[迹蹟]|里程碑|[划劃][时時]代"
    r"|突破(?!性(?:治[疗療]|[疗療]法|[医醫][疗療]))"
)
_SUPERLATIVE_STEMS = (
    *("in class", "in-class", "s first", "world first", "first in the", "groundb", "ground-b", "revolution"),
    *("breakthrough", "game chang", "game-chang", "unprecedented", "miracl", "cutting edge", "cutting-edge"),
    *("球首", "世界首", "国首", "國首", "际首", "際首", "首创", "首創", "领先", "領先", "最先", "革命性"),
    *("奇迹", "奇蹟", "里程碑", "时代", "時代", "突破"),
)


@rule("CL005", "warning", "trial", "product")
def superlatives(subject: Subject) -> Iterator[Problem]:
    """Words of advertisement in a note.

    全球首款, best-in-class, 突破: they state nothing that can be checked. The designation of that name
    (breakthrough therapy, 突破性治疗) is left alone.

    Example: "The world's first iPSC therapy for ALS"
    Remedy: leave the word out; a claim that circulates belongs in the ledger.
    """
    for path, text in subject.notes if subject.may_say(_SUPERLATIVE_STEMS) else ():
        if found := _SUPERLATIVE.search(text.lower()):
            yield Problem(path, f'"{found[0]}" states nothing that can be checked')


@rule("CL008", "note", "trial", about=("sponsor.sells", "sponsor.participants_pay"))
def money(subject: Subject) -> Iterator[Problem]:
    """The sponsor sells the therapy, or participants pay for it.

    No fault: the reader should know, and pages say so.

    Example: `participants_pay = true`
    Remedy: none where true.
    """
    sponsor = known(subject.trial.sponsor)
    if sponsor is None:
        return
    if known(sponsor.sells) is True:
        yield Problem(("sponsor", "sells"), "the sponsor sells the therapy")
    if known(sponsor.participants_pay) is True:
        yield Problem(("sponsor", "participants_pay"), "participants pay for the treatment")
