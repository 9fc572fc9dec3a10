"""Policies that drive whole robots, trained here by PPO, from which this project's own MuJoCo data are made.

`python -m recipe_sweep.trainers.behaviour TASK` trains one. `python -m recipe_sweep.trainers.behaviour.choose` keeps the best
and its predecessors in `policies/`. `trainers/data/homegrown/driven.py` makes datasets of them.
"""
