"""url checks: an address that is not there costs no regular expression."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

URLS = ("sub_stream_url", "snapshot_url", "onvif_url")


def upgrade() -> None:
    op.drop_constraint("no_credentials_in_other_urls", "camera", type_="check")
    for url in URLS:
        condition = f"{url} is null or {url} !~ '^[a-z]+://[^/]*@'"
        op.create_check_constraint(f"no_credentials_in_{url}", "camera", condition)
