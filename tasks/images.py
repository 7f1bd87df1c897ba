"""Images once they are built: to and from a registry, and out of the way; and the first one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(help={"stale-ok": "push what there is, although some is out of date or was never built"})
def push(context: Context, stale_ok: bool = False) -> None:
    """Push all tags of all built images to REGISTRY; prints each with its digest."""
    from tasks.lib.environment import ROOT, ensure

    ensure("runner")
    from tasks.lib import settings
    from tasks.lib.engine import Engine
    from tasks.lib.images import registry
    from tasks.lib.images.build import wanted

    images = wanted(ROOT, settings.load(ROOT))
    for pushed in registry.push(Engine.connect(), images, stale_ok):
        print(pushed, flush=True)


@task(help={"path": "one image or stack, such as services/openedx/insights; default: all"})
def pull(context: Context, path: str = "") -> None:
    """Pull all images from REGISTRY, which then count as built; prints each with its id."""
    from tasks.lib.environment import ROOT, ensure

    ensure("runner")
    from tasks.lib import settings
    from tasks.lib.engine import Engine
    from tasks.lib.images import registry
    from tasks.lib.images.build import wanted
    from tasks.lib.images.graph import image_keys, select

    images = wanted(ROOT, settings.load(ROOT))
    keys = select(ROOT, path) if path else image_keys(ROOT)
    for pulled in registry.pull(Engine.connect(), ROOT, images, keys):
        print(pulled, flush=True)


@task(
    help={
        "yes": "do not ask",
        "dry-run": "only show it",
        "data": "instead, old events and runs of a folder that was given to local.update",
        "keep-days": "how many days of them to keep; default: KEEP_EVENTS_DAYS",
    }
)
def prune(
    context: Context, yes: bool = False, dry_run: bool = False, data: str = "", keep_days: int = 0
) -> None:
    """Show, then remove, what old builds left: unnamed images of ours, and logs."""
    from tasks.lib.environment import ROOT, ensure

    if data:
        ensure("local")
        from tasks.lib.local import pruning

        pruning.prune(ROOT, Path(data), keep_days, yes, dry_run)
        return
    ensure("runner")
    from tasks.lib import console, settings
    from tasks.lib.containers.confirmation import confirm
    from tasks.lib.engine import Engine
    from tasks.lib.images.build import wanted
    from tasks.lib.images.prune import leftovers, remove

    engine = Engine.connect()
    found = leftovers(engine, ROOT, wanted(ROOT, settings.load(ROOT)))
    for line in found:
        print(line)
    if not found:
        console.say("old builds have left nothing")
        return
    if dry_run:
        return
    confirm(f"This removes {found.summary}", "prune", yes)
    console.say(f"removed {remove(engine, found).summary}")


@task(name="base-image")
def base_image(context: Context) -> None:
    """Make the Debian base image from packages, where it cannot be pulled (needs root)."""
    from tasks.lib.environment import ensure

    ensure("runner")
    from tasks.lib.engine import Engine
    from tasks.lib.images import base_image

    print(f"{base_image.NAME} {base_image.make_base_image(Engine.connect())}")
