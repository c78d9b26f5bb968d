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
      best: new Float32Array(size),
      total: new Float32Array(size),
      mask: new Uint16Array(size),
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

  // Adds up, for every document, how well each word fits. Returns the documents with any.
  function scored(index, asked, work) {
    const { best, total, mask, fields } = index;
    const touched = [];
    asked.forEach((word, number) => {
      const now = [];
      for (const [at, fit] of matching(index, word, work)) {
        let posting = 0;
        for (const step of index.postings[at]) {
          posting += step;
          work.postings += 1;
          const score = WEIGHTS[posting % fields] * fit;
          // A key alone, such as "c", is looked for in names only.
          if (word.length === 1 && posting % fields > 1) continue;
          const place = Math.floor(posting / fields);
          if (best[place] === 0) now.push(place);
          if (score > best[place]) best[place] = score;
        }
      }
      for (const place of now) {
        if (mask[place] === 0) touched.push(place);
        mask[place] |= 1 << number;
        total[place] += best[place];
        best[place] = 0;
      }
    });
    return touched;
  }

  // Nodes and columns for a text, best first. `isPart` says that nothing has all of its words.
  function find(index, text) {
    const asked = words(text);
    const work = { terms: 0, postings: 0, documents: 0 };
    const touched = scored(index, asked, work);
    work.documents = touched.length;
    let wanted = (1 << asked.length) - 1;
    let found = collected(index, touched, wanted, text, work);
    const isPart = asked.length > 1 && !found.nodes.length && !found.columns.length && touched.length > 0;
    if (isPart) found = collected(index, touched, 0, text, work);
    for (const place of touched) {
      index.mask[place] = 0;
      index.total[place] = 0;
    }
    return { ...found, isPart, work };
  }

  function collected(index, touched, wanted, text, work) {
    const typed = text.trim().toLowerCase();
    const nodes = [];
    const columns = new Map();
    for (const place of touched) {
      if (place < index.nodes.length) {
        if ((index.mask[place] & wanted) === wanted) nodes.push([named(index.nodes[place].name, typed, index.total[place]) + known(index, place), place]);
      } else {
        addColumn(index, place, wanted, typed, columns, work);
      }
    }
    const best = (one, other) => other[0] - one[0] || one[1] - other[1];
    const sorted = [...columns.values()].sort((one, other) => other.score - one.score || (one.name < other.name ? -1 : 1));
    return {
      nodes: nodes.sort(best).slice(0, SHOWN).map(([score, node]) => ({ score, node })),
      columns: sorted.slice(0, SHOWN).map((one) => ({ ...one, nodes: [...one.nodes].sort((a, b) => a - b) })),
      counts: { nodes: nodes.length, columns: columns.size },
    };
  }

  // A column is found by its own words, and by those of the nodes that have it: "payments currency".
  function addColumn(index, place, wanted, typed, columns, work) {
    const own = index.mask[place];
    const number = place - index.nodes.length;
    const has = [];
    let node = 0;
    for (const step of index.places[number]) {
      node += step;
      work.documents += 1;
      if (((own | index.mask[node]) & wanted) === wanted) has.push(node);
    }
    if (!has.length) return;
    const name = index.names[number];
    const score = named(name, typed, index.total[place]) + Math.min(2, Math.log2(1 + has.length) / 4);
    const known = columns.get(name);
    if (!known) columns.set(name, { name, score, nodes: new Set(has) });
    else {
      known.score = Math.max(known.score, score);
      has.forEach((one) => known.nodes.add(one));
    }
  }

  // A name that is, begins with, or holds what was typed comes first.
  function named(name, typed, score) {
    const folded = name.toLowerCase();
    if (folded === typed) return score + 60;
    if (folded.startsWith(typed)) return score + 12;
    return folded.includes(typed) ? score + 6 : score;
  }

  const known = (index, place) => Math.min(3, Math.log2(1 + index.nodes[place].children.length) / 2);

  return { open, find, words };
})();
