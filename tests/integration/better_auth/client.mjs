// Drives the official client from outside. Each line of stdin is a call, each line of stdout its answer, in turn.
//
//   {"who": "ada", "call": "open", "with": {"kind": "browser", "url": "http://127.0.0.1:8000"}}
//   {"who": "ada", "call": "signIn.email", "with": {"email": …, "password": …}}
//
// Dates that the client has made leave as {"$date": milliseconds}, so that a string which stayed one is told apart.

import { createInterface } from "node:readline";
import { createAuthClient } from "better-auth/client";
import { jwtClient } from "better-auth/client/plugins";
import { Browser } from "./browser.mjs";

const options = (baseURL, fetchOptions) => ({ baseURL, fetchOptions, plugins: [jwtClient()] });

const kinds = {
  /** In a page of `page`, or else of the service itself. */
  browser({ url, page = url }) {
    const browser = new Browser(page);
    const client = createAuthClient(options(url, { customFetchImpl: browser.fetch }));
    const states = [];
    client.useSession.subscribe((state) => states.push(state));
    return { browser, client, states };
  },

  /** Keeps no cookies: what the service hands out in `set-auth-token` is shown as a bearer token. */
  bearer({ url }) {
    let token;
    const fetchOptions = {
      auth: { type: "Bearer", token: () => token },
      onSuccess: ({ response }) => void (token = response.headers.get("set-auth-token") ?? token),
    };
    return { client: createAuthClient(options(url, fetchOptions)), token: () => token };
  },

  /** Node as it is: no cookies, no origin. */
  plain: ({ url }) => ({ client: createAuthClient(options(url, {})) }),

  /** A page with a React component in it that uses the hook. */
  async react({ url }) {
    const { mounted } = await import("./hook.mjs");
    const browser = new Browser(url);
    return { browser, ...mounted(options(url, { customFetchImpl: browser.fetch })) };
  },
};

/** What else can be asked of somebody than the calls of the client. */
const asides = {
  cookies: ({ browser }) => Object.fromEntries(browser.cookies),
  token: ({ token }) => token(),
  states: ({ states }) => states,
  shown: ({ shown }) => shown(),
  refetch: ({ states }) => states.at(-1).refetch(),
};

const people = new Map();

async function answered({ who, call, with: input }) {
  if (call === "open") return void people.set(who, await kinds[input.kind](input));
  const person = people.get(who);
  if (call.startsWith("its ")) return await asides[call.slice(4)](person);
  const method = call.split(".").reduce((part, name) => part[name], person.client);
  return await (input ? method(input) : method());
}

function withDates(value) {
  if (value instanceof Date) return { $date: value.getTime() };
  if (Array.isArray(value)) return value.map(withDates);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, withDates(held)]));
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = { answer: withDates(await answered(JSON.parse(line))) };
  } catch (error) {
    said = { thrown: error.stack };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
process.exit(0); // stores and pages would keep it waiting
