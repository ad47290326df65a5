"""What the integration tests are given: databases of their own, a browser, and Better Auth from npm."""

from tests.integration.better_auth.node import better_auth as better_auth
from tests.integration.chromium import browser as browser
from tests.integration.databases import bare_database as bare_database
from tests.integration.databases import database_server as database_server
from tests.integration.databases import empty_database as empty_database
from tests.integration.databases import migrated_template as migrated_template
from tests.integration.databases import way_in as way_in
from tests.integration.pgbouncer import pooler as pooler
