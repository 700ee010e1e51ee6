"""Where it happens: a run is a process of its own, and the screen is its client.

Read in this order:

protocol     the commands, the events, and the frames that carry them
directory    where a run lives on disk, its lock and its socket
record       every step, on disk, readable while it is written
worker       the engine's process: steps, commands, record, clients
client       the other end: start an engine, find it again, talk to it
"""
