"""Identifiers: real ones of every registry, what looks like them, and text that wants to do harm."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alscli.model import identifiers
from alscli.model.identifiers import (
    REGISTRIES,
    doi_url,
    explain_registry_id,
    find_registry_ids,
    is_canonical,
    is_safe_record_id,
    parse_doi,
    parse_pmcid,
    parse_pmid,
    parse_registry_id,
    parse_url,
    parse_utn,
    pmcid_url,
    pmid_url,
    suggest_record_id,
)

REAL = {
    "ctgov": ["NCT03280056", "NCT07118319"],
    "eudract": ["2011-006254-85", "2008-002140-41"],
    "ctis": ["2022-500244-37-00", "2023-507385-11-00", "2024-510663-34"],
    "isrctn": ["ISRCTN80181452", "ISRCTN12949496"],
    "anzctr": ["ACTRN12620000449932", "ACTRN12622000949785", "ACTRN12616000000404p"],
    "chictr": ["ChiCTR2000034346", "ChiCTR-TRC-09000530", "ChiCTR-TRC-13003026"],
    "itmctr": ["ITMCTR2000003943", "ITMCTR2200005589"],
    "cde": ["CTR20191402", "CTR20202613"],
    "jrct": ["jRCTs031190226", "jRCT2080224769"],
    "umin": ["UMIN000039873", "UMIN000027045"],
    "japic": ["JapicCTI-194846", "JapicCTI-184235"],
    "jma": ["JMA-IIA00097", "JMA-IIA00078"],
    "cris": ["KCT0000379", "KCT0012487"],
    "ctri": ["CTRI/2020/12/029986", "CTRI/2007/091/000012"],
    "irct": ["IRCT20200316046792N1", "IRCT20151227025726N12", "IRCT138706211241N1"],
    "drks": ["DRKS00015863", "DRKS00032447"],
    "ntr": ["NL8460", "NTR1437", "NL-OMON55279"],
    "rebec": ["RBR-28gdtz", "RBR-2c236v"],
    "tctr": ["TCTR20180508003", "TCTR20200324001"],
    "pactr": ["PACTR201609001751384", "PACTR2010030001971409"],
    "slctr": ["SLCTR/2018/002", "SLCTR/2010/008"],
    "rpcec": ["RPCEC00000139", "RPCEC00000444"],
    "repec": ["PER-001-95", "PER-015-19"],
    "lbctr": ["LBCTR2019020191", "LBCTR2019070214"],
}

DECOYS = {  # too short or too long, a letter for a digit, another registry's number behind the prefix
    "ctgov": ["NCT0711831", "NCT032800560", "NCT0328OO56", "NCT2000034346"],
    "eudract": ["2011-06254-85", "2011-006254-8", "2O11-006254-85", "2011-006254-85-01", "1999-006254-85"],
    "ctis": ["2022-50024-37-00", "2022-500244-37-0", "2022-5O0244-37-00", "2011-006254-85-00"],
    "isrctn": ["ISRCTN8018145", "ISRCTN801814522", "ISRCTN8018145l", "ISRCTN12620000449932"],
    "anzctr": ["ACTRN1262000044993", "ACTRN1262000O449932", "ACTRN03280056", "ACTRN12720000449932"],
    "chictr": [
        "ChiCTR200003434",
        "ChiCTR20000343461",
        "ChiCTR2OOOO34346",
        "ChiCTR-T-09000530",
        "ChiCTR80181452",
    ],
    "itmctr": ["ITMCTR200000394", "ITMCTR2OOOOO3943", "ITMCTR20191402"],
    "cde": ["CTR2019140", "CTR201914022", "CTR2019I402", "CTR2000034346", "CTR19991402"],
    "jrct": ["jRCT208022476", "jRCTs0311902260", "jRCTst31190226", "jRCT000039"],
    "umin": ["UMIN00003987", "UMIN0000398730", "UMINO00039873", "UMIN2080224769"],
    "japic": ["JapicCTI-19484", "JapicCTI-1948460", "JapicCTI-19484G", "JapicCTI-000039873"],
    "jma": ["JMA-IIA0097", "JMA-IIA000970", "JMA-IIAOOO97", "JMA-IIA194846"],
    "cris": ["KCT000379", "KCT00003790", "KCTO000379", "KCT80181452"],
    "ctri": [
        "CTRI/2020/12/29986",
        "CTRI/2020/1/029986",
        "CTRI/202O/12/029986",
        "CTRI/2018/002",
        "CTRI20201202998",
    ],
    "irct": ["IRCT202003160N1", "IRCT20200316046792", "IRCT2020031604679ON1", "IRCT20200316046792N1234"],
    "drks": ["DRKS0001586", "DRKS000158630", "DRKSO0015863", "DRKS2000034346"],
    "ntr": ["NL123456", "NTR", "NL-OMON123", "NL26560.042.09", "NLO8460"],
    "rebec": ["RBR-28gdt", "RBR-28gdtz123", "RBR-protein", "RBR-2020/12"],
    "tctr": ["TCTR2018050800", "TCTR201805080033", "TCTR2018O508003", "TCTR19990508003"],
    "pactr": ["PACTR20160900175138", "PACTR2016090017513O4", "PACTR20160900175138412"],
    "slctr": ["SLCTR/2018/02", "SLCTR/2018/0022", "SLCTR/2O18/002", "SLCTR/2020/12/029986"],
    "rpcec": ["RPCEC0000139", "RPCEC000001390", "RPCECO0000139", "RPCEC2019020191"],
    "repec": ["PER-01-95", "PER-001-1995", "PER-O01-95", "PER-001-006254-85"],
    "lbctr": ["LBCTR201902019", "LBCTR20190201911", "LBCTR2O19020191", "LBCTR80181452"],
}

EVERY = [(code, value) for code, values in REAL.items() for value in values]
EVERY_DECOY = [(code, value) for code, values in DECOYS.items() for value in values]


def read(text: str) -> str | None:
    found = parse_registry_id(text)
    return found.value if found else None


def find(text: str) -> list[str]:
    return [each.value for each in find_registry_ids(text)]


def test_every_registry_has_real_numbers_and_decoys():
    assert [registry.code for registry in REGISTRIES] == list(REAL) == list(DECOYS)
    assert all(len(values) >= 2 for values in REAL.values())
    assert all(len(values) >= 3 for values in DECOYS.values())


@pytest.mark.parametrize(("code", "value"), EVERY)
def test_a_real_number_is_its_own_registry_s_and_canonical(code, value):
    parsed = parse_registry_id(value)
    assert parsed is not None
    assert (parsed.registry.code, parsed.value) == (code, value)
    assert is_canonical(value)
    assert explain_registry_id(value) is None
    assert find(value) == [value]
    assert [registry.code for registry in REGISTRIES if re.fullmatch(registry.pattern, value)] == [code]


@pytest.mark.parametrize(("code", "value"), EVERY_DECOY)
def test_a_decoy_is_no_registry_s(code, value):
    assert read(value) is None
    assert not is_canonical(value)


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.code)
def test_the_example_of_a_registry_is_one_of_its_numbers(registry):
    assert re.fullmatch(registry.pattern, registry.example)
    assert registry.example.startswith(registry.prefix)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nct03280056", "NCT03280056"),
        ("NCT 0328 0056", "NCT03280056"),
        ("  NCT: 03280056\n", "NCT03280056"),
        ("(NCT03280056).", "NCT03280056"),
        ("ＮＣＴ０３２８００５６", "NCT03280056"),
        ("NCT\u200b03280056\ufeff", "NCT03280056"),
        ("ClinicalTrials.gov Identifier: NCT03280056", "NCT03280056"),
        ("Clinical trial registration number NCT03280056", "NCT03280056"),
        ("https://clinicaltrials.gov/study/NCT03280056", "NCT03280056"),
        ("https://clinicaltrials.gov/ct2/show/NCT03280056?cond=ALS&rank=1", "NCT03280056"),
        ("clinicaltrials.gov/show/nct03280056", "NCT03280056"),
        ("EUCTR2011-006254-85-ES", "2011-006254-85"),
        ("EUCTR2011-006254-85-Outside-EU/EEA", "2011-006254-85"),
        ("2011-006254-85-3rd", "2011-006254-85"),
        ("EudraCT number: 2011\u2011006254\u201385", "2011-006254-85"),
        (
            "https://www.clinicaltrialsregister.eu/ctr-search/search?query=eudract_number:2011-006254-85",
            "2011-006254-85",
        ),
        ("https://www.clinicaltrialsregister.eu/ctr-search/trial/2011-006254-85/ES", "2011-006254-85"),
        ("CTIS2022-500244-37-00", "2022-500244-37-00"),
        ("EU CT Number: 2022-500244-37-00", "2022-500244-37-00"),
        ("https://euclinicaltrials.eu/ctis-public/view/2022-500244-37-00", "2022-500244-37-00"),
        ("https://euclinicaltrials.eu/app/#/view/2023-507385-11-00?lang=en", "2023-507385-11-00"),
        ("ISRCTN 80181452", "ISRCTN80181452"),
        ("ISRCTN: ISRCTN80181452", "ISRCTN80181452"),
        ("https://www.isrctn.com/ISRCTN80181452?q=als", "ISRCTN80181452"),
        ("https://doi.org/10.1186/ISRCTN80181452", "ISRCTN80181452"),
        ("actrn 12620000449932", "ACTRN12620000449932"),
        ("https://anzctr.org.au/ACTRN12620000449932.aspx", "ACTRN12620000449932"),
        (
            "www.anzctr.org.au/Trial/Registration/TrialReview.aspx?ACTRN=12622000949785",
            "ACTRN12622000949785",
        ),
        ("CHICTR2000034346", "ChiCTR2000034346"),
        ("chictr-trc-09000530", "ChiCTR-TRC-09000530"),
        ("注册号：ChiCTR2000034346", "ChiCTR2000034346"),
        ("JPRN-jRCTs031190226", "jRCTs031190226"),
        ("JPRN-JRCTS031190226", "jRCTs031190226"),
        ("https://jrct.niph.go.jp/latest-detail/jRCT2080224769", "jRCT2080224769"),
        ("JPRN-UMIN000039873", "UMIN000039873"),
        ("UMIN-CTR: UMIN000039873", "UMIN000039873"),
        ("UMIN 000039873", "UMIN000039873"),
        ("japiccti 194846", "JapicCTI-194846"),
        ("JMAIIA00097", "JMA-IIA00097"),
        ("ctri-2020-12-029986", "CTRI/2020/12/029986"),
        ("irct20200316046792n1", "IRCT20200316046792N1"),
        ("DRKS-ID: DRKS00015863", "DRKS00015863"),
        ("http://drks.de/search/en/trial/DRKS00015863#studyResults", "DRKS00015863"),
        ("nl 8460", "NL8460"),
        ("https://trialregister.nl/trial/8460", "NL8460"),
        ("https://onderzoekmetmensen.nl/en/trial/55279", "NL-OMON55279"),
        ("RBR-28GDTZ", "RBR-28gdtz"),
        ("https://trialsearch.who.int/Trial2.aspx?TrialID=JPRN-UMIN000039873", "UMIN000039873"),
        ("https://trialsearch.who.int/Trial2.aspx?TrialID=SLCTR%2F2018%2F002", "SLCTR/2018/002"),
    ],
)
def test_other_forms_of_an_id_are_read(text, value):
    assert read(text) == value
    assert not is_canonical(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ALS",
        "03280056",
        "see NCT03280056 for details",
        "Trial " * 20 + "NCT03280056",
        "NCT03280056 NCT07118319",
        "XNCT03280056",
        "https://example.org/study/NCT03280056",
        "https://clinicaltrials.gov.example.org/study/NCT03280056",
        "https://clinicaltrials.gov/search?term=NCT03280056+OR+NCT07118319",
        "https://center6.umin.ac.jp/cgi-open-bin/ctr_e/ctr_view.cgi?recptno=R000045268",
        "U1111-1167-6889",
        "NCT٠٣٢٨٠٠٥٦",  # Arabic-Indic digits
        "NCT03280056" + " " * 2000,
    ],
)
def test_text_that_is_no_id_or_more_than_one_is_none(text):
    assert read(text) is None


@pytest.mark.parametrize(
    "text",
    ["NCT03280056\n", " NCT03280056", "NCT03280056\x00", "nct03280056", "NCT٠٣٢٨٠٠٥٦", "ＮＣＴ03280056", ""],
)
def test_a_file_holds_nothing_but_the_canonical_spelling(text):
    assert not is_canonical(text)


def test_versions_of_an_eu_number_are_the_same_trial():
    found = find_registry_ids("2022-500244-37-00, 2022-500244-37-01, 2022-500244-37")
    assert [each.key for each in found] == ["2022-500244-37"] * 3
    assert [each.version for each in found] == ["00", "01", None]


def test_the_mark_of_prospective_registration_is_no_part_of_the_key():
    plain, marked = find_registry_ids("ACTRN12616000000404 ACTRN12616000000404P")
    assert marked.value == "ACTRN12616000000404p"
    assert marked.key == plain.key


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("NCT03280056", "https://clinicaltrials.gov/study/NCT03280056"),
        ("ISRCTN80181452", "https://www.isrctn.com/ISRCTN80181452"),
        ("2022-500244-37-00", "https://euclinicaltrials.eu/ctis-public/view/2022-500244-37-00"),
        ("2011-006254-85", "https://www.clinicaltrialsregister.eu/ctr-search/search?query=2011-006254-85"),
        ("ACTRN12620000449932", "https://anzctr.org.au/ACTRN12620000449932.aspx"),
        ("DRKS00015863", "https://drks.de/search/en/trial/DRKS00015863"),
        ("jRCTs031190226", "https://jrct.mhlw.go.jp/latest-detail/jRCTs031190226"),
        ("ChiCTR2000034346", "https://trialsearch.who.int/Trial2.aspx?TrialID=ChiCTR2000034346"),
        ("JapicCTI-194846", "https://trialsearch.who.int/Trial2.aspx?TrialID=JPRN-JapicCTI-194846"),
        ("UMIN000039873", None),
        ("CTR20191402", None),
    ],
)
def test_the_page_of_a_registration(value, url):
    parsed = parse_registry_id(value)
    assert parsed is not None
    assert parsed.url == url


@pytest.mark.parametrize(("code", "value"), EVERY)
def test_the_page_s_address_gives_the_id_back(code, value):
    parsed = parse_registry_id(value)
    assert parsed is not None
    if parsed.url:
        assert parse_url(parsed.url) == parsed.url
        assert parse_registry_id(parsed.url) == parsed


@pytest.mark.parametrize(
    ("text", "explanation"),
    [
        ("NCT0711831", "NCT0711831 has 7 digits after NCT; ClinicalTrials.gov uses 8"),
        ("NCT1", "NCT1 has 1 digit after NCT; ClinicalTrials.gov uses 8"),
        ("PACTR2016", "PACTR2016 has 4 digits after PACTR; PACTR uses 15 or 16"),
        ("NCT0328O056", "NCT0328O056 has 'O' where ClinicalTrials.gov has a digit"),
        ("NTC03280056", "NTC03280056 begins with NTC; ClinicalTrials.gov ids begin with NCT"),
        ("nct03280056", "nct03280056 is written NCT03280056"),
        (
            "ACTRN13620000449932",
            "ACTRN13620000449932 is not in the form of ANZCTR, such as ACTRN12620000449932",
        ),
        ("CTRI/2020/1/22", "CTRI/2020/1/22 is not in the form of CTRI, such as CTRI/2020/12/029986"),
        ("NCT03280056, NCT07118319", "2 ids in one: NCT03280056, NCT07118319"),
        ("NCT03280056 (phase 3)", "NCT03280056 (phase 3) is more than the id NCT03280056"),
        (
            "2011-06254-85",
            "2011-06254-85 is no EU number: EudraCT's are like 2011-006254-85, CTIS's like 2022-500244-37-00",
        ),
        (
            "U1111-1167-6889",
            "U1111-1167-6889 is a WHO universal trial number, which no registry assigns: a secondary id",
        ),
        ("NL26560.042.09", "NL26560.042.09 is a Dutch ethics number: a secondary id"),
        ("R000045268", "R000045268 is UMIN's receipt number; its registry ids are like UMIN000039873"),
    ],
)
def test_what_is_wrong_with_an_id_is_said(text, explanation):
    assert explain_registry_id(text) == explanation


@pytest.mark.parametrize(
    "text", ["", "ALS", "BCT-002-US", "per protocol", "NCT", "personal", "NL", "x" * 1000]
)
def test_text_like_no_registry_s_is_not_explained(text):
    assert explain_registry_id(text) is None


def test_ids_in_running_text_in_order_each_once():
    text = (
        "本试验（注册号NCT03280056，EudraCT: 2011-006254-85）与ChiCTR-TRC-09000530相比。"
        "ClinicalTrials.gov: nct 07118319; CTRI/2020/12/029986.12 NCT03280056_SAP.pdf, EUCTR2008-002140-41-GB"
    )
    assert find(text) == [
        "NCT03280056",
        "2011-006254-85",
        "ChiCTR-TRC-09000530",
        "NCT07118319",
        "CTRI/2020/12/029986",
        "2008-002140-41",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "NCT0328005 6 patients",
        "NCT032800561",
        "XNCT03280056X",
        "HCoV-NL63",
        "NL26560.042.09",
        "NL 20 patients",
        "the CTR 20200115",
        "per-100-20",
        "rbr-domain2",
        "R000045268",
        "2011-02-03",
    ],
)
def test_what_is_no_id_in_running_text(text):
    assert find(text) == []


def test_a_universal_trial_number_is_read_apart():
    assert parse_utn("u1111-1167-6889") == "U1111-1167-6889"
    assert parse_utn("UTN: U1111‑1167‑6889") == "U1111-1167-6889"
    assert parse_utn("U1111-1167-688") is None
    assert parse_utn("U2222-1167-6889") is None


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1002/mus.27472", "10.1002/mus.27472"),
        ("doi:10.1002/mus.27472.", "10.1002/mus.27472"),
        ("DOI: 10.1002/MUS.27472;", "10.1002/MUS.27472"),
        ("https://doi.org/10.1002/mus.27472", "10.1002/mus.27472"),
        ("http://dx.doi.org/10.1007/s12015-020-10016-7?utm_source=x", "10.1007/s12015-020-10016-7"),
        ("(10.1016/S1474-4422(14)70129-2)", "10.1016/S1474-4422(14)70129-2"),
        ("https://doi.org/10.1016/S1474-4422%2814%2970129-2", "10.1016/S1474-4422(14)70129-2"),
        (
            "10.1002/(SICI)1097-4598(199710)20:10<1280::AID-MUS10>3.0.CO;2-6",
            "10.1002/(SICI)1097-4598(199710)20:10<1280::AID-MUS10>3.0.CO;2-6",
        ),
        ("<10.1093/stcltm/szz016>", "10.1093/stcltm/szz016"),
    ],
)
def test_a_doi_is_read(text, doi):
    assert parse_doi(text) == doi
    assert parse_doi(doi) == doi
    assert parse_doi(doi_url(doi)) == doi


@pytest.mark.parametrize(
    "text",
    ["", "10.1002", "10.1002/", "10.12/x", "11.1002/x", "10.1002/a b", "10.1002/\x00", "10.1002/\ud800",
     "10.1002/..", "https://example.org/10.1002/mus.27472", "https://doi.org/10.1002/a%00b"],
)  # fmt: skip
def test_what_is_no_doi(text):
    assert parse_doi(text) is None


@pytest.mark.parametrize(
    "text",
    ["32725316", "PMID: 32725316", "PMID32725316.", "https://pubmed.ncbi.nlm.nih.gov/32725316/",
     "https://www.ncbi.nlm.nih.gov/pubmed/32725316?dopt=Abstract", "https://europepmc.org/article/MED/32725316",
     pmid_url("32725316")],
)  # fmt: skip
def test_a_pmid_is_read(text):
    assert parse_pmid(text) == "32725316"


@pytest.mark.parametrize(
    "text", ["", "0", "032725316", "327253161", "PMC9305113", "3272531O", "https://x.org/32725316"]
)
def test_what_is_no_pmid(text):
    assert parse_pmid(text) is None


@pytest.mark.parametrize(
    "text",
    ["PMC9305113", "pmc9305113", "PMCID: PMC9305113", "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC9305113/",
     "https://europepmc.org/article/PMC/PMC9305113", pmcid_url("PMC9305113")],
)  # fmt: skip
def test_a_pmcid_is_read(text):
    assert parse_pmcid(text) == "PMC9305113"


@pytest.mark.parametrize("text", ["", "9305113", "PMC930", "PMC930511345", "PMC93O5113", "XPMC9305113"])
def test_what_is_no_pmcid(text):
    assert parse_pmcid(text) is None


@pytest.mark.parametrize(
    "text",
    ["https://clinicaltrials.gov/study/NCT03280056", "http://drks.de/search/en/trial/DRKS00015863#studyResults",
     "https://www.cirm.ca.gov/about-cirm/publications/erratum/", "https://例子.cn/研究?页=1", "HTTPS://example.org:8443/"],
)  # fmt: skip
def test_a_web_address_is_kept_as_given(text):
    assert parse_url(f" {text}\n") == text


@pytest.mark.parametrize(
    "text",
    ["", "example.org", "ftp://example.org", "javascript:alert(1)", "data:text/html,x", "https://", "https://localhost",
     "https:///x", "https://a b.org", "https://example.org/a\tb", "https://example.org/\x1b[0m", "https://[::1",
     "https://example.org:port/", "https://clinicaltrials.gov@example.org/", "https://example.org/\u202egnp.exe",
     "https://example.org/<b>", "https://example.org\\@x.org", "https://example.org/\ud800"],
)  # fmt: skip
def test_what_is_no_web_address(text):
    assert parse_url(text) is None


@given(st.from_regex(r"https?://[A-Za-z0-9.@:\[\]-]*([/?#]([!-~]|\w)*)?", fullmatch=True))
def test_an_address_known_at_once_is_one_taken_apart(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = parse_url(text)
        patch.setattr(identifiers, "_PLAIN_URL", re.compile(r"(?!)"))
        assert parse_url(text) == found


@pytest.mark.parametrize("text", ["nurown-phase3", "a", "2011-006254-85", "com10", "console", "x" * 80])
def test_a_safe_record_id(text):
    assert is_safe_record_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NurOwn",
        "a_b",
        "a--b",
        "-a",
        "a-",
        "a.b",
        "../a",
        "a/b",
        "a\n",
        "é",
        "１",
        "x" * 81,
        "con",
        "nul",
        "com1",
        "lpt0",
    ],
)
def test_an_unsafe_record_id(text):
    assert not is_safe_record_id(text)


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("NCT03280056", "nct03280056"),
        ("https://clinicaltrials.gov/study/NCT03280056", "nct03280056"),
        ("CTRI/2020/12/029986", "ctri-2020-12-029986"),
        ("CTIS2022-500244-37-00", "2022-500244-37"),
        ("NurOwn, phase 3", "nurown-phase-3"),
        ("Lou Gehrig’s disease", "lou-gehrigs-disease"),
        ("Świętochłowice Æther Ødegård Straße", "swietochlowice-aether-odegard-strasse"),
        ("脐带间充质干细胞", "trial"),
        ("沃顿胶 WJ-MSC ＩＩ期", "wj-msc-ii"),
        ("CON", "con-trial"),
        ("  ", "trial"),
        (
            "Randomized, double-blind, placebo-controlled study of repeated NurOwn (MSC-NTF) in ALS",
            "randomized-double-blind-placebo-controlled-study-of-repeated",
        ),
        ("x" * 100, "x" * 60),
    ],
)
def test_a_record_id_is_suggested(text, suggestion):
    assert suggest_record_id(text) == suggestion
    assert is_safe_record_id(suggestion)


ANY_TEXT = st.text(st.characters(), max_size=200)  # surrogates and control characters too
CANONICAL = st.sampled_from(REGISTRIES).flatmap(
    lambda registry: st.from_regex(registry.pattern, fullmatch=True)
)
PRINTED = st.text("abzABZ019-/.:()#% \n，。号<>", max_size=40)


@given(CANONICAL)
def test_a_canonical_id_is_read_as_itself(value):
    parsed = parse_registry_id(value)
    assert parsed is not None
    assert parsed.value == value
    assert is_canonical(value)
    assert parse_registry_id(parsed.key) is not None


@given(
    CANONICAL,
    st.sampled_from(["", " ", "（", "号", "\n", "see "]),
    st.sampled_from(["", " ", ".", "）", "，", "\n", "_a"]),
)
def test_a_canonical_id_in_text_is_found(value, before, after):
    assert find(before + value + after) == [value]


@given(CANONICAL.map(str.lower) | CANONICAL.map(str.upper) | CANONICAL.map(lambda value: " ".join(value)))
def test_case_and_spaces_do_not_matter(text):
    parsed = parse_registry_id(text)
    assert parsed is not None
    assert parsed.value.lower() == text.replace(" ", "").lower()


@given(ANY_TEXT | PRINTED | st.tuples(PRINTED, CANONICAL, PRINTED).map("".join))
def test_whatever_is_read_is_canonical_and_nothing_raises(text):
    for parsed in [parse_registry_id(text), *find_registry_ids(text)]:
        if parsed:
            assert is_canonical(parsed.value)
            assert parse_registry_id(parsed.value) == parsed
    explanation = explain_registry_id(text)
    assert explanation is None or explanation.isprintable()
    assert is_safe_record_id(suggest_record_id(text))


@given(
    ANY_TEXT
    | PRINTED
    | st.tuples(st.just("10.1002/"), ANY_TEXT).map("".join)
    | PRINTED.map("10.1002/".__add__)
)
def test_reading_a_reading_changes_nothing(text):
    for parse in (parse_doi, parse_pmid, parse_pmcid, parse_utn, parse_url):
        if (parsed := parse(text)) is not None:
            assert parse(parsed) == parsed
    if doi := parse_doi(text):
        assert parse_doi(doi_url(doi)) == doi


@given(ANY_TEXT | st.tuples(st.sampled_from(["https://", "http://[", "https://a.b:"]), ANY_TEXT).map("".join))
def test_no_address_raises_or_deceives(text):
    if url := parse_url(text):
        assert url.isprintable()
        assert url.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "NCT" * 333_333,
        "NCT " * 250_000,
        "2011-" * 200_000,
        "1" * 1_000_000,
        " " * 1_000_000,
        "(" * 1_000_000,
        "10.1002/" + ")" * 1_000_000,
        "https://" + "a." * 500_000,
        "RBR-" + "a" * 1_000_000,
        "ChiCTR-" * 140_000,
        "Trial " * 160_000,
        "\ud800" * 1_000_000,
        "\x00" * 1_000_000,
        "\ufdfa" * 200_000,  # eighteen characters each once folded
        "\u0301" * 1_000_000,
    ],
    ids=lambda text: ascii(text[:8]),
)
def test_a_megabyte_takes_no_time(text):
    started = time.process_time()
    for read_one in (
        parse_registry_id, find_registry_ids, is_canonical, explain_registry_id, parse_utn, parse_doi,
        parse_pmid, parse_pmcid, parse_url, is_safe_record_id, suggest_record_id,
    ):  # fmt: skip
        read_one(text)
    assert time.process_time() - started < 10  # a second or two; quadratic behavior would take hours
