// A Better Auth server as its documents show it: on an empty database it makes its tables, then it serves.
// Wants DATABASE_URL, BETTER_AUTH_SECRET and BETTER_AUTH_URL; says "ready" when it answers.

import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import pg from "pg";

const { DATABASE_URL, BETTER_AUTH_SECRET, BETTER_AUTH_URL } = process.env;
const auth = betterAuth({
  database: new pg.Pool({ connectionString: DATABASE_URL }),
  emailAndPassword: { enabled: true },
  secret: BETTER_AUTH_SECRET,
  baseURL: BETTER_AUTH_URL,
  telemetry: { enabled: false },
});
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
const { hostname, port } = new URL(BETTER_AUTH_URL);
createServer(toNodeHandler(auth)).listen(port, hostname, () => console.log("ready"));
