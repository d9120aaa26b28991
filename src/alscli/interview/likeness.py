"""Records of the collection that a new one looks like, with the reason: it may be one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alscli.interview.question import Values, elements
from alscli.model.absence import known, listed
from alscli.model.path import value_at
from alscli.model.trial import Trial
from alscli.model.vocabulary import normalize
from alscli.text import fit

ALIKE = 85
"""Similarity of titles, 0 to 100, from which two are alike."""
_SHOWN, _NAMED = 4, 8


def look_alikes(values: Values, trials: Mapping[str, Trial]) -> dict[str, list[str]]:
    """The trials that have the product, the sponsor or the title of these values, with what is alike.

    A sponsor alone makes nobody alike: hospitals run many trials. Best first.
    """
    products = {each["product"] for each in elements(values, "interventions") if "product" in each}
    sponsor = normalize(str(value_at(values, ("sponsor", "name")) or ""))
    title = str(values.get("title") or "")
    scores = _title_scores(title, trials) if title else {}
    found: dict[str, list[str]] = {}
    for id_, trial in trials.items():
        shared = products & {each.product for each in listed(trial.interventions) if each.product}
        reasons = [f"title {round(scores[id_])} % alike"] if id_ in scores else []
        reasons += [f"product {name}" for name in sorted(shared)]
        if reasons and sponsor and sponsor == _sponsor(trial):
            reasons.append("same sponsor")
        if reasons:
            found[id_] = reasons
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), -scores.get(item[0], 0), item[0])))


def _title_scores(title: str, trials: Mapping[str, Trial]) -> dict[str, float]:
    from rapidfuzz import fuzz, process, utils

    names = {
        (id_, name): name
        for id_, trial in trials.items()
        for name in (trial.title, trial.title_zh, trial.scientific_title)
        if name
    }
    scores: dict[str, float] = {}
    found = process.extract(
        title,
        names,
        scorer=fuzz.token_sort_ratio,
        processor=utils.default_process,
        limit=None,
        score_cutoff=ALIKE,
    )
    for _, score, (id_, _) in found:
        scores[id_] = max(score, scores.get(id_, 0))
    return scores


def _sponsor(trial: Trial) -> str:
    sponsor = known(trial.sponsor)
    return normalize(sponsor.name) if sponsor is not None else ""


def told(found: Mapping[str, list[str]], trials: Mapping[str, Trial]) -> Iterator[str]:
    """A line for each look-alike, the likest first."""
    near = [id_ for id_, reasons in found.items() if len(reasons) > 1 or reasons[0].startswith("title")]
    if near:
        yield "it may be here already:"
    for id_ in near[:_SHOWN]:
        trial = trials[id_]
        number = trial.registry_id or "no registry id"
        yield f"  {id_} ({number}, phase {trial.phase}, {trial.status}): {', '.join(found[id_])}"
        yield f"    {fit(trial.title, 70)}"
    rest = [*near[_SHOWN:], *(id_ for id_ in found if id_ not in near)]
    if rest:
        more = f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
        reasons = sorted({reason for id_ in rest for reason in found[id_]})
        yield f"also of {', '.join(reasons)}: {', '.join(rest[:_NAMED])}{more}"
