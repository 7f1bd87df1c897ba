"""Env files: what is accepted is read alike by Compose and python-dotenv, the rest is refused."""

from __future__ import annotations

import json
import re
import resource
import stat
import subprocess
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tasks.lib.settings import env_file
from tasks.lib.settings.env_file import Problem, UnwritableValueError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# What means something to one of the readers, or to Python's idea of white space.
TEXT = st.text(
    st.sampled_from("ab01'\"\\$#`{}:-=+%~!&;|()[]<>* \t\r\xa0\x85\u2028\ufeffé\x00"), max_size=9
)
BARE = st.text(st.sampled_from("ab01_./:@%+,-"), max_size=9)
SPACE = st.text(st.sampled_from(" \t"), max_size=3)
QUOTE = st.sampled_from("'\"")
VALUE = st.one_of(
    TEXT,
    st.builds("{0}{1}{0}".format, QUOTE, TEXT),
    st.builds("{0}{1}{0} #{2}".format, QUOTE, TEXT, TEXT),
    BARE,
    st.builds("{}{}#{}".format, BARE, SPACE, TEXT),
)
LINES = st.lists(VALUE, min_size=1, max_size=50)


def accepted(values: Iterable[str]) -> list[str]:
    """Lines, with names of their own, that set these values and are accepted."""
    lines = (f"NAME_{number}={value}\n" for number, value in enumerate(values))
    return [line for line in lines if not env_file.parse(line.encode()).problems]


def read_by_compose(path: Path, names: Iterable[str]) -> dict[str, str]:
    """The values that Compose takes from an env file for `${NAME}`."""
    environment = {name: f"${{{name}-unset}}" for name in names}
    compose = {"services": {"one": {"image": "none", "environment": environment}}}
    file = path.with_name("compose.yaml")
    file.write_text(json.dumps(compose))
    command = ["docker", "compose", "--project-name=one", "--env-file", path, "--file", file]
    shown = subprocess.run(
        [*command, "config", "--format=json"], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    values: dict[str, str] = json.loads(shown.stdout)["services"]["one"].get("environment", {})
    return {name: value.replace("$$", "$") for name, value in values.items()}


@given(LINES)
@example(["'${HOME}'", "${HOME}", '"${HOME}"', "'$HOME'", "'${'"])
@example(["#a", " #a", "a#b", "a #b", "'a'#b", "'a' #b's", "a # 'b"])
def test_python_reads_what_is_accepted(values: list[str]) -> None:
    content = "".join(accepted(values))

    assert dict(env_file.parse(content.encode()).values) == dotenv_values(stream=StringIO(content))


@given(LINES)
def test_what_is_read_can_be_written(values: list[str]) -> None:
    read = env_file.parse("".join(accepted(values)).encode()).values
    written = "".join(env_file.assignment(name, value) for name, value in read.items())

    assert env_file.parse(written.encode()).values == read


def test_single_quotes_unless_the_value_has_one() -> None:
    assert env_file.assignment("NAME", 'a "b" $c') == "NAME='a \"b\" $c'\n"
    assert env_file.assignment("NAME", "it's") == 'NAME="it\'s"\n'


@pytest.mark.usefixtures("engine_running")
@given(values=LINES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(values=["'a$b${'", "'a$b'", '"a\'b"', "'a#b'", "'a' # it's", "a\t#b", "a \t#b", "a\t #b"])
@example(values=["#a", " #a", "a#b", "a #b", "", " ", "''", "'\\'", '"\\n"'])
def test_compose_reads_what_is_accepted(values: list[str], tmp_path: Path) -> None:
    content = "".join(accepted(values)).encode()
    path = tmp_path / "site.env"
    path.write_bytes(content)

    expected = env_file.parse(content).values
    assert read_by_compose(path, expected) == dict(expected)


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]*", fullmatch=True), st.text()))
def test_written_values_come_back(values: dict[str, str]) -> None:
    writable = {}
    lines = []
    for name, value in values.items():
        try:
            lines.append(env_file.assignment(name, value))
            writable[name] = value
        except UnwritableValueError:
            assert re.search(r"\\|\$\{|'.*[$`\"]|[$`\"].*'|[^ -~\xa0-\u2027]", value, re.DOTALL)

    read = env_file.parse("".join(lines).encode())

    assert (dict(read.values), read.problems) == (writable, ())


@pytest.mark.parametrize("value", ["it's $1", "a\\b", "a\nb", "a\rb", "a\tb", "${HOME}", "\x00"])
def test_values_that_cannot_be_written(value: str) -> None:
    with pytest.raises(UnwritableValueError, match=r"^NAME: ") as raised:
        env_file.assignment("NAME", value)

    assert value not in str(raised.value)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME='a b # \"$c` é'", 'a b # "$c` é'),
        ('NAME="it\'s #1"', "it's #1"),
        ("NAME=registry.example.org:5000/a_b-c@d%e+f,g", "registry.example.org:5000/a_b-c@d%e+f,g"),
        ("NAME='8443'  # was 443", "8443"),
        ("NAME=8443 # was '443'", "8443"),
        ("NAME=''", ""),
        ("NAME=", ""),
        ("NAME=   ", ""),
    ],
)
def test_accepted(line: str, value: str) -> None:
    assert env_file.parse(line.encode()) == env_file.EnvFile({"NAME": value}, {"NAME": 1})


@pytest.mark.parametrize(
    ("line", "message", "remedy"),
    [
        ("NAME='abc", "opens ' for NAME and does not close it", "with ' on the same line"),
        ('NAME="abc', 'opens " for NAME and does not close it', 'with " on the same line'),
        ("NAME='a\\b'", "that Compose and Python read differently", "without ' \\ ${ and tabs"),
        ("NAME='a${b}'", "that Compose and Python read differently", "without ' \\ ${ and tabs"),
        ('NAME="a$b"', "that Compose and Python read differently", "put it in single quotes"),
        ('NAME="a`b"', "that Compose and Python read differently", "put it in single quotes"),
        ("NAME=a$b", "has $ in the value of NAME", "in single quotes: NAME='…'"),
        ("NAME=#abc", "has # in the value of NAME", "in single quotes: NAME='…'"),
        ("NAME=abc#d", "has # in the value of NAME", "in single quotes: NAME='…'"),
        ("NAME=a b", "has a space in the value of NAME", "in single quotes: NAME='…'"),
        ("NAME=a'b'", "has a quote in the value of NAME", "in single quotes: NAME='…'"),
        ("NAME='a'b", "has b in the value of NAME", "in single quotes: NAME='…'"),
        ("NAME= abc", "has a space in the value of NAME", "in single quotes: NAME='…'"),
        ("NAME=a\t# abc", "has a tab in the value of NAME", "in single quotes: NAME='…'"),
        ("NAME= # abc", "has a comment where the value of NAME would be", "write NAME=''"),
        ("NAME ='abc'", "has spaces around NAME", "write NAME='value' without"),
        (" NAME='abc'", "has spaces around NAME", "write NAME='value' without"),
        ("export NAME='abc'", "starts with export", "write NAME='value' alone"),
        ("NAME", "is neither NAME='value' nor a comment", "put # before a comment"),
        ("='abc'", "has no name before the =", "write NAME='value'"),
        ("1NAME='abc'", "has no name before the =", "write NAME='value'"),
        ("NAME='a\x00b'", "has a control character in the value of NAME", "remove it"),
        ("NAME='a\rb'", "has a control character in the value of NAME", "remove it"),
    ],
)
def test_refused(line: str, message: str, remedy: str) -> None:
    read = env_file.parse(f"# a comment\nBEFORE='1'\n{line}\nAFTER='2'\n".encode())

    (problem,) = read.problems
    assert problem.line == 3
    assert message in problem.message
    assert remedy in problem.remedy
    assert "abc" not in problem.message + problem.remedy, "it might be a secret"
    assert dict(read.values) == {"BEFORE": "1", "AFTER": "2"}


