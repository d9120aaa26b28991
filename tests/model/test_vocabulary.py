"""Looking terms up, suggesting them, the hierarchy, and what a collection adds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import alscli
from alscli.errors import AlscliError
from alscli.model import vocabulary
from alscli.model.nearness import did_you_mean, nearest
from alscli.model.vocabulary import Term, Vocabulary, extended, normalize, shipped

FOUND = [
    # hyphens, case, scripts, synonyms
    ("cell_type", "bm-msc", "BM-MSC"),
    ("cell_type", "BM MSC", "BM-MSC"),
    ("cell_type", "BM‑MSC", "BM-MSC"),
    ("cell_type", "ＢＭ－ＭＳＣ", "BM-MSC"),
    ("cell_type", "bone marrow mesenchymal stem cells", "BM-MSC"),
    ("cell_type", "Neuronata-R®", "BM-MSC"),
    ("cell_type", "lenzumestrocel", "BM-MSC"),
    ("cell_type", "骨髓间充质干细胞", "BM-MSC"),
    ("cell_type", "骨髓間質幹細胞", "BM-MSC"),
    ("cell_type", "間充質幹細胞", "MSC"),
    ("cell_type", "間質幹細胞", "MSC"),
    ("cell_type", "间质干细胞", "MSC"),
    ("cell_type", "NurOwn™", "MSC-NTF"),
    ("cell_type", "debamestrocel", "MSC-NTF"),
    ("cell_type", "ADSC", "AD-MSC"),
    ("cell_type", "ASC", "AD-MSC"),
    ("cell_type", "ADRC", "SVF"),
    ("cell_type", "臍帶間充質幹細胞", "UC-MSC"),
    ("cell_type", "華通氏膠", "WJ-MSC"),
    ("cell_type", "Wharton’s jelly", "WJ-MSC"),
    ("cell_type", "脐血间充质干细胞", "UCB-MSC"),
    ("cell_type", "羊膜间充质干细胞", "PL-MSC"),
    ("cell_type", "SHED", "DP-MSC"),
    ("cell_type", "Muse 细胞", "Muse"),
    ("cell_type", "神經幹細胞", "NSC"),
    ("cell_type", "NSI-566", "fetal-spinal-NSC"),
    ("cell_type", "hNSC", "fetal-brain-NSC"),
    ("cell_type", "CNS10-NPC-GDNF", "NPC-GDNF"),
    ("cell_type", "GDNF 修饰神经祖细胞", "NPC-GDNF"),
    ("cell_type", "誘導性多能幹細胞", "iPSC"),
    ("cell_type", "XS228", "iPSC-MNP"),
    ("cell_type", "运动神经前体细胞", "iPSC-MNP"),
    ("cell_type", "AstroRx", "ESC-astrocyte"),
    ("cell_type", "haematopoietic stem cells", "HSC"),
    ("cell_type", "外周血单个核细胞", "PBMC"),
    ("cell_type", "調節性T細胞", "Treg"),
    ("cell_type", "MSC exosomes", "MSC-EV"),
    ("cell_type", "stem cell", "other-cell"),
    ("cell_type", "Stem Cells", "other-cell"),
    ("cell_type", "干细胞", "other-cell"),
    # 癥 for 症, pinyin glosses
    ("condition", "漸凍癥", "ALS"),
    ("condition", "漸凍症", "ALS"),
    ("condition", "渐冻症", "ALS"),
    ("condition", "肌萎縮側(cè)索硬化", "ALS"),
    ("condition", "肌萎縮側（cè）索硬化癥", "ALS"),
    ("condition", "運(yùn)動(dòng)神經(jīng)元疾病", "ALS"),
    ("condition", "Lou Gehrig's disease", "ALS"),
    ("condition", "Amyotrophic Lateral Sclerosis (ALS)", "ALS"),
    ("condition", "MND", "ALS"),
    # phases as they are printed
    ("phase", "I/II", "1/2"),
    ("phase", "I-II", "1/2"),
    ("phase", "Ⅰ/Ⅱ期", "1/2"),
    ("phase", "I / II 期", "1/2"),
    ("phase", "Phase 1/Phase 2", "1/2"),
    ("phase", "Phase 1|Phase 2", "1/2"),
    ("phase", "PHASE1", "1"),
    ("phase", "EARLY_PHASE1", "early1"),
    ("phase", "III", "3"),
    ("phase", "Phase III", "3"),
    ("phase", "Ⅲ期", "3"),
    ("phase", "二期", "2"),
    ("phase", "2a", "2"),
    ("phase", "IIb/III", "2/3"),
    ("phase", "Not Applicable", "na"),
    ("phase", "N/A", "na"),
    ("status", "Active, not recruiting", "active_not_recruiting"),
    ("status", "ACTIVE_NOT_RECRUITING", "active_not_recruiting"),
    ("status", "招募中", "recruiting"),
    ("status", "尚未招募", "not_yet_recruiting"),
    ("status", "暫停", "suspended"),
    ("status", "提前终止", "terminated"),
    ("status", "Unknown status", "unknown"),
    ("masking", "Double-blind", "double"),
    ("masking", "None (Open Label)", "none"),
    ("masking", "雙盲", "double"),
    ("masking", "Quadruple (Participant, Care Provider, Investigator, Outcomes Assessor)", "quadruple"),
    ("masking", "Double (Participant, Outcomes Assessor)", "double"),
    ("country", "Turkey (Türkiye)", "TR"),
    ("design", "单臂", "single_arm"),
    ("design", "單臂", "single_arm"),
    ("design", "Randomised controlled trial", "rct"),
    ("route", "鞘内", "intrathecal"),
    ("route", "鞘內注射", "intrathecal"),
    ("route", "腰穿", "intrathecal"),
    ("route", "脊髓内", "intraspinal"),
    ("route", "i.v.", "intravenous"),
    ("donor", "異體", "allogeneic"),
    ("genetic_modification", "无", "none"),
    ("modality", "腦機介面", "bci"),
    ("modality", "外泌体", "ev"),
    ("instrument", "ALSFRS‐R", "ALSFRS-R"),
    ("instrument", "ALS-FRS-R", "ALSFRS-R"),
    ("instrument", "ALSFRS", "ALSFRS"),
    ("instrument", "King’s", "King's"),
    ("event", "受理", "ind_accepted"),
    ("event", "默示许可", "ind_cleared"),
    ("event", "申报", "ind_submitted"),
    ("event", "孤兒藥", "orphan"),
    ("agency", "CDE", "NMPA"),
    ("dose_unit", "cells per kg", "cells/kg"),
    ("dose_unit", "IU/m²", "IU/m2"),
    ("sponsor_class", "OTHER_GOV", "government"),
]

NOT_FOUND = [
    ("route", "椎管内"),
    ("route", "椎管內注射"),
    ("route", "IT"),
    ("route", "IM"),
    ("route", "i.m."),
    ("route", "bone marrow aspiration"),
    ("cell_type", "单核"),
    ("cell_type", "单核细胞"),
    ("cell_type", "iPSC injection"),
    ("phase", "0"),  # ChiCTR's word for whatever is not a drug
    ("status", "Not recruiting"),  # ICTRP's word for not yet, no longer and never
    ("status", "Ended"),
    ("sponsor_class", "OTHER"),
    ("condition", ""),
    ("condition", " - "),
    ("condition", "\x00"),
]


@pytest.mark.parametrize(("field", "text", "code"), FOUND)
def test_what_people_and_registries_write_is_found(field: str, text: str, code: str) -> None:
    term = shipped()[field].find(text)
    assert term is not None
    assert term.code == code


@pytest.mark.parametrize(("field", "text"), NOT_FOUND)
def test_what_is_ambiguous_is_not_found(field: str, text: str) -> None:
    assert shipped()[field].find(text) is None


def test_an_unknown_field_is_a_key_error() -> None:
    assert "colour" not in shipped()
    with pytest.raises(KeyError):
        shipped()["colour"]


# Hierarchy and filters


def test_a_parent_stands_for_its_descendants() -> None:
    cells = shipped()["cell_type"]
    assert cells.descendants("MSC") == {
        "MSC",
        "BM-MSC",
        "MSC-NTF",
        "AD-MSC",
        "UC-MSC",
        "WJ-MSC",
        "UCB-MSC",
        "PL-MSC",
        "DP-MSC",
        "Muse",
    }
    assert cells.descendants("iPSC") == {
        "iPSC",
        "iPSC-MNP",
        "iPSC-NPC",
        "iPSC-astrocyte",
        "iPSC-GPC",
    }
    assert cells.descendants("OEC") == {"OEC"}
    assert "MSC-EV" not in cells.descendants("MSC")


def test_ancestors_come_nearest_first() -> None:
    cells = shipped()["cell_type"]
    assert cells.ancestors("MSC-NTF") == ("BM-MSC", "MSC")
    assert cells.ancestors("MSC") == ()


@pytest.mark.parametrize(
    ("text", "codes"),
    [("2", "1/2 2 2/3"), ("1", "1 1/2"), ("III", "2/3 3"), ("1/2", "1/2"), ("4", "4"), ("early1", "early1")],
)
def test_a_filter_on_a_phase_finds_the_mixed_ones(text: str, codes: str) -> None:
    assert shipped()["phase"].filter(text) == set(codes.split())


def test_a_filter_understands_what_is_typed() -> None:
    assert shipped()["cell_type"].filter("間充質幹細胞") == shipped()["cell_type"].descendants("MSC")
    assert shipped()["instrument"].filter("肺活量") == {"vital-capacity", "FVC", "SVC"}
    assert shipped()["cell_type"].filter("椎管内") == frozenset()


# Nearest


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("status", "recruting", "recruiting"),
        ("status", "compleet", "completed"),
        ("cell_type", "BM-MCS", "BM-MSC"),
        ("cell_type", "骨髓间充质细胞", "BM-MSC"),
        ("cell_type", "外周血单核细胞", "PBMC"),
        ("route", "intratecal", "intrathecal"),
        ("instrument", "ALSFRS-RR", "ALSFRS-R"),
        ("country", "Germny", "DE"),
        ("condition", "肌萎缩", "ALS"),
    ],
)
def test_a_slip_is_understood(field: str, text: str, code: str) -> None:
    assert shipped()[field].nearest(text)[0] == code


@pytest.mark.parametrize(
    ("field", "text", "codes"),
    [
        ("design", "crt", ["rct"]),
        ("result", "mte", ["met"]),
        ("cell_type", "SMC", ["MSC"]),
        ("dose_unit", "gm", ["mg"]),
        ("agency", "CE", ["EC"]),
        ("sex", "alk", ["all"]),
        ("population", "imtt", ["mitt", "itt"]),
        ("population", "yitt", ["mitt", "itt"]),
        ("condition", "ASL", ["ALS"]),
        ("route", "IM", []),
        ("result", "unmet", ["not_met", "met"]),
        ("masking", "not double blind", []),
        ("registration", "required", []),
        ("sponsor_class", "for-profit", []),
    ],
)
def test_swapped_and_replaced_letters_come_first(field: str, text: str, codes: list[str]) -> None:
    assert shipped()[field].nearest(text) == codes


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("status", "recruting", "recruiting"),
        ("condition", "amyotrophic lateral sclerosos", "ALS"),
        ("result", "unsignificant", "not_significant"),
        # the opposite
        ("result", "unmet", None),
        ("result", "significant", None),
        ("status", "incomplete", None),
        ("status", "unavailable", None),
        ("decision", "not included", None),
        ("donor", "non-autologous", None),
        ("control", "nonplacebo", None),
        # a part, or too short
        ("sponsor_class", "OTHER", None),
        ("route", "IM", None),
        ("country", "AC", None),
        # another word, figure or sign
        ("country", "Korea, North", None),
        ("country", "South America", None),
        ("phase", "early phase 2", None),
        ("effect_type", "difference in medians", None),
        ("subtype", "SOD2", None),
        ("cell_type", "CD34-", None),
        ("verdict", "un-contradicted", None),
        ("status", "dis-approved for marketing", None),
        ("status", "aproved for marketing", "approved_for_marketing"),
        # another disease
        ("condition", "lateral sclerosis", None),
        ("condition", "PLS", None),
    ],
)
def test_the_one_term_that_a_slip_means(field: str, text: str, code: str | None) -> None:
    assert shipped()[field].slip(text) == code


@pytest.mark.parametrize(
    ("field", "text", "exactly"),
    [
        ("status", "已完成", True),
        ("status", "Completed", True),
        ("allocation", "RANDOMIZED", True),
        ("phase", "Phase II", True),
        ("phase", "Ⅱ期", True),
        ("phase", "PHASE2", True),
        ("masking", "Double-Blind", True),
        ("dose_unit", "IU/m²", True),
        ("dose_unit", "mL", True),
        ("dose_unit", "Mg", False),
        ("phase", "2b", False),
        ("event", "CHMP negative opinion", False),
        ("stat", "proportion", False),
        ("instrument", "mortality", False),
        ("instrument", "serum NfL", False),
        ("masking", "double (Participant, Investigator)", False),
    ],
)
def test_a_synonym_may_say_more_than_its_term(field: str, text: str, exactly: bool) -> None:
    term = shipped()[field].find(text)
    assert term is not None
    assert term.is_named_exactly(text) is exactly


def test_a_disease_in_other_words_is_no_slip() -> None:
    conditions = shipped()["condition"]
    assert conditions.slips("ASL") == ["ALS"]
    assert conditions.slips("Primary Lateral Sclerosis") == conditions.slips("Neuromuscular Diseases") == []


def test_suggestions_from_a_set_are_in_order() -> None:
    assert nearest("arm-x", {f"arm-{letter}" for letter in "hgfedcba"}) == ["arm-a", "arm-b", "arm-c"]
    assert did_you_mean("?", {"b", "c", "a"}) == "there are: a, b, c"


@pytest.mark.parametrize("text", ["qwertyuiop", "banana split", "香蕉牛奶", "x", "zzz", "12345", ""])
def test_nonsense_suggests_nothing(text: str) -> None:
    assert shipped()["cell_type"].nearest(text) == []
    assert shipped()["status"].nearest(text) == []


def test_suggestions_are_distinct_and_as_many_as_asked_for() -> None:
    near = shipped()["cell_type"].nearest("mesenchymal stem cel", limit=4)
    assert near[0] == "MSC"
    assert len(near) == len(set(near)) == 4


# Normalization


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  BM—MSC_x ", "bm msc x"),
        ("I / II", "i/ii"),
        ("I-II", "i ii"),
        ("Wharton’s®", "whartons"),
        ("側(cè) 索", "侧索"),
        ("漸凍癥", "渐冻症"),
        ("細胞(MSC)", "细胞msc"),
        ("Türkiye", "turkiye"),
        ("Straße", "strasse"),
        ("z\u200bero", "zero"),
        ("½", "1/2"),
    ],
)
def test_the_normal_form(text: str, form: str) -> None:
    assert normalize(text) == form


@given(st.text())
@example("側(cè)(cè)")
@example("側 ( cè)")
@example("乾(gān)隆")
@example("İ\u0301")
@example("\ud800間")
def test_normalizing_twice_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


def test_every_chinese_character_comes_to_rest() -> None:
    # 薴 becomes 苧 and that 苎: a single conversion would not do.
    blocks = [(0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)]
    characters = "".join(chr(point) for first, last in blocks for point in range(first, last + 1))
    assert normalize(normalize(characters)) == normalize(characters)


@given(st.sampled_from(list(shipped())), st.text())
def test_any_text_is_looked_up_without_an_exception(field: str, text: str) -> None:
    term = shipped()[field].find(text)
    assert term is None or term.code in shipped()[field].terms
    assert set(shipped()[field].nearest(text)) <= set(shipped()[field].terms)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "間" * 1_000_000,
        "側(" * 500_000,
        "a\u0301\u0327" * 300_000,
        "\ud800" * 100,
        "\x00\x1b[31m",
    ],
    ids=["long", "long Chinese", "open glosses", "combining marks", "surrogates", "controls"],
)
def test_hostile_text_is_refused_at_once(text: str) -> None:
    shipped()["cell_type"].find("warm")
    start = time.perf_counter()
    assert shipped()["cell_type"].find(text) is None
    assert shipped()["cell_type"].nearest(text) == []
    assert time.perf_counter() - start < 1


def test_without_opencc_the_vocabularys_own_forms_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opencc", None)
    vocabulary._converter.cache_clear()
    try:
        fresh = {name: Vocabulary(name, "", shipped()[name].terms.values()) for name in shipped()}
        for one in fresh.values():
            one.check()
            for term in one.terms.values():
                assert one.find(term.zh_hant) is term
                assert one.find(term.zh_hans) is term
        for text in ["漸凍癥", "肌萎縮側(cè)索硬化"]:
            found = fresh["condition"].find(text)
            assert found is not None
            assert found.code == "ALS"
    finally:
        vocabulary._converter.cache_clear()


def test_the_own_pairs_of_characters_agree_with_opencc() -> None:
    opencc = pytest.importorskip("opencc")
    convert = opencc.OpenCC("t2s").convert
    pairs = vocabulary._own_pairs()
    assert {chr(k): v for k, v in pairs.items() if convert(chr(k)) != v} == {}


# What a collection adds


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_no_folder_adds_nothing(tmp_path: Path) -> None:
    assert dict(extended(tmp_path / "vocab")) == dict(shipped())


def test_a_collection_adds_terms_and_synonyms(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        field = "cell_type"
        [[terms]]
        code = "SC-islet"
        parent = "iPSC"
        en = "islet derived from iPSC"
        zh_hans = "iPSC衍生胰岛"
        synonyms = ["VX-880"]
        [[terms]]
        code = "BM-MSC"
        synonyms = ["Stemirac"]
        """,
    )
    cells = extended(tmp_path)["cell_type"]
    new = cells.find("vx 880")
    assert new == Term(
        "SC-islet", "iPSC", "islet derived from iPSC", "iPSC衍生胰岛", "iPSC衍生胰岛", ("VX-880",), {}, {}
    )
    assert "SC-islet" in cells.descendants("iPSC")
    known = cells.find("stemirac")
    assert known is not None
    assert known.code == "BM-MSC"
    assert known.parent == "MSC"
    assert cells.find("骨髓间充质干细胞") is known
    assert shipped()["cell_type"].find("stemirac") is None


