"""The one exception of this floor; it carries the same fields as the floor below, so that one place renders both."""

from kg.errors import KgError


class RecsysError(KgError):
    """Something wrong with a query, a scorer, a stored model or a request, with the fix."""