def test_a_name_that_comes_twice() -> None:
    read = env_file.parse(b"NAME='1'\n\nNAME='2'\n")

    assert read.problems == (Problem(3, "sets NAME again, after line 1", "keep one of them"),)


def test_a_windows_file_is_one_problem_and_is_read() -> None:
    read = env_file.parse(b"\xef\xbb\xbfNAME='1'\r\nOTHER='2'\r\n")

    assert [(problem.line, problem.message) for problem in read.problems] == [
        (1, "starts with a byte order mark"),
        (1, "ends with CRLF, as on Windows"),
    ]
    assert dict(read.values) == {"NAME": "1", "OTHER": "2"}


def test_a_file_that_is_not_utf_8() -> None:
    read = env_file.parse(b"NAME='1'\n# caf\xe9\n")

    assert read.problems == (Problem(2, "is not UTF-8", "save the file as UTF-8"),)
    assert not read.is_text


def test_no_newline_at_the_end() -> None:
    read = env_file.parse(b"NAME='1'")

    assert (dict(read.values), read.problems) == ({"NAME": "1"}, ())


def test_values_are_not_shown_by_repr() -> None:
    assert "hidden" not in repr(env_file.parse(b"NAME='hidden'"))


def test_a_written_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "site.env"
    path.write_text("old")
    path.chmod(0o644)

    env_file.write(path, b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [*tmp_path.iterdir()] == [path]


def test_a_link_stays_one(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.env"
    target.write_text("old")
    link = tmp_path / "site.env"
    link.symlink_to(target)

    env_file.write(link, b"new")

    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_what_a_kill_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "site.env.new").write_text("half of")

    env_file.write(tmp_path / "site.env", b"whole")

    assert [*tmp_path.iterdir()] == [tmp_path / "site.env"]


def test_a_disk_that_takes_no_more_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "site.env"
    env_file.write(path, b"old")

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            env_file.write(path, b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]
