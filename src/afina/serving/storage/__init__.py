"""What a server keeps: what people say of answers, and the files it classifies.

Both are noted in one database; the files stand in a folder beside it. Where neither can be written, texts are still
classified, and who brings feedback or a file is told why it is refused.

Names are loaded when they are first used: the programs in `processes` need none of them.
"""

from typing import TYPE_CHECKING

from afina.lazy import attach

if TYPE_CHECKING:
    from afina.serving.storage.desk import JobDesk as JobDesk
    from afina.serving.storage.errors import StorageError as StorageError
    from afina.serving.storage.feedback import FeedbackStore as FeedbackStore
    from afina.serving.storage.feedback import Opinion as Opinion
    from afina.serving.storage.opening import Storage as Storage
    from afina.serving.storage.opening import open_storage as open_storage
else:
    _HOMES = {
        "FeedbackStore": "feedback",
        "JobDesk": "desk",
        "Opinion": "feedback",
        "Storage": "opening",
        "StorageError": "errors",
        "open_storage": "opening",
    }
    __getattr__, __dir__ = attach(__name__, _HOMES, extra="serve")
