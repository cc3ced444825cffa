"""Files of texts in, the same files with answers out: streamed, in the order of the rows, and resumable.

`score_file` is the whole of it. Every chunk of rows is read, asked of the `journal` (where an interrupted job left its
answers), else classified and noted there, and written. So the output is always made in one go from the source and its
answers, and a job that was killed ends with the very bytes of one that was not.
"""

from afina.inference.scoring.fingerprint import fingerprint_of
from afina.inference.scoring.results import Progress, ScoredFile
from afina.inference.scoring.scoring import ROWS_PER_CHUNK, Classifies, score_file
from afina.inference.scoring.workplace import errors_file

__all__ = ["ROWS_PER_CHUNK", "Classifies", "Progress", "ScoredFile", "errors_file", "fingerprint_of", "score_file"]
