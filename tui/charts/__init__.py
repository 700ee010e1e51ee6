"""Live charts as text: what is remembered of a curve, and how it becomes the cells of a terminal.

Nothing in here knows Textual or colours. Read in this order:

    history     the samples of one curve in bounded memory, and its smoothed twin
    milestones  where a run was when, in epochs, samples, evaluations and seconds
    axes        where an axis begins and ends, and which ticks stand on it
    abscissa    what a horizontal axis counts, and how
    viewport    which part of it is seen, and where the crosshair stands
    glyphs      which characters a terminal can print
    raster      curves to cells: which dots are lit, and which curve owns each cell
    furniture   the box, the axes and the labels around the canvas (the one module that names plotext)
    markers     where the lines and labels of live changes go
    slopes      what each of them did to the loss
    picture     all of it together: characters, and what each is drawn with
"""
