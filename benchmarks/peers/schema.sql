create table "user" (id text primary key, email text not null unique);
create sequence tasks_id_seq;
create table tasks (
    user_id text not null references "user" (id) on delete cascade,
    id bigint not null default nextval('tasks_id_seq'),
    title text not null,
    description text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    completed_at timestamptz,
    version int not null default 1,
    primary key (user_id, id)
);
