from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.lib.images.dockerfile import DockerfileError, parse

if TYPE_CHECKING:
    from tasks.lib.images.dockerfile import Dockerfile

VALUES = {"REGISTRY": "registry.test/am", "VERSION": "7"}


def read(text: str) -> Dockerfile:
    return parse(text, "services/a/b/Dockerfile", VALUES)


def parents(text: str) -> list[str]:
    return [parent.name for parent in read(text).parents]


def test_an_image_of_ours() -> None:
    file = read("# Pages.\nARG REGISTRY\nARG VERSION\nFROM ${REGISTRY}/openedx/base:${VERSION}\n")
    assert [(p.name, p.line) for p in file.parents] == [("registry.test/am/openedx/base:7", 4)]
    assert file.arguments == {"REGISTRY", "VERSION"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM debian:bookworm-slim", ["debian:bookworm-slim"]),
        ("from debian\n", ["debian"]),
        ("FROM --platform=$BUILDPLATFORM debian AS build", ["debian"]),
        ("\ufeffFROM debian\r\nRUN true\r\n", ["debian"]),
        ("FROM scratch", []),
        ("FROM debian\nFROM debian", ["debian"]),
        # stages
        ("FROM debian AS build\nFROM build", ["debian"]),
        ("FROM debian AS Build\nFROM scratch\nCOPY --from=build / /", ["debian"]),
        ("FROM debian\nFROM scratch\nCOPY --from=0 / /", ["debian"]),
        ("FROM scratch\nCOPY --from=later / /\nFROM debian AS later", ["debian"]),
        ("FROM debian AS a\nFROM a AS b\nFROM busybox\nCOPY --from=b / /", ["debian", "busybox"]),
        # copies and mounts
        ("FROM scratch\nCOPY --chown=1 --from=busybox:1 /a /b", ["busybox:1"]),
        ('FROM scratch\nCOPY --from=busybox:1 ["/a", "/b"]', ["busybox:1"]),
        ("FROM scratch\nRUN --mount=type=bind,from=busybox,target=/x true", ["busybox"]),
        ("FROM scratch\nRUN --mount=type=secret,id=ca --mount=from=a/b true", ["a/b"]),
        ("FROM scratch\nRUN cp --from=busybox /a /b", []),
        ("FROM scratch\nONBUILD COPY --from=busybox /a /b", []),
        # lines that go on, comments, blank lines
        ("FROM \\\n  debian \\\n  AS x", ["debian"]),
        ("FROM scratch\nRUN true \\\n# FROM comment\n\n  FROM fake", []),
        ("FROM scratch\nRUN echo \\\\\nFROM debian", ["debian"]),
        ("FROM scratch\nRUN true \\  \n FROM fake", []),
        ("FROM scratch\n\\\n", []),
        ("# escape=`\nFROM scratch\nRUN dir c:\\\nFROM debian\nRUN a `\nFROM fake", ["debian"]),
        ("# comment\n# escape=`\nFROM scratch\nRUN a \\\nFROM fake", []),
        # heredocs
        ("FROM scratch\nRUN <<EOF\nFROM fake\nEOF\nFROM debian", ["debian"]),
        ("FROM scratch\nCOPY <<'A' <<\"B\" /x/\nFROM a\nA\nFROM b\nB\nFROM debian", ["debian"]),
        ("FROM scratch\nRUN <<-EOF cat\n\tFROM fake\n\tEOF\nFROM debian", ["debian"]),
        ("FROM scratch\nRUN <<EOF\n\tEOF\nFROM fake\nEOF\n", []),
        ("FROM scratch\nRUN cat 3<<EOF\nFROM fake\nEOF\n", []),
        ("FROM scratch\nRUN echo '<<EOF' $((1<<2)) <<<x\nFROM debian", ["debian"]),
        # variables
        ("ARG A=debian\nFROM $A", ["debian"]),
        ('ARG A="debian" B=12\nFROM ${A}:${B}', ["debian:12"]),
        ("ARG A=debian\nARG B=$A:12\nFROM $B", ["debian:12"]),
        ("FROM ${A:-debian}", ["debian"]),
        ("ARG A=\nFROM ${A:-debian}", ["debian"]),
        ("ARG A=\nFROM debian${A-x}", ["debian"]),
        ("ARG A=1\nFROM debian${A:+:12}", ["debian:12"]),
        ("FROM debian${A:+:12}", ["debian"]),
        ("ARG B=debian\nFROM ${A:-${B}:12}", ["debian:12"]),
        ("ARG VERSION=1\nFROM debian:$VERSION", ["debian:7"]),
    ],
)
def test_parents(text: str, expected: list[str]) -> None:
    assert parents(text) == expected


