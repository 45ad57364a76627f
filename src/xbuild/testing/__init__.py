"""Testing a wheel with the target's interpreter: the environment it is installed into, and what is run there."""
