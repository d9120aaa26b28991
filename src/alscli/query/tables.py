"""The tables of the projection: what a row is, its columns with type and meaning, its keys.

A record becomes rows of these once (`query.rows`); the index, `list`, `sql`, `stats`, `search`, `compare`
and every export read those rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from decimal import Decimal

    from alscli.model.absence import Absence

Cell: TypeAlias = "str | int | Decimal | bool | tuple[str, ...] | Absence | None"
"""Text, a number, a boolean, texts, None where nobody looked, or an `Absence` where somebody did."""
Row: TypeAlias = "dict[str, Cell]"
Rows: TypeAlias = "dict[str, list[Row]]"
"""Rows by the name of their table."""
ColumnType = Literal["text", "date", "integer", "number", "boolean", "list"]


class Column(NamedTuple):
    """A column: its name, the type of its cells and what they mean. `date` is text, perhaps partial."""

    name: str
    type: ColumnType
    meaning: str


class Reference(NamedTuple):
    """A foreign key: the columns whose values are a key of `table`, where none of them is empty."""

    columns: tuple[str, ...]
    table: str


class TableShape(NamedTuple):
    """A table: its name, what one row is, its columns in order, its primary key and foreign keys."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    references: tuple[Reference, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)


def _table(name: str, meaning: str, key: str, columns: str, **references: str) -> TableShape:
    """A table from lines of name, type and meaning; `references` gives the columns that refer to a table."""
    lines = (line.split(None, 2) for line in columns.splitlines() if line.strip())
    return TableShape(
        name,
        meaning,
        tuple(Column(column, kind, words) for column, kind, words in lines),  # type: ignore[arg-type]
        tuple(key.split()),
        tuple(Reference(tuple(names.split()), table) for table, names in references.items()),
    )


RECORDS = _table(
    "records",
    "one file of the collection",
    "kind id",
    """
    kind text trial, product or ledger
    id   text name of the record; `ledger` for the ledger
    file text path of the file from the collection's folder
    """,
)

TRIALS = _table(
    "trials",
    "one human study",
    "id",
    """
    id                      text    name of the record
    registry_id             text    id in its primary registry
    title                   text    public title
    title_zh                text    Chinese title
    scientific_title        text    scientific title
    acronym                 text    acronym
    evidence                text    the honest line, computed
    evidence_level          integer OCEBM 2011 level by design; empty without a result or from press alone
    publication             text    best kind of source of the primary outcome's result
    primary_result          text    result of the primary endpoint; mixed where several differ
    primary_results         list    results of all primary endpoints
    primary_summary         text    the same in words, with counts where several differ
    reported                boolean whether any result is recorded
    phase                   text    phase
    phase_label             text    phase as printed
    status                  text    recruitment status
    status_as_of            date    date of the source that gives the status
    why_stopped             text    why it stopped early
    study_type              text    kind of study
    design                  text    design
    allocation              text    how people came to their arm
    model                   text    how arms relate
    masking                 text    how many roles are masked
    masked                  list    which roles are masked
    purpose                 text    primary purpose
    control                 text    what it is compared with
    background              list    what everybody took besides
    conditions              list    conditions studied
    subtypes                list    forms of the disease
    modalities              list    kinds of therapy, from interventions and their products
    cell_types              list    cells given, from interventions and their products
    donors                  list    whose cells, from interventions and their products
    routes                  list    ways into the body, of all arms
    products                list    ids of products
    interventions           list    names of what is given or done
    arm_count               integer number of arms recorded
    doses                   list    amount, number and interval of each line of the schedule
    countries               list    countries of recruitment
    country_count           integer number of countries
    sites                   integer number of sites
    sponsor                 text    responsible organization
    sponsor_zh              text    its Chinese name
    sponsor_class           text    what kind of organization
    collaborators           list    other responsible organizations
    funders                 list    who pays
    participants_pay        boolean whether participants pay
    sells                   boolean whether the sponsor sells the therapy
    year                    integer year of the start, else of the registration
    registered              date    first submitted to the registry
    registered_type         text    actual, estimated or unknown
    start                   date    first enrollment
    start_type              text    actual, estimated or unknown
    primary_completion      date    last data for the primary outcome
    primary_completion_type text    actual, estimated or unknown
    completion              date    last data of the study
    completion_type         text    actual, estimated or unknown
    results_posted          date    results first posted in the registry
    results_posted_type     text    actual, estimated or unknown
    follow_up               text    length of follow-up
    follow_up_days          number  the same in days (a month is 30.4375)
    enrollment              integer people by the most exact denominator on file
    enrollment_kind         text    which denominator that is
    enrollment_planned      integer people planned
    enrollment_screened     integer people assessed for eligibility
    enrollment_enrolled     integer people enrolled, as the registry counts
    enrollment_randomized   integer people allocated by chance
    enrollment_treated      integer people given at least one dose
    enrollment_completed    integer people followed to the end
    enrollment_analyzed     integer people in the primary analysis
    age_min                 number  least age in years
    age_max                 number  greatest age in years
    symptom_months_min      number  least months since onset
    symptom_months_max      number  greatest months since onset
    alsfrs_r_min            number  least ALSFRS-R at entry, points of 48
    alsfrs_r_max            number  greatest ALSFRS-R at entry
    vc_pct_min              number  least vital capacity at entry, % of predicted
    vc_pct_max              number  greatest vital capacity at entry
    sex                     text    sex
    genes                   list    genes of which a variant is required
    eligibility_note        text    what else decides who could take part
    outcome_count           integer number of outcomes recorded
    instruments             list    scales and tests of the outcomes
    dispute_count           integer disputes recorded
    open_dispute_count      integer disputes without a ruling
    registry                text    which registry the id is of
    registration            text    why there is no registry id
    former_ids              list    names the record had before
    secondary_ids           list    ids in other registries and of the sponsor
    related                 list    studies that belong with it, as relation:id
    tags                    list    marks
    decision                text    include or undecided
    found_in                list    searches and seeds that named it
    verified_on             date    when somebody last compared it with its sources
    verified_by             text    who
    reviewed_by             text    who checked the comparison
    verified_against        list    keys of the references it was compared with
    src                     list    keys of the references behind the record
    note                    text    what a reader must know
    file                    text    path of the file from the collection's folder
    """,
)

