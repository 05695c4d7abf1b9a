"""kefu: customer-service bots that answer from a folder of FAQ files and hand over what they do not know."""

__version__ = "0.1.0"
