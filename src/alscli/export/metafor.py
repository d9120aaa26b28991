"""Effects for R's metafor (`rma(yi, sei = sei, data = read.csv(file))`), aligned: positive is benefit.

Only contrasts between arms, of everybody, on one instrument, measure, type of effect and time: anything
else is refused, not averaged. Ratios become logarithms. The standard error is that of the confidence
interval, else that which the exact p-value implies, under a normal distribution (Cochrane Handbook 6.3 and
6.5.2.2); `se_from` says which.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from statistics import NormalDist
from typing import Any, NamedTuple

from alscli.errors import UsageError
from alscli.export import csv
from alscli.export.selection import Selection
from alscli.model.absence import Absence, known
from alscli.model.values import Moment
from alscli.model.vocabulary import Vocabulary
from alscli.query.tables import Cell, Column, Row

COLUMNS = tuple(
    Column(name, kind, meaning)  # type: ignore[arg-type]
    for name, kind, meaning in (
        ("study", "text", "id of the trial"),
        ("outcome", "text", "id of the outcome"),
        ("instrument", "text", "scale or test"),
        ("measured", "text", "what of the scale"),
        ("timepoint", "text", "time or window"),
        ("population", "text", "who is analyzed"),
        ("arm", "text", "id of the arm"),
        ("vs", "text", "id of the arm it is compared with"),
        ("type", "text", "type of effect as recorded"),
        ("measure", "text", "the same as `escalc` calls it; ratios are logarithms"),
        ("yi", "number", "effect, positive where the arm did better"),
        ("sei", "number", "its standard error"),
        ("vi", "number", "its variance"),
        ("se_from", "text", "ci or p: what the standard error comes from"),
        ("ni", "integer", "people in both arms"),
        ("n1i", "integer", "people in the arm"),
        ("n2i", "integer", "people in the arm it is compared with"),
        ("est", "number", "estimate as recorded"),
        ("ci_low", "number", "lower limit as recorded"),
        ("ci_high", "number", "upper limit as recorded"),
        ("flipped", "boolean", "whether the sign was turned"),
        ("adjusted", "boolean", "whether adjusted for covariates"),
        ("external_control", "boolean", "whether it is compared with people outside the trial"),
        (
            "shared_control",
            "boolean",
            "whether another row is compared with the same people, so far as is known",
        ),
        ("evidence", "text", "the honest line of the trial"),
    )
)
_RATIOS = frozenset({"or", "rr", "rate_ratio", "hr", "ratio_gm"})
_LOG = {"or": "OR", "rr": "RR", "rate_ratio": "IRR", "hr": "HR", "ratio_gm": "ROM", "md": "MD", "smd": "SMD"}
_GOOD_EVENTS = frozenset({"responder", "survival_rate"})
_WAYS = {"higher": 1, "longer": 1, "lower": -1}


class _Kind(NamedTuple):
    """What effects must share to be pooled."""

    instrument: str
    measure: str
    type: str
    start: Any
    end: Any


class _Effect(NamedTuple):
    kind: _Kind
    row: Row
    outcome: Row


def render(selection: Selection, choice: Mapping[str, Any], said: list[str]) -> Iterator[str]:
    """The file; `choice` narrows by `instrument` (codes), `measure`, `effect` and `at`.

    Raises UsageError where effects of several kinds remain, or no direction of benefit is known; `said`
    gets what was left out.
    """
    vocabularies = selection.vocabularies
    wanted = _wanted(choice, vocabularies)
    effects = [each for each in _effects(selection, said) if wanted(each.kind)]
    _require_one_kind(effects)
    rows = _rows(effects, selection, vocabularies["instrument"])
    selection.counts["effects"] = len(rows)
    if missing := sum(row["sei"] is None for row in rows):
        said.append(f"{missing} of {len(rows)} effects have neither an interval nor an exact p: sei is empty")
    return csv.render(COLUMNS, rows)


def _wanted(choice: Mapping[str, Any], vocabularies: Mapping[str, Vocabulary]) -> Any:
    """Whether a kind is asked for; UsageError for a word that is no term or no time."""
    found: dict[str, frozenset[str]] = {}
    for name, vocabulary in (("instrument", "instrument"), ("measure", "measure"), ("effect", "effect_type")):
        given = choice.get(name) or ()
        for value in (given,) if isinstance(given, str) else given:
            codes = vocabularies[vocabulary].filter(value)
            if not codes:
                near = vocabularies[vocabulary].nearest(value)
                raise UsageError(
                    f"--{name}: {value!r} is no term of {vocabulary}",
                    f"did you mean {' or '.join(near)}?" if near else f"see `alscli values {vocabulary}`",
                )
            found[name] = found.get(name, frozenset()) | codes
    at = choice.get("at")
    times = None
    if at:
        try:
            moment = Moment.parse(at)
        except ValueError:
            raise UsageError(f"--at: {at!r} is no time", "write 28w, 6m or -3m..0d") from None
        times = (float(moment.start), float(moment.end))

    def wanted(kind: _Kind) -> bool:
        if times is not None and (kind.start is None or not _same_times((kind.start, kind.end), times)):
            return False
        values = {"instrument": kind.instrument, "measure": kind.measure, "effect": kind.type}
        return all(values[name] in codes for name, codes in found.items())

    return wanted


def _same_times(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    return all(math.isclose(float(a), float(b), abs_tol=1e-4) for a, b in zip(one, other, strict=True))


def _effects(selection: Selection, said: list[str]) -> Iterator[_Effect]:
    """The estimates of differences between arms, of everybody."""
    outcomes = {(row["trial"], row["id"]): row for row in selection.rows("outcomes")}
    left: Counter[str] = Counter()
    for row in selection.rows("effects"):
        outcome = outcomes[row["trial"], row["outcome"]]
        if known(row["est"]) is None or known(row["type"]) is None:
            left["without an estimate"] += 1
        elif row["vs"] in ("baseline", "run_in", None):
            left["against baseline or run-in"] += 1
        elif outcome["subgroup"] is not None:
            left["of subgroups"] += 1
        else:
            yield _Effect(_kind(outcome, row), row, outcome)
    if left:
        said.append("left out: " + ", ".join(f"{n} {what}" for what, n in sorted(left.items())))


def _kind(outcome: Row, effect: Row) -> _Kind:
    instrument, measure = (str(known(outcome[name]) or "not recorded") for name in ("instrument", "measure"))
    start, end = outcome["at_start"], outcome["at_end"]
    # Two times that nobody recorded are not known to be the same one.
    return _Kind(instrument, measure, str(effect["type"]), start, outcome["trial"] if start is None else end)


def _require_one_kind(effects: Iterable[_Effect]) -> None:
    kinds: dict[_Kind, list[_Effect]] = {}
    for each in effects:
        kinds.setdefault(each.kind, []).append(each)
    if len(kinds) < 2:
        return
    most = sorted(kinds.items(), key=lambda item: -len(item[1]))
    named = [f"{_in_words(found[0])} ({len(found)})" for _, found in most[:6]]
    more = f" and {len(most) - 6} more" if len(most) > 6 else ""
    first = most[0][1][0]
    parts = [
        ("instrument", first.kind.instrument),
        ("measure", first.kind.measure),
        ("effect", first.kind.type),
    ]
    options = [f"--{name} {value}" for name, value in parts if value != "not recorded"]
    options += [f"--at {first.outcome['at']}"] if first.outcome["at_start"] is not None else []
    raise UsageError(
        f"effects of {len(kinds)} kinds are not pooled: {', '.join(named)}{more}",
        f"choose one, such as: {' '.join(options)}",
    )


def _in_words(effect: _Effect) -> str:
    kind, at = effect.kind, effect.outcome["at"]
    return f"{kind.instrument} {kind.measure} {kind.type} at {at or 'a time not recorded'}"


def _rows(effects: list[_Effect], selection: Selection, instruments: Vocabulary) -> list[Row]:
    roles = {(row["trial"], row["id"]): row for row in selection.rows("arms")}
    numbers = {
        (row["trial"], row["outcome"], row["arm"]): row["n"]
        for row in selection.rows("outcome_values")
        if known(row["n"]) is not None
    }
    lines = {row["id"]: row["evidence"] for row in selection.rows("trials")}
    relatives = {
        frozenset((row["trial"], row["id"]))
        for row in selection.rows("related")
        if row["rel"] in ("extension", "same_participants", "regimen_of", "long_term_follow_up")
    }
    controls = Counter((each.row["trial"], each.row["vs"]) for each in effects)
    rows: list[Row] = []
    for each in effects:
        effect, outcome, trial = each.row, each.outcome, each.row["trial"]
        vs = roles.get((trial, effect["vs"]), {})
        people = [
            numbers.get((trial, effect["outcome"], arm), known(roles.get((trial, arm), {}).get("n")))
            for arm in (effect["arm"], effect["vs"])
        ]
        kin = any(frozenset((trial, other.row["trial"])) in relatives for other in effects)
        rows.append(
            _estimate(each, instruments)
            | {
                "study": trial,
                "outcome": effect["outcome"],
                "instrument": outcome["instrument"],
                "measured": outcome["measure"],
                "timepoint": outcome["at"],
                "population": outcome["population"],
                "arm": effect["arm"],
                "vs": effect["vs"],
                "type": effect["type"],
                "n1i": people[0],
                "n2i": people[1],
                "ni": sum(people) if all(isinstance(n, int) for n in people) else None,  # type: ignore[arg-type]
                "est": effect["est"],
                "ci_low": effect["ci_low"],
                "ci_high": effect["ci_high"],
                "adjusted": effect["adjusted"],
                "external_control": vs.get("role") == "external_control",
                "shared_control": controls[trial, effect["vs"]] > 1 or kin,
                "evidence": lines[trial],
            }
        )
    return rows


def _estimate(each: _Effect, instruments: Vocabulary) -> Row:
    effect, type_ = each.row, each.kind.type
    sign = _sign(each, instruments)
    ratio = type_ in _RATIOS
    estimate = _scaled(effect["est"], log=ratio)
    error, origin = _error(effect, estimate, log=ratio)
    return {
        "measure": _LOG.get(type_, type_.upper()),
        "yi": None if estimate is None else _rounded(sign * estimate),
        "sei": None if error is None else _rounded(error),
        "vi": None if error is None else _rounded(error * error),
        "se_from": origin,
        "flipped": sign < 0,
    }


def _sign(each: _Effect, instruments: Vocabulary) -> int:
    """1 where more is better, -1 where less is; UsageError where nobody has said."""
    kind = each.kind
    events = kind.type in ("or", "rr", "rd", "hr", "rate_ratio")
    if events and kind.measure in _GOOD_EVENTS:
        return 1
    if kind.type == "hr" or (events and kind.measure == "time_to_event"):
        return -1
    term = instruments.terms.get(kind.instrument)
    way = _WAYS.get(str(term.extra.get("better"))) if term is not None else None
    if way is None or (events and kind.measure != "incidence"):
        raise UsageError(
            f"nobody has said whether more is better: {_in_words(each)} ({each.row['trial']})",
            "leave that trial, instrument or type of effect out",
        )
    return way


def _scaled(cell: Cell, *, log: bool) -> float | None:
    if isinstance(cell, (Absence, str, tuple)) or cell is None:
        return None
    value = float(cell)
    if not log:
        return value
    return math.log(value) if value > 0 else None


def _error(effect: Row, estimate: float | None, *, log: bool) -> tuple[float | None, str | None]:
    """The standard error and what it comes from."""
    low, high = _scaled(effect["ci_low"], log=log), _scaled(effect["ci_high"], log=log)
    level = _scaled(effect["level"], log=False) or 95.0
    if low is not None and high is not None and high > low and 0 < level < 100:
        return (high - low) / (2 * NormalDist().inv_cdf(0.5 + level / 200)), "ci"
    p = _scaled(effect["p"], log=False)
    if estimate and p is not None and 0 < p < 1 and effect["p_op"] == "=":
        z = NormalDist().inv_cdf(1 - p / (1 if effect["sides"] == 1 else 2))
        if z > 0:
            return abs(estimate) / z, "p"
    return None, None


def _rounded(number: float) -> Decimal:
    """Six significant digits, as no source prints more; never in powers of ten."""
    return Decimal(f"{Decimal(f'{number:.6g}'):f}")
