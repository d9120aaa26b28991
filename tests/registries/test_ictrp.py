"""ICTRP's XML, CSV, XLSX and full export, each field against what the payload says, by hand."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from expected import check, oddities, payload, read, sound, unreadable

from alscli.registries import ictrp
from alscli.registries.draft import Draft, Unreadable

XML: dict[str, dict[str, Any]] = {
    "NCT06360289": {
        "id": "nct06360289",
        "scientific_title": "Observational Study of Neurofilament Light Chain (NfL) Levels in Asymptomatic "
        "Carriers "
        "of the TTR Gene Variants and Patients With hATTR Amyloidosis With Polyneuropathy, Including "
        "Patients Who "
        "Undergo Treatment Change - NeuroFeeL Study",
        "acronym": None,
        "secondary_ids": ["ALN-TTR-NT-003"],
        "conditions": ["Hereditary Amyloidosis, Transthyretin-Related", "Asymptomatic Carrier State"],
        "study_type": "observational",
        "design": "cohort",
        "phase": "na",
        "status": "recruiting",
        "status_as_of": "2024-05-20",
        "dates": {
            "registered": {"on": "2024-04-08", "type": "actual"},
            "start": {"on": "2024-04-25", "type": "unknown"},
        },
        "countries": ["FR"],
        "enrollment": {"planned": 500},
        "eligibility": {"sex": "all"},
        "sponsor": {"name": "Alnylam Pharmaceuticals"},
        "interventions.0.name": "Standard of Care",
        "outcomes.0.role": "primary",
        "outcomes.1.definition": "Change in NfL Levels Over Time in Asymptomatic Carriers of a TTR Variant "
        "and "
        "Symptomatic hATTR Patients With Polyneuropathy",
        "outcomes.2.role": "secondary",
    },
    "2023-507385-11-00": {
        "title": "Long-Term Follow-Up of Subjects Treated With NTLA-2001",
        "scientific_title": "Long-Term Follow-Up of Subjects Treated With NTLA-2001 - ITL-2001-CL-999",
        "secondary_ids": ["2022-003405-30", "NCT05697861", "U1111-1296-5487"],
        "conditions": [
            "Hereditary Transthyretin Amyloidosis with Polyneuropathy (ATTRv-PN)",
            "Transthyretin Amyloidosis-Related Cardiomyopathy (ATTR-CM)",
        ],
        "study_type": "interventional",
        "design": "single_arm",
        "allocation": None,
        "masking": None,
        "phase": "2/3",
        "status": "unknown",
        "status_as_of": "2024-05-27",
        "dates.start.on": "2024-04-16",
        "countries": ["GB", "NZ", "SE"],
        "enrollment.planned": 74,
        "eligibility": {"age": [18], "sex": "all"},
        "sponsor.collaborators": [{"name": "Medpace Finland Oy"}],
        "interventions.0.name": "NTLA-2001",
        "interventions.0.aliases": ["PRD8425756"],
    },
    "2021-000037-14": {
        "secondary_ids": ["146070", "NEOD001-301"],
        "design": "rct",
        "allocation": "randomized",
        "masking": "double",
        "control": "placebo",
        "model": None,
        "phase": "3",
        "status": "unknown",
        "status_as_of": "2021-07-05",
        "dates.registered.on": "2021-06-09",
        "dates.start.on": "2021-07-01",
        "enrollment": {"planned": 150},
        "eligibility": {"sex": "all"},
        "sponsor": {"name": "Prothena Biosciences Limited"},
        "interventions.0.name": "Birtamimab",
        "interventions.0.aliases": None,
        "interventions.1": None,
        "outcomes.0.definition": "Time to all-cause mortality",
    },
    "jRCT2071210009": {
        "secondary_ids": ["2019-001698-10", "NCT04136184"],
        "conditions": ["Hereditary transthyretin-mediated amyloid polyneuropathy (hATTR-PN)"],
        "design": "rct",
        "allocation": "randomized",
        "masking": "none",
        "model": "parallel",
        "purpose": "treatment",
        "control": None,
        "phase": "3",
        "countries": ["BR", "CY", "DE", "ES", "FR", "IT", "JP", "NZ", "PT", "SE", "TW", "US"],
        "eligibility": {"age": [20, 82], "sex": "all"},
        "dates.start.on": "2021-04-09",
        "enrollment.planned": 14,
    },
    "ChiCTR2100050713": {
        "conditions": ["Sepsis"],
        "study_type": "observational",
        "phase": "na",
        "model": "factorial",
        "enrollment.planned": 100,
        "eligibility": {"age": [18, 90], "sex": "all"},
        "dates.registered.on": "2021-09-03",
        "dates.start.on": "2021-09-20",
        "countries": ["CN"],
        "arms": [
            {"id": "control-group", "label": "control group"},
            {"id": "sepsis-group", "label": "sepsis group"},
        ],
        "interventions": None,
        "outcomes.0.definition": "Apolipoprotein A1",
        "outcomes.1.definition": "serum amyloid A",
        "outcomes.4.definition": "procalcitonin",
        "sponsor.funders": [
            {"name": "Jiangsu Province Young Medical Talent Project"},
            {"name": "Yangzhou Key Medical Talent Project"},
        ],
    },
    "NL-OMON55279": {
        "secondary_ids": ["2019-001698-10", "NCT04136184", "NL73848.000.21"],
        "conditions": ["Familial amyloid polyneuropathy - Transthyretin (TTR) amyloid polyneuropathy"],
        "design": "rct",
        "masking": "none",
        "model": "parallel",
        "control": "active",
        "purpose": "treatment",
        "status": "unknown",
        "dates": {"registered": {"on": "2021-03-01", "type": "actual"}},
        "enrollment.planned": 2,
        "eligibility": {"age": [18, 99]},
        "interventions": None,
        "sponsor": {"name": "Ionis Pharmaceuticals, Inc."},
    },
    "KCT0000379": {
        "conditions": ["Mental and behavioral disorders"],
        "study_type": "interventional",
        "phase": "1/2",
        "allocation": "na",
        "masking": "none",
        "purpose": "diagnostic",
        "countries": ["KR"],
        "eligibility.age": [60, 80],
        "dates.start.on": "2010-10-25",
    },
    "DRKS00030545": {
        "title": "Tübingen registry for familial Mediterranean fever and other autoinflammatory diseases",
        "conditions": [
            "Non-neuropathic heredofamilial amyloidosis",
            "Other specified systemic involvement of connective tissue",
        ],
        "design": "cohort",
        "eligibility": {"age": [18], "sex": "all"},
        "sponsor": {"name": "Universitätsklinik Tübingen - Rheumatologie"},
        "outcomes.1": None,
    },
    "UMIN000027045": {
        "study_type": "interventional",
        "design": "single_arm",
        "allocation": "non_randomized",
        "model": "single_group",
        "phase": "na",
        "status": "unknown",
        "dates.registered.on": "2017-04-18",
        "dates.start.on": "2016-12-06",
        "eligibility": {"age": [16, 50], "sex": "all"},
        "interventions.0.name": "Twice examinations using intraepidermal electrical stimulation",
        "arms.0.given.0.intervention": "twice-examinations-using-intraepidermal",
    },
    "NCT02319005": {
        "secondary_ids": ["ALN-TTRSC-004"],
        "design": "rct",
        "allocation": "randomized",
        "model": "parallel",
        "masking": "double",
        "masked": ["investigator", "participant"],
        "purpose": "treatment",
        "control": "placebo",
        "phase": "3",
        "status": "unknown",
        "dates": {
            "registered": {"on": "2014-12-12", "type": "actual"},
            "start": {"on": "2014-12", "type": "unknown"},
            "results_posted": {"on": "2018-07-18", "type": "actual"},
        },
        "countries": ["BE", "CA", "DE", "ES", "FR", "GB", "IT", "SE", "US"],
        "enrollment.planned": 206,
        "eligibility": {"age": [18, 90], "sex": "all"},
        "interventions.0.name": "Revusiran (ALN-TTRSC)",
        "outcomes.1.definition": "Serum TTR Levels",
        "outcomes.1.result": None,
        "outcomes.7.definition": "All-cause Mortality",
    },
}
CSV: dict[str, dict[str, Any]] = {
    "IRCT20160625028622N1": {
        "conditions": ["Novel Cronavirus Disease (COVID-19)"],
        "study_type": "interventional",
        "design": "nrct",
        "allocation": "non_randomized",
        "masking": "double",
        "model": "parallel",
        "control": None,
        "purpose": "treatment",
        "phase": "2",
        "status": "recruiting",
        "status_as_of": "2020-03-24",
        "dates.start.on": "2020-03-19",
        "countries": ["IR"],
        "enrollment.planned": 125,
        "eligibility": {"age": [2], "sex": "all"},
        "outcomes.0.definition": "Cough",
        "outcomes.1.definition": "O2 Saturation",
    },
    "NL8483": {
        "allocation": "non_randomized",
        "masking": "none",
        "control": "active",
        "design": "nrct",
        "dates.registered.on": "2020-03-26",
        "dates.start.on": "2020-03-16",
        "countries": ["NL"],
        "enrollment.planned": 17000,
        "eligibility": None,
    },
    "ChiCTR2000029949": {
        "study_type": "observational",
        "phase": "na",
        "phase_label": None,
        "enrollment.planned": 40,
        "eligibility": {"age": [18], "sex": "all"},
        "interventions.0.name": "Extracorporeal Membrane Oxygenation",
        "arms.0.label": "Case series",
    },
    "TCTR20200324001": {
        "study_type": "observational",
        "phase": "na",
        "eligibility.age": [30, 70],
        "dates.start.on": "2020-03-24",
        "dates.completion": {"on": "2020-04-30", "type": "estimated"},
        "outcomes.0.definition": "Prepredness measurement",
    },
    "ACTRN12620000445976": {
        "conditions": ["COVID-19 (SARS-CoV-2)"],
        "design": "rct",
        "allocation": "randomized",
        "masking": "none",
        "model": "factorial",
        "purpose": "treatment",
        "phase": "3",
        "status": "unknown",
        "countries": ["AU", "NZ"],
        "eligibility": {"age": [18], "sex": "all"},
        "enrollment.planned": 2500,
    },
    "2020-000890-25": {
        "conditions": ["Patients with documented respiratory infection with coronavirus SARS COV 2"],
        "phase": "3",
        "design": "single_arm",
        "masking": None,
        "interventions.0.name": "Plaquenil 200 mg, comprimé pelliculé",
        "sponsor.name": "Fondation Méditerranée Infection (FMI) - IHU Méditerranée Infection",
        "outcomes.0.definition": "Results of SARS-COV2 virus detection",
    },
    "ISRCTN50189673": {
        "design": "rct",
        "phase": "2/3",
        "enrollment.planned": 5000,
        "dates.start.on": "2020-03-19",
        "dates.completion": {"on": "2021-06-30", "type": "estimated"},
    },
}


@pytest.fixture(scope="module")
def from_xml() -> dict[str, Draft]:
    return read(ictrp.drafts, payload("ictrp.xml"))


@pytest.fixture(scope="module")
def from_csv() -> dict[str, Draft]:
    return read(ictrp.drafts, payload("ictrp.csv"))


@pytest.mark.parametrize("registry_id", XML)
def test_xml(registry_id: str, from_xml: dict[str, Draft]) -> None:
    check(from_xml[registry_id], XML[registry_id])


@pytest.mark.parametrize("registry_id", CSV)
def test_csv(registry_id: str, from_csv: dict[str, Draft]) -> None:
    check(from_csv[registry_id], CSV[registry_id])


def test_nothing_else_is_there(from_xml: dict[str, Draft], from_csv: dict[str, Draft]) -> None:
    assert set(from_xml) == set(XML)
    assert set(from_csv) == set(CSV)


def test_the_registry_is_that_of_the_number(from_xml: dict[str, Draft]) -> None:
    assert {id_: draft.registry for id_, draft in from_xml.items()} == {
        "NCT06360289": "ctgov",
        "2023-507385-11-00": "ctis",
        "2021-000037-14": "eudract",
        "jRCT2071210009": "jrct",
        "ChiCTR2100050713": "chictr",
        "NL-OMON55279": "ntr",
        "KCT0000379": "cris",
        "DRKS00030545": "drks",
        "UMIN000027045": "umin",
        "NCT02319005": "ctgov",
    }


def test_what_is_taken_as_something_is_said(from_xml: dict[str, Draft]) -> None:
    assert "“Authorised” (recruitment may be ongoing or finished)" in oddities(from_xml["2021-000037-14"])
    assert "planned or actual: ICTRP does not say" in oddities(from_xml["NCT02319005"])
    assert "the study is observational" in oddities(from_xml["ChiCTR2100050713"])
    assert "sum of “control group:50;sepsis group:50”" in oddities(from_xml["ChiCTR2100050713"])
    assert "historical control left out" in oddities(from_xml["jRCT2071210009"])


def test_a_path_is_the_name_of_the_field(from_xml: dict[str, Draft]) -> None:
    paths = from_xml["NCT02319005"].paths
    assert paths["dates.start.on"] == "Date_enrollement"
    assert paths["outcomes.0.definition"] == "Primary_outcome"
    assert paths["sponsor.name"] == "Primary_sponsor"


def test_xlsx() -> None:
    found = read(ictrp.drafts, payload("ictrp.xlsx"))
    assert ictrp.is_mine(payload("ictrp.xlsx")[:4096])
    assert {"ChiCTR2000029953", "ChiCTR2000029935"} < set(found)
    check(
        found["ChiCTR2000029953"],
        {
            "title": "Construction and Analysis of Prognostic Predictive Model of Novel Coronavirus "
            "Pneumonia (COVID-19)",
            "dates.registered.on": "2020-02-17",
            "status_as_of": "2020-02-17",
            "study_type": "observational",
            "countries": ["CN"],
        },
    )


def test_the_full_export_has_no_names() -> None:
    row = [""] * 63
    row[:6] = [
        "JPRN-UMIN000001234",
        "29/08/2017",
        "NCT01234567;NULL",
        "Public",
        "Scientific",
        "https://x.org",
    ]
    row[6:18] = ["Jane Doe"] * 12
    row[18:29] = [
        "Interventional", "Randomized; double-blind", "Phase II", "28/08/2016", "2016/09/01", "60",
        "Recruiting", "A University", "NULL", "A Fund", "Japan;United States",
    ]  # fmt: skip
    row[29:34] = ["ALS", "Drug X", "20years-old", "80years-old", "Male and Female"]
    row[36], row[43], row[46] = "ALSFRS-R at 24 weeks", "58", "01/02/2019"
    out = io.StringIO()
    csv.writer(out).writerow(row)
    data = out.getvalue().encode()
    assert ictrp.is_mine(data)
    (draft,) = read(ictrp.drafts, data).values()
    check(
        draft,
        {
            "registry_id": "UMIN000001234",
            "secondary_ids": ["NCT01234567"],
            "conditions": ["ALS"],
            "design": "rct",
            "masking": "double",
            "phase": "2",
            "dates.registered.on": "2016-08-28",
            "dates.start.on": "2016-09-01",
            "dates.results_posted.on": "2019-02-01",
            "enrollment": {"planned": 60, "enrolled": 58},
            "countries": ["JP", "US"],
            "sponsor": {"name": "A University", "funders": [{"name": "A Fund"}]},
            "eligibility": {"age": [20, 80], "sex": "all"},
            "outcomes.0.instrument": "ALSFRS-R",
        },
    )
    assert "Jane" not in json.dumps(draft.copy)


def test_a_copy_reads_as_what_it_was_copied_from(
    from_xml: dict[str, Draft], from_csv: dict[str, Draft]
) -> None:
    for draft in (*from_xml.values(), *from_csv.values()):
        data = json.dumps(draft.copy).encode()
        assert ictrp.is_mine(data)
        assert read(ictrp.drafts, data)[draft.registry_id].values == draft.values


def test_contacts_are_in_no_copy() -> None:
    data = payload("ictrp.xml").replace(
        b"<Acronym/>", b"<Contact_Email>a@b.org</Contact_Email><Contact_Tel>1</Contact_Tel>"
    )
    data = data.replace(b"<Sepsis>", b"<Sepsis>")
    for draft in read(ictrp.drafts, data).values():
        assert not [key for key in draft.copy if "ontact" in key]


# -- what is broken ---------------------------------------------------------------------------------


def test_a_broken_entry_spoils_no_other() -> None:
    data = payload("ictrp.xml").replace(b"<Phase>Phase 3", b"<Phase>Phase 3</Faze>")
    found = list(ictrp.drafts(data))
    broken = [each for each in found if isinstance(each, Unreadable)]
    assert [each.source for each in broken] == ["entry 10 (NCT02319005)"]
    assert "not valid XML" in broken[0].why
    assert len(found) == len(XML)


def test_a_file_that_is_cut() -> None:
    data = payload("ictrp.xml")
    cut = data[: data.index(b"KCT0000379") + 600]
    assert unreadable(ictrp.drafts, cut) == ["entry 7 (KCT0000379): is cut: its end is missing"]
    assert sum(isinstance(each, Draft) for each in ictrp.drafts(cut)) == 6


def test_entities_are_refused() -> None:
    bomb = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>
    <Trials_downloaded_from_ICTRP><Trial><TrialID>NCT00000001</TrialID><Public_title>&lol2;</Public_title>
    </Trial></Trials_downloaded_from_ICTRP>"""
    assert unreadable(ictrp.drafts, bomb) == ["file: declares XML entities, which no registry does; not read"]
    outside = bomb.replace(b'"lol"', b'SYSTEM "file:///etc/passwd"')
    assert unreadable(ictrp.drafts, outside) == [
        "file: declares XML entities, which no registry does; not read"
    ]
    inside = payload("ictrp.xml").replace(b"<Trial>", b'<Trial><!DOCTYPE x [<!ENTITY y "z">]>', 1)
    assert "not read" in unreadable(ictrp.drafts, inside)[0]


