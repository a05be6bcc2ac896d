// Colours: what the style sheet says for the current theme, as [r, g, b], and ramps between them.

function readTheme(root, probe) {
  const style = getComputedStyle(root);
  const rgb = (name) => {
    probe.style.color = style.getPropertyValue("--nn-" + name); // a browser resolves any way to say a colour
    return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  };
  const size = parseFloat(style.fontSize);
  return {
    ...Object.fromEntries(["ink", "grey", "grid", "paper"].map((name) => [name, rgb(name)])),
    words: [rgb("t0"), rgb("t1")],
    series: [0, 1, 2, 3, 4, 5].map((k) => rgb("c" + k)),
    line: size * 1.1,
    font: (part, weight) => `${weight} ${(size * part).toFixed(2)}px ${style.fontFamily}`,
  };
}

const css = ([r, g, b], alpha = 1) => `rgba(${Math.round(r)},${Math.round(g)},${Math.round(b)},${alpha})`;
const mix = (a, b, part) => a.map((channel, i) => channel + (b[i] - channel) * part);

/** A colour by its number or its name. */
const colorOf = (theme, k) => theme[k] ?? theme.series[k % 6];

/** The shade of a heat map, gradient or matrix, value -> [r, g, b]; `entry` is the array, for its range. */
function ramp(theme, { ramp: kind, center, reach }, entry, one, depth = 0.6) {
  const [blue, vermillion] = theme.series, [lowest, highest] = entry.range ?? [0, 1];
  const classes = kind === "classes";
  if (classes && entry.whole) return (k) => mix(theme.paper, colorOf(theme, Math.round(k)), 0.34);
  if (kind === "amount") return (value) => mix(theme.paper, blue, (depth * (value - lowest)) / (highest - lowest || 1));
  const middle = one(center) ?? (classes ? 0.5 : 0);
  const most = one(reach) ?? (classes ? 0.5 : Math.max(middle - lowest, highest - middle) || 1);
  return (value) => {
    const part = Math.max(-1, Math.min(1, (value - middle) / most));
    // Class 0 is blue and class 1 vermillion, as the points are; signs are the other way round.
    return mix(theme.paper, part < 0 === classes ? blue : vermillion, depth * Math.abs(part));
  };
}