_PART = """
    trial    text    the record
    position integer place in its list, from 1
    path     text    where it stands in the record, as `alscli set` names it
"""
_CITED = """
    src      list    keys of the references behind it, where it names its own
    loc      text    where in the source
"""
_THERAPY = """
    modality             text kind of therapy
    cell_type            text cells, by tissue and processing
    cell_type_path       list the same with the terms above it, the broadest first
    donor                text whose cells
    genetic_modification text what was done to the genome
    mechanism            list how it is meant to work
    target               list molecule or gene aimed at
"""

_OF_TRIALS = (
    _table(
        "identifiers",
        "one id of a study in a registry, of its sponsor, or a former name",
        "trial position",
        """
        trial    text    the record
        position integer place among its ids, from 1; the primary one comes first
        id       text    the id as written
        role     text    primary, secondary or former
        registry text    which registry it is of, where its shape tells
        url      text    address of the entry
        """,
        trials="trial",
    ),
    _table(
        "organizations",
        "one sponsor, collaborator or funder of a study",
        "trial role position",
        """
        trial    text    the record
        role     text    sponsor, collaborator or funder
        position integer place in its list, from 1
        path     text    where it stands in the record
        name     text    name
        name_zh  text    Chinese name
        class    text    what kind of organization
        """,
        trials="trial",
    ),
    _table(
        "countries",
        "one country in which a study recruits",
        "trial position",
        """
        trial    text    the record
        position integer place in the list, from 1
        country  text    ISO 3166-1 code
        name     text    English name
        """,
        trials="trial",
    ),
    _table(
        "interventions",
        "one thing given or done, with what it takes from its product",
        "trial id",
        _PART
        + """
        id       text    name by which arms cite it
        product  text    id of the product
        name     text    its own name, else that of the product
        aliases  list    other names, those of the product too
        """
        + _THERAPY
        + """
        stated   list    which of the columns before the trial states itself
        """
        + _CITED,
        trials="trial",
        products="product",
    ),
    _table(
        "arms",
        "one group of participants treated alike",
        "trial id",
        _PART
        + """
        id         text    name by which results cite it
        role       text    what the arm is for
        label      text    its name in the source
        n          integer people in it
        background list    what they took besides
        """
        + _CITED,
        trials="trial",
    ),
    _table(
        "given",
        "one drug over one stretch of the schedule of an arm",
        "trial arm position",
        _PART
        + """
        arm           text    id of the arm
        intervention  text    id of the intervention; empty for a placebo
        route         text    way into the body
        low           number  amount of one administration, or its least
        high          number  its greatest, where a range is given
        unit          text    unit of the amount
        doses         integer how many administrations
        every         text    interval between them
        every_days    number  the same in days
        lasting       text    length of treatment
        lasting_days  number  the same in days
        dose          text    all of it in words
        """,
        arms="trial arm",
        interventions="trial intervention",
    ),
    _table(
        "outcomes",
        "one outcome with its result",
        "trial id",
        _PART
        + """
        id                    text    name of the outcome
        role                  text    its place in the plan
        instrument            text    scale or test
        instrument_path       list    the same with the terms above it, the broadest first
        measure               text    what of the scale
        matrix                text    what a biomarker is measured in
        definition            text    the outcome in words
        at                    text    time or window
        at_start              number  days from the start of treatment to its start
        at_end                number  and to its end
        population            text    who is analyzed
        subgroup              text    the part of the participants, where it is not all
        subgroup_prespecified boolean whether it was defined before the data were seen
        subgroup_n            integer people in it
        subgroup_family       integer how many subgroups or cut-offs were tested
        stat                  text    what the values are
        unit                  text    unit of the values
        result                text    what came of it
        note                  text    what a reader must know
        """
        + _CITED,
        trials="trial",
    ),
    _table(
        "outcome_values",
        "one result in one arm",
        "trial outcome position",
        _PART
        + """
        outcome    text    id of the outcome
        arm        text    id of the arm
        label      text    category, where the values are of several
        at         text    time or window, where it is not the outcome's
        at_start   number  days from the start of treatment to its start
        at_end     number  and to its end
        n          integer people it rests on
        value      number  the number, or the bound
        value_op   text    =, or <, <=, >, >= where it is a bound
        sd         number  standard deviation
        se         number  standard error
        ci_low     number  confidence interval, 95 % unless the source says otherwise
        ci_high    number  its upper limit
        iqr_low    number  first quartile
        iqr_high   number  third quartile
        range_low  number  least
        range_high number  greatest
        """,
        outcomes="trial outcome",
        arms="trial arm",
    ),
    _table(
        "effects",
        "one comparison of an arm with another, with baseline or with the run-in",
        "trial outcome position",
        _PART
        + """
        outcome  text    id of the outcome
        arm      text    id of the arm
        vs       text    id of the arm it is compared with, baseline or run_in
        type     text    measure of effect
        est      number  estimate
        ci_low   number  lower limit of the confidence interval
        ci_high  number  upper limit
        level    number  level of the interval in %; 95 where empty
        p        number  p-value, or its bound
        p_op     text    =, or <, <=, >, >= where it is a bound
        sides    integer 1 or 2; 2 where empty
        adjusted boolean whether adjusted for covariates
        method   text    test or model
        """,
        outcomes="trial outcome",
        arms="trial arm",
    ),
    _table(
        "safety",
        "harms in one arm, counted in people",
        "trial position",
        _PART
        + """
        arm                  text    id of the arm; empty for everybody
        at                   text    time or window
        at_start             number  days from the start of treatment to its start
        at_end               number  and to its end
        n                    integer people at risk
        deaths               integer deaths
        sae_patients         integer people with a serious adverse event
        sae_related_patients integer people with one held to be related
        ae_patients          integer people with any adverse event
        statement            text    what the source says in words
        """
        + _CITED,
        trials="trial",
        arms="trial arm",
    ),
    _table(
        "related",
        "one study that belongs with another",
        "trial position",
        _PART
        + """
        id       text    a record's id, or the registry id of a study outside the collection
        rel      text    what the other study is to this one
        why      text    the reason, where it is not plain
        """,
        trials="trial",
    ),
)

