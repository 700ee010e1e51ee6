"""How it is trained.

Read in this order:

optimizers/  the update rules and what they remember
order        in which order an epoch goes through the samples
batches      which samples make up the next minibatch
telemetry    what is measured at a step
spec         a whole run as people type it: problem, model, rule, batch, seeds, stop rules
file_spec    what a spec leaves for its data file to say
objectives   what a spec wants trained
changes      what can change between two steps
shaping      what happens to a gradient before the rule uses it
stopping     when a run is over
trainer      the state machine: one step, one change between two steps, one snapshot
diagnostics/ what the lecture says about a point of training, measured there
"""
