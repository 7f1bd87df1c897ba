"""The images of a checkout and what they are made of: the folders `services/<stack>/<image>/`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tasks.lib.images.dockerfile import Parent

FOLDER = "services"


class ImagesError(OperatorError):
    """The images of a checkout do not fit together, or one is asked for that is not there."""


@dataclass(frozen=True)
class Image:
    """An image that this checkout builds."""

    key: str
    """`<stack>/<image>`, such as `openedx/insights`."""
    folder: Path
    """Its context, with its Dockerfile."""
    name: str
    """`<registry>/<stack>/<image>:<version>`."""
    parents: tuple[str, ...]
    """Names of the images that it is built from: ours and those from elsewhere."""
    arguments: Mapping[str, str] = field(hash=False)
    """The build arguments that its Dockerfile declares, of those that we give."""

    @property
    def path(self) -> str:
        """Its folder as operators write it: `services/openedx/insights`."""
        return f"{FOLDER}/{self.key}"


@dataclass(frozen=True)
class Graph:
    """Images by key, each after its parents."""

    images: Mapping[str, Image] = field(hash=False)

    def __iter__(self) -> Iterator[Image]:
        return iter(self.images.values())

    def __len__(self) -> int:
        return len(self.images)

    def parents(self, image: Image) -> list[Image]:
        """The images of ours that an image is built from."""
        return [parent for parent in self if parent.name in image.parents]

    def external(self, image: Image) -> list[str]:
        """The images from elsewhere that an image is built from."""
        ours = {image.name for image in self}
        return [name for name in image.parents if name not in ours]

    def needed_for(self, keys: Iterable[str]) -> Graph:
        """Some images, and all that they are built from."""
        needed = set(keys)
        for image in reversed(list(self)):
            if image.key in needed:
                needed |= {parent.key for parent in self.parents(image)}
        return Graph({key: image for key, image in self.images.items() if key in needed})


def image_keys(root: Path) -> list[str]:
    """The keys of all folders with a Dockerfile, in order; reads none of them."""
    dockerfiles = (root / FOLDER).glob("*/*/Dockerfile")
    return sorted("/".join(path.parts[-3:-1]) for path in dockerfiles)


def read_graph(root: Path, registry: str, version: str) -> Graph:
    """Read all Dockerfiles of a checkout.

    Raises:
        DockerfileError: one cannot be understood, or names a parent under our registry for which
            there is no folder.
        ImagesError: images are built from each other in a circle.
    """
    from tasks.lib.images.dockerfile import parse

    values = {"REGISTRY": registry, "VERSION": version}
    keys = image_keys(root)
    names = {key: familiar(f"{registry}/{key}:{version}") for key in keys}
    images, edges = {}, {}
    for key, name in names.items():
        path = f"{FOLDER}/{key}/Dockerfile"
        file = parse(_read(root / path, path), path, values)
        for parent in file.parents:
            _check_parent(parent, path, registry, version, keys)
        images[key] = Image(
            key=key,
            folder=root / FOLDER / key,
            name=name,
            parents=tuple(familiar(parent.name) for parent in file.parents),
            arguments={name: values[name] for name in sorted(values.keys() & file.arguments)},
        )
        edges[key] = [other for other in keys if names[other] in images[key].parents]
    return Graph({key: images[key] for key in _in_order(edges)})


def familiar(name: str) -> str:
    """An image's name as the engine lists it: `docker.io/library/debian` → `debian:latest`."""
    name = name.removeprefix("docker.io/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def select(root: Path, wanted: str) -> list[str]:
    """The keys of what an operator names: an image or a stack, by key or as a path.

    Args:
        root: the checkout.
        wanted: `openedx/insights`, `openedx`, or a path to one of them, from the current folder or
            from the checkout, with or without `/.target`.

    Raises:
        ImagesError: there is no such image; the message names one that is spelled alike.
    """
    keys = image_keys(root)
    key = _key(root, wanted)
    if chosen := [known for known in keys if known == key or known.startswith(f"{key}/")]:
        return chosen
    if (root / FOLDER / key).is_dir() and key.count("/") == 1:
        raise ImagesError(f"{FOLDER}/{key} has no Dockerfile: there is no image to build")
    stacks = {known.partition("/")[0] for known in keys}
    hint = _similar(key, [*keys, *stacks]) or f"there are {', '.join(keys) or 'none'}"
    raise ImagesError(f"no image {key}: {hint}")


def _similar(key: str, keys: list[str]) -> str | None:
    from difflib import get_close_matches

    found = get_close_matches(key, keys, n=1)
    return f"did you mean {found[0]}?" if found else None


def _key(root: Path, wanted: str) -> str:
    services = root / FOLDER
    for base in (Path.cwd(), root, services):
        path = Path(os.path.normpath(base / wanted))
        if path.name == ".target":
            path = path.parent
        if path.is_relative_to(services) and path != services and path.exists():
            return path.relative_to(services).as_posix()
    return wanted.removesuffix("/.target").removeprefix(f"{FOLDER}/").strip("/")


def _read(path: Path, shown: str) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ImagesError(f"{shown} cannot be read: {error}") from error


def _check_parent(parent: Parent, path: str, registry: str, version: str, keys: list[str]) -> None:
    from tasks.lib.images.dockerfile import DockerfileError

    if not parent.name.startswith(f"{registry}/"):
        return
    key = parent.name.removeprefix(f"{registry}/").partition("@")[0].partition(":")[0]
    if key not in keys:
        hint = _similar(key, keys) or "make it, or correct the name"
        missing = f"{FOLDER}/{key}/Dockerfile"
        raise DockerfileError(path, parent.line, f"{parent.name} needs {missing}: {hint}")


def _in_order(edges: Mapping[str, Iterable[str]]) -> list[str]:
    from graphlib import CycleError, TopologicalSorter

    try:
        return list(TopologicalSorter(edges).static_order())
    except CycleError as error:
        circle = " → ".join(f"{FOLDER}/{key}/Dockerfile" for key in reversed(error.args[1]))
        raise ImagesError(
            f"these are built from each other: {circle}; take one of their FROM or COPY --from out"
        ) from error
