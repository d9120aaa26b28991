"""The trial: one human study, one file. Every field with its meaning, terms and registry mapping."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from alscli.model.field import FACET, Table, Term, optional, required, several
from alscli.model.identifiers import is_canonical, is_safe_record_id
from alscli.model.provenance import LOC, SRC, Dated, Dispute, Ref, Verified, Waiver
from alscli.model.values import (
    Count,
    Date,
    Flag,
    Interval,
    Length,
    Limits,
    Maybe,
    Number,
    PositiveCount,
    Printed,
    Reads,
    Sources,
    Text,
    Time,
    better_count,
    wrong_type,
)

SCHEMA_VERSION = 1
ID_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
LONGEST_ID = 80
_ID = re.compile(ID_PATTERN)


def _read_schema(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError("type", "should be {expected}", {"expected": "a whole number"})
    if value > SCHEMA_VERSION:
        raise PydanticCustomError("newer_schema", "is newer than this program")
    if value != SCHEMA_VERSION:
        raise PydanticCustomError("shape", "should be {expected}", {"expected": "1"})
    return value


def _read_element_id(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("type", "should be {expected}", {"expected": "text in quotes"})
    if len(value) > LONGEST_ID or _ID.fullmatch(value) is None:
        expected = f"lower-case letters and digits joined by single hyphens, at most {LONGEST_ID} characters"
        raise PydanticCustomError("record_id", "should be {expected}", {"expected": expected})
    return value


def _read_record_id(value: object) -> str:
    name = _read_element_id(value)
    if not is_safe_record_id(name):
        expected = "another, since Windows reserves this one"
        raise PydanticCustomError("record_id", "should be {expected}", {"expected": expected})
    return name


def _read_registry_id(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("type", "should be {expected}", {"expected": "a registry id in quotes"})
    if not is_canonical(value):
        raise PydanticCustomError("registry_id", "has the shape of no known registry")
    return value


SchemaVersion = Annotated[int, Reads("whole number", _read_schema, {"const": SCHEMA_VERSION})]
_ID_SCHEMA = {"type": "string", "pattern": ID_PATTERN, "maxLength": LONGEST_ID}
RecordId = Annotated[str, Reads("text", _read_record_id, _ID_SCHEMA)]
ElementId = Annotated[str, Reads("text", _read_element_id, _ID_SCHEMA)]
"""A name within a record, which is never a file's."""
RegistryId = Annotated[str, Reads("registry id", _read_registry_id, {"type": "string", "minLength": 1})]

Country = Annotated[str, Term("country")]
Modality = Annotated[str, Term("modality")]
CellType = Annotated[str, Term("cell_type")]
Donor = Annotated[str, Term("donor")]
Modification = Annotated[str, Term("genetic_modification")]
SponsorClass = Annotated[str, Term("sponsor_class")]


class Related(Table):
    """Another study that this one belongs with."""

    id: Text = required("A record's id, or the registry id of a study outside the collection")
    rel: Annotated[str, Term("rel")] = required("What the other study is to this one")
    why: Text | None = optional("The reason, where it is not plain")


class Dates(Table):
    """When the trial was registered, ran and reported."""

    registered: Maybe[Dated] = optional(
        "First submitted to the registry", trds="2", ctgov="statusModule.studyFirstSubmitDate"
    )
    start: Maybe[Dated] = optional("First enrollment", trds="16", ctgov="statusModule.startDateStruct")
    primary_completion: Maybe[Dated] = optional(
        "Last data for the primary outcome", ctgov="statusModule.primaryCompletionDateStruct"
    )
    completion: Maybe[Dated] = optional(
        "Last data of the study", trds="22", ctgov="statusModule.completionDateStruct"
    )
    results_posted: Maybe[Dated] = optional(
        "Results first posted in the registry", trds="23", ctgov="statusModule.resultsFirstPostDateStruct"
    )


class Counted(Table):
    """A number of people; a bare integer in the file is `n` alone."""

    n: Count = required("People")
    src: Sources | None = optional(SRC)
    loc: Text | None = optional(LOC)

    @model_validator(mode="before")
    @classmethod
    def _from_integer(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return {"n": value}
        raise wrong_type("a whole number, or { n = 40, src = …, loc = … }", better_count(value))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "integer", "minimum": 0}, dict(handler(schema))]}


