"""What customers ask and the knowledge does not have: gaps, in clusters, each with a drafted entry.

The modules, in the order in which a run goes through them: ``turns`` (which turns show a gap), ``clusters`` with
``linkage`` (the same gap together), ``drafts`` (entries to look at), ``expected`` (what they are worth).
"""

from __future__ import annotations

from bot.evaluation.gaps.clusters import Cluster, clustered
from bot.evaluation.gaps.drafts import Draft, drafts_of
from bot.evaluation.gaps.turns import Found, Gap, Tidy, Why, gaps_of

__all__ = ["Cluster", "Draft", "Found", "Gap", "Tidy", "Why", "clustered", "drafts_of", "gaps_of"]
