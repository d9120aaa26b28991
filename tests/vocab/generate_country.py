"""Write `vocab/country.toml` from pycountry (ISO 3166-1) and Babel (CLDR); run it when they change."""

from __future__ import annotations

import json
from pathlib import Path

import babel
import pycountry

from alscli.model.vocabulary import normalize

TARGET = Path(__file__).parents[2] / "src" / "alscli" / "vocab" / "country.toml"

# Where CLDR's label is longer than the name in use.
LABELS = {
    "HK": ("Hong Kong", "香港", "香港"),
    "MO": ("Macao", "澳门", "澳門"),
    "MM": ("Myanmar", "缅甸", "緬甸"),
    "PS": ("Palestine", "巴勒斯坦", "巴勒斯坦"),
}

# Names that registries, papers and people use and neither library has.
ALIASES = {
    "AE": ["UAE", "阿联酋"],
    "AU": ["澳洲"],
    "BA": ["Bosnia"],
    "BN": ["Brunei"],
    "CD": ["Democratic Republic of the Congo", "DR Congo", "DRC"],
    "CG": ["Republic of the Congo"],
    "CI": ["Ivory Coast", "Cote d'Ivoire"],
    "CN": ["PRC", "P.R. China", "People's Republic of China", "Mainland China", "中国大陆", "中國大陸"],
    "CV": ["Cape Verde"],
    "CZ": ["Czech Republic"],
    "FM": ["Micronesia"],
    "GB": [
        "UK",
        "U.K.",
        "Great Britain",
        "Britain",
        "England",
        "Scotland",
        "Wales",
        "Northern Ireland",
        "United Kingdom of Great Britain and Northern Ireland",
    ],
    "HK": ["Hong Kong SAR", "Hong Kong, China", "中国香港", "中國香港"],
    "IR": ["Iran (Islamic Republic of)", "Islamic Republic of Iran"],
    "KR": ["Republic of Korea", "South Korea", "Korea, South", "Korea", "南韩", "大韩民国", "韩国", "韓國"],
    "KP": ["North Korea", "北朝鲜", "朝鲜"],
    "LA": ["Laos", "Lao PDR"],
    "LY": ["Libyan Arab Jamahiriya"],
    "MD": ["Moldova", "Moldova, Republic of", "Republic of Moldova"],
    "MK": ["Macedonia", "The former Yugoslav Republic of Macedonia"],
    "MM": ["Burma"],
    "MO": ["Macau", "Macao SAR", "中国澳门", "中國澳門"],
    "NL": ["The Netherlands", "Holland"],
    "NZ": ["纽西兰"],
    "PS": ["Palestinian Territories", "Palestinian Territory, occupied", "State of Palestine"],
    "RU": ["Russia", "Russian Federation"],
    "SA": ["沙特", "KSA"],
    "SY": ["Syria"],
    "SZ": ["Swaziland"],
    "TR": ["Turkey", "Turkiye", "Turkey (Türkiye)"],
    "TW": ["Taiwan, Province of China", "Taiwan, China", "中国台湾", "中國台灣", "臺灣"],
    "TZ": ["Tanzania"],
    "US": ["USA", "U.S.", "U.S.A.", "United States of America", "America"],
    "VA": ["Vatican", "Holy See (Vatican City State)"],
    "VE": ["Venezuela"],
    "VN": ["Vietnam", "Viet Nam", "越南"],
}


def render() -> str:
    """The whole file, countries in the order of their codes."""
    english, hans, hant = (babel.Locale.parse(tag).territories for tag in ("en", "zh_Hans", "zh_Hant"))
    lines = [
        'field = "country"',
        'meaning = "The country, by ISO 3166-1 alpha-2 code; generated from pycountry and Babel"',
    ]
    for country in sorted(pycountry.countries, key=lambda country: country.alpha_2):
        code = country.alpha_2
        labels = LABELS.get(code, (english[code], hans[code], hant[code]))
        official = [getattr(country, key, "") for key in ("name", "common_name", "official_name", "alpha_3")]
        others = [*official, english[code], hans[code], hant[code], *ALIASES.get(code, [])]
        lines += ["", "[[terms]]", f"code = {quote(code)}"]
        lines += [
            f"{key} = {quote(label)}" for key, label in zip(("en", "zh_hans", "zh_hant"), labels, strict=True)
        ]
        if synonyms := distinct(others, known=(code, *labels)):
            lines.append(f"synonyms = [{', '.join(map(quote, synonyms))}]")
    return "\n".join(lines) + "\n"


def distinct(names: list[str], known: tuple[str, ...]) -> list[str]:
    """`names` without empty ones and those that look-up cannot tell from an earlier one.

    Traditional spellings stay: look-up knows them apart where OpenCC is not installed.
    """
    seen = {plain(name) for name in known}
    kept = []
    for name in filter(None, names):
        if (key := plain(name)) not in seen:
            seen.add(key)
            kept.append(name)
    return kept


def plain(name: str) -> str:
    """Names with the same result find each other whatever converter of scripts is at hand."""
    return name if any("\u3400" <= character <= "\u9fff" for character in name) else normalize(name)


def quote(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
