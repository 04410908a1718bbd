"""How a camera is reached. No value is shown: where a camera is on the network is nobody's business."""

from __future__ import annotations

from camera_registry.governance.checks.check import Check, blank

_SCHEME = "lower(substring(c.stream_url from '^([A-Za-z][A-Za-z0-9+.-]*)://'))"

CHECKS = {
    "stream-missing": Check(
        f"{blank('c.stream_url')} and {blank('c.onvif_url')} and {blank('c.snapshot_url')}"
        " and lower(coalesce(c.protocol, '')) <> 'gb28181'"
    ),
    "url-schemeless": Check(f"not {blank('c.stream_url')} and {_SCHEME} is null"),
    "protocol-missing": Check(f"{_SCHEME} is not null and {blank('c.protocol')}"),
    "protocol-disagrees": Check(
        f"lower(c.protocol) in ('rtsp', 'http') and rtrim({_SCHEME}, 's') <> lower(c.protocol)", "c.protocol"
    ),
    "endpoint-missing": Check("c.ip_address is null"),
    "port-implausible": Check("c.port <> 0 and c.port not between 1 and 65535", "c.port::text"),
    "mac-missing": Check(blank("c.mac")),
    "mac-malformed": Check(f"not {blank('c.mac')} and c.mac !~* '^[0-9a-f]{{2}}([:-]?[0-9a-f]{{2}}){{5}}$'"),
}
