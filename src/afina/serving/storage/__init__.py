"""What a server keeps: what people say of answers, and the files it classifies.

Both are noted in one database; the files stand in a folder beside it. Where neither can be written, texts are still
classified, and who brings feedback or a file is told why it is refused.
"""

from afina.serving.storage.desk import JobDesk
from afina.serving.storage.errors import StorageError
from afina.serving.storage.feedback import FeedbackStore, Opinion
from afina.serving.storage.opening import Storage, open_storage

__all__ = ["FeedbackStore", "JobDesk", "Opinion", "Storage", "StorageError", "open_storage"]
