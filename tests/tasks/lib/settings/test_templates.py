"""Templates: what they declare, and what is wrong in one that does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from configured import ROOT
from tasks.lib.settings import env_file, templates
from tasks.lib.settings.templates import TemplateError

if TYPE_CHECKING:
    from pathlib import Path


def template(root: Path, text: str, name: str = "site") -> None:
    (root / "conf").mkdir(exist_ok=True)
    (root / "conf" / f"{name}.env.template").write_text(text)


def test_a_template_declares_names_types_and_comments(tmp_path: Path) -> None:
    template(
        tmp_path,
        "# A heading\n\n# Where it listens.\nHOST={{ host('localhost') }}\n"
        "PORT={{ port(443) }}\n\nFOLDER={{ project_name(folder) }}\n",
    )

    (loaded,) = templates.load(tmp_path)

    assert loaded.file == tmp_path / "conf" / "site.env"
    assert [(each.name, each.comment) for each in loaded.declarations] == [
        ("HOST", "# Where it listens.\n"),
        ("PORT", "# Where it listens.\n"),
        ("FOLDER", ""),
    ]
    host, port, folder = loaded.declarations
    assert (host.first_value(), port.first_value()) == ("localhost", "443")
    assert folder.first_value().startswith(tmp_path.name.replace("_", "-")[:40])
    assert loaded.render({"HOST": "a", "PORT": "1", "FOLDER": "b c"}) == (
        "# A heading\n\n# Where it listens.\nHOST='a'\nPORT='1'\n\nFOLDER='b c'\n"
    )


def test_loops_declare_too(tmp_path: Path) -> None:
    template(tmp_path, "{% for x in ['A', 'B'] %}\n{{ x }}_KEY={{ secret() }}\n{% endfor %}\n")

    (loaded,) = templates.load(tmp_path)

    assert [each.name for each in loaded.declarations] == ["A_KEY", "B_KEY"]
    assert all(each.type.secret for each in loaded.declarations)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A={{ port( }}\n", r"site\.env\.template, line 1: "),
        ("# ok\nA={{ prot(1) }}\n", "'prot' is undefined"),
        ("A={{ port(443, least=1) }}\n", "unexpected keyword argument 'least'"),
        ("A={{ port(0) }}\n", "the default of A is not a port"),
        ("A=443\n", "'A=443' is neither a comment nor NAME="),
        ("a={{ port(443) }}\n", r"'a=\{\{ … \}\}' is neither a comment nor NAME="),
        ("A={{ port(443) }} # note\n", "is neither a comment nor NAME="),
        ("A={{ port(1) }}\nA={{ port(2) }}\n", r"A is declared for .*site\.env and again for"),
    ],
)
def test_defects_are_named(tmp_path: Path, text: str, message: str) -> None:
    template(tmp_path, text)

    with pytest.raises(TemplateError, match=message):
        templates.load(tmp_path)


def test_a_name_in_two_templates(tmp_path: Path) -> None:
    template(tmp_path, "A={{ port(1) }}\n", "one")
    template(tmp_path, "A={{ port(1) }}\n", "other")

    with pytest.raises(TemplateError, match=r"A is declared for .*one\.env and again for .*other"):
        templates.load(tmp_path)


def test_a_checkout_without_templates(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="the checkout is not whole"):
        templates.load(tmp_path)


@pytest.mark.parametrize("loaded", templates.load(ROOT), ids=lambda loaded: loaded.file.stem)
def test_ours_explain_every_setting_and_render_to_what_can_be_read(
    loaded: templates.Template,
) -> None:
    values = {each.name: each.first_value() for each in loaded.declarations}

    rendered = loaded.render(values)

    read = env_file.parse(rendered.encode())
    assert (dict(read.values), read.problems) == (values, ())
    assert all(each.comment for each in loaded.declarations)
    assert max(map(len, rendered.splitlines())) <= 110
    for each in loaded.declarations:
        assert each.type.is_optional or each.type.is_valid(values[each.name]), each.name
