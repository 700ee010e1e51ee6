"""How to show and steer: the command line and the dashboard. It knows no mathematics, only specs, commands and events.

Read in this order:

    cli          the commands; nothing is imported before it is needed
    headless     `gdtui run`: a client of the engine without a screen; race_table: how a race came out
    outcomes     what came of a run or of its goal, in words
    reports      what the other commands print about presets, runs and gradients
    graph        `gdtui graph`: the nodes of a typed-in function
    diagnosis    `gdtui diagnose`: what can be said of a point of training
    json_lines   numbers as all JSON lines have them
    opening      a run on its way to the screen: its engine is started before the screen is loaded
    app          the dashboard's frame: gallery, dashboard, and how the terminal is left
    lane_view    what a dashboard knows about one lane of its run: curves, figures, state
    run_view     what it knows about the run, kept up to date from events and from the record
    chronicle    what has happened in the run, told in its log; looks: what is looked at more closely
    wording      fields, changes and endings in the words of people
    preview      a preset in words, for the gallery
    screens/     gallery, the frame that waits for a run, dashboard, and the dialogs
    widgets/     live chart, parameter table, status
    charts/      history, raster, axes, furniture: numbers to characters
    theme        colours
"""
