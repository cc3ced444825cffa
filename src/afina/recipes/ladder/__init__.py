"""The ladder: every way to classify these texts, from naming the most frequent label to training a whole transformer.

`rungs` lists the ways, `pace` measures how fast this machine reads with the model, `measuring` says how good and how
dear each rung is, `picking` which of them is enough; `climbing` joins them under one budget, `record` keeps what is
done in the folder that `folder` maps, and `drawing` shows it. A new way is one more entry of `rungs.RUNGS`.
"""
