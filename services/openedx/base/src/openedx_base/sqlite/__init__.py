"""SQLite for Django, with connections that are kept; `base` is where Django looks for it."""
