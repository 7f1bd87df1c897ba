"""The root namespace: what `inv --list` shows, and nothing else."""

from pathlib import Path

from invoke import Collection

# The folder tasks/ beside this file has no __init__.py: this file is its package. Set by hand, as
# Invoke loads this file without knowing of the folder.
__path__ = [str(Path(__file__).with_name("tasks"))]

from tasks import bench, demo, help, local, quality, sample, status, user

namespace = Collection(
    demo.demo,
    help.overview,
    quality.lint,
    sample.sample,
    status.status,
    quality.test,
    bench,
    local,
    user,
)
