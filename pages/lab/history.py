"""The page of the stored runs: what this browser ran on this server, to name, open, overlay, save and delete."""

from core.i18n import _
from pages.common import visit
from pages.common.page_title import draw_page_title
from pages.common.service import get_service
from pages.lab.stored_runs import describe_retention, draw_history

get_service()
visit.begin(with_experiment=False)
draw_page_title(_("History"), describe_retention())
draw_history()
