"""Reads knowledge files: JSONL, JSON, YAML, CSV, XLSX, Markdown, HTML and plain text become passages.

One bad row is told with its file, line and field, and does not cost the others: ``read_sources`` gives both the
passages and the problems. The modules, from the path to the passage: ``files`` (which files), ``decode`` (bytes to
text), ``tables`` and ``yamltext`` (rows), ``markdown``, ``html``, ``sections`` and ``plain`` (documents), ``rows`` (one
entry), ``cut`` (long text), ``sources`` (all of it together).
"""

from __future__ import annotations

from retrieval.ingest.files import IGNORE_FILE, SUFFIXES, source_files
from retrieval.ingest.sources import Ingestion, read_sources

__all__ = ["IGNORE_FILE", "SUFFIXES", "Ingestion", "read_sources", "source_files"]
