"""Claims: words and results that say more than the trial can."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alscli.check.expression import deferred
from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.rules.dates import happened
from alscli.check.rules.text import as_seen
from alscli.check.subject import Subject
from alscli.model.evidence import has_result
from alscli.model.path import Path
from alscli.model.trial import Trial
from alscli.model.values import PartialDate, known, listed

_SENTENCE = deferred(r"\.(?!\S)|[;。；!！]|(?<=[?？])|\n\s*\n")


_READ = 20_000
"""How many characters of a text are read for its words."""


def sentences(text: str) -> list[str]:
    """The sentences of a note, white space folded; an empty line ends one, and a question keeps its mark."""
    return [" ".join(sentence.split()) for sentence in _SENTENCE.split(as_seen(text[:_READ]))]


_NO_EFFICACY = (
    r"(?:[- ](?!(?:at|in|for|on|with|as|and|or|to|by|of|after|from|than|over|even|when|if)\b)[\w-]{1,40})?"
    r" (?:dos(?:es?|age|ing)|amounts?|concentrations?|dates?|cough\w*|half-li\w+|ranges?|population|sample"
    r"|follow-?up|recruit\w*|enrol\w*|mask\w*|blind\w*|concealment|refractory period)\b"
)
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*"
_IN_FORCE = (
    rf" (?:(?:from|on|upon|as of|as from|since|until|by|in) )?(?:(?:the )?\d{{1,2}}(?:st|nd|rd|th)? )?"
    rf"(?:{_MONTH}\.? \d|(?:19|20)\d\d\b)"
    r"| (?:from|on|upon|since|until) (?:its |the )?(?:day|date|approval|publication|signature|signing)\b"
    r"| at (?:the|that) time\b| or (?:not|in)"
)
_EFFICACY = deferred(
    r"(?<!cost[- ])(?<!\bhow )(?<!\bmaximum )(?<!\bmaximal )(?<!\bminimum )(?<!\bminimal )(?<!\blowest )"
    r"\b(?!(?<=, )effective (?:immediately|today)(?! \w))"
    rf"(?:effective\b(?!{_NO_EFFICACY}|{_IN_FORCE})|efficacious\b)"
    r"|(?<![显顯无無]效[、/或和])有效(?![性率期成剂劑量值者]|[:：]? ?\d{1,4} ?[例人名]|[与與]否"
    r"|[、/或和][显顯无無]效|至 ?(?:19|20)\d\d"
    r"|[^，,]{0,5}定[义義]|[”」』’\"]?(?:[二两兩]字|一[词詞]|字[样樣])|的?(?:数据|數據|例数|例數|病例|样本|樣本"
    r"|[问問]卷|[浓濃]度|[证證]件|咳嗽|[载載]荷|[随隨][访訪]|通[气氣]|不[应應]期|版本))"
    r"|(?:显著|顯著)(?!性|[与與]否|[恶惡]化|加重|副|不良|毒)",
    re.IGNORECASE,
)
_WORSE = r"(?:decline|progression|loss|worsening|deterioration)s?\b"
_OF_DISEASE = r"(?:(?:of|in|the|its|their|disease|functional|clinical|further|rate) ){0,5}?"
_IMPROVED = deferred(
    r"\bsignificant (?:(?:and|clinical|functional|motor|respiratory|sustained|lasting|overall"
    r"|temporary|transient|therapeutic|disease|subjective|objective|further) ){0,3}?"
    rf"(?:improvements?|benefits?|(?:slowing|reduction|delay|attenuation) {_OF_DISEASE}{_WORSE}"
    r"|(?:treatment|therapeutic|clinical) effects?)\b"
    r"|\bsignificantly (?:improve[sd]|prolong(?:s|ed) survival"
    rf"|(?:slow(?:s|ed|er)|delay(?:s|ed)|reduce[sd]|attenuate[sd]|halt(?:s|ed)) {_OF_DISEASE}{_WORSE})\b"
    rf"|\b(?:improved|{_WORSE} (?:was )?slowed) significantly\b"
    r"|\befficacy (?:was|has been|had been) (?:(?:also|thus|again|further|clearly|clinically|fully) )?"
    r"(?:demonstrated|prove[dn]|shown|confirmed|established|seen|observed)\b",
    re.IGNORECASE,
)
_OF_ALS = deferred(
    r"\b(?:ALS(?:-?FRS(?:-?R)?)?|(?:revised )?functional rating scale|total|scores?|slopes?|rates?"
    r"|[FS]?VC|forced|slow|vital capacity|lung|respiratory|bulbar|limbs?|muscles?|muscular|motor|grip"
    r"|strength|speech|swallowing|breathing|gait|walking|function(?:al|s|ing)?|symptoms?"
    r"|quality of life|survival|disease|clinical|baseline|decline|progression|loss|worsening|deterioration"
    r"|results?|outcomes?"
    r"|(?:(?:stem|the|their) )?cells?|treatment|therapy|drug|product|transplantation|infusions?|injections?"
    r"|(?:\d{1,3} )?(?:patients?|participants?|people)|all|both|most|many|treated|it|they|this|trial|study"
    r"|showed|had|have|has|led to|resulted in|(?:was|were|is) (?:seen|observed|found|noted)|there|was|were"
    r"|(?:\d{1,3}|one|two|three|six|nine|twelve) (?:days?|weeks?|months?|years?)"
    r"|(?:day|week|month|year) \d{1,3}"
    r"|with(?:out| no) (?:any )?(?:serious )?(?:adverse events?|side[- ]effects?)|safe(?:ly)?|well tolerated"
    r"|an?|the|its|their|of|in|on|for|to|with|by|and|at|from|over|after|during|following)\b",
    re.IGNORECASE,
)
"""What may stand beside words of efficacy in a sentence that claims nothing but an effect in ALS."""
_EFFICACY_STEMS = {
    **dict.fromkeys(("effective", "efficacious", "有效", "显著", "顯著"), _EFFICACY),
    **dict.fromkeys(("significant", "efficacy"), _IMPROVED),
}
_AS_TOLD_ZH = deferred(r"(?<![名简簡通全对對职職俗统統别別])[称稱](?![为為])[^，,]{0,80}")
_OF_OTHER_MATTERS = deferred(
    r"contracept|birth[- ]control|pregnan|避孕|(?:19|20)\d\d年[^，,]{0,6}起有效"
    r"|\bamendment(?: [\w.]+){0,3} (?:is|was|be(?:came|comes?)) effective",
    re.IGNORECASE,
)

_TURN = deferred(r"\bbut\b|\bhowever\b|(?:^|[,–—] ?)(?:and )?yet\b|但|然而|不[过過]", re.IGNORECASE)
_CLAUSE = deferred(r"[,，]|、(?![显顯无無]效)|(?:而)?且|而")
_KNOWN = (
    r"(?:say|says|said|saying|call\w*|show\w*|prove\w*|proof|evidence|mean\w*|f[io]u?nd\w*|think\w*|believ\w*|claim\w*|know\w*"
    r"|known|establish\w*|demonstrat\w*|indicat\w*|suggest\w*|conclu\w*|confirm\w*|sign\w*|tell|told|judge\w*)"
)
# Doubt reaches over a list ("that it is safe, tolerable or effective"), a denial to the end of its clause.
_DOUBTED = deferred(
    r"\bwhether\b|(?:\b(?:not|no|never|nobody|none|cannot|without|neither|nor|little|hardly)\b|n't\b)"
    rf"(?: [\w-]+){{0,3}}? {_KNOWN}(?: [\w-]+){{0,2}}? (?:that|whether|if|how|to be)\b"
    r"|(?<!no )(?<!beyond )(?<!without )(?<!any )(?<!nobody )(?<!no one )"
    r"\bdoubt(?:s|ed|ful)?\b(?: [\w-]+){0,2}? (?:that|if)\b"
    r"|\b(?:too \w+|premature|insufficient|wrong|mistake\w*|misleading|error)\b(?: [\w-]+){0,3}?"
    rf" to (?:be )?{_KNOWN}\b"
    rf"|\bonly\b(?: [\w-]+){{1,5}}? (?:can|could|will|would|may) {_KNOWN}\b"
    r"|\b(?:needed|required|necessary|remains)\b(?: [\w-]+){0,3}?"
    rf" (?:to (?:be )?{_KNOWN}|before(?: [\w-]+){{1,3}}? (?:can|could|may))\b",
    re.IGNORECASE,
)
_DOUBTED_IN_CHINESE = deferred(
    r"(?:是否|能否|可否"
    r"|(?:[未不無无没沒][^，,]{0,5}|[难難]以)(?:[证證](?:明|[实實]|[据據])|表明|[显顯]示|[说說]明"
    r"|[断斷][定言]|判[断斷]|[认認]定|确定|確定)"
    r"|(?:不[能可应應宜]|勿)[^，,]{0,5}(?:[说說称稱]|[认認][为為])"
    r"|(?<![无無不])[需须須待][^，,]{0,15}(?:[试試][验驗]|研究)[^，,]{0,4}(?:[证證][明实實]|[验驗][证證]))[^，,]*$"
)
_HARM = r"(?:side[- ]effects?|adverse \w+|toxicit\w+|complications?|deaths?|SAEs?|AEs?)\b"
_DENIED = deferred(
    r"(?:\b(?:(?P<subject>(?<!with )no|none|neither|nobody|nothing)|(?P<attribute>(?<=with )no)"
    r"|nor|never|hardly|lack\w*|fail\w*|absence|unclear|unknown|unproven|doubtful|unlikely"
    r"|yet to|far from|should (?:it|they|this|these)|(?<!even )if)\b)"
    rf"(?! (?:one )?(?:doubt\w*|less|exception)\b)(?!(?: [\w-]+){{0,2}} {_HARM})"
    r"|(?P<verb>\b(?:not|cannot)\b|n't\b)(?! (?:only|just|merely|simply|less)\b)"
    r"|(?P<without>\bwithout\b)(?=(?: [\w-]+){0,3} ?$)(?! (?:doubt|question|exception)\b)"
    rf"(?!(?: \w+){{0,2}} {_HARM})"
    r"|(?<!\bno )(?<!\bnot )\bless ?$"
    r"|[无無没沒]有?(?!(?:任何|明[显顯]|[严嚴]重|其他)*(?:毒?副|不良|毒性|并[发發])|[创創痛菌比疑论論需须須不]|一例外)"
    r"|未(?![来來]|(?:使?用|服用?|接受|合[并併]|行)[^，,的]{0,12}的(?:患者|受[试試]者|病人))"
    r"|(?<![无無])不(?![仅僅但断斷只光单單久良同少错錯俗愧无無论論管]|到.{0,3}[年月周天日])"
    r"|非(?![常侵手凡创創运運药藥临臨典])|缺[乏少]|[难難]以|有待|若|如果|假如|如$",
    re.IGNORECASE,
)
_FINITE = deferred(r"\b(?:is|was|are|were|proved|proves)\b|(?<=\S )found(?= (?:it|them)\b)", re.IGNORECASE)
_ANEW = deferred(
    r"(?: and (?=(?:it|they|this|these)\b)|\b(?:\w+ed|is|was|are|were|had|fell|left)\b.* and )"
    r"(?!(?:nor?|not|none|neither|never|nobody|nothing)\b)"
    r"(?:[\w-]+ ){1,4}?(?:is|was|are|were|proved|proves)\b",
    re.IGNORECASE,
)
"""After "no patient died": "and the cells were", a statement of its own."""
_EPISTEMIC = deferred(rf"\b(?!found (?:it|them)\b)(?:that|{_KNOWN})\b", re.IGNORECASE)
_REACH = 150
"""How many characters before a word are read for its denial."""


def _is_denied(before: str) -> bool:
    """Whether a word is denied by what stands before it in its clause."""
    for denial in _DENIED.finditer(before):
        between = before[denial.end() :]
        if denial["subject"]:
            anew = _ANEW.search(between)
            over = anew is not None and not _EPISTEMIC.search(_FINITE.sub("", between))
        elif denial["verb"] or denial["attribute"] or denial["without"]:
            # "Those who could not walk: it was effective" denies the walking.
            over = _FINITE.search(between) is not None and not _EPISTEMIC.search(between)
        else:
            over = False
        if not over:
            return True
    return False


def _doubted_in_chinese(part: str, at: int) -> bool:
    return _DOUBTED_IN_CHINESE.search(part[max(0, at - _REACH) : at]) is not None


def is_doubted(part: str, at: int) -> bool:
    """Whether the words at a place are doubted by what stands before them."""
    return _DOUBTED.search(part, 0, at) is not None or _doubted_in_chinese(part, at)


def claimed(sentence: str, words: re.Pattern[str]) -> str | None:
    """Which of the words a sentence claims; None where it denies them, doubts or asks."""
    if sentence.rstrip().endswith(("?", "？")):
        return None
    for part in _TURN.split(sentence):
        doubt = _DOUBTED.search(part)
        for start, end in _clauses(part):
            if _OF_OTHER_MATTERS.search(part, start, end):
                continue
            for found in words.finditer(part, start, end):
                at = found.start()
                doubted = (doubt is not None and doubt.end() <= at) or _doubted_in_chinese(part, at)
                if not doubted and not _is_denied(part[max(start, at - _REACH) : at]):
                    return found[0]
    return None


def _clauses(part: str) -> Iterator[tuple[int, int]]:
    start = 0
    for cut in _CLAUSE.finditer(part):
        yield start, cut.start()
        start = cut.end()
    yield start, len(part)


_SAYS_MORE = deferred(r"[^\W_]|[?？:：\"'‘“”„«»「」『』<>=≤≥±%]")


def plainly(sentence: str, claim: re.Pattern[str], beside: re.Pattern[str]) -> str | None:
    """The words of a claim in a sentence that says nothing else but what may stand beside it."""
    if (found := claim.search(sentence)) is None:
        return None
    rest = f"{sentence[: found.start()]} . {sentence[found.end() :]}"
    return None if _SAYS_MORE.search(beside.sub("", rest)) else found[0]


_QUOTED = deferred(r"[\"“”„][^\"“”„]{0,80}[\"“”„]|「[^」]{0,80}」|『[^』]{0,80}』|«[^»]{0,80}»")


def without_quotations(text: str) -> str:
    """A text without what it quotes."""
    return _QUOTED.sub('""', text)


_CONCURRENT = frozenset({"placebo", "sham", "active", "standard_care", "no_treatment", "dose"})


def _controlled(trial: Trial) -> bool:
    """Whether the trial compares with a concurrent control and has reported something."""
    compares = (
        trial.design in ("rct", "nrct")
        or known(trial.allocation) == "randomized"
        or known(trial.control) in _CONCURRENT
    )
    return compares and any(has_result(outcome) for outcome in listed(trial.outcomes))


@rule("CL001", "warning", "trial")
def efficacy_in_words(subject: Subject) -> Iterator[Problem]:
    """Words of efficacy in a note or statement of a trial without a controlled result.

    有效, 显著, effective: without a concurrent control nobody can say so. A word that is denied, doubted or
    asked before it stands is left alone, as are criteria of eligibility, contraception, doses, dates of
    force, 有效性 and 有效率 (efficacy, rate of response), 有效 of so many cases, and what somebody 称. Of
    "significant improvement" and "efficacy was shown" something is told only where the sentence says
    nothing else but of what in ALS, in whom and when.

    Example: "Effective in all patients" in a single-arm trial
    Remedy: say what was measured, and how it changed.
    """
    notes = subject.notes_with(_EFFICACY_STEMS)
    if not notes or _controlled(subject.trial):
        return
    for path, text in notes:
        if path != ("eligibility", "note") and _speaks_of_efficacy(text):
            said = (_words_of_efficacy(sentence) for sentence in sentences(text))
            if (word := next(filter(None, said), None)) is not None:
                yield Problem(path, f'"{word}", of a trial without a controlled result')


def _speaks_of_efficacy(text: str) -> bool:
    words = text.lower()
    return any(stem in words and pattern.search(text) for stem, pattern in _EFFICACY_STEMS.items())


def _words_of_efficacy(sentence: str) -> str | None:
    own = _AS_TOLD_ZH.sub("", sentence)
    word = claimed(own, _EFFICACY) if _EFFICACY.search(own) else None
    return word or plainly(sentence, _IMPROVED, _OF_ALS)


@rule("CL002", "warning", "trial", about=("outcomes[].result",))
def subgroup_without_primary(subject: Subject) -> Iterator[Problem]:
    """A positive result of a subgroup or post hoc, and nothing said of the primary outcome's.

    A reader takes the one for the other. A primary outcome with `not_reported` is enough: it says that
    somebody looked. The first such result is reported. Observational studies without a primary outcome are
    left alone, as is a primary outcome still pending although results are posted, which is OC012's.

    Example: ALSummit with the slow progressors alone
    Remedy: add the primary outcome and what came of it.
    """
    position = apart_from_primary(subject.trial)
    if position is not None and not overdue(subject):
        outcomes = listed(subject.trial.outcomes)
        lacking = "its result is missing" if any(o.role == "primary" for o in outcomes) else "there is none"
        words = f"{outcomes[position].result} apart from the primary outcome, and {lacking}"
        yield Problem(("outcomes", position, "result"), words)


def overdue(subject: Subject) -> list[tuple[int, PartialDate]]:
    """The primary outcomes that are pending although results are posted, and since when: OC012's."""
    posted = happened(subject, "results_posted")
    if posted is None or posted.type == "estimated":
        return []
    outcomes = enumerate(listed(subject.trial.outcomes))
    return [(o, posted.on) for o, each in outcomes if each.role == "primary" and each.result == "pending"]


