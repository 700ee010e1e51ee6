"""What the lecture says about a point of training, measured there. Nothing here changes a run.

Read in this order:

point        the place that is looked at: an objective in double precision, and its full gradient
curvature    products with the Hessian, its largest eigenvalue, and the learning rate 2/λmax
theory       what eigenvalues say of gradient descent with and without momentum: limits, rates, the noise ball
prediction   whether the loss is a quadratic, and what the theory then says of the run's own settings
batch_noise  how far a minibatch's gradient is from the full one, and the gradient-noise scale
memory       what a Jacobian would take, beside what a step really uses
"""
