"""How far a step goes along the direction that a rule gives: read `spec`, then `ray`, the three methods, `search`.

    armijo → wolfe → exact

A rule's update with a learning rate of 1 is the direction, the other way round: d = −∇L for gradient descent. The
length α that a search finds takes the place of the learning rate, and stands in its column.
"""