def apart_from_primary(trial: Trial) -> int | None:
    """The first positive outcome of a subgroup or post hoc, where nothing is known of a primary outcome."""
    outcomes = listed(trial.outcomes)
    primaries = [outcome for outcome in outcomes if outcome.role == "primary"]
    if any(outcome.result not in (None, "pending") or has_result(outcome) for outcome in primaries):
        return None
    if not primaries and trial.study_type != "interventional":
        return None
    positive = (
        o
        for o, outcome in enumerate(outcomes)
        if outcome.result in ("met", "nominal")
        and (outcome.subgroup is not None or outcome.role == "post_hoc")
        and outcome.role != "primary"
    )
    return next(positive, None)


@rule("CL003", "note", "trial", about=("outcomes[].subgroup",))
def many_cut_offs(subject: Subject) -> Iterator[Problem]:
    """A nominal p of one among five or more subgroups or cut-offs tested.

    With nine independent tests one p below 0.05 is to be expected in more than a third of trials without
    any effect.

    Example: NurOwn phase 3: nine thresholds of baseline ALSFRS-R
    Remedy: none where true; readers are told.
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        family = known(outcome.subgroup.family) if outcome.subgroup is not None else None
        if family is not None and family >= 5 and outcome.result == "nominal":
            path: Path = ("outcomes", o, "subgroup", "family")
            yield Problem(path, f"a nominal result, one of {family} tested")


_FIRST_PERSON = (
    r"[例位名个個]?(?:[a-z0-9 -]{0,12}|[渐漸][冻凍]症|肌萎[缩縮][侧側]索硬化症?)"
    r"(?:患者|受[试試]者|[参參][与與]者|病人)"
)
_DATED = r"次(?:公[布開开]|[发發]布|披露|[会會][议議]|登[记記])"
_KINDS = "个個款例创創家次种種项項"
_SUPERLATIVE = deferred(
    r"(?:best|first)[ -]in[ -](?:its[ -])?class"
    r"|first-of-its-kind"
    r"|world['’]?s?[ -](?:very )?first"
    r"(?![ -]aid\b|(?:[ -]ever)? (?:[\w-]+ )?(?:patient|participant|subject|volunteer)s?\b)"
    r"|\bfirst(?:[- ]ever)? (?:(?!patient|participant|person|subject|volunteer)[\w-]+ ){0,3}in the world"
    r"|world['’]?s?[ -]leading(?! (?:[\w-]+ )?(?:causes?|killers?)\b)"
    r"|ground[ -]?breaking|revolutionary|game[ -]chang|unprecedented(?! is [^.;]{1,40}['’]s? word)"
    r"|cutting[ -]edge|miracul|miracle(?! (?:cohort|trial|stud))"
    r"|(?<!btd \()(?<!btd[（(])(?<!designation \()breakthrough"
    r"(?![ -](?:therap|device|designation|status|(?:cancer )?pain"
    r"|infection|covid|sars|seizure|bleed|dyspn|symptom|cramp|spas|headache))"
    rf"|(?:[全环環]球|世界|[国國][际際])(?:首|唯一|第一(?=[{_KINDS}]))(?!{_FIRST_PERSON}|{_DATED})"
    rf"|(?:[国國][内內]|[我中全][国國]|[亚亞]洲)(?:首|第一)(?!{_FIRST_PERSON}|{_DATED})[{_KINDS}]"
    r"|首[创創]|填[补補]了?[^，,。；]{0,8}空白|[领領]先(?!症|的?死因)|最先[进進](?![入行])|革命性|奇[迹蹟]|[划劃][时時]代"
    r"|(?<![称稱][其之它][为為])重磅(?![炸纸紙])|里程碑(?!(?:式|性|事件)?的?(?:付?款|付[费費]|支付|[费費]|金|收入))"
    r"|突破(?!了?血[脑腦]|性?的?(?:治[疗療]|[疗療]法|[医醫][疗療]|[认認]定|[资資]格|感染|疼?痛|[癫癲][痫癇]|出血))"
)
_SUPERLATIVE_STEMS = (
    *("class", "kind", "world", "ground", "revolution", "breakthrough", "game"),
    *("unprecedented", "mirac", "cutting", "第一", "球首", "界首", "国首"),
    *("國首", "际首", "際首", "内首", "內首", "洲首", "首创", "首創", "领先", "領先", "最先", "革命性"),
    *("奇迹", "奇蹟", "里程碑", "重磅", "时代", "時代", "突破", "唯一", "空白"),
)
_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))


@rule("CL005", "warning", "trial", "product")
def superlatives(subject: Subject) -> Iterator[Problem]:
    """Words of advertisement in a note.

    全球首款, best-in-class, world-leading, 重磅, 突破: they state nothing that can be checked. The
    designation of that name (breakthrough therapy, 突破性治疗), breakthrough symptoms or infections,
    milestone payments, a first dose (全球首例患者), a first publication (全球首次公布) and what is quoted are
    left alone.

    Example: "The world's first iPSC therapy for ALS"
    Remedy: leave the word out; a claim that circulates belongs in the ledger.
    """
    for path, text in subject.notes_with(_SUPERLATIVE_STEMS):
        if found := _SUPERLATIVE.search(
            " ".join(without_quotations(text[:_READ]).lower().translate(_HYPHENS).split())
        ):
            yield Problem(path, f'"{found[0]}" states nothing that can be checked')


@rule("CL008", "note", "trial", about=("sponsor.sells", "sponsor.participants_pay"))
def money(subject: Subject) -> Iterator[Problem]:
    """The sponsor sells the therapy, or participants pay for it.

    No fault: the reader should know, and pages say so.

    Example: `participants_pay = true`
    Remedy: none where true.
    """
    sponsor = known(subject.trial.sponsor)
    if sponsor is None:
        return
    if known(sponsor.sells) is True:
        yield Problem(("sponsor", "sells"), "the sponsor sells the therapy")
    if known(sponsor.participants_pay) is True:
        yield Problem(("sponsor", "participants_pay"), "participants pay for the treatment")
