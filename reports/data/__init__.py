"""Reads one release into frozen dataclasses: what a page shows, in one language. No number is computed but differences.

Only schema `reporting` of the released database, and the files beside it in the release, are read.
"""

from reports.data.models import Kpi, Point
from reports.data.report import Report, read
from reports.words import texts

__all__ = ["Kpi", "Point", "Report", "read", "texts"]
