"""One record for a reader: the honest line first, primary before subgroup, disputes and sources in view."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from alscli.model.evidence import assess, design_in_words
from alscli.model.format import FileKind
from alscli.model.identifiers import doi_url, parse_registry_id, pmcid_url, pmid_url
from alscli.model.intervention import therapy_of
from alscli.model.product import Product
from alscli.model.provenance import Dated, Dispute, Ref
from alscli.model.trial import Arm, Counted, Effect, Organization, Outcome, Safety, Trial, Value
from alscli.model.values import Absence, Range, known, listed
from alscli.query.trial_row import schedule_in_words
from alscli.store.collection import Snapshot
from alscli.text import link, one_line, pad, paint, wrap
from alscli.views.table import escaped

_LABEL = 14
_EFFECT = {
    "md": "mean difference",
    "smd": "standardized mean difference",
    "or": "odds ratio",
    "rr": "risk ratio",
    "rate_ratio": "rate ratio",
    "hr": "hazard ratio",
    "rd": "risk difference",
    "ratio_gm": "ratio of geometric means",
}
_RESULT_STYLE = {"met": "good", "not_met": "bad", "nominal": "warn", "not_significant": "warn"}


class _Page(Protocol):
    """What a record is written on: facts with labels, headings, and text at a depth of 0, 1 or 2."""

    color: bool
    lines: list[str]

    def add(self, text: str = "", indent: str = "", style: str = "", hang: int = 0, url: str = "") -> None:
        """Text at the depth that `indent` (two blanks each) gives; nothing is an empty line.

        `url` is where its first word leads.
        """

    def heading(self, text: str) -> None:
        """The title of what follows."""

    def fact(self, label: str, text: str) -> None:
        """A labelled value; nothing where there is none."""

    def names(self, parts: Sequence[tuple[str, str | None]]) -> None:
        """Names side by side, each with the address it leads to."""

    def result(self, head: str, result: str, style: str) -> None:
        """What was measured, and what came of it in a style."""


class _Screen:
    """Lines of a fixed width, some colored."""

    def __init__(self, room: int, *, color: bool) -> None:
        self.room = room
        self.color = color
        self.lines: list[str] = []

    def add(self, text: str = "", indent: str = "", style: str = "", hang: int = 0, url: str = "") -> None:
        """Wrapped text after `indent`; lines after the first stand `hang` columns further in."""
        head, rest = text[:hang], text[hang:]
        if head.isascii() and head.isprintable():
            lines = wrap(rest, self.room, indent + " " * len(head)) if text else [""]
            lines[0] = (indent + head + lines[0][len(indent + head) :]).rstrip()
        else:
            lines = wrap(text, self.room - hang, indent)
            lines[1:] = [" " * hang + line for line in lines[1:]]
        if url and self.color:
            word = lines[0].split(maxsplit=1)[0]
            lines[0] = lines[0].replace(word, link(word, one_line(url), self.color), 1)
        self.lines += [paint(line, style, self.color) if style else line for line in lines]

    def heading(self, text: str) -> None:
        self.lines += ["", paint(one_line(text), "heading", self.color)]

    def fact(self, label: str, text: str) -> None:
        if text:
            first, *rest = wrap(text, self.room, " " * _LABEL)
            self.lines.append(paint(pad(label, _LABEL), "quiet", self.color) + first[_LABEL:])
            self.lines += rest

    def names(self, parts: Sequence[tuple[str, str | None]]) -> None:
        (first, _), *rest = parts
        shown = [link(one_line(text), url, self.color) for text, url in rest]
        self.lines.append("  ".join([paint(first, "accent", self.color), *shown]))

    def result(self, head: str, result: str, style: str) -> None:
        lines = wrap(f"{head}: {result}", self.room, "  ")
        if style:
            lines[-1] = lines[-1].replace(result, paint(result, style, self.color))
        self.lines += lines


class _Markdown:
    """The same in Markdown, for a pull request or a page."""

    color = False

    def __init__(self, title: str) -> None:
        self.title = title
        self.lines = [f"# {escaped(one_line(title))}"]

    def add(self, text: str = "", indent: str = "", style: str = "", hang: int = 0, url: str = "") -> None:
        if text in ("", self.title):
            return
        shown = escaped(one_line(text))
        if indent:
            self.lines.append(f"{indent[2:]}- {shown}")
        else:
            self.lines += ["", f"**{shown}**" if style == "heading" else shown]

    def heading(self, text: str) -> None:
        self.lines += ["", f"## {escaped(one_line(text))}", ""]

    def fact(self, label: str, text: str) -> None:
        if text:
            name = escaped(label) or "and"
            gap = [] if self.lines[-1].startswith("- ") else [""]
            self.lines += [*gap, f"- {name}: {escaped(one_line(text))}"]

    def names(self, parts: Sequence[tuple[str, str | None]]) -> None:
        shown = [escaped(one_line(text)) for text, _ in parts]
        pairs = zip(shown, parts, strict=True)
        self.lines += ["", " · ".join(f"[{text}]({url})" if url else text for text, (_, url) in pairs)]

    def result(self, head: str, result: str, style: str) -> None:
        self.lines.append(f"- {escaped(one_line(head))}: **{escaped(result)}**")


def markdown(record: Trial | Product, snapshot: Snapshot) -> list[str]:
    """The lines that show a record, in Markdown, its title first."""
    page = _Markdown(record.title if isinstance(record, Trial) else record.name)
    if isinstance(record, Trial):
        _trial(page, record, snapshot)
    else:
        _product(page, record, snapshot)
    return page.lines


def trial(record: Trial, snapshot: Snapshot, room: int, *, color: bool) -> list[str]:
    """The lines that show a trial, at most `room` columns wide."""
    page = _Screen(room, color=color)
    _trial(page, record, snapshot)
    return page.lines


def _trial(page: _Page, record: Trial, snapshot: Snapshot) -> None:
    evidence = assess(record, snapshot.shared_refs)
    page.add(evidence.line, style="heading")
    page.add()
    _head(page, record)
    _facts(page, record)
    _therapies(page, record, snapshot)
    _arms(page, record, snapshot)
    _outcomes(page, record, evidence.primary_words)
    _safety(page, record)
    _disputes(page, record.disputes)
    _histories(page, record, snapshot)
    _related(page, record, snapshot)
    refs = snapshot.shared_refs | {ref.key: ref for ref in record.refs}
    _sources(page, refs, cited_keys(record))
    _verified(page, record)


def _head(page: _Page, record: Trial) -> None:
    registered = parse_registry_id(record.registry_id) if record.registry_id else None
    names: list[tuple[str, str | None]] = [(record.id, None)]
    if registered is not None:
        names.append((registered.value, registered.url))
    elif record.registration:
        names.append((f"no registry id ({record.registration.replace('_', ' ')})", None))
    if record.acronym:
        names.append((record.acronym, None))
    page.names(names)
    page.add(record.title)
    if record.title_zh:
        page.add(record.title_zh)
    if record.screening.decision == "undecided":
        page.add("undecided: not yet reviewed, left out of lists and exports", style="warn")
    page.add()


def _facts(page: _Page, record: Trial) -> None:
    stopped = f"; stopped: {_said(record.why_stopped)}" if record.why_stopped else ""
    page.fact("status", f"{record.status.replace('_', ' ')} (as of {record.status_as_of}){stopped}")
    label = f" ({record.phase_label})" if known(record.phase_label) else ""
    page.fact("phase", f"{'not applicable' if record.phase == 'na' else record.phase}{label}")
    page.fact("design", ", ".join(_design(record)))
    page.fact("condition", ", ".join([*record.conditions, *listed(record.subtypes)]))
    page.fact("background", _list(record.background))
    sites = (
        f"{_said(record.sites)} site{'' if record.sites == 1 else 's'}" if record.sites is not None else ""
    )
    page.fact("countries", " · ".join(part for part in (_list(record.countries), sites) if part))
    _sponsor(page, record)
    _dates(page, record)
    _people(page, record)
    _eligibility(page, record)
    if record.note:
        page.fact("note", record.note)


def _design(record: Trial) -> Iterator[str]:
    yield record.study_type.replace("_", " ")
    yield design_in_words(record)
    for value in (record.model, record.allocation):
        if (word := known(value)) not in (None, "na"):
            yield str(word).replace("_", " ")
    if (control := known(record.control)) is not None:
        yield "no control" if control == "none" else f"control: {control.replace('_', ' ')}"
    if (length := known(record.follow_up)) is not None:
        yield f"follow-up {length}"


def _sponsor(page: _Page, record: Trial) -> None:
    sponsor = known(record.sponsor)
    if sponsor is None:
        return
    names = f"{sponsor.name} {sponsor.name_zh}" if sponsor.name_zh else sponsor.name
    kind = f" ({known(sponsor.class_)})" if known(sponsor.class_) else ""
    page.fact("sponsor", f"{names}{kind}")
    page.fact("with", "; ".join(map(_organization, listed(sponsor.collaborators))))
    page.fact("paid by", "; ".join(map(_organization, listed(sponsor.funders))))
    if known(sponsor.participants_pay):
        page.fact("", "participants pay for the treatment")
    if known(sponsor.sells):
        page.fact("", "the sponsor sells the therapy")


def _organization(organization: Organization) -> str:
    return f"{organization.name} ({organization.class_})" if organization.class_ else organization.name


def _dates(page: _Page, record: Trial) -> None:
    dates = known(record.dates)
    if dates is None:
        return
    shown: list[str] = []
    for name in ("registered", "start", "primary_completion", "completion", "results_posted"):
        value: Dated | Absence | None = getattr(dates, name)
        words = name.replace("_", " ")
        if isinstance(value, Absence):
            shown.append(f"{words} {_said(value)}")
        elif value is not None:
            kind = " (estimated)" if value.type == "estimated" else ""
            shown.append(f"{words} {value.on}{kind}")
    page.fact("dates", " · ".join(shown))


def _people(page: _Page, record: Trial) -> None:
    enrollment = known(record.enrollment)
    if enrollment is None:
        return
    shown: list[str] = []
    for name in ("planned", "screened", "enrolled", "randomized", "treated", "completed", "analyzed"):
        value: Counted | Absence | None = getattr(enrollment, name)
        if isinstance(value, Counted):
            shown.append(f"{value.n} {name}")
        elif value is not None:
            shown.append(f"{name} {_said(value)}")
    page.fact("people", " · ".join(shown))


def _eligibility(page: _Page, record: Trial) -> None:
    rules = known(record.eligibility)
    if rules is None:
        return
    shown = [
        f"age {_range(rules.age)}" if known(rules.age) else "",
        f"sex {known(rules.sex)}" if known(rules.sex) not in (None, "all") else "",
        f"months since onset {_range(rules.symptom_months)}" if known(rules.symptom_months) else "",
        f"ALSFRS-R {_range(rules.alsfrs_r)}" if known(rules.alsfrs_r) else "",
        f"vital capacity {_range(rules.vc_pct)} %" if known(rules.vc_pct) else "",
        f"variant of {', '.join(listed(rules.genes))}" if listed(rules.genes) else "",
        rules.note or "",
    ]
    page.fact("eligibility", " · ".join(part for part in shown if part))


def _range(value: Range | Absence | None) -> str:
    limits = known(value)
    if limits is None:
        return ""
    return f"≥ {limits.low}" if limits.high is None else f"{limits.low}–{limits.high}"


def _therapies(page: _Page, record: Trial, snapshot: Snapshot) -> None:
    for intervention in listed(record.interventions):
        therapy = therapy_of(intervention, snapshot.products)
        kinds = (therapy.cell_type, therapy.modality if not known(therapy.cell_type) else None, therapy.donor)
        words = [str(word).replace("_", " ") for kind in kinds if (word := known(kind)) is not None]
        if known(therapy.genetic_modification) not in (None, "none"):
            words.append(str(therapy.genetic_modification))
        aliases = f"; also {', '.join(therapy.aliases)}" if therapy.aliases else ""
        page.fact(
            "therapy",
            f"{therapy.name} ({', '.join(words)}){aliases}" if words else f"{therapy.name}{aliases}",
        )


def _arms(page: _Page, record: Trial, snapshot: Snapshot) -> None:
    arms = listed(record.arms)
    if not arms:
        return
    names = {i.id: therapy_of(i, snapshot.products).name for i in listed(record.interventions)}
    page.heading("Arms")
    for arm in arms:
        head = [arm.id]
        if known(arm.n) is not None:
            head.append(f"n = {arm.n}")
        if (role := known(arm.role)) is not None:
            head.append(role.replace("_", " "))
        if arm.label:
            head.append(arm.label)
        page.add(" · ".join(head), "  ")
        for line in _given(arm, names):
            page.add(line, "    ")


def _given(arm: Arm, names: Mapping[str, str]) -> Iterator[str]:
    for line in listed(arm.given):
        what = names.get(line.intervention or "", line.intervention or "placebo")
        route = known(line.route)
        parts = (what, route.replace("_", " ") if route else "", schedule_in_words(line, _amount))
        yield ", ".join(part for part in parts if part)
    if listed(arm.background):
        yield f"on {', '.join(listed(arm.background))}"


_MANY_ZEROS = 1_000_000
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _amount(low: int | Decimal, high: int | Decimal | None) -> str:
    """An amount as people write it: 1–1.25 × 10⁸ for a hundred million and more; no digit is lost."""
    ends = [Decimal(low)] if high is None else [Decimal(low), Decimal(high)]
    power = ends[0].adjusted()
    factors = [f"{end.scaleb(-power).normalize():f}" for end in ends]
    if ends[0] < _MANY_ZEROS or max(map(len, factors)) > 5:
        return "–".join(f"{end:,}" for end in ends)
    return f"{'–'.join(factors)} × 10{str(power).translate(_SUPERSCRIPT)}"


def _outcomes(page: _Page, record: Trial, primary_words: str) -> None:
    outcomes = listed(record.outcomes)
    if not outcomes:
        return
    primary = [outcome for outcome in outcomes if outcome.role == "primary"]
    whole = [o for o in outcomes if o.role != "primary" and o.subgroup is None and o.role != "post_hoc"]
    rest = [o for o in outcomes if o not in primary and o not in whole]
    if primary:
        page.heading(f"Primary outcome{'s' if len(primary) > 1 else ''}")
        for outcome in primary:
            _outcome(page, outcome)
    if whole:
        page.heading("Other outcomes")
        for outcome in whole:
            _outcome(page, outcome)
    if rest:
        page.heading("Subgroups and post hoc analyses")
        page.add(f"To be read with the result of the trial: {primary_words}.", "  ", style="quiet")
        for outcome in rest:
            _outcome(page, outcome)


def _outcome(page: _Page, outcome: Outcome) -> None:
    result = (outcome.result or "result not recorded").replace("_", " ")
    what = [
        str(word).replace("_", " ") for word in (known(outcome.instrument), known(outcome.measure)) if word
    ]
    head = " ".join(what) or outcome.id
    if (at := known(outcome.at)) is not None:
        head += f" at {at}"
    if known(outcome.population) is not None:
        head += f", {outcome.population}"
    if known(outcome.matrix) is not None:
        head += f", {outcome.matrix}"
    role = "" if outcome.role == "primary" else f" ({outcome.role.replace('_', ' ')})"
    page.result(f"{head}{role}", result, _RESULT_STYLE.get(outcome.result or "", ""))
    if outcome.subgroup is not None:
        page.add(_subgroup(outcome), "    ")
    if outcome.definition:
        page.add(outcome.definition, "    ", style="quiet")
    values = [_value(value, outcome) for value in listed(outcome.values)]
    if values:
        page.add(" · ".join(values), "    ")
    for effect in listed(outcome.effects):
        page.add(_effect(effect), "    ")
    if outcome.note:
        page.add(outcome.note, "    ", style="quiet")
    _cite(page, outcome)


def _subgroup(outcome: Outcome) -> str:
    group = outcome.subgroup
    assert group is not None  # noqa: S101
    parts = [f"in {group.label}"]
    if known(group.n) is not None:
        parts.append(f"n = {group.n}")
    if known(group.prespecified) is not None:
        parts.append("prespecified" if group.prespecified else "not prespecified")
    if known(group.family) is not None:
        parts.append(f"one of {group.family} cut-offs tested")
    return ", ".join(parts)


def _value(value: Value, outcome: Outcome) -> str:
    name = " ".join(part for part in (value.arm, value.label, str(value.at) if value.at else "") if part)
    unit = {"percent": " %"}.get(known(outcome.stat) or "", f" {outcome.unit}" if outcome.unit else "")
    shown = _said(value.value) if isinstance(value.value, Absence) else f"{value.value}{unit}"
    extra: list[str] = []
    if known(value.n) is not None:
        extra.append(f"n = {value.n}")
    for key, words in (("sd", "SD"), ("se", "SE")):
        number = known(getattr(value, key))
        if number is not None:
            extra.append(f"{words} {number}")
    for key, words in (("ci", "CI"), ("iqr", "IQR"), ("range", "range")):
        interval: Range | None = known(getattr(value, key))
        if interval is not None:
            extra.append(f"{words} {interval.low} to {interval.high}")
    details = f" ({', '.join(extra)})" if extra else ""
    return f"{name} {shown if value.value is not None else ''}{details}".strip()


def _effect(effect: Effect) -> str:
    groups = [name.replace("_", "-") for name in (effect.arm, effect.vs) if name is not None]
    if len(groups) == 1:
        groups = ["all", *groups] if effect.arm is None else [*groups, "?"]
    parts: list[str] = []
    kind = known(effect.type)
    if known(effect.est) is not None:
        parts.append(f"{_EFFECT.get(kind or '', kind or 'estimate')} {effect.est}")
    elif kind is not None:
        parts.append(_EFFECT.get(kind, kind))
    interval = known(effect.ci)
    if interval is not None:
        parts.append(f"{known(effect.level) or 95} % CI {interval.low} to {interval.high}")
    p = known(effect.p)
    if p is not None:
        parts.append(f"p {p.op} {p.number}")
    if known(effect.sides) == 1:
        parts.append("one-sided")
    if known(effect.adjusted):
        parts.append("adjusted")
    if effect.method:
        parts.append(effect.method)
    return ": ".join(part for part in (" vs ".join(groups), ", ".join(parts)) if part)


def _cite(page: _Page, fact: Outcome | Safety) -> None:
    if fact.src:
        place = f", {fact.loc}" if fact.loc else ""
        page.add(f"[{', '.join(fact.src)}{place}]", "    ", style="quiet")


def _safety(page: _Page, record: Trial) -> None:
    lines = listed(record.safety)
    if not lines:
        return
    page.heading("Safety")
    for line in lines:
        counts = [
            f"{words} {_said(number)}"
            for words, number in (
                ("deaths", line.deaths),
                ("with a serious event", line.sae_patients),
                ("with a related serious event", line.sae_related_patients),
                ("with any event", line.ae_patients),
            )
            if number is not None
        ]
        who = line.arm or "all"
        of = f" of {line.n}" if known(line.n) is not None else ""
        at = f" at {line.at}" if line.at else ""
        if counts:
            page.add(f"{who}{of}{at}: {', '.join(counts)}", "  ")
        if line.statement:
            page.add(
                line.statement if counts else f"{who}{of}{at}: {line.statement}", "    " if counts else "  "
            )
        _cite(page, line)


def _disputes(page: _Page, disputes: Iterable[Dispute]) -> None:
    disputes = list(disputes)
    if not disputes:
        return
    page.heading("Where sources disagree")
    for dispute in disputes:
        page.add(
            dispute.field + (" (open)" if dispute.is_open else ""),
            "  ",
            style="warn" if dispute.is_open else "",
        )
        for value in dispute.values:
            source = f" [{', '.join(value.src)}{f', {value.loc}' if value.loc else ''}]" if value.src else ""
            page.add(f"{_said(value.value)}{source}", "    ")
        if dispute.ruling:
            page.add(f"ruling: {dispute.ruling}", "    ", style="quiet")


def _histories(page: _Page, record: Trial, snapshot: Snapshot) -> None:
    for intervention in listed(record.interventions):
        product = snapshot.products.get(intervention.product or "")
        if product is not None and listed(product.events):
            page.heading(f"{product.name}: regulators and developer")
            _events(page, product)


def _events(page: _Page, product: Product) -> None:
    for event in listed(product.events):
        what = " ".join(part for part in (event.agency or "", event.type.replace("_", " ")) if part)
        parts = [what, *(part for part in (event.indication, event.outcome) if part)]
        source = f" [{', '.join(event.src)}]" if event.src else ""
        page.add(
            f"{pad(_said(event.on) if event.on else '?', 10)}  {': '.join(parts)}{source}", "  ", hang=12
        )


def _related(page: _Page, record: Trial, snapshot: Snapshot) -> None:
    if not record.related:
        return
    page.heading("Related studies")
    for related in record.related:
        why = f" ({related.why})" if related.why else ""
        other = snapshot.trials.get(related.id)
        title = f", {other.title}" if other else ""
        page.add(f"{related.rel.replace('_', ' ')}: {related.id}{title}{why}", "  ", hang=4)


def cited_keys(model: Any) -> list[str]:
    """The keys of references that a record cites, in order of appearance."""
    keys: dict[str, None] = {}

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for element in node:
                walk(element)
        elif hasattr(node, "model_fields_set"):
            for key in getattr(node, "src", None) or ():
                keys[key] = None
            for name in type(node).model_fields:
                walk(getattr(node, name))

    walk(model)
    return list(keys)


def _sources(page: _Page, refs: Mapping[str, Ref], cited: list[str]) -> None:
    used = [key for key in cited if key in refs]
    if not used:
        return
    page.heading("Sources")
    for key in sorted(used):
        ref = refs[key]
        parts = [
            "; ".join(ref.authors[:3]) + (" et al." if len(ref.authors) > 3 else "") if ref.authors else "",
            ref.title or "",
            _issue(ref),
            str(ref.published or ""),
        ]
        details = ". ".join(part for part in parts if part)
        address = _address(ref)
        gap = ". " if details and address else ""
        page.add(f"{key} ({ref.kind}): {details}{gap}{address}", "  ", hang=4, url=address)


def _issue(ref: Ref) -> str:
    """Journal, volume and pages, as far as they are known: `Ann Neurol 52(1):10–17`."""
    pages = f":{ref.pages}" if ref.volume and ref.pages else ref.pages or ""
    return " ".join(part for part in (ref.journal or "", f"{ref.volume or ''}{pages}") if part)


def _address(ref: Ref) -> str:
    if ref.doi:
        return doi_url(ref.doi)
    if ref.pmcid:
        return pmcid_url(ref.pmcid)
    if ref.pmid:
        return pmid_url(ref.pmid)
    return ref.url or ""


def _verified(page: _Page, record: Trial | Product) -> None:
    page.add()
    if record.verified is None:
        page.add("never verified against a source", style="quiet")
        return
    against = f" against {', '.join(record.verified.against)}" if record.verified.against else ""
    page.add(f"verified {record.verified.on} by {record.verified.by}{against}", style="quiet")


def product(record: Product, snapshot: Snapshot, room: int, *, color: bool) -> list[str]:
    """The lines that show a product, at most `room` columns wide."""
    page = _Screen(room, color=color)
    _product(page, record, snapshot)
    return page.lines


def _product(page: _Page, record: Product, snapshot: Snapshot) -> None:
    page.add(" ".join(part for part in (record.name, record.name_zh) if part), style="heading")
    page.fact("id", record.id)
    page.fact("also", ", ".join(record.aliases))
    page.fact("developer", " ".join(part for part in (_said(record.developer), record.developer_zh) if part))
    kinds = (record.modality, record.cell_type, record.donor, record.genetic_modification)
    page.fact(
        "kind", ", ".join(str(kind) for kind in kinds if kind is not None and not isinstance(kind, Absence))
    )
    page.fact("mechanism", _list(record.mechanism))
    page.fact("target", _list(record.target))
    page.fact("indications", _list(record.indications))
    page.fact("note", record.note or "")
    if listed(record.events):
        page.heading("Regulators and developer")
        _events(page, record)
    trials = sorted(
        (t for t in snapshot.trials.values() if any(i.product == record.id for i in listed(t.interventions))),
        key=_began,
    )
    if trials:
        page.heading("Trials, by their start")
        for each in trials:
            when = pad(_began(each)[1] or "?", 10)
            line = assess(each, snapshot.shared_refs).line
            what = f"phase {each.phase}, {each.status.replace('_', ' ')}"
            page.add(f"{when}  {each.id}: {what}: {line}", "  ", hang=12)
    _disputes(page, record.disputes)
    refs = snapshot.shared_refs | {ref.key: ref for ref in record.refs}
    _sources(page, refs, cited_keys(record))
    _verified(page, record)


def _began(record: Trial) -> tuple[bool, str, str]:
    """For sorting: trials whose start nobody recorded come last."""
    dates = known(record.dates)
    start = known(dates.start) if dates else None
    return start is None, str(start.on) if start else "", record.id


def _said(value: object) -> str:
    """A value in words; an absence without its underscore."""
    if isinstance(value, Absence):
        return value.value.replace("_", " ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    return "" if value is None else str(value)


def _list(value: list[str] | Absence | None) -> str:
    return _said(value) if value is not None else ""


def as_json(kind: FileKind, values: Mapping[str, Any]) -> str:
    """The file as JSON in a versioned envelope; numbers keep their value, not their trailing zeros."""

    def number(value: object) -> object:
        return float(value) if isinstance(value, Decimal) else str(value)

    return (
        json.dumps({"schema": f"alscli/{kind}/1", kind: values}, ensure_ascii=False, indent=2, default=number)
        + "\n"
    )