class Enrollment(Table):
    """People, by named denominator: one bare n would hide the most common conflict of all."""

    planned: Maybe[Counted] = optional(
        "To be enrolled, as planned", trds="17", ctgov="designModule.enrollmentInfo.count (ESTIMATED)"
    )
    screened: Maybe[Counted] = optional("Assessed for eligibility")
    enrolled: Maybe[Counted] = optional(
        "Enrolled, as the registry counts", trds="17", ctgov="designModule.enrollmentInfo.count (ACTUAL)"
    )
    randomized: Maybe[Counted] = optional("Allocated to an arm by chance")
    treated: Maybe[Counted] = optional("Given at least one dose")
    completed: Maybe[Counted] = optional("Followed to the end")
    analyzed: Maybe[Counted] = optional("In the analysis of the primary outcome")


class Eligibility(Table):
    """Who could take part; ranges are `[least]` or `[least, greatest]`."""

    age: Maybe[Limits] = optional("Age in years", trds="14", ctgov="eligibilityModule.minimumAge, maximumAge")
    sex: Maybe[Annotated[str, Term("sex")]] = optional("Sex", trds="14", ctgov="eligibilityModule.sex")
    symptom_months: Maybe[Limits] = optional("Months since onset", trds="14")
    alsfrs_r: Maybe[Limits] = optional("ALSFRS-R at entry, points of 48", trds="14")
    vc_pct: Maybe[Limits] = optional("Vital capacity at entry, % of predicted", trds="14")
    genes: Maybe[list[Text]] = optional("Genes of which a variant is required", trds="14", kind="set")
    note: Text | None = optional(
        "What else decides", trds="14", ctgov="eligibilityModule.eligibilityCriteria"
    )
    src: Sources | None = optional(SRC)
    loc: Text | None = optional(LOC)


class Organization(Table):
    """An organization behind the trial."""

    name: Text = required("Name")
    class_: SponsorClass | None = Field(
        default=None, alias="class", description="What kind of organization", json_schema_extra={FACET: {}}
    )


class Sponsor(Table):
    """Who is responsible for the trial and who pays."""

    name: Text = required(
        "Responsible organization", trds="5", ctgov="sponsorCollaboratorsModule.leadSponsor.name"
    )
    name_zh: Text | None = optional("Its Chinese name")
    class_: Maybe[SponsorClass] = Field(
        default=None,
        alias="class",
        description="What kind of organization",
        json_schema_extra={FACET: {"ctgov": "sponsorCollaboratorsModule.leadSponsor.class"}},
    )
    collaborators: Maybe[list[Organization]] = optional(
        "Other responsible organizations",
        trds="6",
        ctgov="sponsorCollaboratorsModule.collaborators",
        kind="inline_tables",
        identity=("name",),
    )
    funders: Maybe[list[Organization]] = optional(
        "Who pays", trds="4", kind="inline_tables", identity=("name",)
    )
    participants_pay: Maybe[Flag] = optional("Whether participants pay for the treatment")
    sells: Maybe[Flag] = optional("Whether the sponsor sells the therapy")
    src: Sources | None = optional(SRC)
    loc: Text | None = optional(LOC)


