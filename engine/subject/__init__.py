"""What is trained.

Read in this order:

spec         the fields of a problem, a data set and a model, as people type them
objective    the faces that the method sees: of what is trained, and of the samples it is trained on
samples      samples held in memory
landscapes/  test functions of one or two variables, the shortest objectives
expression/  functions that people type in, and backpropagation through their graphs
datasets/    the data: point sets that a formula makes, and real data that come with the package
scaling      how inputs are scaled before a network sees them
downloads    data sets that are fetched when they are first wanted
formats/     what someone's own file can be, and how it is read
targets      what the targets in it are for
data_file    a file of samples, open and not read: what is in it, and rows of it
loaded_file  a file of samples that is read as a whole
file_samples which of them are trained on, how they are scaled, and the few that are loaded
activations  what hidden units make of their sums; normal has the one that NumPy lacks
losses       what is minimised
penalty      large weights cost something; dropout leaves units out; regularisation has the fields of both
network      multilayer perceptrons with hand-derived backpropagation; linear models are the case without layers
"""
