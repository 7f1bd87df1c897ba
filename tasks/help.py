"""What there is to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.util import helpline

from tasks.lib.task import task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from invoke import Collection, Context


@task(name="help", default=True)
def overview(context: Context) -> None:
    """Show all tasks, by namespace, with one line each."""
    from tasks import namespace

    print("Usage: inv TASK [--option VALUE ...]      options of a task: inv --help TASK")
    for heading, lines in sections(namespace):
        width = max(len(name) for name, _ in lines)
        print(f"\n{heading}")
        for name, summary in lines:
            print(f"  {name:<{width}}  {summary}")


def sections(
    collection: Collection, prefix: str = "", title: str = "Tasks"
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """For each namespace with tasks: a heading, and its tasks' (name, first docstring line)."""
    lines = [
        (prefix + name, helpline(task) or "") for name, task in sorted(collection.tasks.items())
    ]
    if lines:
        yield title, lines
    for name, child in sorted(collection.collections.items()):
        path = f"{prefix}{name}"
        summary = helpline(child)
        yield from sections(child, f"{path}.", f"{path}: {summary}" if summary else path)
