"""`make demo`: a guided tour of aidb on real data that scikit-learn ships.

The tour types real commands into a real repository in a fresh folder and shows what they print; nothing is staged.
`stage` narrates and runs, `data` writes the dataset, `cleaning` finds what is wrong in it, `model` trains on it, and
`tour` is the story.
"""
