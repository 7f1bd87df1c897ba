"""Sample tracking logs: a small simulated Open edX site, of any size, for demo, tests, benchmarks.

Standard library only. The same options give the same lines everywhere, and, compressed by the
same zlib, the same files.
"""

from insights_pipeline.sample.live import sample_until_today, write_live
from insights_pipeline.sample.options import SampleError, SampleOptions, options_for_size
from insights_pipeline.sample.writer import Sample, read_sample, write_sample

__all__ = [
    "Sample",
    "SampleError",
    "SampleOptions",
    "options_for_size",
    "read_sample",
    "sample_until_today",
    "write_live",
    "write_sample",
]
