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
stopping     when a run is over, as people type it and as it is judged
file_spec    from a spec to its samples, and what it leaves for its data file to say
place        where the parameters lie, and the way to where they lie next
measuring    the figures of every tensor at a point
ladder       the steps whose figures are kept
trend        how fast a loss falls over a stretch of steps
snapshot     all that a trainer is between two steps
machinery    what is made ahead of a step; walk: the part of a step that a line search makes
trainer      the state machine: one step, one change between two steps, one snapshot
aside        steps that are only looked at and leave no trace
race         the lanes of a race: what each trainer does differently
path         where the parameters have been
rehearsal    the coming step, worked out with its numbers and taken back
locks        what a teacher has locked
goal         what a lesson wants to see happen, and the judge who watches for it
alarms/      signs that training goes wrong, found in what is measured anyway
diagnostics/ what the lecture says about a point of training, measured there
"""
