"""How it is trained.

Read in this order:

optimizers/  the update rules and what they remember
order        in which order an epoch goes through the samples
batches      which samples make up the next minibatch
telemetry    what is measured at a step
spec         a whole run as people type it: problem, model, rule, batch, seeds, stop rules
objectives   what a spec wants trained
changes      what can change between two steps
shaping      what happens to a gradient before the rule uses it, and what is added to the rule's step
stopping     when a run is over
file_spec    from a spec to its samples, and what it leaves for its data file to say
trainer      the state machine: one step, one change between two steps, one snapshot
race         the lanes of a race: what each trainer does differently
goal         what a lesson wants to see happen, and the judge who watches for it
alarms/      signs that training goes wrong, found in what is measured anyway
diagnostics/ what the lecture says about a point of training, measured there
"""
