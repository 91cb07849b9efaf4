"""Read model cards."""

import re

import pytest

from skfashion.persistence import model_card


def card_of(estimator, folder, *arguments, **texts):
    return model_card(estimator, folder, *arguments, **texts).read_text(encoding="utf-8")


def rows(card, title):
    """The cells of the table of a section, without the header."""
    body = re.split(r"^#+ ", card.split(f"# {title}\n")[1], flags=re.MULTILINE)[0]
    lines = [line for line in body.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def estimates(card):
    return {name: float(value) for name, value, _ in rows(card, "Metrics")}


def ends(text):
    return [float(end) for end in text.split(" to ")]


def near(value):
    """Equal to the four digits of a card."""
    return pytest.approx(value, abs=5.1e-5)


def files(folder):
    return {path.name for path in folder.iterdir()}
