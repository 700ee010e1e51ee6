"""How to train: everything that happens without a screen. Nothing in here may import a terminal library.

Read the three groups in this order; imports point upwards in this list only:

    errors · text · fields · places · catalogue
                             what every group uses
    subject/                 what is trained: landscapes, typed-in functions, data sets, networks, and their gradients
    method/                  how it is trained: update rules, batches, the trainer, what it measures
    run/                     where it happens: the process, its socket, its record on disk
"""
