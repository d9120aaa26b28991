"""Posted results of ClinicalTrials.gov as values, comparisons and harms, where they can be read in one way.

A group of a result is an arm where its title is the arm's label. Which of two groups an estimate puts over
the other is said in no field: a difference is taken over where the groups' own values show it, a ratio never.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from alscli.registries.said import Said, letters, tidy
from alscli.registries.words import moment

if TYPE_CHECKING:
    from alscli.registries.ctgov import Page

_MEASURES = "resultsSection.outcomeMeasuresModule.outcomeMeasures"
_GROUPS = "resultsSection.adverseEventsModule.eventGroups"
_MOST_VALUES = 60
"""Values of one outcome; a table of a hundred concentrations is for the copy, not for a record."""
_ROLES = {
    "PRIMARY": "primary",
    "SECONDARY": "secondary",
    "OTHER_PRE_SPECIFIED": "other_prespecified",
    "POST_HOC": "post_hoc",
}
_STATS = {
    "MEAN": "mean",
    "LEAST_SQUARES_MEAN": "ls_mean",
    "MEDIAN": "median",
    "GEOMETRIC_MEAN": "geometric_mean",
    "COUNT_OF_PARTICIPANTS": "count",
}
_SPREADS = {"standard deviation": "sd", "standard error": "se"}
_LIMITS = {"95% confidence interval": "ci", "inter-quartile range": "iqr", "full range": "range"}
_NUMBER = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,12})?|[-+]?\.\d{1,12}")
_PEOPLE = re.compile(r"(?:number of )?(?:participants?|subjects?|patients?)(?: analyzed)?", re.IGNORECASE)
_PERCENT = re.compile(
    r"(?:percent(?:age)?|%)(?: \(?%\)?)? ?(?:of )?(?:study |all )?(?:participants|patients|subjects)",
    re.IGNORECASE,
)
_COMPARATORS = frozenset({"placebo_comparator", "sham_comparator", "active_comparator", "no_intervention"})
_DIFFERENCE = re.compile(r"difference", re.IGNORECASE)


def add(
    page: Page, planned: list[dict[str, Any]], arms: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The outcomes with what was posted for them, and the harms by arm."""
    from alscli.registries.ctgov import outcome

    by_title = {(each["role"].value, letters(each["definition"].value)): each for each in planned}
    taken = {each["id"].value for each in planned}
    outcomes = list(planned)
    for path, measure in page.tables(_MEASURES):
        title = tidy(measure.get("title"))
        role = _ROLES.get(tidy(measure.get("type")))
        if not title or role is None:
            page.odd(path, "has no title, or a type that is not known here: left out")
            continue
        found = by_title.pop((role, letters(title)), None)
        if found is None:
            found = outcome(title, tidy(measure.get("timeFrame")), role, path, taken)
            outcomes.append(found)
        _fill(page, found, measure, path, arms)
    return outcomes, _safety(page, arms)


def _arm_of(groups: list[tuple[str, str]], arms: list[dict[str, Any]]) -> dict[str, str]:
    """Arm by group id: equal titles, else a title within another where that fits one alone in both ways."""
    labels = {letters(arm["label"].value): arm["id"].value for arm in arms if arm.get("label")}
    found = {group: labels[letters(title)] for group, title in groups if letters(title) in labels}
    free_labels = {label: arm for label, arm in labels.items() if arm not in found.values()}
    free_groups = {group: letters(title) for group, title in groups if group not in found}
    for group, title in free_groups.items():
        near = [label for label in free_labels if _within(label, title)]
        if len(near) == 1 and sum(_within(near[0], other) for other in free_groups.values()) == 1:
            found[group] = free_labels[near[0]]
    if len(groups) == len(arms) == 1:
        found = {groups[0][0]: arms[0]["id"].value}
    used = list(found.values())
    return {group: arm for group, arm in found.items() if used.count(arm) == 1}


def _within(one: str, other: str) -> bool:
    return bool(one and other) and (f" {one} " in f" {other} " or f" {other} " in f" {one} ")


