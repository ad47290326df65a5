"""What the tests of the pages are given."""

from tests.integration.web.site import enter as enter
from tests.integration.web.site import member as member
from tests.integration.web.site import site as site
from tests.integration.web.site import visitor as visitor