def test_an_id_that_is_none() -> None:
    data = payload("ictrp.xml").replace(b"NCT06360289", b"NCT0636").replace(b"KCT0000379", b"")
    assert unreadable(ictrp.drafts, data) == [
        "entry 1 (NCT0636): “NCT0636” is no registry's number",
        "entry 7: has no TrialID",
    ]


def test_wrong_encodings() -> None:
    data = payload("ictrp.xml").decode().encode("cp1252", "xmlcharrefreplace")
    draft = read(ictrp.drafts, data)["DRKS00030545"]
    assert draft.values["title"].startswith("Tübingen registry")
    assert "not UTF-8" in oddities(draft)
    spoilt = payload("ictrp.xml").replace(b"Sepsis", b"Sep\x00sis\x01")
    assert read(ictrp.drafts, spoilt)["ChiCTR2100050713"].values["conditions"] == ["Sepsis"]
    wide = payload("ictrp.xml").decode().replace("UTF-8", "UTF-16").encode("utf-16")
    assert read(ictrp.drafts, wide)["DRKS00030545"].values["title"].startswith("Tübingen")
    chinese = payload("ictrp.csv").decode().replace("COVID-19", "新型冠状病毒肺炎").encode("gb18030")
    assert (
        read(ictrp.drafts, chinese)["NL8483"].values["title"].startswith("A weapon against 新型冠状病毒肺炎")
    )


