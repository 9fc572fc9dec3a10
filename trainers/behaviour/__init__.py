"""Policies that drive whole robots, trained here by PPO, from which this project's own MuJoCo data are made.

`python -m trainers.behaviour TASK` trains one, `python -m trainers.behaviour.choose` keeps the best and its predecessors in
`policies/`, and `trainers.data.driven` makes datasets of them.
"""
