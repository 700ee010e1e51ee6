"""Functions that people type in: f = (x + y)*z, its value, and its gradient by backpropagation through its graph.

Read in this order:

operations   what a node can do to its operands: each value with its derivatives
graph        the nodes of a function, the pass forward and the pass backward
parse        from text to a graph: nothing that is typed is ever evaluated as code
objective    the function as something that can be trained
"""