def test_stray_ampersands_and_html_entities() -> None:
    data = payload("ictrp.xml").replace(
        b"<Phase>Phase 3", b"<Sponsor>A & B &eacute; &#233;</Sponsor><Phase>Phase 3"
    )
    draft = read(ictrp.drafts, data)["NCT02319005"]
    assert draft.copy["Sponsor"] == "A & B é é"
    assert "mended" in oddities(draft)


def test_rows_that_are_cut() -> None:
    lines = payload("ictrp.csv").decode()
    cut = lines[: lines.index("University of Oxford")].encode()
    (why,) = unreadable(ictrp.drafts, cut)
    assert why.startswith("entry 7 (ISRCTN50189673): 6 columns of 40")
    assert unreadable(ictrp.drafts, b"NCT00000001,01/01/2020,a,b\n")[0].endswith("the full export has 63")


def workbook(sheet: str, strings: str = "", **parts: bytes) -> bytes:
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/sharedStrings.xml", f"<sst {main}>{strings}</sst>")
        archive.writestr(
            "xl/worksheets/sheet1.xml", f"<worksheet {main}><sheetData>{sheet}</sheetData></worksheet>"
        )
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", data)
    return out.getvalue()


HEADER = '<row><c t="inlineStr"><is><t>TrialID</t></is></c><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
STRINGS = "<si><t>Public title</t></si><si><r><t>Date </t></r><r><t>registration</t></r></si>"