PRODUCTS = _table(
    "products",
    "one therapy, device or programme",
    "id",
    """
    id               text    name of the record
    name             text    name
    name_zh          text    Chinese name
    aliases          list    other names
    developer        text    who develops it
    developer_zh     text    Chinese name of the developer
    """
    + _THERAPY
    + """
    indications      list    diseases it is developed for
    event_count      integer number of regulatory events recorded
    note             text    what a reader must know
    verified_on      date    when somebody last compared it with its sources
    verified_by      text    who
    reviewed_by      text    who checked the comparison
    verified_against list    keys of the references it was compared with
    src              list    keys of the references behind the record
    file             text    path of the file from the collection's folder
    """,
)

EVENTS = _table(
    "events",
    "one step of a regulator or developer",
    "product position",
    """
    product    text    the product
    position   integer place in its list, from 1
    path       text    where it stands in the record
    on_date    date    when
    agency     text    which regulator
    type       text    what happened
    indication text    for which disease, where the product has several
    outcome    text    what came of it
    """
    + _CITED,
    products="product",
)

_OWNED = """
    kind     text    trial, product or ledger
    record   text    the record
    position integer place in its list, from 1
    path     text    where it stands in the record
"""

_OF_RECORDS = (
    _table(
        "refs",
        "one source",
        "kind record key",
        _OWNED
        + """
        key       text    name by which facts cite it; the ledger's are shared by all records
        ref_kind  text    what kind of source
        title     text    title
        authors   list    authors
        journal   text    journal, site or publisher
        volume    text    volume
        pages     text    pages or article number
        published date    when it appeared
        doi       text    digital object identifier
        pmid      text    PubMed number
        pmcid     text    PubMed Central id
        url       text    address
        lang      text    language
        retrieved date    when the curator read it
        notice    text    key of the erratum or retraction of this source
        """,
        records="kind record",
    ),
    _table(
        "disputes",
        "one field on which sources disagree",
        "kind record position",
        _OWNED
        + """
        field    text    path of the field
        ruling   text    which value the record holds and why
        open     boolean whether nobody has ruled yet
        on_date  date    when it was ruled, or opened
        """,
        records="kind record",
    ),
    _table(
        "disputed_values",
        "what one source states in a dispute",
        "kind record dispute position",
        _OWNED
        + """
        dispute  integer position of the dispute
        value    text    the value as this source gives it
        """
        + _CITED,
        disputes="kind record dispute",
    ),
    _table(
        "waivers",
        "one finding judged to be no fault",
        "kind record position",
        _OWNED
        + """
        rule     text    code of the rule
        field    text    path of the field; empty for every finding of the rule in the file
        why      text    the reason
        by       text    who judged
        until    date    when the judgement must be looked at again
        """,
        records="kind record",
    ),
    _table(
        "citations",
        "one reference behind one fact, wherever in a record it is cited",
        "kind record path ref",
        """
        kind     text    trial, product or ledger
        record   text    the record
        path     text    the fact; empty for everything that names no other source
        ref      text    key of the reference, or `registry`; empty where only the place in it is given
        loc      text    where in the source
        """,
        records="kind record",
    ),
    _table(
        "absences",
        "one fact that somebody looked for and that is not there",
        "kind record path",
        """
        kind     text    trial, product or ledger
        record   text    the record
        path     text    the field
        absence  text    not_reported or not_applicable
        """,
        records="kind record",
    ),
)

