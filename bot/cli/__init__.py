"""The command `kefu`. Each command is a file of its own; what they share is in `bot.cli.common`."""