def _fill(
    page: Page, found: dict[str, Any], measure: Mapping[str, Any], path: str, arms: list[dict[str, Any]]
) -> None:
    groups = [
        (tidy(each.get("id")), tidy(each.get("title")))
        for _, each in page.tables_of(measure.get("groups"), f"{path}.groups")
    ]
    arm_of = _arm_of(groups, arms)
    unit, kind = tidy(measure.get("unitOfMeasure")), measure.get("paramType")
    stat = _stat(kind, unit)
    values = _values(page, measure, path, dict(groups), arm_of)
    if not values:
        if measure.get("reportingStatus") != "NOT_POSTED":
            page.odd(path, "holds no values that can be taken over as they are: see the copy")
        else:
            found["result"] = Said("not_reported", f"{path}.reportingStatus")
        return
    if len(values) > _MOST_VALUES:
        page.odd(path, f"holds {len(values)} values, more than a record takes: see the copy")
        return
    if stat:
        found["stat"] = Said(stat, f"{path}.paramType")
    if unit:
        found["unit"] = Said(unit, f"{path}.unitOfMeasure")
    found["values"] = values
    analyses = list(page.tables_of(measure.get("analyses"), f"{path}.analyses"))
    effects = _effects(page, analyses, found, arms, arm_of) if analyses else []
    if effects:
        found["effects"] = effects
    elif not analyses:
        found["result"] = Said("descriptive", path)


def _stat(kind: object, unit: str) -> str | None:
    if kind == "NUMBER":
        if _PERCENT.match(unit):
            return "percent"
        return "count" if _PEOPLE.fullmatch(unit) else None
    return _STATS.get(kind) if isinstance(kind, str) else None


def number(text: object) -> int | Decimal | None:
    """The number that a text of the results holds, with its digits; None for NA and words."""
    plain = tidy(text).replace(",", "")
    if _NUMBER.fullmatch(plain) is None:
        return None
    if "." not in plain:
        return int(plain)
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def printed_p(text: object) -> int | Decimal | str | None:
    """A p-value with its digits, or a bound; None for words and for what no probability can be."""
    plain = tidy(text).replace(" ", "").replace("≤", "<=").replace("≥", ">=")
    match = re.fullmatch(r"([<>]=?|=)?(0|1|[01]?\.\d{1,12})", plain)
    if match is None:
        return None
    digits = f"0{match[2]}" if match[2].startswith(".") else match[2]
    if Decimal(digits) > 1:
        return None
    if match[1] in (None, "="):
        return Decimal(digits) if "." in digits else int(digits)
    return f"{match[1]}{digits}"


