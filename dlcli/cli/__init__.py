"""The command line: the commands, what they show, and how the process meets streams and signals.

The only room that knows of a terminal; what a command does is `dlcli.api`'s.
"""
