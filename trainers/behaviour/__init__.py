"""Policies that drive whole robots. They are trained here by PPO, and this project's own MuJoCo data are made with them.

`python -m recipe_sweep.trainers.behaviour TASK` trains one. `python -m recipe_sweep.trainers.behaviour.choose` keeps the best
policy and its earlier stages in `policies/`. `trainers/data/homegrown/driven.py` makes datasets with them.
"""
