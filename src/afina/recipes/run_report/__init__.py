"""The report of a run, in parts: what its folder holds, the document made of it, and the page drawn from that."""

from __future__ import annotations

from afina.recipes.run_report.document import report_document
from afina.recipes.run_report.writing import WrittenReport, report_run, try_report, write_report

__all__ = ["WrittenReport", "report_document", "report_run", "try_report", "write_report"]
