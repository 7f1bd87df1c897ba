"""Pages in the reader's language, and catalogues that have all of the texts.

What is checked of Spanish is checked of every language that the settings name.
"""

from __future__ import annotations

import ast
import json
import re
from datetime import date
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.utils.translation import get_language_info, override
from django.utils.translation.template import templatize
from django_countries import countries

import insights
from course_urls import CS101, NOTE, urls_of
from insights.charts.style import locale
from insights.courses.answers.answer import Column, Kind
from insights.courses.answers.comparison import LETTERS
from insights.courses.answers.formats import day, number, percent, shown
from insights.courses.answers.performance import points
from page_text import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from babel.messages.catalog import Catalog
    from django.contrib.auth.models import User

    from served import Served

SOURCE = Path(insights.__file__).parent
TRANSLATED = [code for code, _name in configured.LANGUAGES if code != "en"]
# The places of context, singular and plural among a function's arguments.
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy"), (None, 0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (None, 0, 1)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1, None)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (0, 1, 2)),
}
# As Babel has them: places from 1 on.
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
BIO = "SampleU/Bio110/2026_T1"
SPANISH = {"accept-language": "es-MX,es;q=0.9,en;q=0.5"}

Key = tuple[str | None, str, str | None]
"""Context, singular and plural of a text."""

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    """The language of an answer stays with its thread until the next one."""
    with override("en"):
        yield


# Catalogues ---------------------------------------------------------------------------------------


def texts_of_code() -> set[Key]:
    """All texts of Insights' Python, those within f-strings too."""
    return {
        key
        for file in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and (key := text_of_call(node, FUNCTIONS.get(node.func.id)))
    }


def text_of_call(call: ast.Call, places: tuple[Any, ...] | None) -> Key | None:
    if not places:
        return None
    where = ast.unparse(call)
    context, singular, plural = (
        None if place is None else literal(call.args[place], where) for place in places
    )
    assert singular, where
    return context, singular, plural


def literal(argument: ast.expr, where: str) -> str:
    assert isinstance(argument, ast.Constant), f"no catalogue can have what is made here: {where}"
    assert isinstance(argument.value, str), where
    return argument.value


def texts_of_templates() -> Iterator[Key]:
    """All texts of Insights' templates."""
    for file in SOURCE.rglob("*.html"):
        # Django writes a template as calls among other words. In brackets lines may begin anywhere.
        code = f"({templatize(file.read_text(encoding='utf-8'))})".encode()
        for _line, found, _comments, context in extract("python", BytesIO(code), KEYWORDS):
            match found:
                case (str(singular), str(plural)):
                    yield context, singular, plural
                case str():
                    yield context, found, None


