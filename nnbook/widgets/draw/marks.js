// The marks of a plane. Each says which arrays stretch the axes (`spans`, with the sides that need no room
// beside the data), how it is drawn, and the series that can be read from it: {label, count, place(i), fields}.
// `p` is the plane: its box (left, top, wide, tall), its scales x and y, its arrays and its pen.

const MARKS = {
  heat: {
    spans: (mark) => ({ x: [mark.x0, mark.x1], y: [mark.y0, mark.y1], tight: "xy" }),
    draw(p, mark) {
      const z = p.data.now(mark.z), [rows, columns] = p.data.shape(mark.z);
      const { left, wide, bottom, tall } = p.gridPlaces(mark, rows, columns);
      const { ctx } = p;
      ctx.save();
      ctx.imageSmoothingEnabled = !p.data.entries.get(mark.z).whole;
      ctx.translate(left - wide / 2, bottom - tall / 2);
      ctx.scale(wide * columns, tall * rows);
      ctx.drawImage(shadeImage(p, mark, z, rows, columns), 0, 0, 1, 1);
      ctx.restore();
      const levels = typeof mark.levels === "string" ? [...p.data.now(mark.levels)] : [mark.levels ?? []].flat();
      if (levels.length > 1) p.pen(p.theme.ink, 0.8, [], 0.55);
      else p.pen(p.theme.ink, 2);
      for (const level of levels) {
        traceLevel(ctx, z, rows, columns, level, (c) => left + c * wide, (r) => bottom + r * tall);
      }
    },
    series(p, mark) {
      const [rows, columns] = p.data.shape(mark.z);
      const { left, wide, bottom, tall } = p.gridPlaces(mark, rows, columns);
      const place = (i) => [left + (i % columns) * wide, bottom + Math.floor(i / columns) * tall];
      const clip = (k, n) => Math.max(0, Math.min(n - 1, Math.round(k)));
      return [{
        label: mark.label || "shade", count: rows * columns, columns, place,
        near: (px, py) => [clip((py - bottom) / tall, rows) * columns + clip((px - left) / wide, columns), 26],
        fields: [
          [p.label("x"), (i) => sayNumber(p.x.back(place(i)[0]), 3)],
          [p.label("y"), (i) => sayNumber(p.y.back(place(i)[1]), 3)],
          p.field("value", mark.z),
        ],
      }];
    },
  },

  gradient: {
    spans: () => ({}),
    draw(p, mark) {
      const [x0, y0, x1, y1] = p.data.now(mark.ends), stops = p.data.now(mark.stops);
      const [ax, ay, bx, by] = [p.x(x0), p.y(y0), p.x(x1), p.y(y1)];
      if (![ax, ay, bx, by].every(Number.isFinite)) return;
      // Where the axes' units differ, lines of equal value are no longer at right angles to the way.
      const nx = (bx - ax) / (p.x(1) - p.x(0)) ** 2, ny = (by - ay) / (p.y(1) - p.y(0)) ** 2;
      const length = (nx * (bx - ax) + ny * (by - ay)) / (nx * nx + ny * ny || 1);
      const fill = p.ctx.createLinearGradient(ax, ay, ax + length * nx, ay + length * ny);
      const shade = ramp(p.theme, mark, p.data.entries.get(mark.values), p.number);
      p.data.now(mark.values).forEach((value, k) => {
        if (known(value, stops[k])) fill.addColorStop(Math.max(0, Math.min(1, stops[k])), css(shade.at(value)));
      });
      p.ctx.fillStyle = fill;
      p.ctx.fillRect(p.left, p.top, p.wide, p.tall);
    },
    series: () => [],
  },

  line: {
    spans: (mark) => ({ x: [mark.x], y: [mark.y, ...(mark.band ?? [])], tight: "x" }),
    draw(p, mark) {
      if (mark.band) drawBand(p, mark);
      for (const row of p.rows(mark)) {
        const end = p.end(mark, row.xs.length);
        if (mark.rest) p.pen(row.color, 1.5, row.dash, 0.35), p.trace(row, end - 1, row.xs.length);
        p.pen(row.color, 2, row.dash);
        p.trace(row, 0, end);
        if (mark.upto) p.markers(MARKERS[row.k % 6], [[row.xs[end - 1], row.ys[end - 1]]], 4.2, row.color);
      }
    },
    series: (p, mark) => p.readRows(mark),
  },

  path: {
    spans: (mark) => ({ x: [mark.x], y: [mark.y] }),
    draw(p, mark) {
      for (const row of p.rows(mark)) {
        const { xs, ys, color, k } = row;
        let last = xs.length;
        while (last > 1 && !known(xs[last - 1], ys[last - 1])) last--;
        const end = Math.min(p.end(mark, xs.length), last);
        if (mark.rest) p.pen(color, 1.5, row.dash, 0.35), p.trace(row, end - 1, last);
        p.pen(color, 1.5, row.dash);
        p.trace(row, 0, end);
        const places = Array.from(xs, (x, i) => [x, ys[i]]).slice(0, end);
        if (end <= 60) p.markers(MARKERS[k % 6], places.slice(1, -1), 2.8, color);
        p.markers("circle", places.slice(0, 1), 4.5, color, true);
        p.markers("star", places.slice(-1), 8, color);
      }
    },
    series: (p, mark) => p.readRows(mark),
  },

  points: {
    spans: (mark) => ({ x: [mark.x], y: [mark.y] }),
    draw(p, mark) {
      const xs = p.data.now(mark.x), ys = p.data.now(mark.y);
      const group = mark.group ? p.data.now(mark.group) : xs.map(() => 0);
      const r = (mark.size ?? 4.2) * (p.wide < 220 ? 0.8 : 1);
      for (const k of new Set(group)) {
        const places = Array.from(xs, (x, i) => [p.x(x), p.y(ys[i])]).filter((_, i) => group[i] === k);
        if (k === k) p.markers(MARKERS[k % 6], places, r, colorOf(p.theme, null, k));
      }
    },
    series(p, mark) {
      const xs = p.data.now(mark.x), ys = p.data.now(mark.y);
      const fields = [p.field(p.label("x"), mark.x), p.field(p.label("y"), mark.y)];
      if (mark.group) fields.unshift(p.field("", mark.group, 0, mark.labels));
      return [{ label: "points", count: xs.length, spots: true, place: (i) => [p.x(xs[i]), p.y(ys[i])], fields }];
    },
  },

  histogram: {
    spans: (mark) => ({ x: [mark.edges], y: [mark.counts, 0], tight: "x0" }),
    draw(p, mark) {
      const edges = p.data.now(mark.edges), counts = p.data.now(mark.counts), base = p.top + p.tall;
      const color = colorOf(p.theme, mark.color, p.first.get(mark));
      const corners = [[p.x(edges[0]), base]];
      counts.forEach((count, i) => {
        const y = known(p.y(count), 0) ? p.y(count) : base;
        corners.push([p.x(edges[i]), y], [p.x(edges[i + 1]), y]);
      });
      p.pen(color, 1.6, DASHES[p.first.get(mark) % 6]);
      p.stroke(...corners, [p.x(edges[counts.length]), base]);
      p.ctx.fillStyle = css(color, 0.25);
      p.ctx.fill();
    },
    series(p, mark) {
      const edges = p.data.now(mark.edges), counts = p.data.now(mark.counts);
      return [{
        label: mark.label || "histogram", count: counts.length,
        place: (i) => [p.x((edges[i] + edges[i + 1]) / 2), p.y(counts[i])],
        fields: [p.field("from", mark.edges), p.field("to", mark.edges, 1), p.field(p.label("y"), mark.counts)],
      }];
    },
  },

  hline: {
    spans: (mark) => ({ y: [mark.y] }),
    draw(p, mark) {
      const y = p.y(p.number(mark.y));
      p.rule(mark, [p.left, y], [p.left + p.wide, y]);
    },
    series: (p, mark) => p.readRule(mark, mark.y, (value) => [p.left + p.wide / 2, p.y(value)]),
  },

  vline: {
    spans: (mark) => ({ x: [mark.x] }),
    draw(p, mark) {
      const x = p.x(p.number(mark.x));
      p.rule(mark, [x, p.top], [x, p.top + p.tall]);
    },
    series: (p, mark) => p.readRule(mark, mark.x, (value) => [p.x(value), p.top + p.tall / 2]),
  },

  arrow: {
    spans: (mark) => ({ x: [mark.x], y: [mark.y] }),
    draw(p, mark) {
      const [dx, dy] = [mark.dx, mark.dy].map((place) => p.data.now(place));
      const xs = p.data.now(mark.x), ys = p.data.now(mark.y);
      p.pen(colorOf(p.theme, mark.color ?? "ink"), 2);
      xs.forEach((x, i) => {
        const from = [p.x(x), p.y(ys[i])], to = [p.x(x + dx[i]), p.y(ys[i] + dy[i])];
        const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
        if (!(length > 0.5)) return;
        const angle = Math.atan2(to[1] - from[1], to[0] - from[0]), head = Math.min(10, length);
        p.stroke(from, [to[0] - 0.8 * head * Math.cos(angle), to[1] - 0.8 * head * Math.sin(angle)]);
        p.arrowHead(...to, angle, head);
      });
    },
    series(p, mark) {
      const names = ["x", "y", "dx", "dy"];
      const [xs, ys] = [mark.x, mark.y].map((place) => p.data.now(place));
      const fields = names.map((name) => [name, (i) => sayNumber(p.data.true(mark[name])[i])]);
      const place = (i) => [p.x(xs[i]), p.y(ys[i])];
      return [{ label: mark.label || "arrow", count: xs.length, spots: true, place, fields }];
    },
  },

  text: {
    spans: () => ({}),
    draw(p, mark) {
      const color = colorOf(p.theme, mark.color ?? "grey");
      p.write(mark.text, p.x(p.number(mark.x)), p.y(p.number(mark.y)), { align: mark.align, color, halo: true });
    },
    series: () => [],
  },
};

