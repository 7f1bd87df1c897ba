"""`inv build` from the first step to the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.lib import console, settings
from tasks.lib.engine import Engine
from tasks.lib.errors import OperatorError
from tasks.lib.images import build_lock, staleness, stamps
from tasks.lib.images.graph import read_graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tasks.lib.images.build_lock import BuildLock
    from tasks.lib.images.builder import Outcome
    from tasks.lib.images.graph import Graph
    from tasks.lib.images.staleness import Reason
    from tasks.lib.settings import Settings


@dataclass(frozen=True)
class Options:
    """How to build."""

    command: str = "inv build"
    """What another build in this checkout is told is at work."""
    jobs: int = 0
    """How many images to build at once; 0: as many as `builder.default_jobs` says."""
    cache: bool = True
    """Whether steps whose inputs are the same are taken from the last build."""
    pull: bool = False
    """Whether to get the newest of the images from elsewhere first."""
    force: bool = False
    """Whether to build all, whatever their `.target` says."""

    def __post_init__(self) -> None:
        if self.jobs < 0:
            raise OperatorError(f"--jobs {self.jobs}: give a number from 1", 2)


def wanted(root: Path, site: Settings, keys: Iterable[str] | None = None) -> Graph:
    """The images of a checkout: all, or those of some keys with what they are built from.

    Raises:
        OperatorError: the Dockerfiles do not fit together.
        SettingsError: REGISTRY or VERSION cannot be used.
    """
    return _wanted(root, site.registry, site.version, keys)


def _wanted(root: Path, registry: str, version: str, keys: Iterable[str] | None) -> Graph:
    graph = read_graph(root, registry, version)
    return graph if keys is None else graph.needed_for(keys)


def plan(graph: Graph) -> dict[str, Reason | None]:
    """Why each image is out of date, by key; None where it is not.

    Raises:
        EngineError: no engine answers.
        OperatorError: an image's folder cannot be read.
    """
    return staleness.plan(graph, Engine.connect().images())


def nothing_to_do(root: Path, keys: Iterable[str] | None = None) -> str | None:
    """What `build` says where it builds nothing; None where it may build something.

    None also where that is not to be told from what environment and conf/*.env give alone.

    Raises:
        LockedError, EngineError, OperatorError, SettingsError: as `build`.
    """
    given = settings.given(root, "REGISTRY", "VERSION")
    if not given:
        return None
    registry, version = given
    graph = _wanted(root, registry, version, keys)
    with build_lock.hold(root, Options.command):
        return None if any(plan(graph).values()) else _nothing_to_do(graph)


def build(
    root: Path, keys: Iterable[str] | None = None, options: Options | None = None
) -> Mapping[str, Outcome]:
    """Bring all images of a checkout up to date, or some with what they are built from.

    Returns:
        What became of each image, by key; empty where all were up to date.

    Raises:
        OperatorError: an image could not be built, or none could; says which, and why.
        LockedError: another build is at work in this checkout.
        SettingsError: a setting cannot be used.
    """
    options = options or Options()
    site = settings.load(root)
    graph = wanted(root, site, keys)
    engine = Engine.connect()
    with build_lock.hold(root, options.command) as lock:
        if not options.force and not any(staleness.plan(graph, engine.images()).values()):
            console.say(_nothing_to_do(graph))
            return {}
        outcomes = _build(root, graph, site, engine, lock, options)
    _report(outcomes)
    return outcomes


def _build(
    root: Path, graph: Graph, site: Settings, engine: Engine, lock: BuildLock, options: Options
) -> dict[str, Outcome]:
    # Where nothing is to be built, all of these and what they import are not needed.
    from tasks.lib.images import build_view
    from tasks.lib.images.builder import Builder, default_jobs, provide_base, pull_external
    from tasks.lib.images.buildx import Buildx

    buildx = Buildx.of_engine(site.build_secrets, options.cache)
    if options.pull:
        pull_external(engine, graph)
    if options.force:
        for image in graph:
            stamps.discard(image.folder)
    provide_base(engine, graph)
    with build_view.view() as show:
        jobs = options.jobs or default_jobs()
        return Builder(root, engine, buildx, lock, jobs, show).build(graph)


def _nothing_to_do(graph: Graph) -> str:
    match len(graph):
        case 0:
            return "there are no images here: no services/<stack>/<image>/Dockerfile"
        case 1:
            return "the image is up to date"
    return f"all {len(graph)} images are up to date"


def _report(outcomes: Mapping[str, Outcome]) -> None:
    from tasks.lib.images.build_view import summary
    from tasks.lib.images.builder import Failed

    console.say(f"images: {summary(outcomes)}")
    failed = {key: o for key, o in outcomes.items() if isinstance(o, Failed)}
    if failed:
        reasons = "; ".join(f"{key}: {outcome.why}" for key, outcome in failed.items())
        raise OperatorError(f"{len(failed)} of {len(outcomes)} images failed: {reasons}")
