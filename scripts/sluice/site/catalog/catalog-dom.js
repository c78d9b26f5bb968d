// Elements by name, attributes and children: text never becomes HTML. Values that are deflated are opened.
"use strict";

(window.sluiceCatalog ??= {}).dom = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function filled(element, given, children) {
    for (const [name, value] of Object.entries(given || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false && one !== ""));
    return element;
  }

  const h = (tag, given, ...children) => filled(document.createElement(tag), given, children);
  const s = (tag, given, ...children) => filled(document.createElementNS(SVG, tag), given, children);

  // What files.squeezed() made: as it is, or raw deflate in base64.
  async function opened(value) {
    if (!value || typeof value.z !== "string") return value;
    const bytes = Uint8Array.from(atob(value.z), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return JSON.parse(await new Response(stream).text());
  }

  const waiting = new Map();

  function load(name) {
    if (!waiting.has(name)) waiting.set(name, window.sluice.load(name).then(opened));
    return waiting.get(name);
  }

  function table(name, head, rows) {
    const top = h("tr", {}, head.map((cell) => h("th", { scope: "col", class: cell.startsWith(">") && "n" }, cell.replace(/^>/, ""))));
    const lines = rows.map((row) => h("tr", {}, row.map((cell, at) => {
      const kind = { class: head[at].startsWith(">") && "n" };
      return at ? h("td", kind, cell) : h("th", { scope: "row" }, cell);
    })));
    const box = { class: "box", role: "region", tabindex: "0", "aria-label": name };
    return h("div", box, h("table", {}, h("thead", {}, top), h("tbody", {}, lines)));
  }

  const number = (value) => (value === undefined || value === null ? "" : Number(value).toLocaleString("en"));

  function size(bytes) {
    if (bytes === undefined || bytes === null) return "";
    const power = Math.min(4, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
    return `${(bytes / 1000 ** power).toFixed(power ? 1 : 0)} ${["B", "kB", "MB", "GB", "TB"][power]}`;
  }

  // The site's script shows it in the reader's zone, with its age.
  function time(text, kind) {
    if (!text) return null;
    const moment = `${text.slice(0, 19)}Z`;
    return h("time", { datetime: moment, class: kind }, moment.replace("T", " ").replace("Z", " UTC"));
  }

  const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;

  return { h, s, load, table, number, size, time, plural };
})();
