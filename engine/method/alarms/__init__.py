"""Signs that training goes wrong, found in what is measured anyway, so that a step pays nothing for them.

Read in this order:

alarm           one sign as it begins or is over, and the latch that tells each of them once
kinds           every kind: what it is called, what to do about it, and where its threshold comes from
curve           what the losses of all steps tell: a plateau, a loss that rises
generalisation  what the evaluations on held-out samples tell
layers          what the figures of the tensors tell: gradients that vanish or explode, rates that are far off
units           what the activations of a few samples tell: dead and saturated units
steepness       what the curvature tells of the learning rate
watch           all of them together over one trainer
"""
