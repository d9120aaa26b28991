"""Design: phase, allocation, masking and control that agree with each other, the title and the arms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

from alscli.check.expression import deferred
from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.rules.dates import OPEN, disputed
from alscli.check.rules.enrollment import CONTROLS, compared, first_counted
from alscli.check.subject import Subject
from alscli.model.trial import Outcome, Trial
from alscli.model.values import known, listed


@rule("DS001", "error", "trial")
def observational_with_phase(subject: Subject) -> Iterator[Problem]:
    """An observational study with a phase or with randomization.

    Who assigns a treatment by chance, or tests it in phases, intervenes. Post-marketing surveillance may be
    called phase 4, as some registries do.

    Example: `study_type = "observational"` with `phase = "2"`
    Remedy: the study is interventional, or the phase is `na`.
    """
    trial = subject.trial
    if trial.study_type != "observational":
        return
    if trial.phase != "na" and not (trial.phase == "4" and trial.design == "surveillance"):
        yield Problem(("phase",), f"observational, yet phase {trial.phase}")
    elif known(trial.allocation) == "randomized":
        yield Problem(("allocation",), "observational, yet randomized")
    elif trial.design == "rct":
        yield Problem(("design",), "observational, yet a randomized trial")


@rule("DS002", "error", "trial")
def randomized_to_what(subject: Subject) -> Iterator[Problem]:
    """A design and an allocation that contradict each other, or a randomized trial with exactly one arm.

    Chance needs two arms to choose from. Arms with the roles `other` and `external_control` lie outside the
    comparison, but the shared control of a platform's regimen is one, and so is one that is missing and
    that results name (XR001). A dose escalation with chance in it is a randomized trial. Crossover trials
    are left alone: one group can hold both sequences. Observational studies are DS001's.

    Example: `design = "rct"` with `allocation = "non_randomized"`
    Remedy: mend the design, or add the arm that is missing.
    """
    trial = subject.trial
    allocation = known(trial.allocation)
    if trial.study_type == "observational":
        return
    if allocation is not None and (allocation == "randomized") != (trial.design == "rct"):
        if trial.design in _ASSIGNING or (allocation == "randomized" and trial.design in _OF_FEW):
            yield Problem(("allocation",), f"{allocation}, yet the design is {trial.design}")
        return
    if _lacks_an_arm(trial) and not subject.lost_arms:
        yield Problem(("arms",), "a randomized trial of one arm", at="header")


_ASSIGNING = frozenset({"rct", "nrct", "single_arm", "dose_escalation"})
_OF_FEW = frozenset({"case_report", "case_series", "expanded_access"})
"""Designs in which nobody is assigned by chance, and of which registries say all sorts of things."""


def _lacks_an_arm(trial: Trial) -> bool:
    """Whether a randomized trial has exactly one arm that somebody was allocated to."""
    if trial.design != "rct" or not trial.arms or known(trial.model) == "crossover":
        return False
    return len(listed(trial.arms) if _is_regimen(trial) else compared(trial)) == 1


def _is_regimen(trial: Trial) -> bool:
    """Whether the trial is a regimen of a platform, whose control may be shared (`other`)."""
    return any(related.rel == "regimen_of" for related in trial.related)


_BLIND = deferred(
    r"(?:single|double|triple|quadruple)[\s\u2010-\u2015-]*(?:blind|mask)|[单單双雙三四]盲", re.IGNORECASE
)
_BLIND_STEMS = ("blind", "mask", "盲")
_OPENED = deferred(
    r"\bopen\b|unblind|unmask|extension|follow|\bafter\b(?=.{0,100}(?:blind|mask))|complet(?:ed|ers)"
    r"|roll-?over|previous|earlier|prior|long-term (?:treatment|safety)"
    r"|开放|開放|非盲|揭盲|延长|延長|延伸|随访|隨訪",
    re.IGNORECASE,
)


@rule("DS003", "error", "trial", about=("masking",))
def title_says_blind(subject: Subject) -> Iterator[Problem]:
    """The title says that the trial is blind, and its masking is `none`.

    Left alone are titles that speak of an open part, an extension or a follow-up as well. Where `masked`
    lists roles, DS010 tells that the masking is wrong.

    Example: "A randomized, double-blind trial" with `masking = "none"`
    Remedy: take the masking from the registry.
    """
    trial = subject.trial
    if known(trial.masking) != "none" or listed(trial.masked):
        return
    for title in (trial.title, trial.scientific_title, trial.title_zh):
        if title is None or not any(stem in title.lower() for stem in _BLIND_STEMS):
            continue
        if (found := _BLIND.search(title)) and not _OPENED.search(title):
            yield Problem(("masking",), f'none, yet the title says "{found[0]}"')
            return


@rule("DS004", "note", "trial")
def small_phase_3(subject: Subject) -> Iterator[Problem]:
    """A phase 3 trial with a single arm or fewer than 30 people.

    It bears the name of a confirming trial, and cannot confirm much. Of an open trial the planned number
    counts. Silent where another rule doubts what this one rests on (DS001, DS002, EN001, EN002).

    Example: `phase = "3"` with `randomized = 20`
    Remedy: none where true; compare the phase with the registry.
    """
    trial = subject.trial
    if trial.phase != "3" or trial.study_type == "observational":
        return
    if trial.design == "single_arm":
        if known(trial.allocation) != "randomized":
            yield Problem(("design",), "phase 3 with a single arm")
        return
    stages = ("planned",) if trial.status in OPEN else ("randomized", "enrolled", "treated", "planned")
    found = first_counted(trial, stages)
    if found is not None and found[1] < 30:
        yield Problem(("enrollment", found[0]), f"phase 3 with {found[1]} people")


_SAFETY = deferred(
    r"safe|toler|adverse|side.effect|toxic|\bAEs?\b|\bSAEs?\b|\bDLTs?\b|\bQTc?\b|vital signs"
    r"|安全|耐受|不良|毒性|副作用",
    re.IGNORECASE,
)


@rule("DS005", "note", "trial", about=("outcomes",))
def safety_is_not_primary(subject: Subject) -> Iterator[Problem]:
    """A phase 1 trial with primary outcomes, none of them about safety.

    Safety is what phase 1 is for. Case reports and expanded access are left alone. Silent where the phase
    is in doubt (DS001, DS011).

    Example: `phase = "1"`, and the only primary outcome is ALSFRS-R
    Remedy: compare the primary outcomes with the registry; none where true.
    """
    trial = subject.trial
    if trial.phase not in ("early1", "1") or trial.design in ("case_report", "expanded_access"):
        return
    if trial.study_type == "observational" or _other_phase(trial) is not None:
        return
    primaries = [outcome for outcome in listed(trial.outcomes) if outcome.role == "primary"]
    if primaries and not any(_is_safety(outcome) for outcome in primaries):
        yield Problem(("outcomes",), "phase 1, and no primary outcome is about safety", at="header")


def _is_safety(outcome: Outcome) -> bool:
    if known(outcome.instrument) == "adverse-events":
        return True
    return bool(_SAFETY.search(f"{outcome.id} {outcome.definition or ''}"))


_COMPARATORS = frozenset().union(*CONTROLS.values()) | {"external_control"}


@rule("DS006", "error", "trial", about=("control",))
def control_fits_arms(subject: Subject) -> Iterator[Problem]:
    """The control named by `control` is in none of the arms, or the arms hold one that it denies.

    Where at least two arms are listed and the role of each is known. `placebo` and `sham` both pass for
    either role, and standard care for what registries call active or no intervention. An external control
    is DS007's; the arms of a crossover trial are sequences, and those of an observational study groups.
    Silent where results name an arm that is missing (XR001).

    Example: articles say placebo, and the control of NCT01363401 was riluzole alone
    Remedy: compare with the registry's arms; the background of all arms and nothing else is `standard_care`.
    """
    trial = subject.trial
    control, arms = known(trial.control), listed(trial.arms)
    if control in (None, "external") or len(arms) < 2 or known(trial.model) == "crossover":
        return
    if trial.study_type == "observational":
        return
    roles = [known(arm.role) for arm in arms]
    shared = "other" in roles and _is_regimen(trial)
    if None in roles or shared or _lacks_an_arm(trial):  # the last is DS002's
        return
    words = _unfit(control, roles)
    if words and not subject.lost_arms:
        yield Problem(("control",), f"{control}, yet {words}")


def _unfit(control: str | None, roles: Collection[str | None]) -> str:
    """How the roles of the arms contradict the control; "" where they do not."""
    found = sorted({role for role in roles if role in _COMPARATORS})
    if control == "none":
        return f"the arms hold {' and '.join(found)}" if found else ""
    if control == "dose":
        treated = sum(role in ("experimental", "active_comparator") for role in roles)
        return "only one arm is treated" if treated < 2 else ""
    if control in CONTROLS and CONTROLS[control].isdisjoint(roles):
        return f"the arms hold {' and '.join(found) or 'no control'}"
    return ""


@rule("DS007", "error", "trial", about=("control", "arms[].role"))
def external_control_unnamed(subject: Subject) -> Iterator[Problem]:
    """An external control without an arm of that role, or an arm of that role without a label.

    Which people the treated are compared with decides what the comparison is worth, and two studies with
    one control are not independent.

    Example: Barczewska 2020 without an arm labelled PRO-ACT
    Remedy: add the arm with `role = "external_control"` and a label that names where its people come from.
    """
    trial = subject.trial
    outside = [(a, arm) for a, arm in enumerate(listed(trial.arms)) if known(arm.role) == "external_control"]
    if not outside and known(trial.control) == "external" and not subject.lost_arms:
        yield Problem(("control",), "external, and no arm says what it is")
    for a, arm in outside:
        if arm.label is None:
            yield Problem(("arms", a, "label"), "an external control without a label", at="header")


_ROLES_MASKED = {"none": 0, "single": 1, "double": 2, "triple": 3, "quadruple": 4}


@rule("DS010", "warning", "trial", about=("masked",))
def masking_counts_roles(subject: Subject) -> Iterator[Problem]:
    """The level of masking does not count the roles that are masked.

    ClinicalTrials.gov derives the one from the other; what a paper calls double-blind often masks three.

    Example: `masking = "double"` with participant, investigator and outcomes assessor masked
    Remedy: count the roles; `masking` is their number in words.
    """
    trial = subject.trial
    level, masked = known(trial.masking), known(trial.masked)
    if level is None or masked is None or level not in _ROLES_MASKED:
        return
    roles = len(set(masked))
    if roles != _ROLES_MASKED[level]:
        yield Problem(("masked",), f"{roles} role{'s' if roles != 1 else ''} masked, yet masking is {level}")


_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_LEVEL = r"(iv|i{1,3}|[0-4])[ -]?[abc]?"
_LABEL = deferred(
    rf"(?:early )?(?:(?:clinical )?phase )?{_LEVEL}(?:/[abc]|(?: ?[/+,&~–-] ?(?:phase )?{_LEVEL}))?"
    r"(?: ?期(?:临床)?(?:试验|研究)?| ?期(?:臨床)?(?:試驗|研究)?|(?: clinical)? (?:trial|study))?"
)


@rule("DS011", "warning", "trial", about=("phase_label",))
def label_fits_phase(subject: Subject) -> Iterator[Problem]:
    """`phase` and `phase_label` differ after dropping a and b, and no dispute about `phase` says why.

    A label that is not a phase in figures or Roman numerals is left alone; early phase 1 may be printed as
    phase 0 or 1.

    Example: XS228: `phase = "1"` in the registry, I/II in the company's words
    Remedy: record both in a dispute about `phase`, with their sources.
    """
    label = _other_phase(subject.trial)
    if label is not None:
        yield Problem(("phase_label",), f"{label}, yet phase is {subject.trial.phase}")


def _other_phase(trial: Trial) -> str | None:
    """The printed label of the phase, where it means another one."""
    label = known(trial.phase_label)
    read = None if label is None else phase_in(label)
    if read is None or read == trial.phase or (trial.phase == "early1" and read in ("1", "0/1")):
        return None
    return None if disputed(trial, "phase") or disputed(trial, "phase_label") else label


def phase_in(label: str) -> str | None:
    """The phase that a printed label means (`I/IIa` is `1/2`, `0` is `early1`); None where it is no phase."""
    plain = unicodedata.normalize("NFKC", label).casefold().replace("phase", "phase ")
    match = _LABEL.fullmatch(" ".join(plain.split()))
    if match is None:
        return None
    levels = sorted({_ROMAN.get(level, level) for level in match.groups() if level is not None})
    return "early1" if plain.startswith("early") or levels == ["0"] else "/".join(levels)
