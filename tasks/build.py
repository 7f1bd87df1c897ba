"""Images, each built when it is out of date and after what it is built from."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from invoke import Collection

from tasks.lib.images.graph import image_keys
from tasks.lib.task import OperatorTask, task

if TYPE_CHECKING:
    from pathlib import Path

    from invoke import Context

_HELP = {
    "jobs": "how many images to build at once; default: one per CPU, at least 2",
    "dry-run": "show which images are out of date, and why, and build none",
}


@task(
    name="all",
    default=True,
    help={**_HELP, "path": "one image or stack, such as services/openedx/insights"},
)
def build(context: Context, path: str = "", jobs: int = 0, dry_run: bool = False) -> None:
    """Build every image that is out of date, parents first."""
    from tasks.lib.environment import ROOT
    from tasks.lib.images.graph import select

    _build(select(ROOT, path) if path else None, jobs, dry_run)


@task(
    help={
        "no-cache": "run every step anew",
        "pull": "get the newest of the images from elsewhere first",
        "jobs": _HELP["jobs"],
    }
)
def force_rebuild(
    context: Context, no_cache: bool = False, pull: bool = False, jobs: int = 0
) -> None:
    """Discard every .target, then build all; --no-cache --pull for security updates."""
    from tasks.lib.environment import ROOT
    from tasks.lib.images.build import Options, build

    options = Options("inv force-rebuild", jobs, cache=not no_cache, pull=pull, force=True)
    build(ROOT, options=options)


@task
def graph(context: Context) -> None:
    """Show which image is built from which, and which are out of date."""
    from tasks.lib import settings
    from tasks.lib.environment import ROOT
    from tasks.lib.images import build_view
    from tasks.lib.images.build import plan, wanted

    images = wanted(ROOT, settings.load(ROOT))
    for line in build_view.tree(images, plan(images)):
        print(line)


def namespace(root: Path) -> Collection:
    """`build`, with a namespace for each stack and a task for each image of a checkout."""
    images = Collection("build", build)
    images.__doc__ = __doc__
    for stack, keys in groupby(image_keys(root), lambda key: key.partition("/")[0]):
        of_stack = Collection(stack)
        of_stack.__doc__ = f"The images of the {stack} stack."
        summary = f"Build the images of the {stack} stack that are out of date."
        of_stack.add_task(_task_of(stack, summary), name="all", default=True)
        for key in keys:
            summary = f"Build {key} and what it is built from, as far as out of date."
            of_stack.add_task(_task_of(key, summary), name=key.partition("/")[2])
        images.add_collection(of_stack)
    return images


def _task_of(chosen: str, summary: str) -> OperatorTask:
    """The task that builds an image, or a stack."""

    def build(context: Context, jobs: int = 0, dry_run: bool = False) -> None:
        from tasks.lib.environment import ROOT
        from tasks.lib.images.graph import select

        _build(select(ROOT, f"services/{chosen}"), jobs, dry_run)

    build.__doc__ = summary
    return OperatorTask(build, help=_HELP)


def _build(keys: list[str] | None, jobs: int, dry_run: bool) -> None:
    from tasks.lib.environment import ROOT
    from tasks.lib.images.build import Options, build, plan, wanted

    if dry_run:
        from tasks.lib import settings
        from tasks.lib.images import build_view

        for line in build_view.plan(plan(wanted(ROOT, settings.load(ROOT), keys))):
            print(line)
    else:
        build(ROOT, keys, Options(jobs=jobs))
