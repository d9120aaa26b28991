"""Effects for R's metafor (`rma(yi, sei = sei, data = read.csv(file))`), aligned: positive is benefit.

Only contrasts between arms, of everybody, on one instrument, measure, type of effect and time, in one unit
and one matrix: anything else is refused, not averaged. Ratios become logarithms. The standard error is that
of the confidence interval, else that which the exact p-value implies where its test is that of the estimate
(Cochrane Handbook 6.3 and 6.5.2): by Student's t for differences where both arms' people are known, else by
the normal distribution; `se_from` says from what.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from alscli.errors import UsageError
from alscli.export import csv
from alscli.export.selection import Selection
from alscli.model.absence import Absence, known
from alscli.model.effect import BROAD, OF_EVENTS, OTHER_TEST, RATIOS, against_control, benefit, quantile
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
        ("matrix", "text", "what a biomarker is measured in"),
        ("timepoint", "text", "time or window"),
        ("population", "text", "who is analyzed"),
        ("arm", "text", "id of the arm; of treatment and control the treatment"),
        ("vs", "text", "id of the arm it is compared with"),
        ("type", "text", "type of effect as recorded"),
        ("measure", "text", "the same as `escalc` calls it, GEN where it does not; ratios are logarithms"),
        ("unit", "text", "unit of a difference"),
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
            "whether another row has some of the same people, so far as is known",
        ),
        ("repeated", "boolean", "whether another row compares the same two arms"),
        ("evidence", "text", "the honest line of the trial"),
    )
)
_UNKNOWN = "not recorded"
_KIN = frozenset({"extension", "same_participants", "regimen_of", "long_term_follow_up"})
"""Relations of studies that may share participants."""
_READINGS = frozenset({"score", "change", "percent_change", "slope", "rank"})
"""Measures that are no events, so that nobody knows what a ratio of events would be of."""
_ACRONYM = re.compile(r"[A-Z][A-Z-]*[A-Z]")
_SHORT = 4
"""Letters; shorter ones (ALS, UK) name no control group."""


class _Kind(NamedTuple):
    """What effects must share to be pooled."""

    instrument: str
    measure: str
    type: str
    start: Any
    end: Any
    unit: str
    matrix: str
    only: str
    """The trial, where something of this is not recorded: two unknown things are not known to be the same;
    and the definition, where the instrument is many."""


class _Effect(NamedTuple):
    kind: _Kind
    row: Row
    outcome: Row
    arms: tuple[Row, Row]
    """Treatment and control, else the arm and the one it is compared with."""
    turned: bool
    """Whether it is recorded as control against treatment."""


def render(selection: Selection, choice: Mapping[str, Any], said: list[str]) -> Iterator[str]:
    """The file; `choice` narrows by `instrument` (codes), `measure`, `matrix`, `effect`, `unit` and `at`.

    Raises UsageError where effects of several kinds remain, or no direction of benefit is known; `said`
    gets what was left out, and what a reader must know before pooling.
    """
    vocabularies = selection.vocabularies
    wanted = _wanted(choice, vocabularies)
    effects = [each for each in _effects(selection, said) if wanted(each.kind)]
    _require_one_kind(effects)
    rows = _rows(effects, selection)
    selection.counts["effects"] = len(rows)
    said += _cautions(rows)
    return csv.render(COLUMNS, rows)


def _cautions(rows: list[Row]) -> Iterator[str]:
    """What is to be known before these rows are pooled."""
    if missing := sum(row["sei"] is None for row in rows):
        yield f"{missing} of {len(rows)} effects have neither an interval nor a p of their own: sei is empty"
    if skewed := sum(_is_skewed(row) for row in rows):
        yield f"{skewed} of {len(rows)} intervals are not symmetric about the estimate: sei is approximate"
    if repeated := sorted({str(row["study"]) for row in rows if row["repeated"]}):
        yield f"several rows compare the same arms, keep one of each: {', '.join(repeated)}"


def _is_skewed(row: Row) -> bool:
    """Whether an end of the interval is a tenth further from the estimate than the other, on its scale."""
    log = row["type"] in RATIOS
    low, middle, high = (_scaled(row[name], log=log) for name in ("ci_low", "est", "ci_high"))
    if low is None or middle is None or high is None:
        return False
    return abs(low + high - 2 * middle) > (high - low) / 10


def _wanted(choice: Mapping[str, Any], vocabularies: Mapping[str, Vocabulary]) -> Any:
    """Whether a kind is asked for; UsageError for a word that is no term or no time."""
    found: dict[str, frozenset[str]] = {}
    for name, vocabulary in (
        ("instrument", "instrument"),
        ("measure", "measure"),
        ("matrix", "matrix"),
        ("effect", "effect_type"),
    ):
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
    if choice.get("unit"):
        found["unit"] = frozenset({_plain_unit(str(choice["unit"]))})

    def wanted(kind: _Kind) -> bool:
        if times is not None and (kind.start is None or not _same_times((kind.start, kind.end), times)):
            return False
        values = kind._asdict() | {"effect": kind.type}
        return all(values[name] in codes for name, codes in found.items())

    return wanted


def _same_times(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    return all(math.isclose(float(a), float(b), abs_tol=1e-4) for a, b in zip(one, other, strict=True))


def _effects(selection: Selection, said: list[str]) -> Iterator[_Effect]:
    """The estimates of differences between arms, of everybody."""
    outcomes = {(row["trial"], row["id"]): row for row in selection.rows("outcomes")}
    arms = {(row["trial"], row["id"]): row for row in selection.rows("arms")}
    instruments = selection.vocabularies["instrument"]
    left: Counter[str] = Counter()
    for row in selection.rows("effects"):
        outcome = outcomes[row["trial"], row["outcome"]]
        if known(row["est"]) is None or known(row["type"]) is None:
            left["without an estimate"] += 1
        elif row["vs"] in ("baseline", "run_in", None) or row["arm"] is None:
            left["against baseline or run-in"] += 1
        elif outcome["subgroup"] is not None:
            left["of subgroups"] += 1
        else:
            first, second = (arms.get((row["trial"], row[name]), {"id": row[name]}) for name in ("arm", "vs"))
            turned = against_control(_role(first), _role(second)) < 0
            compared = (second, first) if turned else (first, second)
            yield _Effect(_kind(outcome, row, instruments), row, outcome, compared, turned)
    if left:
        said.append("left out: " + ", ".join(f"{n} {what}" for what, n in sorted(left.items())))


def _kind(outcome: Row, effect: Row, instruments: Vocabulary) -> _Kind:
    instrument, measure = (str(known(outcome[name]) or _UNKNOWN) for name in ("instrument", "measure"))
    term = instruments.terms.get(instrument)
    matrix = str(known(outcome["matrix"]) or "")
    if not matrix and term is not None and term.extra.get("matrix_required"):
        matrix = _UNKNOWN
    unit = _unit(outcome, effect, term.extra.get("unit") if term is not None else None)
    start, end = outcome["at_start"], outcome["at_end"]
    partly = start is None or _UNKNOWN in (instrument, measure, matrix, unit)
    only = str(outcome["trial"]) if partly else ""
    if instrument in BROAD:
        defined = str(known(outcome["definition"]) or "").casefold()
        only = f"{only if defined else outcome['trial']}/{defined}"
    return _Kind(instrument, measure, str(effect["type"]), start, end, unit, matrix, only)


def _unit(outcome: Row, effect: Row, own: str | None) -> str:
    """Of a difference: as recorded, else the one in which the instrument is read; of others there is none."""
    if effect["type"] not in ("md", "rd") or outcome["measure"] in ("rank", "qualitative"):
        return ""
    given = known(outcome["unit"])
    if given is None and outcome["measure"] in ("score", "change"):
        given = own
    elif given is None and outcome["stat"] == "percent":
        given = "%"
    return _plain_unit(str(given)) if given else _UNKNOWN


def _plain_unit(text: str) -> str:
    """A unit without its spelling: `points a month` and `points/month` are the same."""
    words = " ".join(re.sub(r"\s*/\s*|\s+per\s+", " a ", text.casefold()).split())
    return "%" if words in ("percent", "percentage points", "percent points") else words


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
    kind = first.kind
    parts = {name: getattr(kind, name) for name in ("instrument", "measure", "matrix")}
    parts["effect"] = kind.type
    if any(each != kind and each._replace(unit=kind.unit) == kind for each in kinds):
        parts["unit"] = kind.unit
    options = [f"--{name} {_quoted(value)}" for name, value in parts.items() if value not in ("", _UNKNOWN)]
    options += [f"--at {first.outcome['at']}"] if kind.start is not None else []
    raise UsageError(
        f"effects of {len(kinds)} kinds are not pooled: {', '.join(named)}{more}",
        f"choose one, such as: {' '.join(options)}"
        + ("; and filter the trials: what nobody recorded is not pooled" if kind.only else ""),
    )


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text


def _in_words(effect: _Effect) -> str:
    kind, at = effect.kind, effect.outcome["at"]
    words = (kind.instrument, kind.measure, kind.type, f"in {kind.unit}" if kind.unit else "", kind.matrix)
    return f"{' '.join(word for word in words if word)} at {at or 'a time not recorded'}"


def _rows(effects: list[_Effect], selection: Selection) -> list[Row]:
    numbers = {
        (row["trial"], row["outcome"], row["arm"]): row["n"]
        for row in selection.rows("outcome_values")
        if known(row["n"]) is not None and row["label"] is None and row["at"] is None
    }
    lines = {row["id"]: row["evidence"] for row in selection.rows("trials")}
    related = _related(selection)
    studies = {str(each.row["trial"]) for each in effects}
    rows_with = Counter(name for each in effects for name in _people(each))
    rows_of = Counter(_compared(each) for each in effects)
    rows: list[Row] = []
    for each in effects:
        effect, outcome, trial = each.row, each.outcome, each.row["trial"]
        arms = each.arms
        people = [_whole(numbers.get((trial, outcome["id"], arm["id"]), known(arm.get("n")))) for arm in arms]
        both = None if people[0] is None or people[1] is None else people[0] + people[1]
        kin = not studies.isdisjoint(related.get(str(trial), ()))
        rows.append(
            _estimate(each, selection.vocabularies, both)
            | {
                "study": trial,
                "outcome": effect["outcome"],
                "instrument": outcome["instrument"],
                "measured": outcome["measure"],
                "matrix": outcome["matrix"],
                "timepoint": outcome["at"],
                "population": outcome["population"],
                "arm": arms[0]["id"],
                "vs": arms[1]["id"],
                "type": effect["type"],
                "unit": each.kind.unit if each.kind.unit != _UNKNOWN else None,
                "n1i": people[0],
                "n2i": people[1],
                "ni": both,
                "est": effect["est"],
                "ci_low": effect["ci_low"],
                "ci_high": effect["ci_high"],
                "adjusted": effect["adjusted"],
                "external_control": "external_control" in map(_role, arms),
                "shared_control": kin or any(rows_with[name] > 1 for name in _people(each)),
                "repeated": rows_of[_compared(each)] > 1,
                "evidence": lines[trial],
            }
        )
    return rows


def _related(selection: Selection) -> dict[str, set[str]]:
    """The studies that may have participants in common with each study."""
    found: dict[str, set[str]] = {}
    regimens: dict[str, set[str]] = {}
    for row in selection.rows("related"):
        if row["rel"] in _KIN:
            one, other = str(row["trial"]), str(row["id"])
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
            if row["rel"] == "regimen_of":
                regimens.setdefault(other, set()).add(one)
    for of_one_platform in regimens.values():  # they share its controls
        for one in of_one_platform:
            found[one] |= of_one_platform - {one}
    return found


def _compared(effect: _Effect) -> tuple[Cell, ...]:
    return effect.row["trial"], effect.arms[0]["id"], effect.arms[1]["id"]


def _people(effect: _Effect) -> set[tuple[str, str]]:
    """Names of the people in it: the arms of the trial, and of an external one its database."""
    names: set[tuple[str, str]] = set()
    for arm in effect.arms:
        names.add((str(effect.row["trial"]), str(arm["id"])))
        if _role(arm) == "external_control" and (label := known(arm.get("label"))):
            acronyms = {word.replace("-", "") for word in _ACRONYM.findall(str(label))}
            names |= {("", word) for word in {str(label), *acronyms} if len(word) >= _SHORT}
    return names


def _role(arm: Row) -> str | None:
    role = known(arm.get("role"))
    return None if role is None else str(role)


def _whole(cell: object) -> int | None:
    return cell if isinstance(cell, int) else None


def _estimate(each: _Effect, vocabularies: Mapping[str, Vocabulary], people: int | None) -> Row:
    effect, type_ = each.row, each.kind.type
    sign = _sign(each, vocabularies["instrument"]) * (-1 if each.turned else 1)
    estimate = _scaled(effect["est"], log=type_ in RATIOS)
    error, origin = _error(effect, estimate, people if type_ in ("md", "smd") else None)
    term = vocabularies["effect_type"].terms.get(type_)
    return {
        "measure": term.maps_to.get("metafor", "GEN") if term is not None else "GEN",
        "yi": None if estimate is None else _rounded(sign * estimate),
        "sei": None if error is None else _rounded(error),
        "vi": None if error is None else _rounded(error * error),
        "se_from": origin,
        "flipped": sign < 0,
    }


def _sign(each: _Effect, instruments: Vocabulary) -> int:
    """1 where more is better, -1 where less is; UsageError where nobody has said."""
    kind, outcome = each.kind, each.outcome
    term = instruments.terms.get(kind.instrument)
    better = str(term.extra.get("better")) if term is not None else ""
    sign = benefit(kind.measure, better, kind.type, f"{outcome['definition']} {outcome['unit']}")
    if not sign or (kind.type in OF_EVENTS and kind.measure in _READINGS):
        raise UsageError(
            f"nobody has said whether more is better: {_in_words(each)} ({each.row['trial']})",
            "leave that trial, instrument or type of effect out",
        )
    return sign


def _scaled(cell: Cell, *, log: bool) -> float | None:
    if isinstance(cell, (Absence, str, tuple)) or cell is None:
        return None
    value = float(cell)
    if not log:
        return value
    return math.log(value) if value > 0 else None


def _error(effect: Row, estimate: float | None, people: int | None) -> tuple[float | None, str | None]:
    """The standard error and what it comes from; `people` in both arms where Student's t goes by them."""
    log = effect["type"] in RATIOS
    freedom = max(1, people - 2) if people is not None else None
    low, high = _scaled(effect["ci_low"], log=log), _scaled(effect["ci_high"], log=log)
    level = _scaled(effect["level"], log=False) or 95.0
    if low is not None and high is not None and high > low and 0 < level < 100:
        return (high - low) / (2 * quantile(level, freedom)), "ci"
    p = _scaled(effect["p"], log=False)
    if not estimate or p is None or effect["p_op"] != "=" or OTHER_TEST.search(str(effect["method"] or "")):
        return None, None
    tails = 2 * p if effect["sides"] == 1 else p
    if 1e-13 < tails < 1:  # of smaller ones a level in percent keeps no digits
        return abs(estimate) / quantile(100 * (1 - tails), freedom), "p"
    return None, None


def _rounded(number: float) -> Decimal:
    """Six significant digits, as no source prints more; never in powers of ten."""
    return Decimal(f"{Decimal(f'{number:.6g}'):f}")
