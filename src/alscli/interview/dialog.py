"""The conversation: question by question, back and forth, until a record stands.

The state is the list of answers given; the record is made from them anew after each, so that going back,
resuming a draft and mending one answer are all the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from alscli.errors import AlscliError, CollectionError, UsageError
from alscli.interview.amendment import Amendment, amended
from alscli.interview.answer import NoTermError
from alscli.interview.assignment import assign, entry_of
from alscli.interview.draft import Draft
from alscli.interview.question import (
    SHAPE,
    Choice,
    Question,
    Surroundings,
    Values,
    choices_of,
    help_of,
    path_of,
    refuse_misfit,
    said,
)
from alscli.interview.questions import check_new_id, questions
from alscli.model.nearness import did_you_mean
from alscli.model.path import name_of, resolve, value_at
from alscli.model.vocabulary import normalize
from alscli.store.edit import set_value
from alscli.store.toml import parse
from alscli.text import fit

BACK, HELP, SKIP, NOTHING = "<", "?", ">", "-"
KEYS = "? explains, < goes back, > skips a group, - empties an answer, Ctrl-C keeps a draft"
_NEEDED = "this one is needed; ? explains, < goes back"
_LONGEST = 10_000
"""Characters of one answer; what is longer was pasted by mistake."""
_MENDED = "field "
"""Before the key of an answer that was given to a field by name."""


class Terminal(Protocol):
    """Where a person is asked."""

    def ask(self, label: str, default: str, choices: Sequence[Choice]) -> str:
        """What the person types, without the line end; raises EOFError when there is nobody."""

    def say(self, text: str, style: str = "") -> None:
        """A line for the person."""


@dataclass(frozen=True)
class Standing:
    """How far the answers go: the record that they make, the first question without one.

    `answered` holds the labels of the questions before it, by their keys.
    """

    values: Values
    answered: dict[str, str]
    question: Question | None


def interview(draft: Draft, around: Surroundings, terminal: Terminal) -> Values:
    """Ask what is not answered yet; return the record's values. Answers are saved in `draft` as given."""
    group = skipped = ""

    def ask(question: Question, standing: Standing) -> None:
        nonlocal group, skipped
        if question.group != group:
            group, skipped = question.group, ""
            terminal.say(f"\n{group}", "heading")
        if skipped == group and not question.required:
            _keep(question.key, "", draft, terminal)
            return
        if question.summary:
            terminal.say(question.summary, "quiet")
        if _ask(question, draft, standing, around, terminal) == SKIP:
            skipped = group

    while True:
        standing = _standing(draft, around, terminal, ask)
        if standing.question is None:
            return standing.values


def _standing(
    draft: Draft,
    around: Surroundings,
    terminal: Terminal,
    ask: Callable[[Question, Standing], None] = lambda question, standing: None,
) -> Standing:
    """Make the record from the answers, `ask` for those that are missing, and stop where one stays away.

    An answer that does not fit what stands before it is taken back, with the reason.
    """
    standing = Standing({"schema": 1}, {}, None)
    values = standing.values
    for question in questions(values, around):
        if question.key not in draft.answers:
            ask(question, standing)
        text = draft.answers.get(question.key)
        if text is None or not standing.answered.keys() <= draft.answers.keys():
            return replace(standing, question=question)
        if text:
            try:
                question.apply(values, text)
            except AlscliError as error:
                terminal.say(_why(error), "bad")
                draft.take_back(question.key)
                return replace(standing, question=question)
        standing.answered[question.key] = question.label
    values["screening"] = {"decision": "include"}
    for key in [key for key in draft.answers if key.startswith(_MENDED)]:
        try:
            assign(values, f"{key.removeprefix(_MENDED)}={draft.answers[key]}", "trial", around.vocabularies)
        except AlscliError as error:
            terminal.say(_why(error), "bad")
            draft.take_back(key)
    return standing


def _why(error: AlscliError) -> str:
    hint = "? lists the terms" if isinstance(error, NoTermError) and not error.near else error.hint
    return error.message + (f"; {hint}" if hint else "")


def _ask(
    question: Question, draft: Draft, standing: Standing, around: Surroundings, terminal: Terminal
) -> str:
    """Ask until there is an answer, which is kept, or the person goes elsewhere; return what was typed."""
    default = draft.former.get(question.key) or question.default
    optional = "" if question.required or default else " (optional)"
    while True:
        text = " ".join(terminal.ask(question.label + optional, default, question.choices).split())
        if text == HELP:
            _explain(question.help, question.choices, terminal)
        elif text.startswith(BACK) and _goes_back(text, draft, standing, terminal):
            return BACK
        elif text == SKIP:
            if question.required:
                terminal.say(_NEEDED, "warn")
                continue
            _keep(question.key, "", draft, terminal)
            return SKIP
        elif not text.startswith(BACK) or _is_bound(text):
            answer = "" if text == NOTHING else text or default
            if _is_taken(question, answer, standing.values, around, terminal):
                _keep(question.key, answer, draft, terminal)
                return text


def _is_bound(text: str) -> bool:
    """Whether the text is a bound such as `<0.001` rather than a way back."""
    return text[1:].lstrip(" =.")[:1].isdigit()


def _goes_back(text: str, draft: Draft, standing: Standing, terminal: Terminal) -> bool:
    """Take back the last answer, or that of the field which follows the mark."""
    if _is_bound(text):
        return False
    name = text.removeprefix(BACK).strip()
    if not standing.answered:
        terminal.say("this is the first question", "warn")
        return False
    if not name:
        draft.take_back(next(reversed(standing.answered)))
        return True
    keys = keys_of(name, standing)
    if not keys:
        hint = did_you_mean(name, [*standing.answered, *standing.answered.values()])
        terminal.say(f"{name!r} is not answered yet; {hint or '<title goes to the title'}", "warn")
        return False
    draft.take_back(keys[-1])
    return True


