"""Live charts as text: what is remembered of a curve, and how it becomes the cells of a terminal.

Nothing in here knows Textual or colours. Read in this order:

    history     the samples of one curve in bounded memory, and its smoothed twin
    axes        where an axis begins and ends, and which ticks stand on it
    raster      curves to cells: which dots are lit, and which curve owns each cell
    furniture   the box, the axes and the labels around the canvas (the one module that names plotext)
    markers     where the lines and labels of live changes go
"""
