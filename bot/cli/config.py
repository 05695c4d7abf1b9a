"""`kefu config`: each setting, its value and where it came from."""

from __future__ import annotations

from bot.cli.common import ConfigOption, FaqOption, JsonOption, StateOption, print_json, settings_from


def config(
    json_output: JsonOption = False, config: ConfigOption = None, faq: FaqOption = None, state: StateOption = None
) -> None:
    """Show each setting, its value, and where it came from."""
    from bot.settings import describe

    rows = describe(settings_from(config, faq, state))
    if json_output:
        print_json({key: {"value": value, "from": origin} for key, value, origin in rows})
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in ("setting", "value", "from"):
        table.add_column(title)
    for key, value, origin in rows:
        table.add_row(Text(key, style="cyan"), Text(str(value)), Text(origin, style="dim"))
    Console().print(table)
