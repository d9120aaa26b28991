"""The honest line: what kind of evidence a trial is, computed and never stored.

`OCEBM 2 · RCT, quadruple-masked · peer-reviewed · primary endpoint not met`

The level is that of the OCEBM 2011 table for treatment benefits, by design alone and ungraded: 2 where
allocation is randomized, 3 for a concurrent non-randomized control, 4 for everything else in people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alscli.model.provenance import Ref
from alscli.model.trial import Outcome, Safety, Trial
from alscli.model.values import known, listed

_PUBLICATIONS = (
    "peer-reviewed",
    "regulator's review",
    "registry results",
    "preprint",
    "thesis",
    "conference abstract",
    "press release",
    "secondary sources only",
)
_PUBLICATION_OF = {
    "article": "peer-reviewed",
    "erratum": "peer-reviewed",
    "regulator": "regulator's review",
    "registry": "registry results",
    "preprint": "preprint",
    "thesis": "thesis",
    "abstract": "conference abstract",
    "press": "press release",
    "company": "press release",
    "funder_report": "press release",
}
_UNGRADED = frozenset({"press release", "secondary sources only"})

_DESIGN = {
    "rct": "RCT",
    "nrct": "non-randomized controlled",
    "single_arm": "single arm",
    "dose_escalation": "dose escalation",
    "external_control": "external control",
    "cohort": "cohort",
    "surveillance": "surveillance",
    "case_series": "case series",
    "case_report": "case report (n = 1)",
    "expanded_access": "expanded access",
    "qualitative": "qualitative",
}
_MASKING = {
    "none": "open label",
    "single": "single-masked",
    "double": "double-masked",
    "triple": "triple-masked",
    "quadruple": "quadruple-masked",
}
_UNMASKED_BY_NATURE = frozenset(
    {"cohort", "surveillance", "case_series", "case_report", "expanded_access", "qualitative"}
)
_AWAITED = frozenset(
    {"not_yet_recruiting", "recruiting", "enrolling_by_invitation", "active_not_recruiting", "suspended"}
)
_CONCURRENT = frozenset({"placebo", "sham", "active", "standard_care", "no_treatment"})
_RESULT = {
    "met": "met",
    "not_met": "not met",
    "nominal": "nominal",
    "not_significant": "not significant",
    "descriptive": "described only",
    "pending": "pending",
    "not_reported": "not reported",
    "not_applicable": "not applicable",
    None: "without a recorded result",
}
REPORTED = frozenset({"met", "not_met", "nominal", "not_significant", "descriptive"})
"""Results that something was reported for."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What kind of evidence a trial is.

    `level` is the OCEBM level, None where nothing is reported (`reported` is False) or where results are
    known only from press, company or secondary sources. `awaited` tells that results may still come: of a
    trial that has ended without any in its record, nobody knows here whether there are some. `primary` is
    the result of the primary endpoint as the vocabulary has it, `mixed` where several differ, None where none
    is recorded; `primaries` holds the distinct results of all of them.
    """

    reported: bool
    awaited: bool
    level: int | None
    design: str
    publication: str | None
    primary: str | None
    primaries: tuple[str, ...]
    primary_words: str

    @property
    def line(self) -> str:
        """The honest line."""
        level = "–" if self.level is None else self.level
        none = "no result yet" if self.awaited else "no result recorded"
        head = f"OCEBM {level}" if self.reported else none
        parts = (head, self.design, self.publication, self.primary_words)
        return " · ".join(part for part in parts if part)


def assess(trial: Trial, shared: Mapping[str, Ref] | None = None) -> Evidence:
    """What kind of evidence the trial is; `shared` holds the references of the ledger by key."""
    kinds = {key: ref.kind for key, ref in (shared or {}).items()}
    kinds |= {ref.key: ref.kind for ref in trial.refs}
    kinds["registry"] = "registry"

    outcomes = listed(trial.outcomes)
    primaries = [outcome for outcome in outcomes if outcome.role == "primary"]
    safety = [line for line in listed(trial.safety) if has_counts(line)]
    facts: list[Outcome | Safety] = [*(outcome for outcome in outcomes if has_result(outcome)), *safety]
    primary_facts = [outcome for outcome in primaries if has_result(outcome)]
    publication = _best_publication(primary_facts or facts, trial, kinds) if facts else None
    level = None if publication is None or publication in _UNGRADED else _level(trial)
    results = tuple(dict.fromkeys(outcome.result for outcome in primaries if outcome.result is not None))
    primary, words = _primary(primaries)
    return Evidence(
        bool(facts),
        trial.status in _AWAITED,
        level,
        design_in_words(trial),
        publication,
        primary,
        results,
        words,
    )


def has_result(outcome: Outcome) -> bool:
    """Whether anything was reported for this outcome."""
    if outcome.result in REPORTED:
        return True
    if outcome.result in ("pending", "not_reported", "not_applicable"):
        return False
    values = any(known(value.value) is not None for value in listed(outcome.values))
    return values or bool(listed(outcome.effects))


def has_counts(line: Safety) -> bool:
    """Whether a line on harms counts people: words alone are no result."""
    numbers = (line.deaths, line.sae_patients, line.sae_related_patients, line.ae_patients)
    return any(known(number) is not None for number in numbers)


def _level(trial: Trial) -> int:
    if known(trial.allocation) == "randomized" or (known(trial.allocation) is None and trial.design == "rct"):
        return 2
    if trial.design == "nrct" or known(trial.control) in _CONCURRENT:
        return 3
    return 4


def design_in_words(trial: Trial) -> str:
    """Design and masking as people say them."""
    words = _DESIGN.get(trial.design, trial.design)
    masking = known(trial.masking)
    if masking is None or (masking == "none" and trial.design in _UNMASKED_BY_NATURE):
        return words
    return f"{words}, {_MASKING.get(masking, masking)}"


def _best_publication(facts: Iterable[Outcome | Safety], trial: Trial, kinds: Mapping[str, str]) -> str:
    cited = {key for fact in facts for key in (fact.src or trial.src or ())}
    dates = known(trial.dates)
    if len(cited) > 1 and (dates is None or known(dates.results_posted) is None):
        cited.discard("registry")  # without posted results it tells the plan; the other source the result
    published = {_PUBLICATION_OF.get(kinds.get(key, ""), _PUBLICATIONS[-1]) for key in cited}
    return min(published, key=_PUBLICATIONS.index, default=_PUBLICATIONS[-1])


def _primary(primaries: list[Outcome]) -> tuple[str | None, str]:
    if not primaries:
        return None, "no primary endpoint recorded"
    words = [_result_in_words(outcome) for outcome in primaries]
    results = {outcome.result or "not_reported" for outcome in primaries}
    result = results.pop() if len(results) == 1 else "mixed"
    if len(words) == 1:
        return result, f"primary endpoint {words[0]}"
    counts = Counter(words)
    parts = words[:1] if len(counts) == 1 else [f"{count} {word}" for word, count in counts.items()]
    return result, f"{len(words)} primary endpoints: {', '.join(parts)}"


def _result_in_words(outcome: Outcome) -> str:
    if outcome.result == "descriptive" and known(outcome.instrument) == "adverse-events":
        return "safety reported"
    return _RESULT.get(outcome.result, str(outcome.result))
