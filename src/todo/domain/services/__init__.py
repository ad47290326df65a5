"""Use cases: one method each, over ports. Built once; they hold no request."""