def keys_of(name: str, standing: Standing) -> list[str]:
    """The answered questions that a name may mean, by key or path; else all with this label or end."""
    try:
        path = ".".join(map(str, resolve(name, standing.values, SHAPE)))
    except UsageError:
        path = name
    for candidate in (name, path, f"{path}.on", f"{path}.id"):
        if candidate in standing.answered:
            return [candidate]
    wanted = normalize(name)
    return [
        key
        for key, label in standing.answered.items()
        if wanted in (normalize(label), normalize(key.split(".")[-1]))
    ]


def _is_taken(
    question: Question, answer: str, values: Values, around: Surroundings, terminal: Terminal
) -> bool:
    """Whether the answer fits; says how it is understood, and what a person should know about it."""
    if not answer:
        if question.required:
            terminal.say(_NEEDED, "warn")
        return not question.required
    grown = deepcopy(values)
    try:
        _check_text(answer)
        canonical = question.apply(grown, answer)
        refuse_misfit(grown, question.path, around.vocabularies)
    except AlscliError as error:
        terminal.say(_why(error), "bad")
        return False
    if canonical != answer:
        terminal.say(f"= {canonical}", "quiet")
    for remark in around.remark(question, grown):
        terminal.say(remark, "warn")
    return True


def _check_text(answer: str) -> None:
    if len(answer) > _LONGEST:
        raise UsageError(f"an answer of {len(answer):,} characters", f"the longest has {_LONGEST:,}")
    try:
        answer.encode()
    except UnicodeEncodeError:
        raise UsageError(
            "what was typed is no UTF-8", "set the terminal to UTF-8 and type it again"
        ) from None


def _keep(key: str, answer: str, draft: Draft, terminal: Terminal) -> None:
    """Keep the answer; where the disk will not, it is kept in memory until the next one."""
    try:
        draft.answer(key, answer)
    except AlscliError as error:
        _say_unsaved(error, terminal)


def _say_unsaved(error: AlscliError, terminal: Terminal) -> None:
    terminal.say(f"{_why(error)}; the answers so far are kept until you leave", "bad")


def mend(draft: Draft, name: str, around: Surroundings, terminal: Terminal) -> bool:
    """Ask again for the field that a name means, answered or not; where there is a text, in the text.

    False where nothing has changed.
    """
    if draft.edited:
        values: Values = parse("\n".join(draft.edited).encode()).values
        take = partial(_take_into_text, draft, name, around)
    else:
        standing = _standing(draft, around, _Quiet())
        keys = keys_of(name, standing)
        if len(keys) > 1:
            names = [name_of(path_of(key), standing.values, SHAPE) for key in keys]
            terminal.say(f"{name!r} may be {', '.join(names)}", "warn")
            return False
        if keys:
            draft.take_back(keys[0])
            return True
        values = standing.values
        take = partial(_take_beside, draft, name, around, values)
    try:
        entry = entry_of(name, "trial")
    except UsageError as error:
        terminal.say(_why(error), "bad")
        return False
    choices = choices_of(entry, around)
    while True:
        text = " ".join(terminal.ask(name, _shown_at(name, values), choices).split())
        if text == HELP:
            _explain(help_of(entry), choices, terminal)
            continue
        if text in ("", BACK):
            return False
        try:
            _check_text(text)
            take(text)
        except CollectionError as error:
            _say_unsaved(error, terminal)
        except AlscliError as error:
            terminal.say(_why(error), "bad")
            continue
        return True


def _shown_at(name: str, values: Values) -> str:
    """What stands at a name now; nothing where that is nothing, or a list of tables."""
    try:
        held = value_at(values, resolve(name, values, SHAPE))
    except UsageError:
        return ""
    tables = isinstance(held, list) and any(isinstance(each, dict) for each in held)
    return "" if held is None or tables else fit(said(held), 40)


def _take_beside(draft: Draft, name: str, around: Surroundings, values: Values, text: str) -> None:
    """Keep the answer to a field that no question asks for."""
    if text == NOTHING:
        draft.take_back(_MENDED + name)
        return
    assign(deepcopy(values), f"{name}={text}", "trial", around.vocabularies)
    draft.answer(_MENDED + name, text)


def _take_into_text(draft: Draft, name: str, around: Surroundings, text: str) -> None:
    """Put the answer into the record's text, where it belongs."""
    held = "\n".join(draft.edited)
    if name == "id":
        check_new_id(text, around)
        changed = set_value(held, ("id",), text, SHAPE)
    else:
        amendment = Amendment(unset=[name]) if text == NOTHING else Amendment(assign=[f"{name}={text}"])
        changed = amended(held, amendment, "trial", around.vocabularies)
    draft.edited[:] = changed.split("\n")
    draft.save()


class _Quiet:
    """A terminal at which nobody sits."""

    def ask(self, label: str, default: str, choices: Sequence[Choice]) -> str:
        raise EOFError

    def say(self, text: str, style: str = "") -> None:
        pass


def _explain(help_: str, choices: Sequence[Choice], terminal: Terminal) -> None:
    terminal.say(help_)
    for choice in choices[:40]:
        terminal.say(f"  {choice.code:<24} {choice.meaning}", "quiet")
    if len(choices) > 40:
        terminal.say(f"  … {len(choices) - 40} more; begin to type", "quiet")
    terminal.say(f"`alscli fields` explains every field; {KEYS}", "quiet")
