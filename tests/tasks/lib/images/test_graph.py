from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.lib.images.dockerfile import DockerfileError
from tasks.lib.images.graph import (
    Graph,
    Image,
    ImagesError,
    familiar,
    image_keys,
    read_graph,
    select,
)

if TYPE_CHECKING:
    from pathlib import Path

OURS = "ARG REGISTRY\nARG VERSION\nFROM ${{REGISTRY}}/{}:${{VERSION}}\n"


def write(root: Path, key: str, dockerfile: str = "FROM debian:bookworm-slim\n") -> None:
    folder = root / "services" / key
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)


def graph(root: Path) -> Graph:
    return read_graph(root, "registry.test/am", "ci")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "openedx/base")
    write(tmp_path, "openedx/api", OURS.format("openedx/base"))
    write(tmp_path, "openedx/insights", OURS.format("openedx/base"))
    write(
        tmp_path,
        "web/nginx",
        OURS.format("openedx/base") + "FROM debian:bookworm-slim\nCOPY --from=0 / /",
    )
    write(tmp_path, "web/alone", "FROM scratch\n")
    (tmp_path / "services/hadoop/pipeline/src").mkdir(parents=True)
    return tmp_path


def test_an_image_is_a_folder_with_a_dockerfile(root: Path) -> None:
    keys = ["openedx/api", "openedx/base", "openedx/insights", "web/alone", "web/nginx"]
    assert image_keys(root) == keys
    assert sorted(graph(root).images) == keys


def test_no_services_no_images(tmp_path: Path) -> None:
    assert image_keys(tmp_path) == []
    assert len(graph(tmp_path)) == 0


def test_what_is_known_of_an_image(root: Path) -> None:
    assert graph(root).images["web/nginx"] == Image(
        key="web/nginx",
        folder=root / "services/web/nginx",
        name="registry.test/am/web/nginx:ci",
        parents=("registry.test/am/openedx/base:ci", "debian:bookworm-slim"),
        arguments={"REGISTRY": "registry.test/am", "VERSION": "ci"},
    )
    assert graph(root).images["web/alone"].arguments == {}


def test_parents_come_first(root: Path) -> None:
    keys = list(graph(root).images)
    assert keys.index("openedx/base") < keys.index("openedx/api")
    assert keys.index("openedx/base") < keys.index("web/nginx")


def test_parents_are_ours_or_external(root: Path) -> None:
    images = graph(root)
    nginx = images.images["web/nginx"]
    assert [parent.key for parent in images.parents(nginx)] == ["openedx/base"]
    assert images.external(nginx) == ["debian:bookworm-slim"]


def test_some_images_with_all_that_they_are_built_from(root: Path) -> None:
    write(root, "web/top", OURS.format("web/nginx"))
    assert list(graph(root).needed_for(["web/top"]).images) == [
        "openedx/base",
        "web/nginx",
        "web/top",
    ]
    assert list(graph(root).needed_for(["web/alone"]).images) == ["web/alone"]


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("debian", "debian:latest"),
        ("docker.io/library/debian:12", "debian:12"),
        ("docker.io/some/one", "some/one:latest"),
        ("localhost:5000/a", "localhost:5000/a:latest"),
        ("localhost:5000/a:1", "localhost:5000/a:1"),
        ("a@sha256:00", "a@sha256:00"),
    ],
)
def test_names_are_as_the_engine_lists_them(given_name: str, expected: str) -> None:
    assert familiar(given_name) == expected


def test_an_own_parent_without_a_folder_is_an_error(root: Path) -> None:
    write(root, "web/nginx", OURS.format("openedx/bse"))
    with pytest.raises(DockerfileError) as raised:
        graph(root)
    assert str(raised.value) == (
        "services/web/nginx/Dockerfile:3: registry.test/am/openedx/bse:ci needs"
        " services/openedx/bse/Dockerfile: did you mean openedx/base?"
    )


def test_a_circle_is_an_error_that_names_the_files(root: Path) -> None:
    write(root, "openedx/base", OURS.format("web/nginx"))
    with pytest.raises(ImagesError) as raised:
        graph(root)
    message = str(raised.value)
    assert message.startswith("these are built from each other: services/")
    assert "services/openedx/base/Dockerfile" in message
    assert "services/web/nginx/Dockerfile" in message
    assert "services/openedx/api/Dockerfile" not in message


def test_an_image_built_from_itself_is_a_circle(root: Path) -> None:
    write(root, "openedx/base", OURS.format("openedx/base"))
    with pytest.raises(ImagesError, match="openedx/base/Dockerfile → services/openedx/base"):
        graph(root)


def test_a_dockerfile_that_cannot_be_read_is_an_error(root: Path) -> None:
    (root / "services/web/nginx/Dockerfile").write_bytes(b"FROM \xff\n")
    with pytest.raises(ImagesError, match=r"^services/web/nginx/Dockerfile cannot be read: "):
        graph(root)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("openedx/api", ["openedx/api"]),
        ("services/openedx/api", ["openedx/api"]),
        ("./services/openedx/api/", ["openedx/api"]),
        ("services/openedx/api/.target", ["openedx/api"]),
        ("openedx", ["openedx/api", "openedx/base", "openedx/insights"]),
        ("services/web/", ["web/alone", "web/nginx"]),
    ],
)
def test_images_are_named_by_key_or_path(root: Path, wanted: str, expected: list[str]) -> None:
    assert select(root, wanted) == expected


def test_a_path_may_be_absolute_or_from_where_one_is(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert select(root, str(root / "services/web/nginx")) == ["web/nginx"]
    monkeypatch.chdir(root / "services/openedx")
    assert select(root, "api") == ["openedx/api"]
    monkeypatch.chdir(root / "services/openedx/api")
    assert select(root, ".") == ["openedx/api"]
    assert select(root, "services/web/nginx") == ["web/nginx"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("openedx/insihgts", "no image openedx/insihgts: did you mean openedx/insights?"),
        ("opendx", "no image opendx: did you mean openedx?"),
        (
            "services/hadoop/pipeline",
            "services/hadoop/pipeline has no Dockerfile: there is no image to build",
        ),
        ("zzz", "no image zzz: there are openedx/api, openedx/base, openedx/insights,"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(root: Path, wanted: str, message: str) -> None:
    with pytest.raises(ImagesError) as raised:
        select(root, wanted)
    assert str(raised.value).startswith(message)


@given(st.data())
def test_parents_come_first_in_any_graph(data: st.DataObject) -> None:
    keys = [f"s/{name}" for name in data.draw(st.permutations("abcdefg"))]
    parents = {
        key: data.draw(st.sets(st.sampled_from(keys[:number])) if number else st.just(set()))
        for number, key in enumerate(keys)
    }
    images = Graph({key: image(key, parents[key]) for key in keys})
    wanted = data.draw(st.sets(st.sampled_from(keys)))
    needed = set(images.needed_for(wanted).images)
    # By hand: all that can be reached.
    reached: set[str] = set()
    todo = list(wanted)
    while todo:
        key = todo.pop()
        reached.add(key)
        todo += parents[key]
    assert needed == reached


def image(key: str, parents: set[str]) -> Image:
    from pathlib import Path

    return Image(key, Path(key), f"r/{key}:1", tuple(f"r/{parent}:1" for parent in parents), {})
