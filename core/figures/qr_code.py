"""A QR code as SVG, for a link that others open with a phone's camera."""

from io import BytesIO

import segno

from core.errors import Invalid
from core.i18n import _

QUIET_ZONE = 4  # modules around the code, as ISO/IEC 18004 requires


def render_qr_code(text: str) -> str:
    """Return the QR code of a text, dark on white in both themes, as cameras expect. Raises Invalid if the text is too long."""
    try:
        code = segno.make(text, error="m", micro=False)
    except segno.DataOverflowError:
        raise Invalid(_("The link is too long for a QR code.")) from None
    buffer = BytesIO()
    code.save(buffer, kind="svg", xmldecl=False, border=QUIET_ZONE, dark="#000000", light="#ffffff", omitsize=True)
    return buffer.getvalue().decode()
