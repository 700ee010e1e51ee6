"""Where it happens: a run is a process of its own, and the screen is its client.

Read in this order:

    commands     what clients ask for, and events, what they are told; encoding, frames: the bytes that carry both
    directory    where a run lives on disk, its lock and its socket
    launch       what an engine is told before it starts
    process      engines as processes: started, noticed when they end
    record       every step, on disk; history reads it back while it is written
    actors       who does something to a run, and what people call them
    outbox       what there is to tell, in the order of the steps
    lane         one trainer of a run; jury: what the judges of all lanes say of the goal
    course       whether a run goes on: what people want, and which lanes can
    controls     the fields that people change, checked as a whole, and their locks
    session      the run itself: its lanes in turn, and what is told of them; helm: the commands it carries out
    connections  the engine's end of the socket
    worker       the engine's process around all of these
    client       the other end: start an engine, find it again, talk to it
"""
