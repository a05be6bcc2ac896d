// Panels made of words: a small table, and a matrix of coloured cells.

class Words extends Canvas {
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

/** Each column has a label and an array, or is a column of the array `values`. */
class Table extends Words {
  build(plot) {
    const { panel, data } = this;
    const width = panel.columns.length;
    this.columns = panel.columns.map((column, c) => (column.values ? { ...column, index: (r) => r } : {
      label: column, values: panel.values, wrong: panel.wrong, texts: panel.texts?.[c],
      digits: Array.isArray(panel.digits) ? panel.digits[c] : panel.digits, index: (r) => r * width + c,
    }));
    const cells = Array.from({ length: data.shape(this.columns[0].values)[0] }, () => this.columns.map(() => h("td")));
    const body = cells.map((row, r) => h("tr", {}, ...(panel.rows ? [h("th", { scope: "row" }, panel.rows[r])] : []), ...row));
    const heads = this.columns.map(({ label }) => h("th", { scope: "col" }, label));
    const head = h("tr", {}, ...(panel.rows ? [h("td")] : []), ...heads);
    this.table = h("table", { "aria-label": panel.title || "table" }, h("thead", {}, head), h("tbody", {}, ...body));
    this.cells = cells;
    plot.append(this.table);
  }

  paint() {
    this.columns.forEach(({ values, wrong, texts, digits = 2, index }, c) => this.cells.forEach((cells, r) => {
      const value = this.data.true(values)[index(r)];
      const bad = wrong && value === value ? this.data.true(wrong)[index(r)] : NaN;
      const words = value !== value ? "" : texts ? texts[Math.round(value)] : formatNumber(value, `.${digits}f`);
      put(cells[c], words + (bad === 1 ? " ✗" : bad === 0 ? " ✓" : ""));
      cells[c].className = bad === 1 ? "nn-wrong" : bad === 0 ? "nn-right" : "";
    }));
  }
}

class Matrix extends Words {
  build(plot) {
    const { z, rows, columns, x, y, title } = this.panel;
    const [height, width] = this.data.shape(z);
    this.cells = Array.from({ length: height * width }, () => h("td"));
    const side = y && h("th", { class: "nn-side nn-upright", scope: "rowgroup", rowspan: height }, h("span", {}, y));
    const body = Array.from({ length: height }, (_, r) => h("tr", {}, ...(y && !r ? [side] : []),
      ...(rows ? [h("th", { scope: "row" }, rows[r])] : []), ...this.cells.slice(r * width, (r + 1) * width)));
    const corner = () => (y || rows ? [h("td", { colspan: (y ? 1 : 0) + (rows ? 1 : 0) })] : []);
    if (columns) body.push(h("tr", {}, ...corner(), ...columns.map((text) => h("th", { scope: "col" }, text))));
    if (x) body.push(h("tr", {}, ...corner(), h("th", { class: "nn-side", colspan: width }, x)));
    this.table = h("table", { class: "nn-matrix", "aria-label": title || "matrix" }, h("tbody", {}, ...body));
    plot.append(this.table);
  }

  paint() {
    const { z, digits } = this.panel;
    const [height, width] = this.data.shape(z), values = this.data.true(z);
    const confusion = this.panel.ramp === "confusion";
    const mark = confusion ? { ramp: "signed", reach: 1 } : { ramp: "amount", ...this.panel };
    const shade = ramp(this.theme, mark, this.data.entries.get(z), this.number, 0.5);
    for (let r = 0; r < height; r++) {
      const row = values.slice(r * width, (r + 1) * width), sum = row.reduce((a, b) => a + b, 0) || 1;
      row.forEach((value, c) => {
        const cell = this.cells[r * width + c];
        // Mistakes are enlarged ten times so that they can be seen.
        const told = !confusion ? value : r === c ? value / sum : -Math.min((10 * value) / sum, 1);
        cell.style.backgroundColor = told === told ? css(shade.at(told)) : "";
        put(cell, digits === undefined || value !== value || (confusion && !value) ? "" : formatNumber(value, `.${digits}f`));
      });
    }
  }
}