/** A grid of values as a picture with one pixel a value; rows go upwards. */
function shadeImage(p, mark, z, rows, columns) {
  p.images ??= new Map();
  if (!p.images.has(mark)) p.images.set(mark, document.createElement("canvas"));
  const canvas = p.images.get(mark);
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  const entry = p.data.entries.get(mark.z);
  const shade = ramp(p.theme, mark, entry, p.number);
  const last = entry.whole && mark.ramp === "classes" ? Math.round(shade.high - shade.low) : 255;
  const step = (shade.high - shade.low) / last || 1;
  const colors = Array.from({ length: last + 1 }, (_, k) => shade.at(shade.low + k * step));
  const image = new ImageData(columns, rows);
  for (let i = 0; i < z.length; i++) {
    if (z[i] !== z[i]) continue; // a gap stays clear
    const [r, g, b] = colors[Math.max(0, Math.min(last, Math.round((z[i] - shade.low) / step)))];
    image.data.set([r, g, b, 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** Draw where a grid of values crosses `level`, cell by cell, straight between the crossings. */
function traceLevel(ctx, z, rows, columns, level, px, py) {
  ctx.beginPath();
  for (let r = 0; r + 1 < rows; r++) {
    for (let c = 0; c + 1 < columns; c++) {
      const k = r * columns + c;
      const a = z[k] - level, b = z[k + 1] - level, d = z[k + columns] - level, e = z[k + columns + 1] - level;
      const up = (a > 0) + (b > 0) + (d > 0) + (e > 0);
      if (up === 0 || up === 4 || a + b + d + e !== a + b + d + e) continue;
      const cross = [];
      if (a > 0 !== b > 0) cross.push([px(c + a / (a - b)), py(r)]);
      if (b > 0 !== e > 0) cross.push([px(c + 1), py(r + b / (b - e))]);
      if (d > 0 !== e > 0) cross.push([px(c + d / (d - e)), py(r + 1)]);
      if (a > 0 !== d > 0) cross.push([px(c), py(r + a / (a - d))]);
      cross.forEach((place, i) => (i % 2 ? ctx.lineTo(...place) : ctx.moveTo(...place)));
    }
  }
  ctx.stroke();
}

function drawBand(p, mark) {
  const [{ xs, color }] = p.rows(mark);
  const [low, high] = mark.band.map((name) => Array.from(p.data.now(name), p.y));
  p.ctx.fillStyle = css(color, 0.2);
  p.ctx.beginPath();
  for (let i = 0; i + 1 < xs.length; i++) {
    if (!known(xs[i] + low[i] + high[i], xs[i + 1] + low[i + 1] + high[i + 1])) continue;
    p.ctx.moveTo(xs[i], low[i]);
    p.ctx.lineTo(xs[i], high[i]);
    p.ctx.lineTo(xs[i + 1], high[i + 1]);
    p.ctx.lineTo(xs[i + 1], low[i + 1]);
  }
  p.ctx.fill();
}
