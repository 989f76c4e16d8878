"""The commands of `dlcli runs`, a module each: what becomes of many runs."""
