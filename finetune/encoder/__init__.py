"""A further language for an encoder, by distillation from parallel text."""
