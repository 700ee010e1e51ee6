"""What is trained.

Read in this order:

spec         the fields of a problem, a data set and a model, as people type them
objective    the faces that the method sees: of what is trained, and of the samples it is trained on
samples      samples held in memory
landscapes   test functions of two variables, the shortest objectives
datasets     the data: real digits, and point sets in the plane
array_file   where the arrays of someone's own file lie, and whether that can be
data_file    a file of samples, open and not read: what is in it, and rows of it
file_samples which of them are trained on, how they are scaled, and the few that are loaded
activations  what hidden units make of their sums; normal has the one that NumPy lacks
losses       what is minimised
penalty      large weights cost something; dropout leaves units out; regularisation has the fields of both
network      multilayer perceptrons with hand-derived backpropagation; linear models are the case without layers
"""
