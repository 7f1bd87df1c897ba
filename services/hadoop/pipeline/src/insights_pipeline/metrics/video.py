"""What of each video is watched, by whom and how often (upstream: insights/video.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline import schema
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

    A position is a number, or a string that holds one, between zero and ten hours. A pause may
    leave its position out: it is then at the beginning. An event without a believable position
    is left out. A duration that is missing, zero or no number is unknown (-1).
    """
    return f"""
        WITH told AS (
            SELECT
                course_id,
                REGEXP_REPLACE(payload ->> '$.id', '^\\s+|\\s+$', '', 'g') AS encoded_module_id,
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

    Events of one learner and video in time order (at equal times by kind, position and so on). A
    play right after another replaces it. A viewing starts where its play says, but after a seek
    that ended the viewing before it, where that seek went: players often report the old position
    then. It ends at the position of the pause or stop, or where the seek began. Viewings that end
    more than a second past a known duration, before they start, or within 0.25 s are dropped.
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


def video(video_viewing: Relation, video_segment_usage: Relation) -> Sql:
    """One row a video with a viewing.

    Its duration is the longest that its viewings know, unless one of them knows none: then it is
    estimated from the last segment before viewers drop off sharply. users_at_end counts those who
    watched the segment 30 s, or 5 % of the duration if that is less, before the end.
    """
    return f"""
        WITH {_usage(video_viewing, video_segment_usage)}
        SELECT
            MIN(pipeline_video_id) AS pipeline_video_id,
            course_id,
            encoded_module_id,
            FLOOR(MAX(duration)) AS duration,
            {SEGMENT} AS segment_length,
            COALESCE(MAX(CASE WHEN segment = 0 THEN num_users END), 0) AS users_at_start,
            COALESCE(MAX(CASE WHEN segment = end_segment THEN num_users END), 0) AS users_at_end,
            SUM(CASE WHEN shown THEN num_views ELSE 0 END) * {SEGMENT} AS total_viewed_seconds
        FROM usage
        GROUP BY course_id, encoded_module_id
    """


def video_timeline(video_viewing: Relation, video_segment_usage: Relation) -> Sql:
    """Learners and viewings by watched segment, up to the video's last one."""
    return f"""
        WITH {_usage(video_viewing, video_segment_usage)}
        SELECT pipeline_video_id, segment, num_users, num_views FROM usage WHERE shown
    """


def _segment_of(seconds: str) -> Sql:
    return f"CAST(FLOOR(FLOOR({seconds}) / {SEGMENT}) AS INTEGER)"


def _usage(viewings: Relation, segments: Relation) -> Sql:
    """Segments with their video's duration, the segment near its end, and whether they are shown.

    As upstream, segments past the last one are left out only where that one was watched itself.
    """
    return f"""
        length AS (
            SELECT
                course_id,
                encoded_module_id,
                CASE WHEN MIN(duration) = {UNKNOWN} THEN {UNKNOWN} ELSE MAX(duration) END AS told
            FROM {viewings}
            GROUP BY course_id, encoded_module_id
        ),
        watched AS (
            SELECT
                *,
                LEAD(num_users) OVER (
                    PARTITION BY course_id, encoded_module_id ORDER BY segment
                ) AS users_after
            FROM {segments}
        ),
        seen AS (
            SELECT
                course_id,
                encoded_module_id,
                COALESCE(
                    MAX(CASE WHEN users_after <= num_users * {DROP_OFF} THEN segment END),
                    MAX(segment)
                ) AS final_segment
            FROM watched
            GROUP BY course_id, encoded_module_id
        ),
        measured AS (
            SELECT
                length.course_id,
                length.encoded_module_id,
                CASE
                    WHEN told = {UNKNOWN} THEN (final_segment + 1) * {SEGMENT} - 1 ELSE told
                END AS duration,
                CASE
                    WHEN told = {UNKNOWN} THEN final_segment ELSE {_segment_of("told")}
                END AS final_segment
            FROM length
            JOIN seen
                ON seen.course_id = length.course_id
                AND seen.encoded_module_id = length.encoded_module_id
        ),
        usage AS (
            SELECT
                CONCAT(watched.course_id, '|', watched.encoded_module_id) AS pipeline_video_id,
                watched.course_id,
                watched.encoded_module_id,
                segment,
                num_users,
                num_views,
                duration,
                {_segment_of("GREATEST(duration - 30, duration * 0.95)")} AS end_segment,
                segment <= final_segment
                OR MAX(CASE WHEN segment = final_segment THEN 1 ELSE 0 END) OVER (
                    PARTITION BY watched.course_id, watched.encoded_module_id
                ) = 0 AS shown
            FROM watched
            JOIN measured
                ON measured.course_id = watched.course_id
                AND measured.encoded_module_id = watched.encoded_module_id
        )
    """


METRICS = (
    Metric(schema.VIDEO_EVENT, video_event, Appended()),
    Metric(
        schema.VIDEO_VIEWING,
        video_viewing,
        PerEntity(("course_id", "encoded_module_id", "user_id")),
    ),
    Metric(schema.VIDEO_SEGMENT_USAGE, video_segment_usage, Summed()),
    Metric(schema.VIDEO, video, Whole()),
    Metric(schema.VIDEO_TIMELINE, video_timeline, Whole()),
)
