"""A PostgreSQL whose clock moves once a second, so that many ids have the same millisecond."""

from __future__ import annotations

import pytest

from tests.conftest import Cluster
from tests.servers import run_sql

# An unqualified clock_timestamp() in the service's statements finds this one first.
COARSE_CLOCK = """
CREATE SCHEMA coarse;
GRANT USAGE ON SCHEMA coarse TO PUBLIC;
CREATE FUNCTION coarse.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    RETURN date_bin('1 second', pg_catalog.clock_timestamp(), '2000-01-01');
"""


@pytest.fixture(scope="module")
def cluster(cluster: Cluster) -> Cluster:
    """The module's database with the coarse clock."""
    owner = cluster.settings.owner_url
    run_sql(owner, COARSE_CLOCK)
    run_sql(owner, f'ALTER DATABASE "{cluster.name}" SET search_path = coarse, pg_catalog, public')
    return cluster
