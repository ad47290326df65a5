"""Three todo services written the way such services usually are, to have something to be compared with.

Each answers the same four calls with the same JSON over the same tables (`schema.sql`), reads `DATABASE_URL` and
`BETTER_AUTH_SECRET`, decodes the JWT of every request with PyJWT, and has 8 connections to PostgreSQL.
"""
