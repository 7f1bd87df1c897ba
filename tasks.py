"""The root namespace: what `inv --list` shows, and nothing else."""

from pathlib import Path

from invoke import Collection

# The folder tasks/ beside this file has no __init__.py: this file is its package. Set by hand, as
# Invoke loads this file without knowing of the folder.
__path__ = [str(Path(__file__).with_name("tasks"))]

from tasks import (
    backup,
    bench,
    build,
    config,
    connect,
    demo,
    hadoop,
    help,
    images,
    init,
    learner,
    local,
    mail,
    quality,
    sample,
    services,
    stack,
    status,
    user,
)

namespace = Collection(
    backup.backup,
    images.base_image,
    demo.demo,
    stack.destroy,
    init.dev,
    quality.docs,
    stack.down,
    build.force_rebuild,
    hadoop.format_namenode,
    hadoop.nightly,
    build.graph,
    help.overview,
    init.init,
    quality.lint,
    images.prune,
    images.pull,
    images.push,
    backup.restore,
    sample.sample,
    status.status,
    quality.test,
    stack.up,
    backup.upgrade,
    bench,
    build.namespace(Path(__file__).parent),
    config,
    connect,
    services.enter,
    hadoop.namespace,
    learner,
    local,
    services.logs,
    mail,
    services.shell,
    services.start,
    stack.tls,
    user,
)
