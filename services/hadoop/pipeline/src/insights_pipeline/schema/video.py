"""What was watched: events of players, viewings, and the reports by video."""

from __future__ import annotations

from insights_pipeline.schema.columns import (
    COURSE,
    DATE,
    TIME,
    USER,
    Table,
    bigint,
    double,
    integer,
    text,
    timestamp,
)

_MODULE = text("encoded_module_id", "the video's id in the course, as its events carry it")
_VIDEO = text("pipeline_video_id", "course_id|encoded_module_id")

VIDEO_EVENT = Table(
    "video_event",
    "One row a usable event of a video player.",
    (
        COURSE,
        _MODULE,
        USER,
        TIME,
        DATE,
        text("kind", "play, pause, seek or stop"),
        double("position", "seconds into the video; of a seek, where it went"),
        double("old_position", "of a seek, seconds into the video where it began", nullable=True),
        double("duration", "the video's length in seconds; -1 when unknown"),
    ),
)

VIDEO_VIEWING = Table(
    "video_viewing",
    "One row a stretch of video that a learner watched without interruption.",
    (
        COURSE,
        _MODULE,
        USER,
        timestamp("start_time", "when it began, UTC"),
        double("start_offset", "seconds into the video where it began"),
        double("end_offset", "seconds into the video where it ended"),
        double("duration", "the video's length in seconds; -1 when unknown"),
    ),
)

VIDEO_SEGMENT_USAGE = Table(
    "video_segment_usage",
    "How often each five seconds of a video were watched.",
    (
        COURSE,
        _MODULE,
        integer("segment", "0 is the first five seconds"),
        bigint("num_users", "learners who watched any of it"),
        bigint("num_views", "viewings that touched it"),
    ),
    key=("course_id", "encoded_module_id", "segment"),
)

VIDEO_LENGTH = Table(
    "video_length",
    "How long each watched video is.",
    (
        _VIDEO,
        COURSE,
        _MODULE,
        double("duration", "seconds; estimated where the logs do not say"),
    ),
    key=("pipeline_video_id",),
)

VIDEO = Table(
    "video",
    "Each video that was watched.",
    (
        _VIDEO,
        COURSE,
        _MODULE,
        integer("duration", "seconds; estimated where the logs do not say"),
        integer("segment_length", "seconds"),
        integer("users_at_start", "learners who watched the first segment"),
        integer("users_at_end", "learners who watched near the end"),
        integer("total_viewed_seconds", "seconds watched by all learners, in whole segments"),
    ),
    key=("pipeline_video_id",),
)

VIDEO_TIMELINE = Table(
    "video_timeline",
    "How often each segment of a video was watched.",
    (
        _VIDEO,
        integer("segment", "0 is the first"),
        integer("num_users", "learners who watched any of it"),
        integer("num_views", "viewings that touched it"),
    ),
    key=("pipeline_video_id", "segment"),
)