_OF_LEDGER = (
    _table(
        "excluded",
        "one thing that was looked at and is no trial of this collection",
        "id",
        """
        id       text    name
        title    text    what it is
        reason   text    why it is not included
        stage    text    at which stage of screening
        found_in list    searches and seeds that named it
        cites    list    records, or registry ids, that it speaks of
        refs     list    keys of the references behind it
        note     text    what a reader must know
        """,
    ),
    _table(
        "claims",
        "one statement that circulates, with a verdict",
        "id",
        """
        id       text    name
        text     text    what is claimed
        found_in list    who claims it
        verdict  text    what can be said of it
        why      text    on what the verdict rests
        cites    list    records, or registry ids, that it speaks of
        refs     list    keys of the references behind the verdict
        """,
    ),
    _table(
        "searches",
        "one search of a registry or database",
        "id",
        """
        id       text    name
        on_date  date    when
        source   text    where
        query    text    the query as sent
        hits     integer how many results
        new      integer how many that no earlier search had found
        by       text    who searched
        """,
    ),
)

TABLES: dict[str, TableShape] = {
    shape.name: shape for shape in (RECORDS, TRIALS, PRODUCTS, *_OF_TRIALS, EVENTS, *_OF_RECORDS, *_OF_LEDGER)
}
"""In an order in which a table stands after those that it refers to."""
