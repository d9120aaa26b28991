"""Effects: which are ratios, which direction is benefit, how far an interval reaches."""

from __future__ import annotations

import math
import re
from functools import cache

RATIOS = frozenset({"or", "rr", "rate_ratio", "hr", "ratio_gm"})
DIFFERENCES = frozenset({"md", "smd", "rd"})
OF_EVENTS = frozenset({"or", "rr", "rate_ratio", "rd", "hr"})
"""Types that compare how often something happens."""

BROAD = frozenset(
    {
        "other",
        "biomarker",
        "imaging",
        "electrophysiology",
        "pharmacokinetics",
        "feasibility",
        "adverse-events",
    }
)
"""Instruments that are many: only with its definition is it said what an outcome measures."""

COMPARATORS = frozenset(
    {
        "active_comparator",
        "placebo_comparator",
        "sham_comparator",
        "no_intervention",
        "standard_care",
        "external_control",
    }
)
"""Roles of arms that therapy is compared with."""

OTHER_TEST = re.compile(
    r"rank|wilcoxon|mann|kruskal|fisher|exact|permut|randomi[sz]ation|bootstrap|\bchi\b|χ|likelihood"
    r"|score test|mantel|mcnemar|hochberg|bonferroni|\bholm\b|multipl|bayes|inferior|equivalen|another"
    r"|different|separate|interval|\bp\b|\bci\b|秩|置换|精确|卡方|校正|似然|不同|另",
    re.IGNORECASE,
)
"""Methods whose p does not come from the model of the estimate and its interval."""

_TOWARD_WORSE = re.compile(
    r"declin|decreas|loss|\blost\b|\bfall|\bdrop|reduc|worse|deteriorat|progress|positive number"
    r"|下降|减少|降低|减退|丧失|恶化|进展",
    re.IGNORECASE,
)


def benefit(measure: str | None, better: str, kind: str, words: str) -> int:
    """1 where a greater effect is better, -1 where a smaller one is, 0 where it is not plain.

    `better` is the instrument's (`higher`, `longer`, `lower`), `kind` the type of effect; `words` are
    definition and unit: a rate of decline may be printed without its minus, and then less of it is better.
    """
    upward = {"higher": 1, "longer": 1, "lower": -1}.get(better, 0)
    match measure:
        case _ if kind == "hr":
            return -1 if better == "longer" else 0
        case "score" | "rank":
            return upward
        case "change" | "percent_change" | "slope":
            return 0 if _TOWARD_WORSE.search(words) else upward
        case "responder":
            return 1
        case "time_to_event":
            return 1 if better == "longer" and kind in ("md", "smd") else 0
        case "survival_rate":
            return 1 if better == "longer" and kind in DIFFERENCES else 0
        case "incidence":
            return -1 if better in ("lower", "longer") else 0
        case _:
            return 0


def against_control(role: str | None, other: str | None) -> int:
    """1 for treatment against control, -1 for the reverse, 0 for one treatment or dose against another."""
    if other != "experimental":
        return 1
    return -1 if role in COMPARATORS else 0


# -- distributions ----------------------------------------------------------------------------------


def two_tails(t: float, freedom: int | None = None) -> float:
    """The probability beyond ±t: of Student's t with that many degrees of freedom, else of the normal.

    Finite sums for whole degrees (Abramowitz and Stegun 26.7.3 and 26.7.4).
    """
    if freedom is None or freedom > 200:
        return math.erfc(t / math.sqrt(2))
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    even = freedom % 2 == 0
    term = 1.0 if even else cosine
    total = 0.0 if freedom == 1 else term
    for k in range(2 if even else 3, freedom - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    inside = math.sin(angle) * total if even else (angle + math.sin(angle) * total) * 2 / math.pi
    return max(0.0, 1 - inside)


@cache
def quantile(level: float, freedom: int | None = None) -> float:
    """How many standard errors an interval of `level` % reaches to either side."""
    if freedom is None or freedom > 200:
        from statistics import NormalDist

        return NormalDist().inv_cdf(0.5 + level / 200)
    low, high = 0.0, 1.0
    while two_tails(high, freedom) > 1 - level / 100 and high < 1e9:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if two_tails(middle, freedom) > 1 - level / 100 else (low, middle)
    return high
