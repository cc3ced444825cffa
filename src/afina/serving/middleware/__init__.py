"""What every request passes before a route answers it; each part is plain ASGI and raises a `Problem` to refuse."""

from afina.serving.middleware.access import Access as Access
from afina.serving.middleware.bodies import Bodies as Bodies
from afina.serving.middleware.context import RequestContext as RequestContext
from afina.serving.middleware.origins import Origins as Origins
