// Columns: what each is made of, what is made of it, and what would break if it went. Pure functions over the edges of columns.
"use strict";

(window.sluiceCatalog ??= {}).impact = (() => {
  const ROWS = -1;
  const EVERY = -2;

  const key = (node, column) => `${node}:${column}`;
  const parts = (text) => text.split(":").map(Number);

  // `value` is files.columns_value(); both directions of its edges, by node and column.
  function open(value) {
    const into = new Map();
    const outOf = new Map();
    const add = (map, from, to, isDirect) => {
      if (!map.has(from)) map.set(from, []);
      map.get(from).push([to, isDirect]);
    };
    value.edges.forEach((flat, node) => {
      for (let at = 0; at < flat.length; at += 4) {
        const [column, parent, ofParent, direct] = flat.slice(at, at + 4);
        add(into, key(node, column), key(parent, ofParent), direct === 1);
        add(outOf, key(parent, ofParent), key(node, column), direct === 1);
      }
    });
    return { names: value.names, checks: value.checks, into, outOf };
  }

  const name = (columns, text) => {
    const [node, column] = parts(text);
    return column === ROWS ? "(its rows)" : column === EVERY ? "(all columns)" : columns.names[node][column];
  };

  // What a column, or the rows of a node, is made of: the edges of a graph upstream.
  function parents(columns, text) {
    const [node, column] = parts(text);
    const every = column >= 0 ? columns.into.get(key(node, EVERY)) || [] : [];
    return [...(columns.into.get(text) || []), ...every];
  }

  // What is made of a column; edges of what could not be followed column by column are from all columns to all columns.
  function children(columns, text) {
    const [node, column] = parts(text);
    const every = column >= 0 ? columns.outOf.get(key(node, EVERY)) || [] : [];
    return [...(columns.outOf.get(text) || []), ...every];
  }

  function everythingAfter(starts, next) {
    const seen = new Set();
    const waiting = [...starts];
    while (waiting.length) {
      for (const other of next(waiting.pop())) {
        if (!seen.has(other)) {
          seen.add(other);
          waiting.push(other);
        }
      }
    }
    return seen;
  }

  // What would break if columns went: `starts` are [node, column] pairs.
  // `reading`: models whose SQL reads one of them, so that they cannot be built; `after`: what is downstream of these;
  // `columns`: those made of them, at any distance; `checks`: on any of them; `exposures`: that read a node that has one, or
  // something that cannot be built.
  function without(columns, nodes, starts) {
    const from = starts.map(([node, column]) => key(node, column));
    const reading = new Set(from.flatMap((one) => children(columns, one).map(([other]) => parts(other)[0])));
    const after = everythingAfter(reading, (node) => nodes[node].children);
    const direct = (one) => children(columns, one).filter(([other, is]) => is && parts(other)[1] !== ROWS).map(([other]) => other);
    const made = everythingAfter(from, direct);
    from.forEach((one) => made.delete(one));
    const own = starts.map(([node]) => node);
    const readers = new Set([...own, ...reading, ...after].flatMap((node) => nodes[node].children));
    const isExposure = (node) => nodes[node].kind === "exposure";
    return {
      reading: [...reading].filter((node) => !isExposure(node)).sort((a, b) => a - b),
      after: [...after].filter((node) => !isExposure(node) && !reading.has(node)).sort((a, b) => a - b),
      columns: [...made].sort(),
      exposures: [...new Set([...readers, ...after].filter(isExposure))].sort((a, b) => a - b),
      checks: [...from, ...made].flatMap((one) => checksOf(columns, one).map((check) => ({ check, at: one }))),
    };
  }

  function checksOf(columns, text) {
    const [node, column] = parts(text);
    return (columns.checks[node] || []).filter(([, named]) => named.includes(column)).map(([check]) => check);
  }

  // Nodes and columns of a name, wherever it occurs.
  function named(columns, wanted) {
    const folded = wanted.toLowerCase();
    return columns.names.flatMap((some, node) => {
      const at = some.findIndex((one) => one.toLowerCase() === folded);
      return at < 0 ? [] : [[node, at]];
    });
  }

  return { open, name, parents, children, without, named, key, parts };
})();
