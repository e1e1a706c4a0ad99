"""The AWS that a rehearsed machine sees."""
