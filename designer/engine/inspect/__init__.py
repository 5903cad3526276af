"""Looking into a network: what each of its nodes computes, learns and costs.

`subject` loads what is looked into, `steps` runs it node by node, and each other module answers one
kind of question. `requests` is the table of all of them, which the worker process serves.
"""
