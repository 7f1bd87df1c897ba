"""What reading leaves behind, and the only thing that metrics read of the logs."""

from __future__ import annotations

from insights_pipeline.schema.columns import (
    DATE,
    TIME,
    Table,
    bigint,
    text,
)

EVENTS = Table(
    "events",
    "One row a readable line of tracking log, stored by UTC date.",
    (
        TIME,
        DATE,
        text("event_type", "what happened; a URL path for an implicit event"),
        text("event_source", "server, browser, mobile or task", nullable=True),
        text("username", "null for visitors", nullable=True),
        bigint("user_id", "learner; of an enrollment event, who is enrolled", nullable=True),
        text("course_id", "course run; of an enrollment event, in which one", nullable=True),
        text("ip", "the client's address", nullable=True),
        text("module_display_name", "title of the block that the event is about", nullable=True),
        text(
            "payload",
            "the event's own data as JSON; {}: empty, or an implicit event's; null: none",
            nullable=True,
        ),
        text(
            "problem_check",
            "of a server's problem_check, what metrics read of it, as JSON in one form",
            nullable=True,
        ),
        text(
            "context_course_id",
            "of an enrollment event, the course run in whose pages it happened",
            nullable=True,
        ),
        bigint("actor_id", "of an enrollment event, who caused it; null: nobody", nullable=True),
    ),
)
