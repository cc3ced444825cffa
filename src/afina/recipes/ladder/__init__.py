"""The ladder: every way to classify these texts, from naming the most frequent label to training a whole transformer.

`rungs` lists the ways, `reading` measures what the model takes on this machine, `measuring` says how good and how dear
each rung is, `picking` which of them is enough; `climbing` joins them under one budget, `record` keeps what is done,
and `drawing` shows it. A new way is one more entry of `rungs.RUNGS`.
"""
