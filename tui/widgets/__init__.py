"""The parts that a screen is built from. Each draws what it is given and knows no mathematics.

chart   curves over the steps of a run, with a line for every live change
"""
