"""Offline evaluation: what the bot would say, what that is worth, and whether the next version is better.

The modules, by what they are for:

* a run: ``dialogues`` and ``labelled`` (what is asked, and what would be right), ``judging`` with ``likeness``,
  ``replay``, ``turns`` (a row of a run), ``folder`` (a run on disk), ``summary`` with ``columns`` (its figures),
  ``report``
* two runs: ``compare`` with ``changes`` (of a turn) and ``differences`` (of all turns and of slices)
* the log itself: ``cases`` with ``confirming``, ``ledger``; ``gaps``
* an error budget: ``sweep``, ``budget``, ``slices``, ``thresholds``, ``drift``
* a part by itself: ``retrieved`` (search), ``labelling`` (intents, sentiment) and ``tagging`` (entities), all with
  ``itemised``
* ``measures``: the figures, with their intervals
"""