def _values(
    page: Page, measure: Mapping[str, Any], path: str, titles: dict[str, str], arm_of: dict[str, str]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    dispersion = tidy(measure.get("dispersionType")).casefold()
    overall = _denominators(page, measure, path)
    seen: set[tuple[str, str, str]] = set()
    for place, each in page.tables_of(measure.get("classes"), f"{path}.classes"):
        n_of = _denominators(page, each, place) or overall
        row = tidy(each.get("title"))
        for category_place, category in page.tables_of(each.get("categories"), f"{place}.categories"):
            column = tidy(category.get("title"))
            at = moment(row) if row else None
            names = [name for name in (None if at else row, column) if name]
            for spot, one in page.tables_of(category.get("measurements"), f"{category_place}.measurements"):
                group = tidy(one.get("groupId"))
                value = number(one.get("value"))
                if value is None:
                    page.odd(f"{spot}.value", f"{tidy(one.get('value'))!r} is no number: left out")
                    continue
                arm = arm_of.get(group)
                label = " / ".join(names if arm else [titles.get(group, group), *names])
                identity = (arm or "", label, at or "")
                if identity in seen:
                    page.odd(spot, "is a second value of the same group, label and time: left out")
                    continue
                seen.add(identity)
                found.append(
                    {
                        "arm": Said(arm, f"{spot}.groupId") if arm else None,
                        "label": Said(label, f"{spot}.groupId") if label else None,
                        "at": Said(at, f"{place}.title") if at else None,
                        "n": Said(n_of[group], f"{path}.denoms") if group in n_of else None,
                        "value": Said(value, f"{spot}.value"),
                        **_spread(page, one, spot, dispersion),
                    }
                )
    return found


def _denominators(page: Page, holder: Mapping[str, Any], path: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, each in page.tables_of(holder.get("denoms"), f"{path}.denoms"):
        if tidy(each.get("units")).casefold() == "participants":
            for _, count in page.tables_of(each.get("counts"), f"{place}.counts"):
                n = number(count.get("value"))
                if isinstance(n, int) and n >= 0:
                    found[tidy(count.get("groupId"))] = n
    return found


def _spread(page: Page, one: Mapping[str, Any], spot: str, dispersion: str) -> dict[str, Any]:
    if key := _SPREADS.get(dispersion):
        spread = number(one.get("spread"))
        return {} if spread is None or spread < 0 else {key: Said(spread, f"{spot}.spread")}
    if key := _LIMITS.get(dispersion):
        low, high = number(one.get("lowerLimit")), number(one.get("upperLimit"))
        if low is not None and high is not None and low <= high:
            return {key: Said([low, high], spot)}
    elif dispersion:
        page.odd(spot, f"its spread is a {dispersion!r}, for which the format has no place: left out")
    return {}


def _effects(
    page: Page,
    analyses: list[tuple[str, dict[str, Any]]],
    found: dict[str, Any],
    arms: list[dict[str, Any]],
    arm_of: dict[str, str],
) -> list[dict[str, Any]]:
    roles = {arm["id"].value: arm["role"].value for arm in arms if arm.get("role")}
    effects: dict[tuple[str, str], dict[str, Any]] = {}
    for path, each in analyses:
        groups = page.texts_of(each.get("groupIds"), f"{path}.groupIds")
        pair = [arm_of[group] for group in groups if group in arm_of]
        if len(groups) != 2 or len(pair) != 2:
            page.odd(path, "compares what is no two arms of the study: see the copy")
            continue
        comparators = [arm for arm in pair if roles.get(arm) in _COMPARATORS]
        vs = comparators[0] if len(comparators) == 1 else pair[1]
        arm = pair[0] if vs == pair[1] else pair[1]
        if (arm, vs) in effects or (vs, arm) in effects:
            page.odd(path, "is a further analysis of the same two arms: see the copy")
            continue
        p = printed_p(each.get("pValue"))
        if p is None and tidy(each.get("pValue")):
            page.odd(f"{path}.pValue", f"{tidy(each.get('pValue'))!r} is no p-value: left out")
        method = tidy(each.get("statisticalMethod"))
        estimate = _estimate(page, each, path, found, arm, vs)
        if p is None and not estimate:
            continue
        effects[(arm, vs)] = {
            "arm": Said(arm, f"{path}.groupIds"),
            "vs": Said(vs, f"{path}.groupIds"),
            **estimate,
            "p": Said(p, f"{path}.pValue") if p is not None else None,
            "method": Said(method, f"{path}.statisticalMethod") if method else None,
        }
    return list(effects.values())


def _estimate(
    page: Page, analysis: Mapping[str, Any], path: str, found: dict[str, Any], arm: str, vs: str
) -> dict[str, Any]:
    """Estimate and interval of a difference of means that the values of the two arms bear out."""
    estimate, kind = number(analysis.get("paramValue")), tidy(analysis.get("paramType"))
    if estimate is None:
        return {}
    values = {
        each["arm"].value: each["value"].value
        for each in found["values"]
        if each.get("arm") and not each.get("label") and not each.get("at")
    }
    stat = found["stat"].value if "stat" in found else ""
    means = _DIFFERENCE.search(kind) and stat in ("mean", "ls_mean") and arm in values and vs in values
    difference = values[arm] - values[vs] if means else 0
    if not means or difference == 0 or abs(difference - estimate) > abs(difference) / 10:
        page.odd(
            f"{path}.paramValue", f"{kind or 'the estimate'} {estimate}: its direction is not said: left out"
        )
        return {}
    low, high = number(analysis.get("ciLowerLimit")), number(analysis.get("ciUpperLimit"))
    level = number(analysis.get("ciPctValue"))
    interval = None
    if low is not None and high is not None and low <= estimate <= high and level is not None:
        interval = Said([low, high], path)
    return {
        "type": Said("md", f"{path}.paramType"),
        "est": Said(estimate, f"{path}.paramValue"),
        "ci": interval,
        "level": Said(level, f"{path}.ciPctValue") if interval and level != 95 else None,
    }


def _safety(page: Page, arms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups = [
        (place, tidy(each.get("id")), tidy(each.get("title")), each) for place, each in page.tables(_GROUPS)
    ]
    arm_of = _arm_of([(own, title) for _, own, title, _ in groups], arms)
    found = []
    for place, own, title, each in groups:
        arm = arm_of.get(own)
        if arm is None and len(groups) > 1:
            page.odd(place, f"{title!r} is no arm of the study: see the copy")
            continue
        counts = {key: _people(page, each, f"{place}.{name}", name) for key, name in _COUNTS.items()}
        at_risk = counts["n"].value if counts["n"] else None
        for key in ("deaths", "sae_patients"):
            count = counts[key]
            if count and at_risk is not None and count.value > at_risk:
                page.odd(count.path, f"{count.value} of {at_risk}: left out")
                counts[key] = None
        found.append({"arm": Said(arm, f"{place}.title") if arm else None, **counts})
    return found


_COUNTS = {"n": "seriousNumAtRisk", "deaths": "deathsNumAffected", "sae_patients": "seriousNumAffected"}


def _people(page: Page, group: Mapping[str, Any], path: str, name: str) -> Said | None:
    count = group.get(name)
    if count is None:
        return None
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < 10**9:
        page.odd(path, f"{tidy(str(count))!r} is no number of people: left out")
        return None
    return Said(count, path)
