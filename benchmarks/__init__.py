"""How fast a step is, side by side with PyTorch, JAX and scikit-learn, and what the live part costs.

`python -m benchmarks` runs everything, `python -m benchmarks --help` lists the parts and the options. Read in this
order:

    workloads    the networks, their data and where they start: the same for everyone
    contenders/  a step as the users of each library would write it, and ours as the program runs it
    turns        one contender in a process of its own, with one thread, that waits for its turns
    rounds       every contender once a round, in an order drawn anew each round
    goals        what each ratio should be
    figures      a number, its spread and its goal
    table        ratios beside the goals
    curves       time a step against the sizes that a person chooses
    terminal     a command on a pseudo-terminal
    engines      an engine under a dashboard, and its steps as its record tells them
    live         what a dashboard costs the training, and how quickly it answers
    start        how long one waits for the first frame and the first step
    report       the machine, the JSON file
"""