class Intervention(Table):
    """What is given or done; with `product`, what the trial does not state is taken from the product."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["product"]}, {"required": ["modality"]}]}
    )

    id: ElementId = required("Name by which arms cite it, unique in the record")
    product: Text | None = optional("Id of a product of the collection", trds="13")
    name: Text | None = optional(
        "Name, where there is no product", trds="13", ctgov="armsInterventionsModule.interventions.name"
    )
    aliases: list[Text] = several(
        "Other names", ctgov="armsInterventionsModule.interventions.otherNames", kind="value"
    )
    modality: Maybe[Modality] = optional(
        "Kind of therapy", trds="13", ctgov="armsInterventionsModule.interventions.type"
    )
    cell_type: Maybe[CellType] = optional("Cells given, by tissue and processing", trds="13")
    donor: Maybe[Donor] = optional("Whose cells", trds="13")
    genetic_modification: Maybe[Modification] = optional("What was done to the genome")
    mechanism: Maybe[list[Text]] = optional("How it is meant to work", kind="value")
    target: Maybe[list[Text]] = optional("Molecule or gene aimed at", kind="value")
    src: Sources | None = optional(SRC)
    loc: Text | None = optional(LOC)

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.product is None and self.modality is None:
            raise PydanticCustomError("one_of", "needs {keys}", {"keys": "`product` or `modality`"})
        return self


class Given(Table):
    """One drug over one stretch of the schedule; the amount is that of one administration."""

    intervention: Text | None = optional("Id of the intervention; none for a placebo")
    route: Maybe[Annotated[str, Term("route")]] = optional("Way into the body", trds="13")
    low: Maybe[Number] = optional("Amount, or its least", trds="13")
    high: Maybe[Number] = optional("Greatest amount, where a range is given", trds="13")
    unit: Maybe[Annotated[str, Term("dose_unit")]] = optional("Unit of the amount", trds="13")
    doses: Maybe[PositiveCount] = optional("How many administrations", trds="13")
    every: Maybe[Length] = optional("Interval between them", trds="13")
    lasting: Maybe[Length] = Field(
        default=None,
        alias="for",
        description="Length of treatment",
        json_schema_extra={FACET: {"trds": "13"}},
    )


class Arm(Table):
    """A group of participants treated alike; cohorts of different doses are arms of their own."""

    id: ElementId = required("Name by which results cite it, unique in the record")
    role: Maybe[Annotated[str, Term("arm_role")]] = optional(
        "What the arm is for", ctgov="armsInterventionsModule.armGroups.type"
    )
    label: Text | None = optional("Its name in the source", ctgov="armsInterventionsModule.armGroups.label")
    n: Maybe[Count] = optional("People in it")
    given: Maybe[list[Given]] = optional(
        "What they were given, a line a drug and stretch", trds="13", kind="inline_tables"
    )
    background: Maybe[list[Text]] = optional("What they took besides", kind="value")
    src: Sources | None = optional(SRC)
    loc: Text | None = optional(LOC)


class Value(Table):
    """A result in one arm."""

    arm: Text | None = optional("Id of the arm")
    label: Text | None = optional("Category, where the values are of several")
    at: Time | None = optional("Time or window, where it is not the outcome's")
    n: Maybe[Count] = optional("People it rests on")
    value: Maybe[Printed] = optional("The number with its printed digits, or a bound")
    sd: Maybe[Number] = optional("Standard deviation")
    se: Maybe[Number] = optional("Standard error")
    ci: Maybe[Interval] = optional("Confidence interval, 95 % unless the source says otherwise")
    iqr: Maybe[Interval] = optional("Quartiles")
    range: Maybe[Interval] = optional("Least and greatest")


class Effect(Table):
    """A comparison of an arm with another, with baseline or with the run-in."""

    BASELINES: ClassVar[frozenset[str]] = frozenset({"baseline", "run_in"})

    arm: Text | None = optional("Id of the arm")
    vs: Text | None = optional("Id of the arm it is compared with, `baseline` or `run_in`")
    type: Maybe[Annotated[str, Term("effect_type")]] = optional(
        "Measure of effect", ctgov="resultsSection.outcomeMeasuresModule.outcomeMeasures.analyses.paramType"
    )
    est: Maybe[Number] = optional(
        "Estimate", ctgov="resultsSection.outcomeMeasuresModule.outcomeMeasures.analyses.paramValue"
    )
    ci: Maybe[Interval] = optional(
        "Confidence interval",
        ctgov="resultsSection.outcomeMeasuresModule.outcomeMeasures.analyses.ciLowerLimit, ciUpperLimit",
    )
    level: Maybe[Number] = optional("Its level in %; 95 where missing")
    p: Maybe[Printed] = optional(
        "p-value as printed, or a bound",
        ctgov="resultsSection.outcomeMeasuresModule.outcomeMeasures.analyses.pValue",
    )
    sides: Maybe[Count] = optional("1 or 2; 2 where missing")
    adjusted: Maybe[Flag] = optional("Whether adjusted for covariates")
    method: Text | None = optional("Test or model")


class Subgroup(Table):
    """The part of the participants that an outcome is about."""

    label: Text = required("Who belongs to it")
    prespecified: Maybe[Flag] = optional("Whether it was defined before the data were seen")
    n: Maybe[Count] = optional("People in it")
    family: Maybe[PositiveCount] = optional("How many subgroups or cut-offs were tested")


class Outcome(Table):
    """One outcome with its results."""

    id: ElementId = required("Name of the outcome, unique in the record")
    role: Annotated[str, Term("outcome_role")] = required(
        "Its place in the plan", trds="19, 20", ctgov="outcomesModule"
    )
    instrument: Maybe[Annotated[str, Term("instrument")]] = optional("Scale or test", trds="19, 20")
    measure: Maybe[Annotated[str, Term("measure")]] = optional("What of the scale", trds="19, 20")
    matrix: Maybe[Annotated[str, Term("matrix")]] = optional("What a biomarker is measured in")
    definition: Text | None = optional(
        "The outcome in words", trds="19, 20", ctgov="outcomesModule.primaryOutcomes.measure"
    )
    at: Maybe[Time] = optional(
        "Time or window", trds="19, 20", ctgov="outcomesModule.primaryOutcomes.timeFrame"
    )
    population: Maybe[Annotated[str, Term("population")]] = optional("Who is analyzed")
    subgroup: Subgroup | None = optional("The part of the participants, where it is not all")
    stat: Maybe[Annotated[str, Term("stat")]] = optional("What the values are")
    unit: Text | None = optional("Unit of the values")
    result: Annotated[str, Term("result")] | None = optional("What came of it")
    values: Maybe[list[Value]] = optional(
        "Results by arm", kind="inline_tables", identity=("arm", "label", "at")
    )
    effects: Maybe[list[Effect]] = optional("Comparisons", kind="inline_tables", identity=("arm", "vs"))
    note: Text | None = optional("What a reader must know")
    src: Sources | None = optional(SRC)
    loc: Text | None = optional(LOC)


class Safety(Table):
    """Harms in one arm, counted in people."""

    arm: Text | None = optional("Id of the arm; missing means everybody")
    at: Time | None = optional("Time or window")
    n: Maybe[Count] = optional(
        "People at risk", ctgov="resultsSection.adverseEventsModule.eventGroups.seriousNumAtRisk"
    )
    deaths: Maybe[Count] = optional(
        "Deaths", ctgov="resultsSection.adverseEventsModule.eventGroups.deathsNumAffected"
    )
    sae_patients: Maybe[Count] = optional(
        "People with a serious adverse event",
        ctgov="resultsSection.adverseEventsModule.eventGroups.seriousNumAffected",
    )
    sae_related_patients: Maybe[Count] = optional("People with one held to be related")
    ae_patients: Maybe[Count] = optional("People with any adverse event")
    statement: Text | None = optional("What the source says in words, told in ours")
    src: Sources | None = optional(SRC)
    loc: Text | None = optional(LOC)


class Screening(Table):
    """Why the study is in the collection."""

    decision: Annotated[str, Term("decision")] = required("include, or undecided after an import")
    found_in: list[Text] = several("Searches and seeds that named it", kind="set")


class Trial(Table):
    """One human study (one registry entry)."""

    model_config = ConfigDict(
        title="alscli trial",
        json_schema_extra={"anyOf": [{"required": ["registry_id"]}, {"required": ["refs"]}]},
    )

    schema_: SchemaVersion = Field(
        alias="schema", description="Version of the format", json_schema_extra={FACET: {}}
    )
    id: RecordId = required("Name of the record and of its file")
    former_ids: list[RecordId] = several("Names it had before `rename`", kind="set")
    title: Text = required("Public title", trds="9", ctgov="identificationModule.briefTitle")
    title_zh: Text | None = optional("Chinese title; the curator's translation unless sourced")
    scientific_title: Text | None = optional(
        "Scientific title", trds="10", ctgov="identificationModule.officialTitle"
    )
    acronym: Text | None = optional("Acronym", ctgov="identificationModule.acronym")
    registry_id: RegistryId | None = optional(
        "Id in its primary registry", trds="1", ctgov="identificationModule.nctId"
    )
    registration: Annotated[str, Term("registration")] | None = optional("Why there is no registry id")
    secondary_ids: Maybe[list[Text]] = optional(
        "Ids in other registries and of the sponsor",
        trds="3",
        ctgov="identificationModule.secondaryIdInfos, orgStudyIdInfo",
        kind="set",
    )
    conditions: list[Text] = required(
        "Conditions studied", trds="12", ctgov="conditionsModule.conditions", kind="value"
    )
    subtypes: Maybe[list[Annotated[str, Term("subtype")]]] = optional(
        "Forms of the disease", trds="12", kind="set"
    )
    study_type: Annotated[str, Term("study_type")] = required(
        "Kind of study", trds="15", ctgov="designModule.studyType"
    )
    design: Annotated[str, Term("design")] = required(
        "Design, from which the level of evidence follows", trds="15"
    )
    phase: Annotated[str, Term("phase")] = required("Phase", trds="15", ctgov="designModule.phases")
    phase_label: Maybe[Text] = optional("Phase as printed, where it says more (1b, I/IIa)")
    status: Annotated[str, Term("status")] = required(
        "Recruitment status", trds="18", ctgov="statusModule.overallStatus"
    )
    status_as_of: Date = required(
        "Date of the source that gives the status",
        ctgov="statusModule.statusVerifiedDate, lastUpdatePostDateStruct",
    )
    why_stopped: Maybe[Text] = optional("Why it stopped early", ctgov="statusModule.whyStopped")
    allocation: Maybe[Annotated[str, Term("allocation")]] = optional(
        "How people came to their arm", trds="15", ctgov="designModule.designInfo.allocation"
    )
    model: Maybe[Annotated[str, Term("model")]] = optional(
        "How arms relate", trds="15", ctgov="designModule.designInfo.interventionModel"
    )
    masking: Maybe[Annotated[str, Term("masking")]] = optional(
        "How many roles are masked", trds="15", ctgov="designModule.designInfo.maskingInfo.masking"
    )
    masked: Maybe[list[Annotated[str, Term("masked")]]] = optional(
        "Which roles are masked", trds="15", ctgov="designModule.designInfo.maskingInfo.whoMasked", kind="set"
    )
    purpose: Maybe[Annotated[str, Term("purpose")]] = optional(
        "Primary purpose", trds="15", ctgov="designModule.designInfo.primaryPurpose"
    )
    control: Maybe[Annotated[str, Term("control")]] = optional("What it is compared with", trds="15")
    background: Maybe[list[Text]] = optional(
        "What everybody took besides (riluzole)", trds="13", kind="value"
    )
    countries: Maybe[list[Country]] = optional(
        "Countries of recruitment, ISO 3166-1",
        trds="11",
        ctgov="contactsLocationsModule.locations.country",
        kind="set",
    )
    sites: Maybe[Count] = optional("Number of sites", ctgov="contactsLocationsModule.locations")
    follow_up: Maybe[Length] = optional("Length of follow-up")
    related: list[Related] = several(
        "Studies that belong with this one", kind="inline_tables", identity=("id",)
    )
    src: Sources | None = optional("Keys of the references behind everything that names no other")
    tags: list[Text] = several("Marks; `iit` is an investigator-initiated trial", kind="set")
    note: Text | None = optional("What a reader must know")
    dates: Maybe[Dates] = optional("When it was registered, ran and reported", kind="table")
    enrollment: Maybe[Enrollment] = optional("People, by denominator", trds="17", kind="table")
    eligibility: Maybe[Eligibility] = optional(
        "Who could take part", trds="14", ctgov="eligibilityModule", kind="table"
    )
    sponsor: Maybe[Sponsor] = optional("Who is responsible and who pays", trds="4, 5, 6", kind="table")
    interventions: Maybe[list[Intervention]] = optional(
        "What is given or done",
        trds="13",
        ctgov="armsInterventionsModule.interventions",
        kind="tables",
        identity=("id",),
    )
    arms: Maybe[list[Arm]] = optional(
        "Groups", trds="13", ctgov="armsInterventionsModule.armGroups", kind="tables", identity=("id",)
    )
    outcomes: Maybe[list[Outcome]] = optional(
        "Outcomes with results", trds="19, 20", ctgov="outcomesModule", kind="tables", identity=("id",)
    )
    safety: Maybe[list[Safety]] = optional(
        "Harms", ctgov="resultsSection.adverseEventsModule", kind="tables", identity=("arm", "at")
    )
    disputes: list[Dispute] = several("Where sources disagree", kind="tables", identity=("field",))
    refs: list[Ref] = several(
        "Sources",
        trds="23",
        ctgov="referencesModule.references",
        kind="tables",
        identity=("key",),
        sort=("key",),
    )
    screening: Screening = required("Why it is in the collection", kind="table")
    verified: Verified | None = optional("That somebody compared it with its sources", kind="table")
    waivers: list[Waiver] = several(
        "Findings judged to be no fault", kind="tables", identity=("rule", "field")
    )

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if self.registry_id is None and not self.refs:
            raise PydanticCustomError(
                "one_of", "needs {keys}", {"keys": "a source: `registry_id` or one `[[refs]]`"}
            )
        return self
