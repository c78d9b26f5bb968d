// The view of one node, of one column of it, and of a column's name wherever it occurs.
"use strict";

(window.sluiceCatalog ??= {}).node = (() => {
  const { h, load, table, number, percent, prose, size, time, plural } = window.sluiceCatalog.dom;
  const { graph, impact } = window.sluiceCatalog;
  const KINDS = { data_test: "data test", unit_test: "unit test", expectation: "expectation", control_chart: "control chart" };
  const ENDED = { pass: "good", warn: "warn", fail: "bad", error: "bad", success: "good" };

  let columnsLoaded = null;
  const columns = () => (columnsLoaded ??= load("catalog-columns").then(impact.open));

  const link = (node, text) => h("a", { href: `#${node.anchor}` }, text || node.name);
  const columnHref = (node, name) => `#${node.anchor}/${encodeURIComponent(name)}`;

  function fact(list, name, ...value) {
    const shown = value.flat().filter((one) => one !== null && one !== undefined && one !== "" && one !== false);
    if (shown.length) list.append(h("dt", {}, name), h("dd", {}, shown));
  }

  // "Name <address>" as a name with a link to write to.
  function owner(text) {
    const found = /^(.*?)\s*<([^<>@\s]+@[^<>\s]+)>$/.exec(text) || (/^[^@\s]+@[^@\s]+$/.test(text) ? [text, text, text] : null);
    return found ? [found[1] === found[2] ? "" : `${found[1]}, `, h("a", { href: `mailto:${found[2]}` }, found[2])] : text;
  }

  function section(title, anchor, ...parts) {
    return h("section", { "aria-labelledby": `catalog-${anchor}` }, h("h3", { id: `catalog-${anchor}` }, title), parts);
  }

  const ended = (word) => (word ? h("span", { class: ENDED[word] || "quiet" }, word) : h("span", { class: "quiet" }, "never ran"));

  function hours(count) {
    return count >= 48 && count % 24 === 0 ? plural(count / 24, "day") : plural(count, "hour");
  }

  // How old its rows are against what its YAML allows.
  function freshness(node, more) {
    const [warn, fail] = more.late_after || [];
    const limits = [warn && `warns after ${hours(warn)}`, fail && `fails after ${hours(fail)}`].filter(Boolean).join(", ");
    const age = more.arrived_at ? (Date.now() - new Date(`${more.arrived_at.slice(0, 19)}Z`)) / 3600000 : null;
    const late = age === null ? null : fail && age > fail ? ["bad", "late"] : warn && age > warn ? ["warn", "late"] : limits ? ["good", "on time"] : null;
    const arrived = more.arrived_at && [time(more.arrived_at), " (", time(more.arrived_at, "age"), ") "];
    return [arrived || (node.kind === "source" ? "no delivery is recorded " : null), late && h("span", { class: late[0] }, late[1]), limits && ` ${limits}`];
  }

  function facts(node, more) {
    const list = h("dl", { class: "facts" });
    const rows = more.rows === undefined ? "" : `${number(more.rows)} rows${more.bytes ? `, ${size(more.bytes)}` : ""}`;
    const judged = node.kind === "source" ? "rows that do not fit its columns are rejected at ingestion" : "a build fails if a column or its type differs";
    const contract = more.is_contracted && `enforced: ${judged}`;
    fact(list, "owner", node.owner ? owner(node.owner) : h("span", { class: "warn" }, "nobody"));
    fact(list, "relation", more.relation && h("code", {}, more.relation));
    const estimated = more.rows !== undefined && node.kind !== "source" && ", as DuckDB estimates";
    fact(list, "rows", rows, more.measured_at ? [" at ", time(more.measured_at)] : estimated);
    fact(list, "newest row", time(more.newest_at));
    fact(list, node.kind === "source" ? "last delivery" : "last build", freshness(node, more), more.build_status && [ended(more.build_status), more.build_seconds !== undefined && ` in ${more.build_seconds.toFixed(1)} s`]);
    fact(list, "due", more.due && [more.due, " ", h("a", { href: "index.html#on-time" }, "how often it was late")]);
    fact(list, "contract", contract);
    fact(list, "deprecated", more.deprecated_on && h("span", { class: "warn" }, `from ${more.deprecated_on}`));
    fact(list, "access", more.access);
    fact(list, "use", [more.use, more.maturity && `maturity ${more.maturity}`].filter(Boolean).join(", "));
    fact(list, "address", more.url && /^https?:/.test(more.url) ? h("a", { href: more.url, rel: "noreferrer" }, more.url) : more.url);
    fact(list, "tags", node.tags.map((tag) => [h("a", { href: `#list?tag=${encodeURIComponent(tag)}` }, tag), " "]));
    fact(list, "charts", more.is_followed && h("a", { href: `health.html?relation=${encodeURIComponent(more.relation)}` }, "its series are followed: see Health"));
    fact(list, "file", more.path && h("code", {}, more.path));
    return list;
  }

  function label(nodes, at) {
    const node = nodes[at];
    return { name: node.name, about: [node.layer, node.owner.replace(/\s*<.*/, "")].filter(Boolean).join(" · "), kind: node.kind, href: `#${node.anchor}` };
  }

  function lineage(nodes, at) {
    const direct = (list) => list.map((one) => [one, true]);
    return graph.draw({
      centre: at, name: nodes[at].name, unit: "node", up: 2, down: 2,
      parents: (one) => direct(nodes[one].parents), children: (one) => direct(nodes[one].children), label: (one) => label(nodes, one),
    });
  }

  function examples(column) {
    if (column.h) return h("span", { class: "quiet", title: column.h }, "hidden: ", column.h);
    if (!column.e) return "";
    const values = column.e.map((one) => h("code", {}, one));
    return column.r ? [values[0], " to ", values[1]] : values.map((one, at) => [at ? ", " : "", one]);
  }

  function columnTable(node, more, checksOf) {
    const rows = more.columns.map((column) => [
      h("a", { href: columnHref(node, column.n) }, h("code", {}, column.n)),
      h("span", { class: "quiet" }, (column.t || "").toLowerCase()),
      [prose(column.d), column.c && h("span", { class: "quiet" }, `${column.d ? " " : ""}(${column.c.join(", ")})`), column.m && h("span", { class: "warn" }, " not in the warehouse")],
      number(checksOf(column.n) || ""),
      percent(column.z),
      number(column.u),
      examples(column),
    ]);
    return table(`Columns of ${node.name}`, ["column", "type", "description", ">checks", ">null", ">distinct", "examples"], rows);
  }

  function limits(text) {
    if (!text) return "";
    try {
      const found = Object.entries(JSON.parse(text)).filter(([, value]) => value !== null && typeof value !== "object" || Array.isArray(value));
      return found.map(([name, value]) => `${name.replaceAll("_", " ")}: ${Array.isArray(value) ? value.join(", ") : value}`).join("; ");
    } catch {
      return text;
    }
  }

  function checkTable(node, more) {
    const checks = more.checks || [];
    if (!checks.length) return h("p", { class: more.is_contracted ? "quiet" : "warn" }, more.is_contracted ? "Nothing but its contract checks it." : "Nothing checks it.");
    const row = (check) => [
      [check.n.replaceAll("_", " "), h("div", { class: "quiet" }, KINDS[check.k] || check.k, check.c && [", ", h("code", {}, check.c)])],
      [ended(check.s), check.f ? ` ${plural(check.f, "row")}` : "", check.w && h("span", { class: "quiet" }, " only warns")],
      time(check.at),
      limits(check.x),
      limits(check.o),
    ];
    const head = ["claim", "last result", "when", "expected", "seen"];
    const [charts, others] = [checks.filter((one) => one.k === "control_chart"), checks.filter((one) => one.k !== "control_chart")];
    const bad = charts.filter((one) => one.s !== "pass");
    const folded = charts.length && h("details", {}, h("summary", {}, `${plural(charts.length, "series")} followed by control charts, ${bad.length ? `${bad.length} with a signal` : "none with a signal"}`.replace("seriess", "series")), table(`Charts of ${node.name}`, head, charts.map(row)));
    return [others.length ? table(`Checks of ${node.name}`, head, others.map(row)) : null, folded || null];
  }

  function sql(node, at, chunk) {
    const holder = h("div", {}, h("p", { class: "quiet" }, "Reading …"));
    const shown = h("details", { id: "catalog-sql-text" }, h("summary", {}, "Show the SQL: as compiled, and as written"), holder);
    shown.addEventListener("toggle", () => {
      if (!shown.open || shown.dataset.read) return;
      shown.dataset.read = "";
      load(`catalog-sql-${Math.floor(at / chunk)}`).then((all) => {
        const [raw, compiled] = all[at % chunk];
        holder.replaceChildren(...[["Compiled", compiled], ["As written", raw]].filter(([, text]) => text).map(([title, text]) => h("div", {}, h("h4", {}, title), h("pre", { tabindex: "0" }, text))));
        if (!raw && !compiled) holder.replaceChildren(h("p", { class: "quiet" }, "The manifest has no SQL of it."));
      }, (error) => holder.replaceChildren(h("p", { class: "bad" }, error.message)));
    });
    return shown;
  }

  function readers(nodes, at) {
    const all = nodes[at].children;
    const uses = all.filter((one) => nodes[one].kind === "exposure");
    if (!all.length) return h("p", { class: "quiet" }, "Nothing reads it.");
    const rows = [...uses, ...all.filter((one) => !uses.includes(one))].map((one) => [link(nodes[one]), nodes[one].kind, owner(nodes[one].owner)]);
    return table(`What reads ${nodes[at].name}`, ["name", "kind", "owner"], rows);
  }

  // The view of a node, from nodes.value and its details.
  function view(nodes, at, more, chunk) {
    const node = nodes[at];
    const counts = new Map();
    for (const check of more.checks || []) if (check.c) counts.set(check.c.toLowerCase(), (counts.get(check.c.toLowerCase()) || 0) + 1);
    const has = (kind) => kind.includes(node.kind);
    return [
      h("p", { class: "quiet" }, h("a", { href: "#" }, "All nodes"), ` / ${node.kind}, ${node.layer}${more.materialized ? `, ${more.materialized}` : ""}`),
      h("h2", { id: "catalog-title", tabindex: "-1" }, node.name),
      more.label && more.label !== node.name && h("p", { class: "quiet" }, `Called “${more.label}”`),
      more.description && h("p", { class: "lead" }, prose(more.description)),
      (more.incidents || []).map((one) => h("p", { class: one.severity === "error" ? "bad" : "warn" }, "Open incident: ", h("a", { href: `index.html#incident-${one.incident_id.slice(0, 8)}` }, one.title))),
      facts(node, more),
      nodes.untraced[at] && h("p", { class: "warn" }, `Its columns could not be followed: ${nodes.untraced[at]}. Everything that it reads counts as read by every column.`),
      has(["exposure"]) ? null : section(`Columns (${number((more.columns || []).length)})`, "columns", more.columns ? [h("p", { class: "quiet" }, "Open a column to see what it is made of, and what would break if it went."), columnTable(node, more, (name) => counts.get(name.toLowerCase()))] : h("p", { class: "quiet" }, "No column is described.")),
      section("Lineage", "lineage", lineage(nodes, at)),
      has(["exposure"]) ? null : section("Read by", "readers", readers(nodes, at)),
      has(["exposure"]) ? null : section(`Checks (${number((more.checks || []).length)})`, "checks", checkTable(node, more)),
      has(["model", "snapshot"]) ? section("SQL", "sql", sql(node, at, chunk)) : null,
      more.relation && has(["model", "seed", "snapshot"]) ? section("Look at the rows", "rows", h("div", { class: "copied" }, h("pre", { tabindex: "0" }, `from ${more.relation} limit 20`), h("button", { type: "button", class: "copy", hidden: true }, "Copy"))) : null,
    ];
  }

  function columnLabel(nodes, known, text) {
    const [at] = impact.parts(text);
    const name = impact.name(known, text);
    return { name, about: nodes[at].name, kind: nodes[at].kind, href: name.startsWith("(") ? `#${nodes[at].anchor}` : columnHref(nodes[at], name) };
  }

  // Something folded, open if it is short; what is in it is made when it is opened.
  function part(count, title, make) {
    if (!count) return null;
    const folded = h("details", { open: count <= 12 }, h("summary", {}, title));
    const fill = () => folded.open && folded.childElementCount === 1 && folded.append(make());
    folded.addEventListener("toggle", fill);
    fill();
    return folded;
  }

  // What would break if the columns went, in the words of a reader who decides whether to ask first.
  function breaking(nodes, known, starts) {
    const found = impact.without(known, nodes, starts);
    const listed = (some) => some.map((at) => [link(nodes[at]), nodes[at].layer, owner(nodes[at].owner)]);
    const owners = new Map(); // by address: a group and an exposure may spell one name differently
    for (const at of [...found.reading, ...found.after, ...found.exposures]) {
      const address = nodes[at].owner.replace(/^.*<|>$/g, "").toLowerCase();
      if (address && !owners.has(address)) owners.set(address, nodes[at].owner);
    }
    const made = () => found.columns.map((one) => {
      const told = columnLabel(nodes, known, one);
      return [h("a", { href: told.href }, h("code", {}, told.name)), link(nodes[impact.parts(one)[0]])];
    });
    const checks = () => found.checks.map(({ check, at }) => [check.replaceAll("_", " "), h("code", {}, impact.name(known, at)), link(nodes[impact.parts(at)[0]])]);
    const models = found.reading.length;
    const after = found.after.length ? `, and ${number(found.after.length)} after ${models === 1 ? "it" : "them"}` : "";
    const itself = starts.length === 1 ? nodes[starts[0][0]].name : "a node that has it";
    const used = `${plural(found.exposures.length, "exposure")} ${found.exposures.length === 1 ? "reads" : "read"} ${models ? "one of these, or " : ""}${itself}.`;
    const sentence = [models ? `${plural(models, "model")} could not be built${after}.` : "No model reads it.", found.exposures.length ? used : "No exposure reads it."].join(" ");
    return [
      h("p", { id: "catalog-verdict", class: models || found.exposures.length ? "warn" : "good" }, sentence),
      owners.size ? h("p", {}, "Ask: ", [...owners.values()].map((one, at) => [at ? "; " : "", owner(one)])) : null,
      part(found.exposures.length, `${plural(found.exposures.length, "exposure")}`, () => table("Exposures", ["exposure", "layer", "owner"], listed(found.exposures))),
      part(models, `${plural(models, "model")} whose SQL reads it`, () => table("Models whose SQL reads it", ["model", "layer", "owner"], listed(found.reading))),
      part(found.after.length, `${plural(found.after.length, "node")} downstream of these`, () => table("Downstream of these", ["node", "layer", "owner"], listed(found.after))),
      part(found.columns.length, `${plural(found.columns.length, "column")} made of it`, () => table("Columns made of it", ["column", "of"], made())),
      part(found.checks.length, `${plural(found.checks.length, "check")} that name it, or a column made of it`, () => table("Checks", ["claim", "column", "of"], checks())),
    ];
  }

  function columnGraph(nodes, known, centre) {
    return graph.draw({
      centre, name: impact.name(known, centre), unit: "column", up: 2, down: 2,
      parents: (one) => impact.parents(known, one), children: (one) => impact.children(known, one), label: (one) => columnLabel(nodes, known, one),
    });
  }

  // One column of a node.
  function columnView(nodes, at, more, known, wanted) {
    const node = nodes[at];
    const place = known.names[at].findIndex((one) => one.toLowerCase() === wanted.toLowerCase());
    const column = (more.columns || [])[place];
    if (!column) return [h("p", { class: "warn" }, `${node.name} has no column ${wanted}. `, link(node))];
    const list = h("dl", { class: "facts" });
    fact(list, "of", link(node));
    fact(list, "owner", node.owner && owner(node.owner));
    fact(list, "type", column.t && column.t.toLowerCase());
    fact(list, "constraints", (column.c || []).join(", "));
    fact(list, "contract", more.is_contracted && "its model promises it: to remove it needs a new version");
    fact(list, "null", percent(column.z));
    fact(list, "distinct values", number(column.u));
    fact(list, "examples", examples(column));
    const others = impact.named(known, column.n).length - 1;
    fact(list, "same name", others ? h("a", { href: `#column/${encodeURIComponent(column.n)}` }, `in ${plural(others, "other node")}`) : "");
    return [
      h("p", { class: "quiet" }, h("a", { href: "#" }, "All nodes"), " / ", link(node), " / column"),
      h("h2", { id: "catalog-title", tabindex: "-1" }, column.n),
      column.d && h("p", { class: "lead" }, prose(column.d)),
      list,
      section("What would break if it went", "breaking", breaking(nodes, known, [[at, place]])),
      section("Lineage of the column", "lineage", h("p", { class: "quiet" }, "Solid: its value is made of it. Dashed: its value or the rows depend on it otherwise, such as by a filter or a join."), columnGraph(nodes, known, impact.key(at, place))),
    ];
  }

  // A column's name, wherever it occurs.
  function nameView(nodes, known, name) {
    const found = impact.named(known, name);
    if (!found.length) return [h("p", { class: "warn" }, `No node has a column ${name}.`)];
    const rows = found.map(([at, place]) => [
      h("a", { href: columnHref(nodes[at], known.names[at][place]) }, nodes[at].name), nodes[at].layer, owner(nodes[at].owner),
      number(new Set(impact.children(known, impact.key(at, place)).map(([one]) => impact.parts(one)[0])).size || ""),
    ]);
    return [
      h("p", { class: "quiet" }, h("a", { href: "#" }, "All nodes"), " / column"),
      h("h2", { id: "catalog-title", tabindex: "-1" }, known.names[found[0][0]][found[0][1]]),
      h("p", { class: "lead" }, `A column of ${plural(found.length, "node")}.`),
      section("What would break if it went everywhere", "breaking", breaking(nodes, known, found)),
      section("Where it is", "where", table("Where it is", ["node", "layer", "owner", ">models that read it"], rows)),
    ];
  }

  return { view, columnView, nameView, columns };
})();
