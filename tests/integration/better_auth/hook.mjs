// A React component that uses the hook as applications do, in a window that Node has not, and all it was rendered with.

import { Window } from "happy-dom";

const window = new Window();
Object.assign(globalThis, { window, document: window.document });
globalThis.navigator ??= window.navigator; // Node has one since 21

const { createAuthClient } = await import("better-auth/react");
const { createElement } = await import("react");
const { createRoot } = await import("react-dom/client");

export function mounted(options) {
  const client = createAuthClient(options);
  const states = [];
  function Greeting() {
    const { data, error, isPending, refetch } = client.useSession();
    states.push({ data, error, isPending, refetch });
    return isPending ? "…" : data ? `Hello ${data.user.name}` : "Please sign in";
  }
  const place = document.body.appendChild(document.createElement("p"));
  createRoot(place).render(createElement(Greeting));
  return { client, states, shown: () => place.textContent };
}
