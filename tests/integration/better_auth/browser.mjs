// What a browser adds to `fetch`: the cookies of the host, the origin of the page, and where the request comes from.

const nodeFetch = globalThis.fetch;

export class Browser {
  cookies = new Map();

  constructor(page) {
    this.page = page;
  }

  fetch = async (input, init) => {
    const request = new Request(input, init);
    if (this.cookies.size) {
      request.headers.set("cookie", [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    }
    if (request.method !== "GET") request.headers.set("origin", this.page);
    request.headers.set("sec-fetch-site", new URL(request.url).origin === this.page ? "same-origin" : "cross-site");
    const response = await nodeFetch(request);
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  };

  #keep(line) {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    if (attributes.some((attribute) => attribute.toLowerCase() === "max-age=0")) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
