// The marks of a plane. Each says which arrays stretch the axes (`spans`, with the sides that need no room
// beside the data), how it is drawn, and the series that can be read from it: {label, count, place(i), fields}.
// `p` is the plane: its box (left, top, wide, tall), its scales x and y, its arrays and its pen.

const APART = 9; // px between the markers of a path

const MARKS = {
  heat: {
    spans: (mark) => ({ x: [mark.x0, mark.x1], y: [mark.y0, mark.y1], tight: "xy" }),
    draw(p, mark) {
      const z = p.data.now(mark.z), { rows, columns, left, wide, bottom, tall } = p.cells(mark);
      const { ctx } = p;
      ctx.save();
      ctx.imageSmoothingEnabled = !p.data.entries.get(mark.z).whole;
      ctx.translate(left - wide / 2, bottom - tall / 2);
      ctx.scale(wide * columns, tall * rows);
      ctx.drawImage(shadeImage(p, mark, z, rows, columns), 0, 0, 1, 1);
      ctx.restore();
      const levels = [mark.levels ?? []].flat().flatMap((level) => [...p.data.now(level)]);
      if (levels.length > 1) p.pen(p.theme.ink, 0.8, [], 0.55);
      else p.pen(p.theme.ink, 2);
      for (const level of levels) {
        traceLevel(ctx, z, rows, columns, level, (c) => left + c * wide, (r) => bottom + r * tall);
      }
    },
    series(p, mark) {
      const { rows, columns, left, wide, bottom, tall } = p.cells(mark);
      const place = (i) => [left + (i % columns) * wide, bottom + Math.floor(i / columns) * tall];
      const clip = (k, n) => Math.max(0, Math.min(n - 1, Math.round(k)));
      return [{
        label: "shade", count: rows * columns, columns, place,
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
    draw(p, mark) {
      const [x0, y0, x1, y1] = p.data.now(mark.ends), stops = p.data.now(mark.stops);
      const [ax, ay, bx, by] = [p.x(x0), p.y(y0), p.x(x1), p.y(y1)];
      // Where the axes' units differ, lines of equal value are no longer at right angles to the way.
      const nx = (bx - ax) / (p.x(1) - p.x(0)) ** 2, ny = (by - ay) / (p.y(1) - p.y(0)) ** 2;
      const length = (nx * (bx - ax) + ny * (by - ay)) / (nx * nx + ny * ny || 1);
      const fill = p.ctx.createLinearGradient(ax, ay, ax + length * nx, ay + length * ny);
      const shade = ramp(p.theme, mark, p.data.entries.get(mark.values), p.one);
      p.data.now(mark.values).forEach((value, k) => fill.addColorStop(Math.min(1, stops[k]), css(shade(value))));
      p.ctx.fillStyle = fill;
      p.ctx.fillRect(p.left, p.top, p.wide, p.tall);
    },
  },

  line: {
    counted: true,
    spans: (mark) => ({ x: [mark.x], y: [mark.y], tight: "x" }),
    draw(p, mark) {
      for (const row of p.rows(mark)) {
        const { xs, ys, color, dash, k } = row, end = p.end(mark, xs.length);
        if (mark.rest) p.pen(color, 1.5, dash, 0.35), p.trace(row, end - 1, xs.length);
        p.pen(color, 2, dash);
        p.trace(row, 0, end);
        if (mark.upto) p.markers(MARKERS[k % 6], [[xs[end - 1], ys[end - 1]]], 4.2, color);
      }
    },
    series: (p, mark) => p.readRows(mark),
  },

  path: {
    counted: true,
    spans: (mark) => ({ x: [mark.x], y: [mark.y] }),
    draw(p, mark) {
      for (const row of p.rows(mark)) {
        const { xs, ys, color, dash, k } = row;
        const places = Array.from(xs, (x, i) => [x, ys[i]]).slice(0, p.end(mark, xs.length));
        const found = places.filter(([x, y]) => known(x, y)), last = found.pop();
        p.pen(color, 1.5, dash);
        p.trace(row, 0, places.length);
        p.markers(MARKERS[k % 6], thin(found).slice(1), 2.8, color);
        p.markers("circle", found.slice(0, 1), 4.5, color, true);
        if (last) p.markers("star", [last], 8, color);
      }
    },
    series: (p, mark) => p.readRows(mark),
  },

  points: {
    spans: (mark) => ({ x: [mark.x], y: [mark.y] }),
    draw(p, mark) {
      const places = p.places(mark.x, mark.y);
      const group = mark.group ? p.data.now(mark.group) : places.map(() => 0);
      const r = (mark.size ?? 4.2) * (p.wide < 220 ? 0.8 : 1);
      for (const k of new Set(group)) {
        const these = places.filter((_, i) => group[i] === k);
        if (k === k) p.markers(MARKERS[k % 6], these, r, colorOf(p.theme, k));
      }
    },
    series(p, mark) {
      const places = p.places(mark.x, mark.y);
      const fields = [p.field(p.label("x"), mark.x), p.field(p.label("y"), mark.y)];
      if (mark.group) fields.unshift(["", (i) => mark.labels?.[p.data.true(mark.group)[i]] ?? ""]);
      return [{ label: "points", count: places.length, spots: true, place: (i) => places[i], fields }];
    },
  },

  histogram: {
    counted: true,
    spans: (mark) => ({ x: [mark.edges], y: [mark.counts, 0], tight: "x0" }),
    draw(p, mark) {
      const edges = p.data.now(mark.edges), counts = p.data.now(mark.counts), base = p.top + p.tall;
      const k = p.first.get(mark), color = colorOf(p.theme, k);
      const corners = [[p.x(edges[0]), base]];
      counts.forEach((count, i) => corners.push([p.x(edges[i]), p.y(count || 0)], [p.x(edges[i + 1]), p.y(count || 0)]));
      p.pen(color, 1.6, DASHES[k % 6]);
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
    draw: (p, mark) => p.rule([p.left, p.y(p.one(mark.y))], [p.left + p.wide, p.y(p.one(mark.y))]),
  },

  vline: {
    spans: (mark) => ({ x: [mark.x] }),
    draw: (p, mark) => p.rule([p.x(p.one(mark.x)), p.top], [p.x(p.one(mark.x)), p.top + p.tall]),
  },

  arrow: {
    spans: (mark) => ({ x: [mark.x], y: [mark.y] }),
    draw(p, mark) {
      const [x, y, dx, dy] = [mark.x, mark.y, mark.dx, mark.dy].map(p.one);
      const [x0, y0, x1, y1] = [p.x(x), p.y(y), p.x(x + dx), p.y(y + dy)];
      const length = Math.hypot(x1 - x0, y1 - y0);
      if (!(length > 0.5)) return;
      const angle = Math.atan2(y1 - y0, x1 - x0), cos = Math.cos(angle), sin = Math.sin(angle);
      const head = Math.min(10, length), beyond = p.theme.line * 0.6;
      p.pen(p.theme.ink, 2);
      p.stroke([x0, y0], [x1 - 0.8 * head * cos, y1 - 0.8 * head * sin]);
      p.arrowHead(x1, y1, angle, head);
      if (mark.label) p.write(mark.label, x1 + beyond * cos, y1 + beyond * sin, { halo: true });
    },
  },
};

/** Leave out places that are too close to the last one kept. */
function thin(places) {
  let last;
  return places.filter(([x, y]) => {
    if (last && Math.hypot(x - last[0], y - last[1]) < APART) return false;
    last = [x, y];
    return true;
  });
}

/** A grid of values as a picture with one pixel a value; rows go upwards. */
function shadeImage(p, mark, z, rows, columns) {
  p.images ??= new Map();
  if (!p.images.has(mark)) p.images.set(mark, document.createElement("canvas"));
  const canvas = Object.assign(p.images.get(mark), { width: columns, height: rows });
  const entry = p.data.entries.get(mark.z), [low, high] = entry.range ?? [0, 1];
  const shade = ramp(p.theme, mark, entry, p.one);
  const last = entry.whole ? high - low : 255, step = (high - low) / last || 1;
  const colors = Array.from({ length: last + 1 }, (_, k) => shade(low + k * step));
  const image = new ImageData(columns, rows);
  z.forEach((value, i) => {
    const color = colors[Math.round((value - low) / step)]; // a gap stays clear
    if (color) image.data.set([...color, 255], 4 * i);
  });
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
