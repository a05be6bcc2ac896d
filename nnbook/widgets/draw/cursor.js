// What the pointer or the arrow keys point at in a canvas: a ring, and its words beside it.

const WAYS = {
  ArrowRight: 1, ArrowUp: 1, PageDown: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: -1, Home: 0, End: 0, Escape: 0,
};

class Cursor {
  constructor(view, part) {
    Object.assign(this, { view, part, at: null, held: false });
    this.tip = h("div", { class: "nn-tip", hidden: "" });
    part.plot.append(this.tip);
    const on = (event, handle) => part.canvas.addEventListener(event, handle);
    on("pointermove", (event) => this.point(event));
    on("pointerdown", (event) => this.point(event));
    on("pointerleave", () => this.held || this.move(null));
    on("blur", () => this.move(null));
    on("keydown", (event) => this.key(event));
  }

  /** Point at value `i` of series `s`, or at nothing; `held` says that the keyboard does it. */
  move(at, held = false) {
    if (!at && !this.at) return;
    Object.assign(this, { at, held });
    this.view.redraw(this.part);
  }

  /** Point at what is nearest to the pointer: a spot close by, else a line, else the shade. */
  point({ clientX, clientY }) {
    const box = this.part.canvas.getBoundingClientRect();
    let best = null, least = 60;
    this.part.drawn.series().forEach((series, s) => {
      const [i, away] = (series.near ?? nearest.bind(null, series))(clientX - box.left, clientY - box.top);
      if (away < least && !(series.spots && away > 26)) [best, least] = [{ s, i }, away];
    });
    this.move(best);
  }

  key(event) {
    const all = this.part.drawn.series();
    const way = WAYS[event.key];
    if (way === undefined || !all.some(({ count }) => count) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (event.key === "Escape") return this.move(null);
    let { s, i } = this.at ?? { s: all.findIndex(({ count }) => count), i: -1 };
    const series = all[s];
    const upright = event.key === "ArrowUp" || event.key === "ArrowDown";
    if (i < 0 || event.key === "Home") i = nextKnown(series, 0, 1);
    else if (event.key === "End") i = nextKnown(series, series.count - 1, -1);
    else if (event.key.startsWith("Page") || (upright && !series.columns && !series.vertical)) {
      do s = (s + (upright ? -way : way) + all.length) % all.length; while (!all[s].count);
      i = nextKnown(all[s], Math.min(i, all[s].count - 1), 1);
    } else {
      const step = upright ? (series.columns ? way * series.columns : -way) : way;
      if (i + step >= 0 && i + step < series.count) i = nextKnown(series, i + step, Math.sign(step)) ?? i;
    }
    this.move({ s, i: i ?? 0 }, true);
  }

  /** Draw the ring and place the words; return them in one line. */
  draw({ ctx, theme, series, W }) {
    const pointed = this.at && series.call(this.part.drawn)[this.at.s];
    const i = pointed ? Math.min(this.at.i, pointed.count - 1) : -1;
    const [x, y] = i >= 0 ? pointed.place(i) : [NaN, NaN];
    this.tip.hidden = !(Math.abs(x) < 1e5 && Math.abs(y) < 1e5);
    if (this.tip.hidden) return "";
    for (const [color, width] of [[theme.paper, 4.5], [theme.ink, 2]]) {
      this.part.drawn.pen(color, width);
      ctx.beginPath();
      ctx.arc(x, y, 7, 0, 7);
      ctx.stroke();
    }
    const words = pointed.fields.map(([name, say]) => `${name} ${say(i)}`.trim()).join(", ");
    put(this.tip, words);
    const { offsetWidth: wide, offsetHeight: tall } = this.tip;
    const left = Math.max(0, Math.min(W - wide, x - wide / 2)), above = y - tall - 13;
    this.tip.style.transform = `translate(${left}px, ${above < -6 ? y + 13 : above}px)`;
    return words;
  }
}

/** The first index from `i` on, in the given direction, that is no gap. */
function nextKnown({ count, place }, i, way) {
  for (; i >= 0 && i < count; i += way) if (known(...place(i))) return i;
}

function nearest({ count, place, spots }, px, py) {
  let found = [0, Infinity];
  for (let i = 0; i < count; i++) {
    const [x, y] = place(i), away = Math.hypot(x - px, spots ? y - py : (y - py) / 3);
    if (away < found[1]) found = [i, away];
  }
  return found;
}
