"""The root namespace: what `inv --list` shows, and nothing else."""

from pathlib import Path

from invoke import Collection

# The folder tasks/ beside this file has no __init__.py: this file is its package. Set by hand, as
# Invoke loads this file without knowing of the folder.
__path__ = [str(Path(__file__).with_name("tasks"))]

from tasks import help, quality

namespace = Collection(
    help.overview,
    quality.lint,
    quality.test,
)