def test_days_and_gaps_in_a_workbook() -> None:
    styles = (
        b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs>'
        b'<xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    )
    row = '<row><c r="A2" t="inlineStr"><is><t>NCT00000001</t></is></c><c r="C2" s="1"><v>43878</v></c></row>'
    (draft,) = read(ictrp.drafts, workbook(HEADER + row, STRINGS, xl__styles=styles)).values()
    assert draft.values["dates"]["registered"]["on"] == "2020-02-17"
    assert draft.values["title"] == "NCT00000001"
    sound(draft)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (workbook("<row><c r='ZZZ1'><v>1</v></c></row>"), "more than 1000 columns"),
        (workbook(HEADER, "<si><t>" + "a" * (3 << 20) + "</t></si>"), "unpacks to"),
        (workbook(HEADER)[:300], "not a readable XLSX file"),
        (workbook("<row>"), "not a readable XLSX file"),
    ],
    ids=["columns", "bomb", "cut", "broken"],
)
def test_workbooks_that_are_refused(data: bytes, why: str) -> None:
    assert why in unreadable(ictrp.drafts, data)[0]


def test_entities_in_a_workbook_are_refused() -> None:
    data = workbook(HEADER)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, b'<!DOCTYPE x [<!ENTITY a "b">]>' + text if "sheet1" in name else text)
    assert "refused" in unreadable(ictrp.drafts, out.getvalue())[0]


def test_what_is_not_icrtps() -> None:
    for name in ("ctis_2024.json", "euctr.txt", "who_chictr.xml", "who_tctr.json", "isrctn_12949496.json"):
        assert not ictrp.is_mine(payload(name)[:4096])
    assert not ictrp.is_mine(b"<html><body>TrialID</body></html>")
    assert not ictrp.is_mine(b"")
    assert ictrp.is_mine(payload("ictrp.xml")[:4096])
    assert ictrp.is_mine(payload("ictrp.csv")[:4096])


def test_vast_fields_and_many_openings() -> None:
    data = payload("ictrp.xml")
    vast = data.replace(b"<Phase>Phase 3", b"<Phase>" + b"Phase 3 " * 200_000, 1)
    assert "larger than 1,048,576 characters" in unreadable(ictrp.drafts, vast)[0]
    many = data.replace(b"<Primary_outcome>6 Minute", b"<Primary_outcome>" + b"Pain;" * 20_000 + b"6 Minute")
    draft = read(ictrp.drafts, many)["NCT02319005"]
    assert len(draft.values["outcomes"]) == 300
    assert "more than 300 outcomes" in oddities(draft)
    assert len(unreadable(ictrp.drafts, b"<Trial>" * 20_000)) == 20_000