def test_arguments_are_those_of_stages_too() -> None:
    assert read("ARG A\nFROM scratch\nARG B=1 C\nRUN ARG D").arguments == {"A", "B", "C"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: no FROM: it names no base image"),
        ("ARG A\n# nothing", "2: no FROM: it names no base image"),
        ("FROM", "1: FROM without arguments"),
        ("FROM a b", "1: FROM takes `IMAGE` or `IMAGE AS STAGE`"),
        ("FROM debian\nRUNN true", "2: unknown instruction RUNN"),
        ("RUN true\nFROM debian", "1: RUN ahead of the first FROM"),
        (
            "FROM $BASE",
            "1: FROM $BASE: nothing defines BASE; declare it with ARG ahead of the first FROM",
        ),
        ("ARG BASE\nFROM $BASE", "2: FROM $BASE: BASE has no value; give `ARG BASE` a default"),
        ("ARG A=\nFROM $A", "2: FROM $A names no image"),
        ("FROM ${A", "1: ${A: only $X, ${X}, ${X:-Y} and ${X:+Y} are known"),
        ("FROM ${A:-b", "1: ${A:-b: a brace is not closed"),
        ("FROM scratch\n\nRUN <<EOF\nFROM a\n", "3: the heredoc <<EOF does not end"),
        ("# escape=x\nFROM a", "1: escape is \\ or `, not x"),
        (
            "FROM a\nCOPY --from=${REGISTRY}/b / /",
            "2: ${REGISTRY}/b: variables work in FROM alone; give this image a stage of its own"
            " (`FROM ${REGISTRY}/b AS NAME`) and copy or mount from that",
        ),
    ],
)
def test_errors_name_file_and_line(text: str, message: str) -> None:
    with pytest.raises(DockerfileError) as raised:
        read(text)
    assert str(raised.value) == f"services/a/b/Dockerfile:{message}"


# Text of all kinds, more often than by chance of what means something here.
PIECES = st.sampled_from(
    [
        *("FROM ", "ARG ", "RUN ", "COPY ", "--from=", "--mount=", " AS ", "# escape=`\n"),
        *("<<EOF", "EOF", "\n", "\\\n", "# ", "$", "${", "}", "A", "=", ":-", '"', "'", " "),
        *("debian", "scratch"),
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join))
def test_any_text_is_understood_or_an_error_with_its_line(text: str) -> None:
    try:
        file = read(text)
    except DockerfileError as error:
        number = int(str(error).split(":")[1])
        assert 1 <= number <= max(1, len(text.splitlines()))
    else:
        assert all(parent.name and parent.name != "scratch" for parent in file.parents)


NAMES = st.from_regex(r"[a-z]{1,6}(/[a-z]{1,6})?(:[0-9]{1,2})?", fullmatch=True).filter(
    lambda name: name not in ("s", "scratch")
)
NOISE = st.sampled_from(
    [
        "# FROM comment",
        "",
        "RUN true \\\n    FROM continued",
        "RUN <<EOF\nFROM heredoc\nCOPY --from=heredoc / /\nEOF",
        "COPY <<-'X' /x\n\tFROM heredoc\n\tX",
        "LABEL a='FROM quoted'",
        "ENV FROM=x",
    ]
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["FROM {}", "FROM {} AS s", "COPY --from={} / /"]), NAMES)
        | st.tuples(NOISE, st.none())
    )
)
def test_exactly_the_images_that_are_named_are_found(lines: list[tuple[str, str | None]]) -> None:
    text = "FROM scratch\n" + "\n".join(
        line if name is None else line.format(name) for line, name in lines
    )
    assert parents(text) == list(dict.fromkeys(name for _, name in lines if name))