def test_two_files_may_add_to_one_field(tmp_path: Path) -> None:
    write(tmp_path, 'field = "condition"\n[[terms]]\ncode = "HD"\nen = "Huntington disease"\n', "a.toml")
    write(
        tmp_path, 'field = "condition"\n[[terms]]\ncode = "SMA"\nen = "spinal muscular atrophy"\n', "b.toml"
    )
    conditions = extended(tmp_path)["condition"].terms
    assert list(conditions)[-2:] == ["HD", "SMA"]
    assert conditions["HD"].zh_hant == "Huntington disease"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('field = "colour"', "'colour' is no field with a vocabulary"),
        ("[[terms]]\ncode = 'x'", "None is no field with a vocabulary"),
        ('field = "sex"\nterm = 1', "unknown key 'term'"),
        ('field = "sex"\nterms = 1', "terms is not a list of tables"),
        ('field = "sex"\n[[terms]]\nen = "x"', "term 1 has no code"),
        ('field = "sex"\n[[terms]]\ncode = "x"', "term 'x' is new and has no English label"),
        ('field = "sex"\n[[terms]]\ncode = "x"\nen = 1', "term 'x': en is not text"),
        ('field = "sex"\n[[terms]]\ncode = "x"\nen = "x"\nsynonyms = "y"', "synonyms is not a list of texts"),
        (
            'field = "sex"\n[[terms]]\ncode = "x"\nen = "x"\nmaps_to = { a = 1 }',
            "maps_to is not a table of texts",
        ),
        (
            'field = "sex"\n[[terms]]\ncode = "male"\nen = "man"',
            "term 'male' exists already; en cannot be changed",
        ),
        (
            'field = "sex"\n[[terms]]\ncode = "male"\nsynonyms = ["women"]',
            "'women' names both female and male",
        ),
        (
            'field = "sex"\n[[terms]]\ncode = "x"\nen = "x"\nparent = "y"',
            "x has the parent 'y', which is no term",
        ),
        ('field = "sex"\n[[terms]]\ncode = "MALE"\nen = "x"', "names both male and MALE"),
        (
            'field = "sex"\n[[terms]]\ncode = "x"\nen = "x"\nparent = "y"\n'
            '[[terms]]\ncode = "y"\nen = "y"\nparent = "x"',
            "the parents of x go in a circle",
        ),
        ('field = "sex"\n[[terms', "not valid TOML"),
        ("a = " + "[" * 20_000, "nested too deeply"),
        ('field = "' + "x" * 2_000_000 + '"', "larger than 1 MiB"),
    ],
)
def test_a_broken_addition_is_an_error_with_file_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(AlscliError) as caught:
        extended(tmp_path)
    assert str(path) in caught.value.message
    assert message in caught.value.message
    assert caught.value.hint


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b'field = "\xff"')
    with pytest.raises(AlscliError, match="not UTF-8 at byte 9"):
        extended(tmp_path)


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "own.toml").mkdir()
    with pytest.raises(AlscliError, match=r"own\.toml"):
        extended(tmp_path)


# Budget


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    source = str(Path(alscli.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": source, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


def test_looking_up_an_english_name_loads_neither_opencc_nor_rapidfuzz() -> None:
    modules = loaded_after(
        "from alscli.model.vocabulary import shipped\n"
        "assert shipped()['cell_type'].find('bm msc').code == 'BM-MSC'\n"
        "assert shipped()['phase'].filter('Phase 2')\n"
        "assert shipped()['status'].find('nothing') is None"
    )
    assert "alscli.model.vocabulary" in modules
    assert modules.isdisjoint({"opencc", "rapidfuzz", "pydantic", "typer", "rich"})


def test_importing_the_module_reads_no_file() -> None:
    modules = loaded_after("import alscli.model.vocabulary")
    assert modules.isdisjoint({"opencc", "rapidfuzz", "importlib.resources"})
