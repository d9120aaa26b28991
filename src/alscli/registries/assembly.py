"""One entry on its way to a draft: each value with the place that it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from alscli.model.identifiers import RegistryId, suggest_record_id
from alscli.registries import wording
from alscli.registries.ctgov import named_instrument, unique
from alscli.registries.dates import read_date
from alscli.registries.draft import Draft, Oddity
from alscli.registries.inference import Passage, intervention_modality, is_placebo, proposals
from alscli.registries.payload import Tree, without_contacts

LONGEST_NAME = 120
"""Characters: a longer text is prose on an intervention, not its name."""
_MOST = 300
"""Outcomes of one trial; a list that is longer is text that was parted wrongly."""
_GROUP = re.compile(r"([^:：]{1,80})[:：](.*)", re.DOTALL)


class Assembly:
    """Collects the values of a record with their paths, and what could not be taken over."""

    def __init__(self, registry_id: RegistryId, source: str) -> None:
        self._id = registry_id
        self.values: dict[str, Any] = {"schema": 1}
        self.paths: dict[str, str] = {}
        self._oddities: list[Oddity] = []
        self._passages: list[Passage] = []
        self._interventions: set[str] = set()
        self._outcomes: set[str] = set()
        self._arms: set[str] = set()
        self._cut = False
        self.put("id", suggest_record_id(registry_id.value), source)
        self.put("registry_id", registry_id.value, source)
        self.values["src"] = "registry"

    @property
    def registry(self) -> str:
        """The registry that assigned the id."""
        return self._id.registry.code

    def put(self, path: str, value: object, source: str) -> None:
        """Keep a value at a path of the record (`outcomes.0.at`); nothing is kept for nothing."""
        if value is None or value in ("", []):
            return
        names = path.split(".")
        table: Any = self.values
        for name, following in pairwise(names):
            if name.isdecimal():
                if int(name) == len(table):
                    table.append({})
                table = table[int(name)]
            else:
                table = table.setdefault(name, [] if following.isdecimal() else {})
        table[names[-1]] = value
        self.paths[path] = source

    def has(self, path: str) -> bool:
        """Whether there is a value at a path, or below it."""
        return path in self.paths or any(each.startswith(path + ".") for each in self.paths)

    def remark(self, source: str, message: str | None) -> None:
        """Keep what is odd at a place of the payload, where there is something."""
        if message:
            self._oddities.append(Oddity(source, message))

    # -- fields that several registries fill alike ------------------------------------------------

    def titles(self, public: str, scientific: str, places: tuple[str, str]) -> None:
        """Title and scientific title; one stands in for the other where only one is there."""
        public, scientific = wording.one_line(public), wording.one_line(scientific)
        public = "" if wording.is_nothing(public) else public
        scientific = "" if wording.is_nothing(scientific) else scientific
        self.put("title", public or scientific, places[0] if public else places[1])
        if public and scientific and scientific != public:
            self.put("scientific_title", scientific, places[1])

    def date(self, name: str, text: str, source: str, kind: str | None = None) -> str | None:
        """A date of `[dates]` with its type, and its remark; the date, or none."""
        found = read_date(text)
        self.remark(source, found.remark)
        if found.value:
            self.put(f"dates.{name}.on", found.value, source)
            self.put(f"dates.{name}.type", kind, source)
        return found.value

    def status(self, text: str, source: str) -> None:
        """The status in the registry's words."""
        found = wording.status(text, self.registry)
        self.put("status", found.value, source)
        self.remark(source, found.remark)

    def phase(self, found: wording.Phase, source: str) -> None:
        """The phase, with its printed form where that says more."""
        if found.code != "na" and self.values.get("study_type") == "observational":
            self.put("phase", "na", source)
            self.remark(source, f"phase {found.label or found.code} left out: the study is observational")
            return
        self.put("phase", found.code, source)
        self.put("phase_label", found.label, source)
        self.remark(source, found.remark)

    def design(self, found: wording.Design, source: str) -> None:
        """What the words on the design say."""
        if found.control == "external":
            self.remark(source, "historical control left out: the entry does not say whose")
            found.control = None
        for name in ("design", "allocation", "model", "masking", "masked", "purpose", "control"):
            self.put(name, getattr(found, name), source)
        for each in found.remarks:
            self.remark(source, each)

    def people(self, name: str, text: str, source: str) -> None:
        """A number of people; nobody is no plan."""
        found = wording.size(text)
        self.remark(source, found.remark)
        if found.value == 0:
            self.remark(source, "size 0 left out")
        elif found.value is not None:
            self.put(f"enrollment.{name}", found.value, source)

    def ages(self, least: str, greatest: str, source: str) -> None:
        """Limits of age."""
        found = wording.ages(least, greatest)
        self.put("eligibility.age", found.value, source)
        self.remark(source, found.remark)

    def sex(self, text: str, source: str) -> None:
        """Sex of those who may take part."""
        found = wording.sex(text)
        self.put("eligibility.sex", found.value, source)
        self.remark(source, found.remark)

    def countries(self, names: Iterable[str], source: str) -> None:
        """Countries of recruitment."""
        codes, unknown = wording.countries(names)
        self.put("countries", codes, source)
        if unknown:
            self.remark(source, f"no country, left out: {wording.shorten(', '.join(unknown))}")

    def sponsor(self, name: str, source: str) -> None:
        """The responsible organization, as far as one is named."""
        plain = wording.one_line(name).strip(" ,;")
        if not wording.is_nothing(plain):
            self.put("sponsor.name", plain, source)

    def organizations(self, field: str, found: list[str], source: str) -> None:
        """Collaborators or funders, where the sponsor is known too."""
        if found and not self.has("sponsor.name"):
            self.remark(source, f"{wording.shorten('; '.join(found))} left out: no sponsor is named")
            return
        for index, name in enumerate(found):
            self.put(f"sponsor.{field}.{index}.name", name, source)

    def outcome(self, role: str, definition: str, at: str | None, source: str) -> None:
        """One outcome in words; its result is pending unless the study is over or was never begun."""
        plain = wording.one_line(definition).strip(" ;")
        if wording.is_nothing(plain):
            return
        position = len(self.values.get("outcomes", []))
        if position >= _MOST:
            if not self._cut:
                self.remark(source, f"more than {_MOST} outcomes: the rest left out")
            self._cut = True
            return
        instrument = named_instrument(plain)
        self.put(f"outcomes.{position}.id", unique(instrument or plain, self._outcomes), source)
        self.put(f"outcomes.{position}.role", role, source)
        self.put(f"outcomes.{position}.instrument", instrument, source)
        self.put(f"outcomes.{position}.definition", plain, source)
        self.put(f"outcomes.{position}.at", at, source)

    def intervention(
        self, name: str, aliases: Iterable[str], source: str, *, kind: str = "OTHER", modality: str = ""
    ) -> str | None:
        """One intervention, unless it is feigned or already there by this name; its id in the record.

        `kind` is its type in the words of ClinicalTrials.gov, from which and the name the modality
        follows, where the registry does not give a `modality` itself.
        """
        plain = wording.one_line(name).strip(" ;,.")
        if wording.is_nothing(plain) or is_placebo(plain):
            return None
        there = self.values.get("interventions", [])
        for each in there:
            if each["name"].casefold() == plain.casefold():
                return str(each["id"])
        own = unique(plain, self._interventions)
        position = len(there)
        self.put(f"interventions.{position}.id", own, source)
        self.put(f"interventions.{position}.name", plain, source)
        others = wording.names("\n".join(aliases), (plain,))
        self.put(f"interventions.{position}.aliases", others, source)
        modality = modality or intervention_modality(kind, plain, others) or "not_reported"
        self.put(f"interventions.{position}.modality", modality, source)
        if modality == "cell":
            # Must be known of cells, and no field of a registry says it; a proposal may.
            self.put(f"interventions.{position}.cell_type", "not_reported", source)
            self.put(f"interventions.{position}.donor", "not_reported", source)
        return own

    def groups(self, text: str, source: str) -> None:
        """ChiCTR's `group:treatment;group:treatment;` as arms, each with what it is given."""
        found = [match for part in re.split(r"[;；]", text) if (match := _GROUP.fullmatch(part.strip()))]
        for number, group in enumerate(found):
            label, treatment = wording.one_line(group[1]), wording.one_line(group[2])
            self.put(f"arms.{number}.id", unique(label, self._arms), source)
            self.put(f"arms.{number}.label", label, source)
            if len(treatment) > LONGEST_NAME:
                self.remark(source, f"what {wording.shorten(label, 30)} is given is in prose: left out")
                continue
            own = self.intervention(treatment, (), source)
            self.put(f"arms.{number}.given.0.intervention", own, source)

    def passage(self, text: str, source: str, closeness: int) -> None:
        """Free text from which cell type, donor, route and dose may be proposed; see `Passage`."""
        if text:
            about = "interventions.0" if closeness == 0 and len(self._interventions) == 1 else ""
            self._passages.append(Passage(source, text, about, closeness if about else max(closeness, 1)))

    def draft(self, copy: Tree) -> Draft:
        """The draft. What a record must have and the entry does not say is taken as what claims least."""
        if not self.has("study_type"):
            self.put("study_type", "interventional", "")
            self.remark("", "study type not given; taken as interventional")
        if not self.has("phase"):
            self.put("phase", "na", "")
        if not self.has("status"):
            self.status("", "")
        if not self.has("title"):
            self.put("title", self._id.value, "")
            self.remark("", "no title: the number stands for it")
        if not self.has("conditions"):
            self.put("conditions", ["not stated"], "")
            self.remark("", "no condition: taken as not stated")
        if not self.has("status_as_of"):
            self.remark("", "nothing dates the status")
        self._only_arm()
        self._lone_arm()
        self._results()
        return Draft(
            registry=self.registry,
            registry_id=self._id.value,
            values=self.values,
            paths={path: source for path, source in self.paths.items() if source},
            oddities=tuple(self._oddities),
            proposals=tuple(proposals(self.values, self._passages)),
            copy=without_contacts(copy),
        )

    def _only_arm(self) -> None:
        """A study of one arm and one intervention gives it in that arm, as ClinicalTrials.gov's do."""
        given = self.values.get("interventions", [])
        if self.values.get("design") == "single_arm" and len(given) == 1 and not self.has("arms"):
            source = self.paths["interventions.0.id"]
            self.put("arms.0.id", "all", source)
            self.put("arms.0.given.0.intervention", given[0]["id"], source)

    def _lone_arm(self) -> None:
        """One group of a randomized trial is not its arms: the others were not listed."""
        if self.values.get("design") == "rct" and len(self.values.get("arms", [])) == 1:
            label = self.values.pop("arms")[0].get("label", "")
            self.remark(
                self.paths["arms.0.id"], f"only one group, “{label}”, of a randomized trial: left out"
            )
            self.paths = {path: source for path, source in self.paths.items() if not path.startswith("arms.")}

    def _results(self) -> None:
        """Results are pending until some are posted; a study that was withdrawn has none."""
        if self.has("dates.results_posted"):
            return
        result = "not_applicable" if self.values["status"] == "withdrawn" else "pending"
        for number in range(len(self.values.get("outcomes", []))):
            self.put(f"outcomes.{number}.result", result, self.paths.get("status", ""))
