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
    const box = { class: head.length > 4 ? "box many" : "box", role: "region", tabindex: "0", "aria-label": name };
    return h("div", box, h("table", {}, h("thead", {}, top), h("tbody", {}, lines)));
  }

  const number = (value) => (value === undefined || value === null || value === "" ? "" : Number(value).toLocaleString("en"));

  // A share as people read it: what is not nothing is not 0 %, and what is not all is not 100 %.
  function percent(share) {
    if (share === undefined || share === null) return "";
    if (share === 0 || share === 1) return `${100 * share} %`;
    const rounded = Math.round(1000 * share) / 10;
    return rounded < 0.1 ? "< 0.1 %" : rounded >= 100 ? "> 99.9 %" : `${rounded} %`;
  }

  // A description: `names` in backticks as code, one line for what was wrapped, lines of lists and tables as they are.
  function prose(text) {
    const lines = (text || "").replace(/\n(?![\n|#*-]|\d+\.)/g, " ").split("`");
    return h("span", { class: "said" }, lines.map((part, at) => (at % 2 && at < lines.length - 1 ? h("code", {}, part) : at % 2 ? `\`${part}` : part)));
  }

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

  return { h, s, load, table, number, percent, prose, size, time, plural };
})();
