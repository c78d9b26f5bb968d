// Search: an inverted index in memory, read key by key. Pure functions; `work` counts what a key has touched.
"use strict";

(window.sluiceCatalog ??= {}).search = (() => {
  const WEIGHTS = [10, 8, 4, 1.5]; // of a word found in a node's name, a column's name, a label, a text
  const MOST_WORDS = 8;
  const SHOWN = 40;

  // As words() of sluice/catalog/search.py.
  function words(text) {
    const found = text.replace(/([a-z0-9])(?=[A-Z])/g, "$1 ").toLowerCase().match(/[\p{L}\p{N}]+/gu) || [];
    return [...new Set(found)].slice(0, MOST_WORDS).map((word) => word.slice(0, 24));
  }

  // `packed` is search.packed(); `nodes` is what the catalog shows of each node: name, children.
  function open(packed, nodes) {
    const size = nodes.length + packed.names.length;
    return {
      fields: packed.fields,
      terms: packed.terms.split(" "),
      postings: packed.postings,
      names: packed.names,
      places: packed.nodes,
      nodes,
      fits: Array.from({ length: MOST_WORDS }, () => new Float32Array(size)), // by word, how well it fits each document
      mask: new Uint16Array(size), // a bit for each word that fits at all
    };
  }

  // The first term that is not before `word`.
  function start(terms, word, work) {
    let low = 0;
    let high = terms.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      work.terms += 1;
      if (terms[middle] < word) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Terms that begin with a word, with how well they fit; where none does, those with a letter or two wrong.
  function matching(index, word, work) {
    const found = [];
    for (let at = start(index.terms, word, work); at < index.terms.length && index.terms[at].startsWith(word); at += 1) {
      work.terms += 1;
      const term = index.terms[at];
      found.push([at, term.length === word.length ? 1.6 : 0.5 + (0.5 * word.length) / term.length]);
    }
    return found.length || word.length < 4 ? found : similar(index, word, work);
  }

  function similar(index, word, work) {
    const allowed = word.length < 8 ? 1 : 2;
    const found = [];
    for (let at = 0; at < index.terms.length; at += 1) {
      const term = index.terms[at];
      if (term.length < word.length - allowed) continue;
      work.terms += 1;
      const wrong = wrongLetters(word, term, allowed);
      if (wrong <= allowed) found.push([at, 0.5 / (1 + wrong)]);
    }
    return found;
  }

  // Letters that are wrong, missing, too many or swapped between a word and the beginning of a term; `allowed` + 1 if more.
  function wrongLetters(word, term, allowed) {
    const width = Math.min(term.length, word.length + allowed);
    let before = null;
    let last = Array.from({ length: width + 1 }, (_, at) => at);
    for (let row = 1; row <= word.length; row += 1) {
      const now = [row];
      for (let at = 1; at <= width; at += 1) {
        const is = word[row - 1] === term[at - 1] ? 0 : 1;
        now[at] = Math.min(last[at - 1] + is, last[at] + 1, now[at - 1] + 1);
        if (before && at > 1 && word[row - 1] === term[at - 2] && word[row - 2] === term[at - 1]) {
          now[at] = Math.min(now[at], before[at - 2] + 1);
        }
      }
      if (Math.min(...now) > allowed) return allowed + 1;
      before = last;
      last = now;
    }
    return Math.min(...last);
  }

  // Notes for every document how well each word fits. Returns the documents where any does.
  function scored(index, asked, work) {
    const { fits, mask, fields } = index;
    const touched = [];
    asked.forEach((word, number) => {
      for (const [at, fit] of matching(index, word, work)) {
        let posting = 0;
        for (const step of index.postings[at]) {
          posting += step;
          work.postings += 1;
          const field = posting % fields;
          // A letter alone is looked for in names only.
          if (word.length === 1 && field > 1) continue;
          const place = (posting - field) / fields;
          if (mask[place] === 0) touched.push(place);
          mask[place] |= 1 << number;
          fits[number][place] = Math.max(fits[number][place], WEIGHTS[field] * fit);
        }
      }
    });
    return touched;
  }

  function total(index, count, place) {
    let sum = 0;
    for (let number = 0; number < count; number += 1) sum += index.fits[number][place];
    return sum;
  }

  // Of a column in a node, each word counts where it fits better.
  function totalOfBoth(index, count, column, node) {
    let sum = 0;
    for (let number = 0; number < count; number += 1) {
      const fit = index.fits[number];
      sum += Math.max(fit[column], 0.9 * fit[node]);
    }
    return sum;
  }

  // Nodes and columns for a text, best first. `isPart` says that nothing has all of its words.
  function find(index, text) {
    const asked = words(text);
    const work = { terms: 0, postings: 0, documents: 0 };
    const touched = scored(index, asked, work);
    work.documents = touched.length;
    const query = { count: asked.length, wanted: (1 << asked.length) - 1, typed: text.trim().toLowerCase() };
    let found = collected(index, touched, query, work);
    const isPart = asked.length > 1 && !found.nodes.length && !found.columns.length && touched.length > 0;
    if (isPart) found = collected(index, touched, { ...query, wanted: 0 }, work);
    for (const place of touched) {
      index.mask[place] = 0;
      for (let number = 0; number < asked.length; number += 1) index.fits[number][place] = 0;
    }
    return { ...found, isPart, work };
  }

  function collected(index, touched, query, work) {
    const nodes = [];
    const columns = new Map();
    for (const place of touched) {
      if (place >= index.nodes.length) addColumn(index, place, query, columns, work);
      else if ((index.mask[place] & query.wanted) === query.wanted) {
        nodes.push({ node: place, score: named(index.nodes[place].name, query, total(index, query.count, place)) + known(index, place) });
      }
    }
    const shown = best([...columns.values()]).map(({ name, score, parts }) => ({ name, score, nodes: united(index, parts) }));
    return { nodes: best(nodes), columns: shown, counts: { nodes: nodes.length, columns: columns.size } };
  }

  // The best of many, without sorting all of them.
  function best(found) {
    let some = found;
    if (found.length > 4 * SHOWN) {
      const scores = Float64Array.from(found, (one) => one.score).sort();
      const least = scores[scores.length - SHOWN];
      some = found.filter((one) => one.score >= least);
    }
    const before = (one, other) => other.score - one.score || (one.node ?? 0) - (other.node ?? 0) || (one.name < other.name ? -1 : 1);
    return some.sort(before).slice(0, SHOWN);
  }

  // A column is found by its own words, and by those of the nodes that have it: "payments currency".
  function addColumn(index, place, query, columns, work) {
    const own = index.mask[place];
    const number = place - index.nodes.length;
    let part = number; // all of its nodes
    let score = total(index, query.count, place);
    if ((own & query.wanted) !== query.wanted) {
      part = decoded(index.places[number]).filter((node) => ((own | index.mask[node]) & query.wanted) === query.wanted);
      work.documents += index.places[number].length;
      if (!part.length) return;
      const scores = new Map(part.map((node) => [node, totalOfBoth(index, query.count, place, node)]));
      part.sort((one, other) => scores.get(other) - scores.get(one) || one - other);
      score = scores.get(part[0]);
    }
    const name = index.names[number];
    score = named(name, query, score);
    const known = columns.get(name);
    if (!known) columns.set(name, { name, score, parts: [part] });
    else if (score > known.score) Object.assign(known, { score, parts: [part, ...known.parts] });
    else known.parts.push(part);
  }

  function decoded(steps) {
    let node = 0;
    return steps.map((step) => (node += step));
  }

  // The nodes of a column's entries, those that fit best first: a number stands for all nodes of that entry.
  function united(index, parts) {
    return [...new Set(parts.flatMap((part) => (typeof part === "number" ? decoded(index.places[part]) : part)))];
  }

  // A name that is, begins with, or holds what was typed comes first.
  function named(name, { typed }, score) {
    const folded = name.toLowerCase();
    if (folded === typed) return score + 60;
    if (folded.startsWith(typed)) return score + 12;
    return folded.includes(typed) ? score + 6 : score;
  }

  const known = (index, place) => Math.min(3, Math.log2(1 + index.nodes[place].children.length) / 2);

  return { open, find, words };
})();
