#!/bin/sh
# Runs once in the container of the database, after roles.sql, when it is made.
# psql reads the passwords itself: what stands in its command line is seen by everybody who lists processes.
set -eu
test -s /run/secrets/owner_password
test -s /run/secrets/app_password
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
\set owner `cat /run/secrets/owner_password`
\set app `cat /run/secrets/app_password`
ALTER ROLE todo_owner PASSWORD :'owner';
ALTER ROLE todo_app PASSWORD :'app';
SQL
