// What is words rather than canvas: a small table, a matrix of coloured cells, and the data behind any drawing.

const ROWS_SHOWN = 200, COLUMNS_SHOWN = 24;

class Words extends Canvas {
  /** Put the table into a box of its own, which scrolls where there is no room. */
  place(plot, rows, attributes) {
    const label = this.panel.title || this.panel.kind;
    this.table = h("table", { "aria-label": label, ...attributes }, h("tbody", {}, ...rows));
    plot.append(h("div", { class: "nn-sideways", tabindex: "0", role: "region", "aria-label": label }, this.table));
  }

  draw(ctx, W, H, theme) {
    this.theme = theme;
    this.paint();
  }

  series() {
    return [];
  }

  /** The data are the panel's own table. */
  tables() {
    const table = this.table.cloneNode(true);
    table.removeAttribute("class");
    table.querySelectorAll("td").forEach((cell) => cell.removeAttribute("style"));
    table.prepend(h("caption", {}, this.panel.title || this.panel.kind));
    return [table];
  }
}

class Table extends Words {
  build(plot) {
    const { columns, rows } = this.panel;
    const [height] = this.data.shape(columns[0].values);
    this.cells = Array.from({ length: height }, () => columns.map(() => h("td")));
    const heads = columns.map(({ label }) => h("th", { scope: "col" }, label));
    const body = this.cells.map((cells, r) => h("tr", {}, ...(rows ? [h("th", { scope: "row" }, rows[r])] : []), ...cells));
    this.place(plot, [h("tr", {}, ...(rows ? [h("td")] : []), ...heads), ...body]);
  }

  paint() {
    this.panel.columns.forEach(({ values, wrong, digits }, c) => {
      const list = this.data.true(values), verdicts = wrong && this.data.true(wrong);
      const parts = list.filter((value) => Math.abs(value - Math.round(value)) > 1e-3); // stored values are not exact
      const places = parts.length ? digits : 0;
      list.forEach((value, r) => {
        const verdict = verdicts?.[r];
        const words = value === value ? formatNumber(value, `.${places}f`) : "";
        put(this.cells[r][c], words + (verdict === 1 ? " ✗" : verdict === 0 ? " ✓" : ""));
        this.cells[r][c].className = verdict === 1 ? "nn-wrong" : verdict === 0 ? "nn-right" : "";
      });
    });
  }
}

class Matrix extends Words {
  build(plot) {
    const { z, rows, columns, x, y } = this.panel;
    const [height, width] = this.data.shape(z);
    this.cells = Array.from({ length: height * width }, () => h("td"));
    const side = y && h("th", { class: "nn-side nn-upright", scope: "rowgroup", rowspan: height }, h("span", {}, y));
    const body = Array.from({ length: height }, (_, r) => h("tr", {}, ...(y && !r ? [side] : []),
      ...(rows ? [h("th", { scope: "row" }, rows[r])] : []), ...this.cells.slice(r * width, (r + 1) * width)));
    const corner = () => (y || rows ? [h("td", { colspan: (y ? 1 : 0) + (rows ? 1 : 0) })] : []);
    if (columns) body.push(h("tr", {}, ...corner(), ...columns.map((text) => h("th", { scope: "col" }, text))));
    if (x) body.push(h("tr", {}, ...corner(), h("th", { class: "nn-side", colspan: width }, x)));
    this.place(plot, body, { class: "nn-matrix" });
  }

  paint() {
    const { z, digits, ramp: kind } = this.panel;
    const [, width] = this.data.shape(z), values = this.data.true(z), counts = kind === "confusion";
    const shade = ramp(this.theme, counts ? { reach: 1 } : this.panel, this.data.entries.get(z), this.one, 0.5);
    this.cells.forEach((cell, i) => {
      const value = values[i], c = i % width, first = i - c;
      let told = value;
      if (counts) {
        const share = value / (values.slice(first, first + width).reduce((a, b) => a + b, 0) || 1);
        told = c === first / width ? share : -10 * share; // mistakes are enlarged so that they can be seen
      }
      cell.style.backgroundColor = value === value ? css(shade(told)) : "";
      put(cell, digits === undefined || value !== value || (counts && !value) ? "" : formatNumber(value, `.${digits}f`));
    });
  }
}

/** Series over the same x become one table with more columns. */
function joinSeries(all) {
  const tables = [];
  for (const series of all.filter(({ count }) => count)) {
    const other = tables.find(({ shared, count }) => shared && shared === series.shared && count === series.count);
    if (other) other.fields.push(...series.fields.slice(1));
    else tables.push({ ...series, fields: [...series.fields] });
  }
  return tables;
}

/** An HTML table of a series; long ones leave out rows and columns evenly, and say so. */
function dataTable({ label, count, columns, fields }) {
  const rows = columns ? count / columns : count;
  const r = Math.ceil(rows / ROWS_SHOWN), c = Math.ceil((columns ?? 1) / COLUMNS_SHOWN);
  const every = (n, step) => Array.from({ length: Math.ceil(n / step) }, (_, k) => k * step);
  const row = (tag, cells, scope = {}) => h("tr", {}, ...cells.map((text) => h(tag, scope, text)));
  let heads = fields.map(([name]) => name || "name"), cells = (i) => fields.map(([, say]) => say(i));
  if (columns) {
    const [[xName, x], [yName, y], [, value]] = fields, across = every(columns, c);
    heads = [`${yName} \\ ${xName}`, ...across.map(x)];
    cells = (i) => [y(i * columns), ...across.map((k) => value(i * columns + k))];
  }
  const body = every(rows, r).map((i) => row("td", cells(i)));
  const table = h("table", {}, h("caption", {}, label), row("th", heads, { scope: "col" }), ...body);
  const left = [r > 1 && `one row in ${r} of ${rows}`, c > 1 && `one column in ${c} of ${columns}`].filter(Boolean);
  return [table, ...(left.length ? [h("p", { class: "nn-note" }, `Shown: ${left.join(", ")}.`)] : [])];
}
