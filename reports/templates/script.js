"use strict";
// Everything here adds to a page that is whole without it: sorting, values under the pointer, a panel, and a look at history.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const language = document.documentElement.lang;
  const text = (element) => element.textContent.replace(/\s+/g, " ").trim();

  // A number as it is written on the page, back to something to sort by; words sort as words.
  const key = (cell) => {
    const exact = $("data", cell);
    if (exact) return Number(exact.value);
    const said = text(cell);
    const digits = said.replace(language === "nl" ? /\./g : /,/g, "").replace(",", ".").replace("−", "-");
    const found = /^\D*?(-?)\D*?(\d+(?:\.\d+)?)/.exec(digits);
    return found && !/^\p{L}{3,}/u.test(said) ? Number(found[1] + found[2]) : said;
  };

  const sortable = (table) => {
    const body = table.tBodies[0];
    const heads = all("thead th", table);
    if (!body || body.rows.length < 3) return;
    const first = [...body.rows];
    heads.forEach((head, column) => {
      if (!first.some((row) => row.cells[column] && text(row.cells[column]))) return; // a drawing has no order
      const button = make("button", { type: "button", className: "sort" });
      // A link in a head stays a link: the button stands after it.
      if ($("a", head)) button.setAttribute("aria-label", text(head));
      else button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const was = head.getAttribute("aria-sort");
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        let rows = first;
        if (was !== "descending") {
          const sign = was === "ascending" ? -1 : 1;
          const missing = (value) => value === "–" || value === "";
          rows = first
            .filter((row) => !row.classList.contains("total"))
            .map((row) => [key(row.cells[column]), row])
            .sort(([a], [b]) =>
              missing(a) || missing(b) ? missing(a) - missing(b)
                : sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), language)))
            .map(([, row]) => row)
            .concat(first.filter((row) => row.classList.contains("total")));
          head.setAttribute("aria-sort", was === "ascending" ? "descending" : "ascending");
        }
        body.append(...rows);
      });
    });
  };

  // Values of a chart under the pointer, and with the arrow keys when the chart has the focus.
  const tip = make("div", { className: "tip", hidden: true });
  tip.setAttribute("role", "status");
  const readable = (drawing, label, rows) => {
    const hits = () => all("svg", drawing).filter((svg) => svg.getClientRects().length).flatMap((svg) => all(".hit", svg));
    let at = -1;
    const show = (index) => {
      const found = hits();
      at = Math.max(0, Math.min(found.length - 1, index));
      found.forEach((hit, place) => hit.classList.toggle("on", place === at));
      if (!rows[at]) return;
      tip.replaceChildren(make("strong", {}, rows[at][0]), ...rows[at].slice(1).map((line) => make("span", {}, line)));
      tip.hidden = false;
      const box = found[at].getBoundingClientRect();
      const left = Math.min(Math.max(8, box.x + box.width / 2 - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 8);
      tip.style.left = `${left + scrollX}px`;
      tip.style.top = `${Math.max(0, box.y - tip.offsetHeight - 6) + scrollY}px`;
    };
    const hide = () => {
      tip.hidden = true;
      at = -1;
      hits().forEach((hit) => hit.classList.remove("on"));
    };
    drawing.tabIndex = 0;
    drawing.setAttribute("role", "group");
    drawing.setAttribute("aria-label", label);
    drawing.addEventListener("pointermove", (event) => {
      const index = hits().indexOf(event.target);
      if (index >= 0) show(index);
    });
    drawing.addEventListener("pointerleave", hide);
    drawing.addEventListener("focus", () => drawing.matches(":focus-visible") && show(rows.length - 1));
    drawing.addEventListener("blur", hide);
    drawing.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: rows.length - 1 };
      if (event.key === "Escape") hide();
      if (!(event.key in steps)) return;
      event.preventDefault();
      show(steps[event.key]);
    });
  };
  const rowsOf = (table, heads = all("thead th", table).map(text)) =>
    [...table.tBodies[0].rows].map((row) => [text(row.cells[0]),
      ...[...row.cells].slice(1).map((cell, place) => (heads.length > 2 ? `${heads[place + 1]} ${text(cell)}` : text(cell)))]);
  all("figure.chart").forEach((figure) => {
    const drawing = $(".plot, .drawing", figure);
    const table = $("details table", figure) || $("#history table");
    if (!drawing || !table || !$(".hit", drawing)) return;
    const rows = rowsOf(table).map((row) => (drawing.matches(".plot") ? row.slice(0, 2) : row));
    readable(drawing, text($("figcaption strong", figure)), drawing.matches(".plot") ? rows.reverse() : rows);
  });

  // A link to a definition opens it in a panel; Escape or its button closes it, and the focus goes back to the link.
  const panel = $("#panel");
  if (panel) {
    document.addEventListener("click", (event) => {
      const link = event.target.closest("main a[href^='#']");
      const entry = link && document.getElementById(link.hash.slice(1));
      if (!entry || entry.tagName !== "ARTICLE" || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const copy = entry.cloneNode(true);
      [copy, ...all("[id]", copy)].forEach((element) => element.removeAttribute("id"));
      all("details", copy).forEach((details) => (details.open = true));
      $("div", panel).replaceChildren(copy);
      panel.setAttribute("aria-label", text($("h3", copy) || copy));
      if (!panel.open) panel.showModal();
    });
    panel.addEventListener("click", (event) => {
      if (event.target === panel || event.target.closest("button")) panel.close();
    });
  }

  // History of any KPI: by grain, scope and period, beside what it is compared with.
  const explorer = $("#explore");
  if (explorer) {
    const content = JSON.parse($("#explore-data").textContent);
    const chosen = Object.fromEntries(all("select", explorer).map((select) => [select.name, select]));
    const said = explorer.dataset;
    const plot = $(".plot", explorer);
    const fill = (select, options, keep) => {
      const was = keep ?? select.value;
      select.replaceChildren(...options.map(([value, label]) => make("option", { value, textContent: label })));
      if (options.some(([value]) => String(value) === String(was))) select.value = was;
    };
    const write = (value, { before = "", after = "", decimals }, signed = false) => {
      if (value === null || value === undefined) return "–";
      const digits = new Intl.NumberFormat(language === "nl" ? "nl-NL" : "en-GB",
        { minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: "always" }).format(Math.abs(value));
      return `${value < 0 ? "−" : signed && value > 0 ? "+" : ""}${before}${digits}${after}`;
    };
    const grainNames = Object.fromEntries(all("option", chosen.grain).map((option) => [option.value, option.textContent]));
    fill(chosen.kpi, content.kpis.map((kpi, index) => [index, kpi.name]), 0);
    const path = (values, low, high) => {
      let draw = "", pen = "M";
      values.forEach((value, place) => {
        if (value === null) return void (pen = "M");
        const x = 1 + (place / Math.max(values.length - 1, 1)) * 98;
        draw += `${pen}${x.toFixed(2)},${(57 - ((value - low) / (high - low || 1)) * 54).toFixed(2)}`;
        pen = "L";
      });
      return draw;
    };
    const svg = (tag, attributes) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
      Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
      return element;
    };
    const rows = [];
    const update = (event) => {
      const kpi = content.kpis[chosen.kpi.value];
      const name = event?.target.name;
      if (!name || name === "kpi") fill(chosen.scope, Object.keys(kpi.scopes).map((scope) => [scope, scope]));
      const scope = kpi.scopes[chosen.scope.value];
      if (!name || name === "kpi" || name === "scope")
        fill(chosen.grain, Object.keys(content.grains).filter((grain) => scope[grain]).map((grain) => [grain, grainNames[grain]]));
      const labels = content.grains[chosen.grain.value];
      const found = scope[chosen.grain.value];
      if (!name || name === "kpi" || name === "scope" || name === "grain") {
        const options = labels.map((label, index) => [index, label]);
        fill(chosen.from, options, Math.max(0, labels.length - (chosen.grain.value === "year" ? 5 : 13)));
        fill(chosen.until, options, labels.length - 1);
      }
      const [from, until] = [Number(chosen.from.value), Number(chosen.until.value)].sort((a, b) => a - b);
      const back = { month: 12, quarter: 4, year: 1, ttm: 12 }[chosen.grain.value];
      const compare = chosen.compare.value;
      const other = (index) =>
        compare === "target" ? found.target[index] : compare === "previous" ? found.value[index - 1] : compare === "last_year" ? found.value[index - back] : null;
      const places = labels.map((_, index) => index).slice(from, until + 1);
      const values = places.map((index) => found.value[index]);
      const others = compare ? places.map((index) => other(index) ?? null) : [];
      const known = [...values, ...others].filter((value) => value !== null);
      const [low, high] = [Math.min(...known), Math.max(...known)];
      const drawing = svg("svg", { class: "spark history", viewBox: "0 0 100 60", preserveAspectRatio: "none", "aria-hidden": "true" });
      drawing.append(svg("path", { class: "goal", d: path(others, low, high) }), svg("path", { d: path(values, low, high) }));
      const width = 98 / Math.max(values.length - 1, 1);
      values.forEach((_, place) => drawing.append(svg("rect", { class: "hit", x: 1 + place * width - width / 2, y: 0, width, height: 60 })));
      $(".plot .area", explorer).replaceChildren(drawing);
      $(".plot .range", explorer).replaceChildren(make("span", {}, labels[from]), make("span", {}, labels[until]));
      $(".key-goal", explorer).hidden = !compare;
      $(".key-goal", explorer).textContent = chosen.compare.selectedOptions[0].textContent;
      $(".scale", explorer).replaceChildren(...(known.length ? [high, low] : []).map((value) => make("span", {}, write(value, kpi))));
      const column = chosen.compare.selectedOptions[0].textContent;
      const changes = compare === "previous" || compare === "last_year";
      const heads = [said.period, said.value, ...(compare ? [column] : []), ...(changes ? [said.change] : [])];
      rows.splice(0, rows.length, ...places.map((index) => [labels[index], write(found.value[index], kpi),
        ...(compare ? [write(other(index), kpi)] : []), ...(changes ? [write(found[compare][index], kpi.change, true)] : [])]));
      const table = make("table", { className: "statement" });
      table.append(make("caption", { className: "hidden" }, kpi.name),
        make("thead", {}, make("tr", {}, ...heads.map((head, place) => make("th", { scope: "col", className: place ? "num" : "" }, head)))),
        make("tbody", {}, ...[...rows].reverse().map((row) => make("tr", {}, ...row.map((cell, place) =>
          place ? make("td", { className: "num" }, cell) : make("th", { scope: "row" }, cell))))));
      $(".listed", explorer).replaceChildren(table);
      sortable(table);
      const last = rows.findLast((row) => row[1] !== "–");
      $(".said", explorer).textContent = last ? `${kpi.name}, ${last[0]}: ${last.slice(1).map((cell, place) => (place ? `${heads[place + 1].toLowerCase()} ${cell}` : cell)).join("; ")}.` : said.none;
      rows.forEach((row) => row.forEach((cell, place) => { if (place > 1) row[place] = `${heads[place]} ${cell}`; }));
    };
    explorer.addEventListener("change", update);
    explorer.addEventListener("submit", (event) => event.preventDefault());
    explorer.hidden = false;
    $(".contents ul").append(make("li", {}, make("a", { href: "#explore" }, text($("h2", explorer)))));
    update();
    readable(plot, said.chart, rows);
  }

  all("table.kpis, table.sortable, table.channels").forEach(sortable);
  document.body.append(tip);
})();
