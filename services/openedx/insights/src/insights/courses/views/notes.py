"""Notes on days of a course: read, written, changed and removed by all who see the course.

What changes something asks nothing of the Data API and leads on: a view that starts over, as new
numbers come, has changed nothing yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from insights.courses import notes
from insights.courses.answers.formats import day, number
from insights.courses.models import LONGEST
from insights.courses.notes import Draft, NoteChanged, NoteGone, TooManyNotes
from insights.courses.pages import NOTES
from insights.courses.views.base import CourseView
from insights.courses.views.date_range import DateField

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, HttpResponseBase

    from insights.courses.models import Note


class LineField(forms.CharField):
    """A text of which something can be seen, on one line."""

    def to_python(self, value: Any) -> str:
        """The line; empty if nothing of it can be seen."""
        line = notes.one_line(super().to_python(value))
        return "" if notes.is_empty(line) else line


class NoteForm(forms.Form):
    """A day, and what is to be said of it."""

    day = DateField(label=gettext_lazy("Day (UTC)"), input_formats=["%Y-%m-%d"])
    text = LineField(label=gettext_lazy("Note"), max_length=LONGEST)

    @property
    def draft(self) -> Draft:
        """What it says, if it is valid."""
        return Draft(self.cleaned_data["day"], self.cleaned_data["text"])


class NotesView(CourseView):
    """All notes of the course, and a form for another one."""

    page = NOTES
    template_name = "courses/notes.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Write a note, or say why it cannot be."""
        form = NoteForm(request.POST)
        if form.is_valid():
            try:
                notes.add(self.course_id, form.draft, request.user.get_username())
            except TooManyNotes:
                text = _(
                    "A course has at most %(most)s notes: remove one that is no longer needed."
                )
                form.add_error(None, text % {"most": number(notes.MOST)})
            else:
                messages.success(request, _("The note has been added."))
                return self.to_notes()
        return self.render_to_response(self.get_context_data(form=form))

    def to_notes(self) -> HttpResponse:
        """Lead to the course's notes."""
        return HttpResponseRedirect(reverse("notes", args=[self.course_id]))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows, the latest days first."""
        return super().get_context_data(
            **{
                "form": NoteForm(),
                "notes": notes.notes_of(self.course_id)[::-1],
                **kwargs,
            }
        )


class NoteView(NotesView):
    """One note, which the query names: `?note=` and its id; here it is changed."""

    template_name = "courses/note.html"

    @cached_property
    def note(self) -> Note:
        """The note.

        Raises NoteGone if the course has no such note.
        """
        return notes.note_of(self.course_id, self.request.GET.get("note", ""))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page; where there is no such note, all others, with what was to be said in it."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except NoteGone:
            form = NoteForm(initial=request.POST.dict())
            context = super().get_context_data(form=form, is_gone=True)
            return self.response_class(
                request=request, template=NotesView.template_name, context=context, status=404
            )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Change it, or say why it cannot be."""
        form = NoteForm(request.POST)
        if form.is_valid():
            seen, username = request.POST.get("seen", ""), request.user.get_username()
            try:
                notes.change(self.note, seen, form.draft, username)
            except NoteChanged:
                del self.note
                form.add_error(None, self._changed())
            else:
                messages.success(request, _("The note has been changed."))
                return self.to_notes()
        return self.render_to_response(self.get_context_data(form=form))

    def _changed(self) -> str:
        text = _(
            "%(name)s changed this note meanwhile. It now says “%(text)s”, on %(day)s; save yours"
            " once more to replace that."
        )
        there = self.note
        return text % {"name": there.editor, "text": there.text, "day": day(there.day)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        return super().get_context_data(
            **{
                "form": NoteForm(initial={"day": self.note.day, "text": self.note.text}),
                "note": self.note,
                "seen": notes.version(self.note),
                **kwargs,
            }
        )


class NoteRemovalView(NoteView):
    """Asks whether a note is to go, and removes it."""

    template_name = "courses/note_removal.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Remove it."""
        notes.remove(self.note, request.user.get_username())
        text = _("The note “%(text)s” on %(day)s has been removed.")
        messages.success(request, text % {"text": self.note.text, "day": day(self.note.day)})
        return self.to_notes()
