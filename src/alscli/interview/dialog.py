"""The conversation: question by question, back and forth, until a record stands.

The state is the list of answers given; the record is made from them anew after each, so that going back,
resuming a draft and mending one answer are all the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Protocol

from alscli.errors import AlscliError
from alscli.interview.draft import Draft
from alscli.interview.questions import Question, Surroundings, Values, questions

BACK, HELP = "<", "?"


class Terminal(Protocol):
    """Where a person is asked."""

    def ask(self, label: str, default: str, choices: Sequence[tuple[str, str]]) -> str:
        """What the person types, without the line end; raises EOFError when there is nobody."""

    def say(self, text: str, style: str = "") -> None:
        """A line for the person."""


def interview(draft: Draft, around: Surroundings, terminal: Terminal) -> Values:
    """Ask what is not answered yet; return the record's values. Answers are saved in `draft` as given."""
    group = ""
    while True:
        values, answered, question = _standing(draft, around, terminal)
        if question is None:
            return values
        if question.group != group:
            group = question.group
            terminal.say(group, "heading")
        _ask(question, draft, values, answered, terminal)


def _standing(
    draft: Draft, around: Surroundings, terminal: Terminal
) -> tuple[Values, list[str], Question | None]:
    """The record as far as the answers make it, their keys, and the first question without an answer.

    An answer that does not fit what stands before it is taken back, with the reason, and asked for again.
    """
    values: Values = {"schema": 1}
    answered: list[str] = []
    while True:
        question = next((q for q in questions(values, around) if q.key not in answered), None)
        if question is None:
            values.setdefault("src", "registry" if "registry_id" in values else values["refs"][0]["key"])
            values["screening"] = {"decision": "include"}
            return values, answered, None
        text = draft.answers.get(question.key)
        if text is None:
            return values, answered, question
        if text:
            try:
                question.apply(grown := deepcopy(values), text)
            except AlscliError as error:
                terminal.say(_why(error), "bad")
                draft.take_back(question.key)
                return values, answered, question
            values = grown
        answered.append(question.key)


def _why(error: AlscliError) -> str:
    return error.message + (f"; {error.hint}" if error.hint else "")


def _ask(
    question: Question, draft: Draft, values: Values, answered: Sequence[str], terminal: Terminal
) -> None:
    default = draft.former.get(question.key) or question.default
    optional = "" if question.required or default else " (optional)"
    while True:
        text = terminal.ask(question.label + optional, default, question.choices).strip()
        if text == HELP:
            _explain(question, terminal)
            continue
        if text == BACK:
            if not answered:
                terminal.say("this is the first question", "warn")
                continue
            draft.take_back(answered[-1])
            return
        text = text or default
        if not text and question.required:
            terminal.say("this one is needed; ? explains, < goes back", "warn")
            continue
        if text:
            try:
                canonical = question.apply(deepcopy(values), text)
            except AlscliError as error:
                terminal.say(_why(error), "bad")
                continue
            if canonical != text:
                terminal.say(f"= {canonical}", "quiet")
        draft.answers[question.key] = text
        draft.save()
        return


def _explain(question: Question, terminal: Terminal) -> None:
    terminal.say(question.help)
    for code, label in question.choices[:40]:
        terminal.say(f"  {code:<24} {label}", "quiet")
    if len(question.choices) > 40:
        terminal.say(f"  … {len(question.choices) - 40} more", "quiet")
    terminal.say("< goes back; Ctrl-C keeps a draft; not_reported: looked for and not there", "quiet")
