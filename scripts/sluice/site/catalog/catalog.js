// The page: its list with filters, its search, and what an address such as #model.fct_payments/currency_code shows.
"use strict";

(() => {
  const { dom, search, node: views } = window.sluiceCatalog;
  const { h, load, number, plural } = dom;
  const ROWS = 200; // of the list that are shown, until more are asked for
  const FILTERS = ["layer", "schema", "owner", "tag"];
  const page = {};
  let nodes = null;
  let chunk = 50;
  let index = null;
  let asked = 0;

  // files.nodes_value() as objects, with the children of each.
  function unpack(value) {
    const word = (at) => value.words[at];
    const found = value.nodes.map(([anchor, name, kind, layer, schema, owner, tags, parents, checks, failed, warned]) => ({
      anchor, name, kind: word(kind), layer: word(layer), schema: word(schema), owner: word(owner), tags: tags.map(word),
      parents, children: [], checks, failed, warned,
    }));
    found.forEach((node, at) => node.parents.forEach((parent) => found[parent].children.push(at)));
    found.untraced = value.untraced;
    found.at = new Map(found.map((node, at) => [node.anchor, at]));
    chunk = value.chunk;
    return found;
  }

  function show(part, ...content) {
    for (const name of ["list", "results", "view"]) page[name].hidden = name !== part;
    if (part === "view") {
      page.view.replaceChildren(...content.flat(Infinity).filter(Boolean));
      window.sluice.times(page.view);
      window.sluice.copies(page.view);
    }
  }

  // --- addresses

  async function route() {
    const turn = ++asked;
    const address = decodeURIComponent(location.hash.slice(1));
    if (!address || address === "main" || address.startsWith("list")) {
      page.view.replaceChildren();
      if (address.startsWith("list")) setFilters(new URLSearchParams(address.split("?")[1] || ""));
      document.title = page.title;
      return page.search.value.trim() ? results() : show("list");
    }
    try {
      const content = await contentOf(location.hash.slice(1));
      if (turn !== asked) return undefined;
      show("view", content);
      const title = document.getElementById("catalog-title");
      if (title) {
        document.title = `${title.textContent} · ${page.title}`;
        title.focus({ preventScroll: true });
      }
      scrollTo(0, 0);
    } catch (error) {
      show("view", h("p", { class: "bad" }, `This could not be read: ${error.message}`));
    }
    return undefined;
  }

  async function contentOf(hash) {
    const [first, second] = hash.split("/").map(decodeURIComponent);
    if (first === "column") return views.nameView(nodes, await views.columns(), second || "");
    const at = nodes.at.get(first);
    if (at === undefined) return [h("p", { class: "warn" }, `The catalog has no ${first}. `, h("a", { href: "#" }, "All nodes"))];
    const more = (await load(`catalog-details-${Math.floor(at / chunk)}`))[at % chunk];
    return second ? views.columnView(nodes, at, more, await views.columns(), second) : views.view(nodes, at, more, chunk);
  }

  // --- the list

  function setFilters(values) {
    for (const name of FILTERS) page[name].value = values.get(name) || "";
    filter();
  }

  // A long list is not shown at once: it is there to be filtered.
  function filter(most = ROWS) {
    let found = 0;
    for (const row of page.rows) {
      const node = nodes[nodes.at.get(row.id)];
      const fits = FILTERS.every((name) => {
        const wanted = page[name].value;
        return !wanted || (name === "tag" ? node.tags.includes(wanted) : node[name] === wanted);
      });
      found += fits ? 1 : 0;
      row.hidden = !fits || found > most;
    }
    const told = found === page.rows.length ? plural(found, "node") : `${number(found)} of ${plural(page.rows.length, "node")}`;
    const all = h("button", { type: "button", onclick: () => filter(Infinity) }, "Show all");
    page.count.replaceChildren(...(found > most ? [`${told}; the first ${number(most)} are shown. `, all] : [told]));
  }

  function fillFilters() {
    const values = { layer: (node) => [node.layer], schema: (node) => [node.schema], owner: (node) => [node.owner], tag: (node) => node.tags };
    for (const name of FILTERS) {
      const counts = new Map();
      for (const node of nodes) for (const value of values[name](node)) if (value) counts.set(value, (counts.get(value) || 0) + 1);
      const sorted = [...counts].sort(([one], [other]) => one.localeCompare(other));
      page[name].append(...sorted.map(([value, count]) => h("option", { value }, `${value.replace(/\s*<.*/, "")} (${number(count)})`)));
      page[name].closest("label").hidden = sorted.length < 2;
      page[name].addEventListener("change", () => {
        const chosen = FILTERS.filter((one) => page[one].value).map((one) => `${one}=${encodeURIComponent(page[one].value)}`);
        history.replaceState(null, "", chosen.length ? `#list?${chosen.join("&")}` : location.pathname + location.search);
        page.search.value = "";
        filter();
        show("list");
      });
    }
  }

  // --- the search

  async function ready() {
    index ??= search.open(await load("catalog-search"), nodes);
    return index;
  }

  function results() {
    const text = page.search.value;
    if (!text.trim()) return show("list");
    return ready().then(() => {
      if (page.search.value !== text) return;
      const found = search.find(index, text);
      page.results.replaceChildren(...listed(found, text));
      show("results");
    });
  }

  function listed(found, text) {
    const { counts } = found;
    const total = counts.nodes + counts.columns;
    const told = total ? `${plural(counts.nodes, "node")} and ${plural(counts.columns, "column name")}` : `Nothing is called or described as “${text.trim()}”.`;
    page.said.textContent = told;
    const parts = [
      [found.nodes, "Nodes", counts.nodes, nodeResult],
      [found.columns, "Columns", counts.columns, columnResult],
    ].filter(([some]) => some.length).sort(([one], [other]) => other[0].score - one[0].score);
    const groups = parts.map(([some, title, count, result]) => h("div", {}, h("h2", {}, title),
      h("ul", { class: "found" }, some.map(result)), count > some.length && h("p", { class: "quiet" }, `The best ${some.length} of ${number(count)}.`)));
    return [h("p", { class: total ? "quiet" : "warn" }, told, found.isPart && ". Nothing has all of the words; these have some of them."), ...groups].filter(Boolean);
  }

  function nodeResult({ node: at }) {
    const node = nodes[at];
    const about = [node.kind, node.layer, node.owner.replace(/\s*<.*/, "")].filter(Boolean).join(" · ");
    return h("li", {}, h("a", { href: `#${node.anchor}` }, node.name), h("span", { class: "quiet" }, ` ${about}`), node.failed ? h("span", { class: "bad" }, ` ${plural(node.failed, "check")} failed`) : "");
  }

  function columnResult({ name, nodes: has }) {
    const shown = has.slice(0, 4).map((at, number) => [number ? ", " : " of ", h("a", { href: `#${nodes[at].anchor}/${encodeURIComponent(name)}` }, nodes[at].name)]);
    const more = has.length > 4 && ` and ${number(has.length - 4)} more`;
    return h("li", {}, h("a", { href: has.length > 1 ? `#column/${encodeURIComponent(name)}` : `#${nodes[has[0]].anchor}/${encodeURIComponent(name)}` }, h("code", {}, name)), h("span", { class: "quiet" }, shown, more));
  }

  // / goes to the search; arrows go through what was found; Escape empties the search.
  function keys(event) {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      page.search.focus();
      return;
    }
    if (page.results.hidden || !["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) return;
    const links = [page.search, ...page.results.querySelectorAll("li > a:first-child")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape" && at >= 0) {
      page.search.value = "";
      page.search.focus();
      results();
    } else if (at >= 0) {
      event.preventDefault();
      links[Math.max(0, Math.min(links.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))].focus();
    }
  }

  function begin() {
    const element = (name) => document.getElementById(`catalog-${name}`);
    for (const name of ["search", "count", "said", "list", "results", "view", ...FILTERS]) page[name] = element(name);
    if (!page.search) return;
    page.rows = [...page.list.querySelectorAll("tbody tr")];
    page.title = document.title;
    load("catalog-nodes").then((value) => {
      nodes = unpack(value);
      fillFilters();
      filter();
      element("tools").hidden = false;
      page.search.addEventListener("focus", () => ready());
      page.search.addEventListener("input", () => {
        if (location.hash && !location.hash.startsWith("#list")) history.pushState(null, "", location.pathname + location.search);
        page.settled = results();
      });
      page.search.form.addEventListener("submit", (event) => {
        event.preventDefault();
        const first = page.results.querySelector("li > a");
        if (first && !page.results.hidden) first.click();
      });
      document.addEventListener("keydown", keys);
      addEventListener("hashchange", route);
      document.body.dataset.catalog = "ready";
      performance.mark("catalog-ready");
      route();
    }, (error) => element("list").before(h("p", { class: "bad" }, `The search could not be read: ${error.message}`)));
  }

  // For tests: when the last key has been answered, what a text finds and touches, and the nodes.
  window.sluiceCatalog.settled = () => page.settled;
  window.sluiceCatalog.measure = async (text) => {
    const { counts, work } = search.find(await ready(), text);
    return { counts, work };
  };
  window.sluiceCatalog.opened = () => ({ nodes });

  document.addEventListener("DOMContentLoaded", begin);
})();