def catalogue(language: str) -> Catalog:
    with (SOURCE / "locale" / language / "LC_MESSAGES/django.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


def entries(catalog: Catalog) -> dict[Key, tuple[str, ...]]:
    """A catalogue's texts, each with its translations: more than one if it has a plural."""
    found = {}
    for message in catalog:
        match message.id, message.string:
            case "", _:
                continue
            case (singular, plural), forms:
                found[message.context, singular, plural] = tuple(forms)
            case text, translation:
                found[message.context, text, None] = (translation,)
    return found


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_all_texts_of_the_code_and_no_others(language: str) -> None:
    catalog = catalogue(language)
    wanted = texts_of_code() | {*texts_of_templates()}
    there = entries(catalog)

    assert len(wanted) > 400
    assert sorted(wanted - there.keys(), key=str) == [], "add them: README.md, Another language"
    assert sorted(there.keys() - wanted, key=str) == [], "no code has them any more"
    assert not catalog.obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_what_its_text_has(language: str) -> None:
    catalog = catalogue(language)

    assert [message.id for message in catalog if message.id and message.fuzzy] == []
    for (_context, singular, plural), forms in entries(catalog).items():
        assert len(forms) == (catalog.num_plurals if plural else 1), singular
        for form, original in zip(forms, (singular, *[plural] * len(forms)), strict=False):
            assert form.strip(), singular
            assert around(form) == around(str(original)), form
            assert placeholders(form) == placeholders(str(original)), form


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|%%|\{\}", text))


def around(text: str) -> tuple[bool, bool]:
    """Whether it begins and ends with a space: parts of sentences do."""
    return text[:1] == " ", text[-1:] == " "


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_what_the_readable_one_says(language: str) -> None:
    with (SOURCE / "locale" / language / "LC_MESSAGES/django.mo").open("rb") as file:
        compiled = read_mo(file)

    assert entries(compiled) == entries(catalogue(language))


# Pages --------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a reader reads or hears of a page, but for what says of itself that it is English."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.html: dict[str, str | None] = {}
        self._within: str | None = None  # a script, or what is in another language
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "html":
            self.html = attributes
        elif "lang" in attributes or tag == "script":
            self._within = tag
        for name in ("aria-label", "title", "alt", "placeholder", "data-name", "data-hint"):
            self._add(attributes.get(name) or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = None

    def handle_data(self, data: str) -> None:
        if not self._within:
            self._add(data)
        elif self._within == "script" and data.strip():
            for point in json.loads(data)["points"]:  # of a chart
                self._add(point["name"])
                self._add(point["text"])

    def _add(self, text: str) -> None:
        if re.search(r"[^\W\d_]", text):
            self.texts.append(" ".join(text.split()))


def strings(value: Any) -> Iterator[str]:
    """All texts in a value of the reports, those in its JSON too."""
    match value:
        case dict():
            for each in (*value, *value.values()):
                yield from strings(each)
        case list():
            for each in value:
                yield from strings(each)
        case str() if value[:1] in ("[", "{"):
            try:
                yield from strings(json.loads(value))
            except ValueError:
                yield value  # an answer to a problem may look like it
        case str():
            yield " ".join(value.split())


def data_of(served: Served) -> set[str]:
    """All texts in the reports: titles, names, ids, answers."""
    tables = served.select("SELECT name FROM sqlite_master WHERE type = 'table'")
    rows = [row for table in tables for row in served.select(f"SELECT * FROM {table['name']}")]
    return {text for row in rows for text in strings([*row.values()])}


def same_in(language: str) -> set[str]:
    """Words that English and another language share."""
    names = {}
    for each in ("en", language):
        with override(each):
            names[each] = {str(name) for _code, name in countries}
    texts = entries(catalogue(language)).items()
    return (names["en"] & names[language]) | {key[1] for key, forms in texts if key[1] in forms}


def is_made_of(text: str, known: set[str]) -> bool:
    """Whether a text has no letters but those of known ones, as pages put them together."""
    text = re.sub(r" \(\d+\)$", "", text)
    return (
        not re.search(r"[^\W\d_]", text)
        or text in known
        # Beside a bar there is little room.
        or (text[-1:] == "…" and any(each.startswith(text[:-1]) for each in known))
        or any(
            all(is_made_of(part, known) for part in text.split(between))
            for between in (" · ", " › ", "; ", ", ", ": ")
            if between in text
        )
    )


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_page_of_a_course_shows_an_english_text(
    language: str, browser: Client, served: Served
) -> None:
    known = data_of(served) | same_in(language) | {"ada", NOTE, *LETTERS}
    compare = f"/courses/compare/?{urlencode({'course': (CS101, BIO)}, doseq=True)}"
    urls = {
        **{"courses": "/courses/", "password": "/password/", "compare": compare},
        **{"choice": "/courses/compare/", **urls_of(CS101, browser)},
    }
    seen, left = set(), []
    for name, url in urls.items():
        english = browser.get(url)
        if english.status_code != 200 or not english["Content-Type"].startswith("text/html"):
            continue
        theirs = browser.get(url, headers={"accept-language": language})
        page = Page(theirs)
        assert page.html["lang"] == theirs["Content-Language"] == language
        common = {*Page(english).texts} & {*page.texts}
        left += [f"{name}: {text}" for text in sorted(common) if not is_made_of(text, known)]
        seen.add(name)
    assert left == []
    assert {"course", "video", "problem", "learner", "learner-reports", "geography"} <= seen


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.5", "es"),
        ("de,es;q=0.7,en;q=0.3", "es"),
        ("en-GB,en;q=0.9,es;q=0.1", "en"),
        ("de-AT,de", "en"),
        ("*", "en"),
        ("", "en"),
    ],
)
def test_the_browser_says_which_language(accepted: str, language: str, browser: Client) -> None:
    answer = browser.get("/courses/", headers={"accept-language": accepted})

    assert answer["Content-Language"] == Page(answer).html["lang"] == language
    assert "Accept-Language" in answer["Vary"]
    assert ({"en": "Courses", "es": "Cursos"}[language]) in Page(answer).texts


