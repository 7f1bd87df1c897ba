"""What of each video is watched, by whom and how often (upstream: insights/video.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.metrics import payload
from insights_pipeline.metrics.definition import (
    Appended,
    Metric,
    PerEntity,
    Relation,
    Sql,
    Summed,
    Whole,
)

if TYPE_CHECKING:
    from insights_pipeline.interval import Interval

SEGMENT = 5  # seconds
LONGEST_POSITION = 36_000  # seconds; positions beyond ten hours are not believed
LONGEST_DURATION = 1_000_000_000  # seconds; what an INTEGER column can hold, and then some
SHORTEST_VIEWING = 0.25  # seconds
DROP_OFF = 0.05  # a segment with at most this share of the viewers before it ends the video
UNKNOWN = -1  # duration of a video whose events do not tell it


def video_event(events: Relation) -> Sql:
    """Events of video players that say who, which video and where in it.

    A video's id is a text, without the white space around it. A position is a number, or a string
    that holds one, between zero and ten hours. A pause may leave its position out: it is then at
    the beginning. An event without an id or a believable position is left out. A duration that is
    missing, zero or no number is unknown (-1).
    """
    # A field that is left out and one that is null are the same to ->>, but not to a pause.
    return f"""
        WITH told AS (
            SELECT
                course_id,
                {payload.text("id")} AS encoded_module_id,
                user_id,
                time,
                date,
                REPLACE(event_type, '_video', '') AS kind,
                TRY_CAST(
                    CASE
                        WHEN event_type = 'seek_video' THEN payload ->> '$.new_time'
                        WHEN event_type = 'pause_video' AND NOT payload LIKE '%"currentTime"%'
                        THEN '0'
                        ELSE payload ->> '$.currentTime'
                    END AS DOUBLE
                ) AS position,
                CASE
                    WHEN event_type = 'seek_video'
                    THEN TRY_CAST(payload ->> '$.old_time' AS DOUBLE)
                END AS old_position,
                TRY_CAST(payload ->> '$.duration' AS DOUBLE) AS duration
            FROM {events}
            WHERE event_type IN ('play_video', 'pause_video', 'seek_video', 'stop_video')
                AND course_id IS NOT NULL
                AND user_id IS NOT NULL
                AND payload LIKE '{{%'
        )
        SELECT
            course_id,
            encoded_module_id,
            user_id,
            time,
            date,
            kind,
            position,
            old_position,
            CASE
                WHEN duration > 0 AND duration <= {LONGEST_DURATION} THEN duration ELSE {UNKNOWN}
            END AS duration
        FROM told
        WHERE encoded_module_id <> ''
            AND LENGTH(course_id) + 1 + LENGTH(encoded_module_id) <= 255
            AND position BETWEEN 0 AND {LONGEST_POSITION}
            AND (kind <> 'seek' OR old_position BETWEEN 0 AND {LONGEST_POSITION})
    """


def video_viewing(video_event: Relation, interval: Interval) -> Sql:
    """Stretches that a learner watched: a play, and the pause, stop or seek that follows it.

    Events of one learner and video in time order; within a microsecond by kind, position, old
    position and duration, so that only what is alike in all of them can change places. A play right
    after another replaces it. A viewing starts where its play says, but after a seek that ended the
    viewing before it, where that seek went: players often report the old position then. It ends at
    the position of the pause or stop, or where the seek began. Viewings that end more than a second
    past a known duration, before they start, or within 0.25 s are dropped.
    """
    one_learner = "PARTITION BY course_id, encoded_module_id, user_id"
    in_order = f"{one_learner} ORDER BY time, kind, position, old_position NULLS FIRST, duration"
    return f"""
        WITH neighbours AS (
            SELECT
                *,
                LAG(kind) OVER ({in_order}) AS kind_before,
                LEAD(kind) OVER ({in_order}) AS kind_after,
                LEAD(CASE kind WHEN 'seek' THEN old_position ELSE position END)
                    OVER ({in_order}) AS end_offset
            FROM {video_event}
            WHERE date >= DATE '{interval.start}' AND date < DATE '{interval.end}'
        ),
        ended AS (
            SELECT
                *,
                LAST_VALUE(
                    CASE
                        WHEN kind <> 'play' AND kind_before = 'play'
                        THEN CASE kind WHEN 'seek' THEN position ELSE {UNKNOWN} END
                    END
                    IGNORE NULLS
                ) OVER (
                    {in_order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS sought_before
            FROM neighbours
        ),
        viewing AS (
            SELECT
                course_id,
                encoded_module_id,
                user_id,
                time AS start_time,
                CASE
                    WHEN kind_before <> 'play' AND sought_before >= 0 THEN sought_before
                    ELSE position
                END AS start_offset,
                end_offset,
                duration
            FROM ended
            WHERE kind = 'play' AND kind_after <> 'play'
        )
        SELECT *
        FROM viewing
        WHERE end_offset - start_offset >= {SHORTEST_VIEWING}
            AND (duration = {UNKNOWN} OR end_offset <= duration + 1)
    """


def video_segment_usage(video_viewing: Relation) -> Sql:
    """Learners and viewings by segment: each viewing counts in every segment that it touches."""
    return f"""
        SELECT
            course_id,
            encoded_module_id,
            segment,
            COUNT(DISTINCT user_id) AS num_users,
            COUNT(*) AS num_views
        FROM (
            SELECT
                course_id,
                encoded_module_id,
                user_id,
                UNNEST(
                    GENERATE_SERIES({_segment_of("start_offset")}, {_segment_of("end_offset")})
                ) AS segment
            FROM {video_viewing}
        ) AS touched
        GROUP BY course_id, encoded_module_id, segment
    """


def video_length(video_viewing: Relation, video_segment_usage: Relation) -> Sql:
    """How long each video with a viewing is: the longest duration that its viewings know.

    If one of them knows none, it is estimated instead: up to the end of the last segment before
    viewers drop off sharply, less a second.
    """
    return f"""
        WITH told AS (
            SELECT
                course_id,
                encoded_module_id,
                CASE WHEN MIN(duration) <> {UNKNOWN} THEN MAX(duration) END AS duration
            FROM {video_viewing}
            GROUP BY course_id, encoded_module_id
        ),
        seen AS (
            SELECT
                course_id,
                encoded_module_id,
                COALESCE(
                    MAX(CASE WHEN users_after <= num_users * {DROP_OFF} THEN segment END),
                    MAX(segment)
                ) AS last_segment
            FROM (
                SELECT
                    *,
                    LEAD(num_users) OVER (
                        PARTITION BY course_id, encoded_module_id ORDER BY segment
                    ) AS users_after
                FROM {video_segment_usage}
            ) AS usage
            GROUP BY course_id, encoded_module_id
        )
        SELECT
            CONCAT(course_id, '|', encoded_module_id) AS pipeline_video_id,
            course_id,
            encoded_module_id,
            COALESCE(told.duration, (seen.last_segment + 1) * {SEGMENT} - 1) AS duration
        FROM told
        JOIN seen USING (course_id, encoded_module_id)
    """


def video_timeline(video_length: Relation, video_segment_usage: Relation) -> Sql:
    """Learners and viewings by watched segment, up to the one in which the video ends.

    As upstream, segments past that one are left out only where it was watched itself.
    """
    return f"""
        SELECT pipeline_video_id, segment, num_users, num_views
        FROM (
            SELECT
                *,
                MAX(CASE WHEN segment = last_segment THEN 1 ELSE 0 END) OVER (
                    PARTITION BY pipeline_video_id
                ) AS last_is_watched
            FROM (
                SELECT *, {_segment_of("duration")} AS last_segment FROM {video_length}
            ) AS video
            JOIN {video_segment_usage} AS usage USING (course_id, encoded_module_id)
        ) AS watched
        WHERE segment <= last_segment OR last_is_watched = 0
    """


def video(video_length: Relation, video_timeline: Relation) -> Sql:
    """One row a video with a viewing.

    users_at_end counts those who watched the segment 30 s, or 5 % of the duration if that is less,
    before the end; total_viewed_seconds counts whole segments, as the timeline has them.
    """
    return f"""
        SELECT
            pipeline_video_id,
            course_id,
            encoded_module_id,
            FLOOR(duration) AS duration,
            {SEGMENT} AS segment_length,
            SUM(CASE WHEN segment = 0 THEN num_users ELSE 0 END) AS users_at_start,
            SUM(CASE WHEN segment = near_end THEN num_users ELSE 0 END) AS users_at_end,
            SUM(num_views) * {SEGMENT} AS total_viewed_seconds
        FROM (
            SELECT *, {_segment_of("GREATEST(duration - 30, duration * 0.95)")} AS near_end
            FROM {video_length}
        ) AS video
        JOIN {video_timeline} AS timeline USING (pipeline_video_id)
        GROUP BY pipeline_video_id, course_id, encoded_module_id, duration
    """


def _segment_of(seconds: str) -> Sql:
    return f"CAST(FLOOR({seconds} / {SEGMENT}) AS INTEGER)"


METRICS = (
    Metric(schema.VIDEO_EVENT, video_event, Appended()),
    Metric(
        schema.VIDEO_VIEWING,
        video_viewing,
        PerEntity(("course_id", "encoded_module_id", "user_id")),
    ),
    Metric(schema.VIDEO_SEGMENT_USAGE, video_segment_usage, Summed()),
    Metric(schema.VIDEO_LENGTH, video_length, Whole()),
    Metric(schema.VIDEO_TIMELINE, video_timeline, Whole()),
    Metric(schema.VIDEO, video, Whole()),
)
