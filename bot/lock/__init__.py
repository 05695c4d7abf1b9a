"""The evidence lock: what a model wrote is sent only as far as every fact in it stands in the cited passages."""

from bot.lock.evidence import Evidence
from bot.lock.held import Held
from bot.lock.lock import Sentence, checked
from bot.lock.objection import Code, Objection

__all__ = ["Code", "Evidence", "Held", "Objection", "Sentence", "checked"]