def test_error_pages_are_in_the_readers_language(
    browser: Client, make_user: Callable[..., User]
) -> None:
    def heading(path: str, status: int, client: Client = browser) -> str:
        answer = client.get(path, headers=SPANISH)
        page = Page(answer)
        assert answer.status_code == status
        assert page.html["lang"] == "es"
        assert {"Sus cursos", "Intentar de nuevo"} & {*page.texts}
        [found] = re.findall("<h1>(.*?)</h1>", answer.content.decode())
        return str(found)

    # Nothing listens where the Data API should be.
    assert heading("/courses/", 503) == "Las cifras no se pueden leer en este momento"
    assert heading("/nowhere/", 404) == "Esta página no existe"
    assert heading("/courses/x/", 400) == "Esta dirección no es correcta"
    other = Client(raise_request_exception=False)
    other.force_login(make_user("grace"))
    assert heading(f"/courses/{CS101}/", 403, other) == "No tiene acceso a esta página"
    # Neither session nor user can be read then.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_session RENAME TO elsewhere")
    assert heading("/courses/", 503, other) == "Las cuentas no se pueden leer en este momento"


@pytest.mark.usefixtures("served")
def test_forms_complain_in_the_readers_language(browser: Client) -> None:
    wrong = {"username": "ada", "password": "wrong"}
    sign_in = Page(Client().post("/sign-in/", wrong, headers=SPANISH)).texts
    assert {"Iniciar sesión", "Contraseña"} <= {*sign_in}
    assert any("introduzca un nombre de usuario y clave correctos" in text for text in sign_in)

    url = f"/courses/{CS101}/enrollment/activity/?start=2026-02-02&end=2026-02-01"
    assert "Es anterior al primer día." in Page(browser.get(url, headers=SPANISH)).texts


@pytest.mark.usefixtures("served")
def test_a_csv_has_the_titles_of_the_page(browser: Client) -> None:
    url = f"/courses/{CS101}/enrollment/geography/countries.csv"

    english, spanish = (rows_of(browser.get(url, headers=headers)) for headers in ({}, SPANISH))

    assert {"Country", "Country code", "Learners"} <= english[0].keys()
    assert {"País", "Código de país", "Estudiantes"} <= spanish[0].keys()
    assert "United States of America" in {row["Country"] for row in english}
    assert "Estados Unidos" in {row["País"] for row in spanish}
    # Programs read the values.
    numbers = ("Código de país", "Estudiantes", "Proporción de todos los inscritos")
    assert [[row[key] for key in numbers] for row in spanish] == [
        [row[key] for key in ("Country code", "Learners", "Share of all enrolled")]
        for row in english
    ]


def test_numbers_and_dates_are_as_the_language_has_them() -> None:
    ratio = Column("", "", Kind.RATIO)
    grade = {"grade": 0.5, "max_grade": 1.0, "count": 3}
    with override("es"):
        assert number(12_034) == "12\xa0034"
        assert percent(0.21) == "21\xa0%"
        assert shown(1.25, ratio) == "1,2"
        assert day(date(2026, 3, 1)) == "1 mar 2026"
        assert points([grade]).table.values("points") == ["0,5 de 1"]
        assert locale()["time"]["shortMonths"][:2] == ["ene", "feb"]
    assert number(12_034) == "12,034"
    assert percent(0.21) == "21%"
    assert shown(1.25, ratio) == "1.2"
    assert day(date(2026, 3, 1)) == "1 Mar 2026"
    assert points([grade]).table.values("points") == ["0.5 of 1"]
    assert locale()["time"]["shortMonths"][:2] == ["Jan", "Feb"]


# Right to left ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/sign-in/", "/nowhere/"])
def test_a_page_runs_as_its_language_does(path: str, client: Client, settings: Any) -> None:
    # Django knows Arabic, though Insights' texts stay English.
    settings.LANGUAGES = [("en", "English"), ("ar", "العربيّة")]

    for language, direction in (("ar", "rtl"), ("en", "ltr")):
        answer = client.get(path, headers={"accept-language": language}, follow=True)
        assert get_language_info(language)["bidi"] == (direction == "rtl")
        assert Page(answer).html == {"lang": language, "dir": direction}


@pytest.mark.parametrize("name", ["insights.css", "charts.css", "report.css"])
def test_style_sheets_name_no_side(name: str) -> None:
    """Start and end change places with the direction; left and right would not."""
    css = (SOURCE / "static/insights" / name).read_text(encoding="utf-8")
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    rules = re.findall(r"([a-z-]+)\s*:\s*([^;{}]+);", css)

    assert len(rules) > 50
    for property_, value in rules:
        assert not re.search(r"\b(left|right)\b", f"{property_} {value}"), (property_, value)
        # Top, right, bottom, left.
        parts = re.sub(r"\([^)]*\)", "()", value).split()
        if property_ in ("margin", "padding", "inset") and len(parts) == 4:
            assert parts[1] == parts[3], (property_, value)
