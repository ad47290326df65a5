-- Two roles: todo_owner owns the tables and changes them, todo_app works on their rows and can do nothing else.
-- Run it in the new database of the service, as a superuser or its owner:
--
--     createdb --encoding=UTF8 --template=template0 todo
--     psql --set=ON_ERROR_STOP=1 --dbname=todo --file=deploy/roles.sql
--     psql --dbname=todo --command='\password todo_owner' --command='\password todo_app'
--
-- Safe to run twice. Tables that are there already get their owner by REASSIGN OWNED.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'todo_owner') THEN CREATE ROLE todo_owner LOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'todo_app') THEN CREATE ROLE todo_app LOGIN; END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO todo_owner, todo_app', current_database());
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO todo_owner;
GRANT USAGE ON SCHEMA public TO todo_app;

-- Of the tables that are there, and of those that migrations will make.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO todo_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO todo_app;
ALTER DEFAULT PRIVILEGES FOR ROLE todo_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO todo_app;
ALTER DEFAULT PRIVILEGES FOR ROLE todo_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO todo_app;

-- The service gives a statement up after 2.5 s; the server does so too when the service cannot say it any more.
ALTER ROLE todo_app SET statement_timeout = '3s';
ALTER ROLE todo_app SET lock_timeout = '1s';
ALTER ROLE todo_app SET idle_in_transaction_session_timeout = '10s';
