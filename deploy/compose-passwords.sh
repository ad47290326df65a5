#!/bin/sh
# Runs once in the container of the database, after roles.sql, when it is made.
set -eu
psql --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --set=owner="$(cat /run/secrets/owner_password)" --set=app="$(cat /run/secrets/app_password)" <<'SQL'
ALTER ROLE todo_owner PASSWORD :'owner';
ALTER ROLE todo_app PASSWORD :'app';
SQL
