"""Databases as other programs leave them: the shapes by their own statements, the rows the same in each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg

from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.adoption import Adoption
from todo.adapters.postgres.migrations import Migrations

SINCE_1_4: Final = """
CREATE TABLE "user" ("id" text NOT NULL PRIMARY KEY, "name" text NOT NULL, "email" text NOT NULL UNIQUE,
    "emailVerified" boolean NOT NULL, "image" text,
    "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL);
CREATE TABLE "session" ("id" text NOT NULL PRIMARY KEY, "expiresAt" timestamptz NOT NULL, "token" text NOT NULL UNIQUE,
    "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL, "updatedAt" timestamptz NOT NULL,
    "ipAddress" text, "userAgent" text, "userId" text NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE);
CREATE TABLE "account" ("id" text NOT NULL PRIMARY KEY, "accountId" text NOT NULL, "providerId" text NOT NULL,
    "userId" text NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE, "accessToken" text, "refreshToken" text,
    "idToken" text, "accessTokenExpiresAt" timestamptz, "refreshTokenExpiresAt" timestamptz, "scope" text,
    "password" text, "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL, "updatedAt" timestamptz NOT NULL);
CREATE TABLE "verification" ("id" text NOT NULL PRIMARY KEY, "identifier" text NOT NULL, "value" text NOT NULL,
    "expiresAt" timestamptz NOT NULL, "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL);
CREATE TABLE "jwks" ("id" text NOT NULL PRIMARY KEY, "publicKey" text NOT NULL, "privateKey" text NOT NULL,
    "createdAt" timestamptz NOT NULL, "expiresAt" timestamptz);
CREATE TABLE "rateLimit" ("key" text, "count" integer, "lastRequest" bigint);
CREATE INDEX "session_userId_idx" ON "session" ("userId");
CREATE INDEX "account_userId_idx" ON "account" ("userId");
CREATE INDEX "verification_identifier_idx" ON "verification" ("identifier");
INSERT INTO "jwks" VALUES ('key1', '{}', '"sealed"', '2026-11-22 17:40:13.586+00', NULL);
"""
OF_1_7: Final = (
    SINCE_1_4
    + """
ALTER TABLE "jwks" ADD COLUMN "alg" text, ADD COLUMN "crv" text;
"""
)
UP_TO_1_3: Final = (
    SINCE_1_4
    + """
DROP INDEX "session_userId_idx", "account_userId_idx", "verification_identifier_idx";
ALTER TABLE "jwks" DROP COLUMN "expiresAt";
"""
)
UP_TO_1_2: Final = """
CREATE TABLE "user" ("id" text NOT NULL PRIMARY KEY, "name" text NOT NULL, "email" text NOT NULL UNIQUE,
    "emailVerified" boolean NOT NULL, "image" text, "createdAt" timestamp NOT NULL, "updatedAt" timestamp NOT NULL);
CREATE TABLE "session" ("id" text NOT NULL PRIMARY KEY, "expiresAt" timestamp NOT NULL, "token" text NOT NULL UNIQUE,
    "createdAt" timestamp NOT NULL, "updatedAt" timestamp NOT NULL, "ipAddress" text, "userAgent" text,
    "userId" text NOT NULL REFERENCES "user" ("id"));
CREATE TABLE "account" ("id" text NOT NULL PRIMARY KEY, "accountId" text NOT NULL, "providerId" text NOT NULL,
    "userId" text NOT NULL REFERENCES "user" ("id"), "accessToken" text, "refreshToken" text, "idToken" text,
    "accessTokenExpiresAt" timestamp, "refreshTokenExpiresAt" timestamp, "scope" text, "password" text,
    "createdAt" timestamp NOT NULL, "updatedAt" timestamp NOT NULL);
CREATE TABLE "verification" ("id" text NOT NULL PRIMARY KEY, "identifier" text NOT NULL, "value" text NOT NULL,
    "expiresAt" timestamp NOT NULL, "createdAt" timestamp, "updatedAt" timestamp);
"""
OF_PRISMA: Final = """
CREATE TABLE "user" ("id" TEXT NOT NULL, "name" TEXT NOT NULL, "email" TEXT NOT NULL,
    "emailVerified" BOOLEAN NOT NULL DEFAULT false, "image" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "user_pkey" PRIMARY KEY ("id"));
CREATE TABLE "session" ("id" TEXT NOT NULL, "expiresAt" TIMESTAMP(3) NOT NULL, "token" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" TIMESTAMP(3) NOT NULL, "ipAddress" TEXT,
    "userAgent" TEXT, "userId" TEXT NOT NULL, CONSTRAINT "session_pkey" PRIMARY KEY ("id"));
CREATE TABLE "account" ("id" TEXT NOT NULL, "accountId" TEXT NOT NULL, "providerId" TEXT NOT NULL,
    "userId" TEXT NOT NULL, "accessToken" TEXT, "refreshToken" TEXT, "idToken" TEXT,
    "accessTokenExpiresAt" TIMESTAMP(3), "refreshTokenExpiresAt" TIMESTAMP(3), "scope" TEXT, "password" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" TIMESTAMP(3) NOT NULL,
    CONSTRAINT "account_pkey" PRIMARY KEY ("id"));
CREATE TABLE "verification" ("id" TEXT NOT NULL, "identifier" TEXT NOT NULL, "value" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "verification_pkey" PRIMARY KEY ("id"));
CREATE TABLE "_prisma_migrations" ("id" VARCHAR(36) PRIMARY KEY, "migration_name" VARCHAR(255) NOT NULL);
CREATE UNIQUE INDEX "user_email_key" ON "user"("email");
CREATE UNIQUE INDEX "session_token_unique" ON "session"("token");
CREATE INDEX "session_owner" ON "session"("userId");
ALTER TABLE "session" ADD CONSTRAINT "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"("id")
    ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "account" ADD CONSTRAINT "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"("id")
    ON DELETE CASCADE ON UPDATE CASCADE;
INSERT INTO "_prisma_migrations" VALUES ('1', 'init');
"""
OF_DRIZZLE: Final = """
CREATE TABLE "user" ("id" text PRIMARY KEY NOT NULL, "name" text NOT NULL, "email" text NOT NULL,
    "email_verified" boolean DEFAULT false NOT NULL, "image" text, "created_at" timestamp DEFAULT now() NOT NULL,
    "updated_at" timestamp DEFAULT now() NOT NULL, CONSTRAINT "user_email_unique" UNIQUE("email"));
CREATE TABLE "session" ("id" text PRIMARY KEY NOT NULL, "expires_at" timestamp NOT NULL, "token" text NOT NULL,
    "created_at" timestamp DEFAULT now() NOT NULL, "updated_at" timestamp NOT NULL, "ip_address" text,
    "user_agent" text, "user_id" text NOT NULL, CONSTRAINT "session_token_unique" UNIQUE("token"));
CREATE TABLE "account" ("id" text PRIMARY KEY NOT NULL, "account_id" text NOT NULL, "provider_id" text NOT NULL,
    "user_id" text NOT NULL, "access_token" text, "refresh_token" text, "id_token" text,
    "access_token_expires_at" timestamp, "refresh_token_expires_at" timestamp, "scope" text, "password" text,
    "created_at" timestamp DEFAULT now() NOT NULL, "updated_at" timestamp NOT NULL);
CREATE TABLE "verification" ("id" text PRIMARY KEY NOT NULL, "identifier" text NOT NULL, "value" text NOT NULL,
    "expires_at" timestamp NOT NULL, "created_at" timestamp DEFAULT now() NOT NULL,
    "updated_at" timestamp DEFAULT now() NOT NULL);
ALTER TABLE "session" ADD CONSTRAINT "session_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "user"("id")
    ON DELETE cascade ON UPDATE no action;
ALTER TABLE "account" ADD CONSTRAINT "account_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "user"("id")
    ON DELETE cascade ON UPDATE no action;
CREATE INDEX "session_userId_idx" ON "session" USING btree ("user_id");
CREATE INDEX "account_userId_idx" ON "account" USING btree ("user_id");
CREATE INDEX "verification_identifier_idx" ON "verification" USING btree ("identifier");
"""

TASKS: Final = """
CREATE TABLE tasks (id SERIAL NOT NULL, user_id VARCHAR NOT NULL, title VARCHAR NOT NULL, description VARCHAR,
    completed BOOLEAN NOT NULL, PRIMARY KEY (id));
"""
TASKS_WITH_TIMES: Final = """
CREATE TABLE tasks (id SERIAL NOT NULL, user_id VARCHAR NOT NULL, title VARCHAR(200) NOT NULL, description VARCHAR,
    completed BOOLEAN NOT NULL, created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES "user" (id));
CREATE INDEX ix_tasks_user_id ON tasks (user_id);
CREATE INDEX ix_tasks_completed ON tasks (completed);
"""

ROWS: Final = """
INSERT INTO "user" VALUES
    ('NF9Iy4iYwsT8sAWUSU87Skmjg5qmOJ8Z', 'Ada Lovelace', 'ada@example.com', false, NULL,
     '2026-11-22 17:40:13.586+00', '2026-11-22 17:40:13.586+00'),
    ('YcuKoBVvSoRLKgEhSEnSEAITNBEyXU55', '', 'Bob.The-B@Example.com', true, 'https://example.com/bob.png',
     '2026-03-29 01:30:00.001+00', '2026-10-25 00:59:59.999+00');
INSERT INTO "session" VALUES
    ('LRrfSK0u6ip4tE5Xg5ma9u0VxaDQ294f', '2026-11-29 17:40:13.622+00', 'gRzRslJgjyBEfKWmzCpY7Avt1bszG1DE',
     '2026-11-22 17:40:13.622+00', '2026-11-22 17:40:13.622+00', '127.0.0.1', 'curl/transcript',
     'NF9Iy4iYwsT8sAWUSU87Skmjg5qmOJ8Z'),
    ('JM0yjXD84c7pByKBXK254Hy3YVdEzMfW', '2026-03-29 02:30:00+00', 'i3TLI4XKodmtUWyBAippxFLlP1ZAdqRi',
     '2026-03-22 02:30:00+00', '2026-03-22 02:30:00+00', NULL, NULL, 'YcuKoBVvSoRLKgEhSEnSEAITNBEyXU55');
INSERT INTO "account" VALUES
    ('wjhjjvibOav49CP0SfBnC6AnSqqDr3BI', 'NF9Iy4iYwsT8sAWUSU87Skmjg5qmOJ8Z', 'credential',
     'NF9Iy4iYwsT8sAWUSU87Skmjg5qmOJ8Z', NULL, NULL, NULL, NULL, NULL, NULL,
     'd4e0bb711759b2d0cca906bc1ac0e632:d20279cb', '2026-11-22 17:40:13.617+00', '2026-11-22 17:40:13.617+00'),
    ('a2', '108', 'google', 'YcuKoBVvSoRLKgEhSEnSEAITNBEyXU55', 'at', 'rt', 'it', '2026-11-22 18:40:00+00',
     '2027-11-22 18:40:00+00', 'openid email', NULL, '2026-03-29 01:30:00.001+00', '2026-03-29 01:30:00.001+00');
INSERT INTO "verification" VALUES
    ('X2AnTS2fRB7S2hudDVzYqQWa2kq4E0CN', 'reset-password:FDl6x5DWyao4MPuaq1psbnGc',
     'NF9Iy4iYwsT8sAWUSU87Skmjg5qmOJ8Z', '2026-11-22 18:40:13.7+00', '2026-11-22 17:40:13.7+00',
     '2026-11-22 17:40:13.7+00');
"""
"""Times at the edges of daylight saving, an address with capitals, an account without a password."""

SHAPES: Final = {
    "1.7": OF_1_7,
    "1.4 to 1.6": SINCE_1_4,
    "1.3": UP_TO_1_3,
    "1.2": UP_TO_1_2,
    "Prisma": OF_PRISMA,
    "Drizzle": OF_DRIZZLE,
}


ADA: Final = "NF9Iy4iYwsT8sAWUSU87Skmjg5qmOJ8Z"
BOB: Final = "YcuKoBVvSoRLKgEhSEnSEAITNBEyXU55"
LONG_TITLE: Final = "x" * 600

TASK_ROWS: Final = f"""
INSERT INTO tasks (id, user_id, title, description, completed) VALUES
    (1, '{ADA}', 'Buy milk', NULL, false), (2, '{ADA}', '  ', '', true), (4, '{BOB}', '{LONG_TITLE}', 'Ω', true);
SELECT setval('tasks_id_seq', 9);
"""  # noqa: S608
TIMED_TASK_ROWS: Final = f"""
INSERT INTO tasks VALUES
    (1, '{ADA}', 'Buy milk', NULL, false, '2026-03-29 01:30:00.123456', '2026-03-29 01:30:00.123456'),
    (2, '{BOB}', 'Call', 'x', true, '2026-10-25 00:30:00', '2026-10-25 01:30:00');
"""  # noqa: S608


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


AFTERWARDS: Final[dict[str, list[dict[str, Any]]]] = {
    "user": [
        {
            "id": ADA,
            "name": "Ada Lovelace",
            "email": "ada@example.com",
            "emailVerified": False,
            "image": None,
            "createdAt": at("2026-11-22 17:40:13.586"),
            "updatedAt": at("2026-11-22 17:40:13.586"),
        },
        {
            "id": BOB,
            "name": "",
            "email": "bob.the-b@example.com",
            "emailVerified": True,
            "image": "https://example.com/bob.png",
            "createdAt": at("2026-03-29 01:30:00.001"),
            "updatedAt": at("2026-10-25 00:59:59.999"),
        },
    ],
    "session": [
        {
            "id": "JM0yjXD84c7pByKBXK254Hy3YVdEzMfW",
            "expiresAt": at("2026-03-29 02:30:00"),
            "token": "i3TLI4XKodmtUWyBAippxFLlP1ZAdqRi",
            "createdAt": at("2026-03-22 02:30:00"),
            "updatedAt": at("2026-03-22 02:30:00"),
            "ipAddress": None,
            "userAgent": None,
            "userId": BOB,
        },
        {
            "id": "LRrfSK0u6ip4tE5Xg5ma9u0VxaDQ294f",
            "expiresAt": at("2026-11-29 17:40:13.622"),
            "token": "gRzRslJgjyBEfKWmzCpY7Avt1bszG1DE",
            "createdAt": at("2026-11-22 17:40:13.622"),
            "updatedAt": at("2026-11-22 17:40:13.622"),
            "ipAddress": "127.0.0.1",
            "userAgent": "curl/transcript",
            "userId": ADA,
        },
    ],
    "account": [
        {
            "id": "a2",
            "accountId": "108",
            "providerId": "google",
            "userId": BOB,
            "accessToken": "at",
            "refreshToken": "rt",
            "idToken": "it",
            "accessTokenExpiresAt": at("2026-11-22 18:40:00"),
            "refreshTokenExpiresAt": at("2027-11-22 18:40:00"),
            "scope": "openid email",
            "password": None,
            "createdAt": at("2026-03-29 01:30:00.001"),
            "updatedAt": at("2026-03-29 01:30:00.001"),
        },
        {
            "id": "wjhjjvibOav49CP0SfBnC6AnSqqDr3BI",
            "accountId": ADA,
            "providerId": "credential",
            "userId": ADA,
            "accessToken": None,
            "refreshToken": None,
            "idToken": None,
            "accessTokenExpiresAt": None,
            "refreshTokenExpiresAt": None,
            "scope": None,
            "password": "d4e0bb711759b2d0cca906bc1ac0e632:d20279cb",
            "createdAt": at("2026-11-22 17:40:13.617"),
            "updatedAt": at("2026-11-22 17:40:13.617"),
        },
    ],
    "verification": [
        {
            "id": "X2AnTS2fRB7S2hudDVzYqQWa2kq4E0CN",
            "identifier": "reset-password:FDl6x5DWyao4MPuaq1psbnGc",
            "value": ADA,
            "expiresAt": at("2026-11-22 18:40:13.7"),
            "createdAt": at("2026-11-22 17:40:13.7"),
            "updatedAt": at("2026-11-22 17:40:13.7"),
        },
    ],
}
"""What the rows of `ROWS` are when they have been adopted, from whatever shape."""


async def fill(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(**DatabaseAddress.parse(url).connect_arguments)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def rows_of(url: str, statement: str, *values: object) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(**DatabaseAddress.parse(url).connect_arguments)
    try:
        return [dict(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()


def migrations_of(url: str, *, pooled: bool = False) -> Migrations:
    return Migrations(DatabaseAddress.parse(url, pooled=pooled))


def adoption_of(url: str) -> Adoption:
    return Adoption(migrations_of(url))


async def sign_in_rows(url: str) -> dict[str, list[dict[str, Any]]]:
    return {name: await rows_of(url, f'SELECT * FROM "{name}" ORDER BY id') for name in AFTERWARDS}  # noqa: S608


async def dump(url: str) -> dict[str, Sequence[Any]]:
    """Everything a person could see of a database: its shape by the catalogue, and its rows."""
    found: dict[str, Sequence[Any]] = {name: await rows_of(url, asked) for name, asked in CATALOGUE.items()}
    for relation in found["relations"]:
        if relation["relkind"] == b"r":
            name = relation["name"]
            found[name] = await rows_of(url, f"SELECT to_jsonb(r)::text AS row FROM {name} r ORDER BY 1")  # noqa: S608
    return found


CATALOGUE: Final = {
    "relations": """
        SELECT oid::regclass::text AS name, relkind, relfilenode FROM pg_class
        WHERE relnamespace = 'public'::regnamespace ORDER BY 1""",
    "columns": """
        SELECT attrelid::regclass::text AS of, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
               pg_get_expr(adbin, adrelid), attisdropped
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
        WHERE relnamespace = 'public'::regnamespace AND attnum > 0 ORDER BY 1, attnum""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "triggers": "SELECT tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
    "sequences": "SELECT * FROM pg_sequences ORDER BY sequencename",
}
