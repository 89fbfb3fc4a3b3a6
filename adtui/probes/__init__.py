"""What can be read off the residual stream at the query, and along which paths rewards reach the action.

lived → targets → reading: rollouts on every task, what is asked of them, and how well a linear probe tells it from
each layer. lived → patching → tracing: the same contexts with their rewards off, patched one path at a time. `runner`
does all.
"""
