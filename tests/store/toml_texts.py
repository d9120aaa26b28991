"""TOML documents with all of the syntax, drawn as text by hypothesis."""

from __future__ import annotations

import json
import tomllib

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c", "d-1", "9", "", "a.b", "é", 'q"t', "s p", "#", "]", "😀", "1.5"])
TEXTS = st.text(st.sampled_from("ab #[]{}=,.'\"\\\n\t重😀\u2028"), max_size=8)
SPACE = st.sampled_from(["", " ", "\t", "  "])


@st.composite
def keys(draw: st.DrawFn, name: str) -> str:
    forms = [json.dumps(name, ensure_ascii=draw(st.booleans()) and max(name or "a") < "\uffff")]
    if name and all(c.isascii() and (c.isalnum() or c in "-_") for c in name):
        forms.append(name)
    if "'" not in name:
        forms.append(f"'{name}'")
    return draw(st.sampled_from(forms))


@st.composite
def strings(draw: st.DrawFn) -> str:
    text = draw(TEXTS)
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    forms = [f'"{escaped}"', f'"""{escaped}"""', '"""\n' + escaped.replace("\\n", "\n") + '"""']
    forms += ['"""' + escaped + '\\\n   "" ""\\\n"""', f'""""{escaped} """""']
    if "'" not in text:
        forms += [f"'''{text}'''", f"''''{text} '''''"]
        if "\n" not in text:
            forms.append(f"'{text}'")
    return draw(st.sampled_from(forms))


SCALARS = st.one_of(
    strings(),
    st.sampled_from(["0", "-0.20", "+1_000", "0xFF", "1e5", "nan", "-inf", "true", "100_000_000", "6.0E+2"]),
    st.sampled_from(["1979-05-27", "1979-05-27 07:32:00", "1979-05-27t07:32:00.5-07:00", "07:32:00"]),
)


@st.composite
def arrays(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    gap = st.sampled_from(["", " ", "\n", "\n\n  ", " # , ] } '\n\t", "\n# [\n"])
    parts = ["["]
    elements = draw(st.lists(values, max_size=3))
    for index, element in enumerate(elements):
        last = index == len(elements) - 1
        parts += [draw(gap), element, draw(gap), "," if not last or draw(st.booleans()) else ""]
    return "".join(parts) + draw(gap) + "]"


@st.composite
def inlines(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    pairs = []
    for name in names:
        key = draw(keys(name))
        if draw(st.booleans()):
            key += draw(SPACE) + "." + draw(SPACE) + draw(keys(draw(NAMES)))
        pairs.append(draw(SPACE) + key + draw(SPACE) + "=" + draw(SPACE) + draw(values) + draw(SPACE))
    return "{" + ",".join(pairs) + draw(SPACE) + "}"


VALUES = st.recursive(SCALARS, lambda inner: st.one_of(arrays(inner), inlines(inner)), max_leaves=6)


@st.composite
def documents(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 8))):
        dotted = (draw(SPACE) + "." + draw(SPACE)).join(
            draw(keys(name)) for name in draw(st.lists(NAMES, min_size=1, max_size=3))
        )
        left, right = draw(st.sampled_from([("", ""), ("", ""), ("", ""), ("[", "]"), ("[[", "]]")]))
        line = draw(SPACE) + left + draw(SPACE) + dotted + draw(SPACE) + right
        if not left:
            line += "=" + draw(SPACE) + draw(VALUES)
        candidate = "".join(parts) + line + draw(st.sampled_from(["\n", " # ' [\n", "\n\n", "\n# x = 1\n"]))
        try:
            tomllib.loads(candidate)
        except ValueError:
            continue
        parts = [candidate]
    text = "".join(parts)
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text


# Records in any syntax, with comments anywhere: what people and editors write.

LINES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "# above\n", "\n# apart\n\n", "  "]),
        st.sampled_from(
            [
                "{k} = {v}",
                "{k} = {v}",
                "{k}.{k2} = {v}",
                "[{k}]",
                "[{k}.{k2}]",
                "[[{k}]]",
                "[[{k}.{k2}]]",
                "{k} = [ # in\n {v}, {v} # last\n # below\n]",
                "{k} = {{ {k2} = {v}, {k3} = [{v}] }}",
                "{k} = [\n # one\n {{ {k2} = {v} }}, # trail\n {{ {k3}.{k2} = {v} }}]",
            ]
        ),
        st.sampled_from(["\n", "\n", " # beside\n", "\n# below\n", "\n\n"]),
    ),
)
LITERALS = st.one_of(
    st.sampled_from(["1", "123456", "-0.20", "true", "inf", "2017-08-28"]),
    st.sampled_from(["'b'", '"a"', '"""x"""', '"""x\ny"""', "'''\nz\\'''"]),
    st.sampled_from(["[]", "{}", "[1, 'a']", "{ on = 1, arm = 'x' }", "['US', 'CN']", "[[ 'b', 'a'], [ ]]"]),
)


@st.composite
def untidy(draw: st.DrawFn, names: st.SearchStrategy[str]) -> str:
    """A text whose keys are of these names, as written."""
    text = draw(st.sampled_from(["", "#:schema x\n", "# top\n\n"]))
    for line in draw(st.lists(LINES, max_size=12)):
        others = {f"k{i}": draw(names) for i in (2, 3)}
        candidate = text + line.format(k=draw(names), v=draw(LITERALS), **others)
        try:
            tomllib.loads(candidate)
        except ValueError:
            continue
        text = candidate
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text
