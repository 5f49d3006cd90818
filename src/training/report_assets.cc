#include "training/report_assets.h"

namespace solstice {

std::string_view report_style() {
  return R"(
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --text: #1b1b1a; --soft: #5f5e5a; --line: #e3e2dd;
  --c0: #2a78d6; --c1: #d9551e; --c2: #128a60; --c3: #7a4fc0; --c4: #b07a00; --c5: #c2487f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #161615; --card: #1f1f1e; --text: #ededea; --soft: #a5a49e; --line: #373734;
    --c0: #5a9ff0; --c1: #f0814e; --c2: #35bd8b; --c3: #a98be8; --c4: #dba52f; --c5: #e580ae;
  }
}
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 4rem;
       background: var(--page); color: var(--text); }
h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .7rem; }
.soft, #written { color: var(--soft); }
.tiles { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0 0; padding: 0; }
.tiles div, .chart, .samples, .table { background: var(--card); border: 1px solid var(--line);
                                       border-radius: 8px; }
.tiles div { padding: .5rem .9rem; min-width: 7.5rem; }
.tiles dt { color: var(--soft); font-size: .8rem; }
.tiles dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(21rem, 100%), 1fr)); gap: .8rem; }
.chart { margin: 0; padding: .7rem .8rem .3rem; position: relative; min-width: 0; }
.chart figcaption { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-size: .85rem; }
.chart b { font-weight: 600; margin-right: auto; overflow-wrap: anywhere; }
.key { color: var(--soft); overflow-wrap: anywhere; }
.key::before { content: ""; display: inline-block; width: .9em; height: 3px; border-radius: 2px;
               margin-right: .4em; vertical-align: .25em; background: var(--ink); }
.chart svg { display: block; width: 100%; height: 220px; touch-action: pan-y; }
.chart text { fill: var(--soft); font-size: 11px; }
.grid { stroke: var(--line); }
.raw, .smooth { fill: none; stroke: var(--ink); stroke-linejoin: round; }
.raw { stroke-width: 1; opacity: .3; }
.raw.dense { opacity: .13; }
.raw.alone { opacity: 1; }
.smooth, .raw.alone { stroke-width: 2; }
.halo { fill: none; stroke: var(--card); stroke-width: 5; opacity: .7; }
.dot { fill: var(--ink); }
.marker { stroke: var(--c1); stroke-dasharray: 3 3; }
.cursor { stroke: var(--soft); }
.tip { position: absolute; pointer-events: none; background: var(--card); border: 1px solid var(--line);
       border-radius: 6px; padding: .3rem .6rem; font-size: .8rem; box-shadow: 0 2px 8px #0003; z-index: 1;
       white-space: nowrap; font-variant-numeric: tabular-nums; }
.tip div { display: block; }
.samples { padding: .8rem; }
.samples figure { margin: 0; }
.samples img { display: block; max-width: 100%; height: auto; margin: .3rem auto 0; }
.samples figure + figure { margin-top: 1rem; }
.samples figcaption { text-align: center; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.samples input { width: 100%; margin: 0; }
.table { overflow: auto; max-height: 32rem; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { text-align: left; padding: .3rem .8rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { position: sticky; top: 0; background: var(--card); font-weight: 600; }
tr:last-child td { border-bottom: 0; }
td { overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.best td { font-weight: 600; color: var(--c2); }
summary { cursor: pointer; }
summary h2 { display: inline-block; }
)";
}

std::string_view report_script() {
  return R"('use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const inks = 6, left = 50, right = 12, top_ = 10, bottom = 22, height = 220;

function short(value) {
  const tiny = value !== 0 && Math.abs(value) < 1e-3, vast = Math.abs(value) >= 1e5;
  return tiny || vast ? value.toExponential(2).replace(/\.?0*e\+?/, 'e') : String(Number(value.toPrecision(4)));
}

function add(parent, name, attributes, text) {
  const node = document.createElementNS(parent.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

// The heights a chart shows: peaks that would flatten all the rest are cut.
function valueRange(curves) {
  const raw = curves.flatMap(curve => curve.raw.values).sort((a, b) => a - b);
  const smooth = curves.flatMap(curve => (curve.smooth || {values: []}).values);
  const share = part => raw[Math.round(part * (raw.length - 1))];
  let low = raw[0], high = raw[raw.length - 1];
  if (smooth.length) {
    const calmLow = smooth.reduce((a, b) => Math.min(a, b), share(.02));
    const calmHigh = smooth.reduce((a, b) => Math.max(a, b), share(.98));
    if (high - low > 2.5 * (calmHigh - calmLow) && calmHigh > calmLow) [low, high] = [calmLow, calmHigh];
  }
  if (low >= 0 && low < .5 * high) low = 0;
  const pad = (high - low) * .06 || Math.abs(high) * .1 || 1;
  return [low === 0 ? 0 : low - pad, high + pad];
}

function ticks(low, high, count) {
  const rough = (high - low) / count, size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(times => times * size).find(candidate => candidate >= rough);
  const first = Math.ceil(low / step), found = [];
  for (let i = 0; i <= 2 * count && (first + i) * step <= high; ++i) found.push((first + i) * step);
  return found;
}

// The index of the step nearest to `step`.
function nearest(steps, step) {
  let low = 0, high = steps.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1; else high = middle;
  }
  return low > 0 && step - steps[low - 1] < steps[low] - step ? low - 1 : low;
}

function draw(svg, chart) {
  const width = Math.max(svg.clientWidth, 200);
  const first = Math.min(...chart.curves.map(curve => curve.raw.steps[0]));
  const last = Math.max(...chart.curves.map(curve => curve.raw.steps[curve.raw.steps.length - 1]));
  const [low, high] = valueRange(chart.curves);
  const x = step => left + (last > first ? (step - first) / (last - first) : .5) * (width - left - right);
  const y = value => top_ + (high - value) / (high - low) * (height - top_ - bottom);
  svg.replaceChildren();
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const clip = add(add(svg, 'clipPath', {id: chart.id}), 'rect',
                   {x: left, y: top_ - 3, width: width - left - right + 5, height: height - top_ - bottom + 4});
  for (const value of ticks(low, high, 5)) {
    add(svg, 'line', {class: 'grid', x1: left, x2: width - right, y1: y(value), y2: y(value)});
    add(svg, 'text', {x: left - 6, y: y(value) + 4, 'text-anchor': 'end'}, short(value));
  }
  for (const step of last > first ? ticks(first, last, width / 80) : [first]) {
    if (!Number.isInteger(step)) continue;
    const anchor = width - x(step) < 30 && last > first ? 'end' : 'middle';
    add(svg, 'text', {x: x(step), y: height - 6, 'text-anchor': anchor}, step.toLocaleString('en'));
  }
  for (const marker of data.markers) {
    if (marker.step < first || marker.step > last) continue;
    const line = add(svg, 'line', {class: 'marker', x1: x(marker.step), x2: x(marker.step), y1: top_, y2: height - bottom});
    add(line, 'title', {}, `${marker.text} at step ${marker.step}`);
  }
  const plot = add(svg, 'g', {'clip-path': `url(#${chart.id})`});
  const line = (points, kind, ink) => add(plot, 'polyline', {class: kind, style: `--ink: var(--c${ink})`,
    points: points.steps.map((step, i) => `${x(step).toFixed(1)},${y(points.values[i]).toFixed(1)}`).join(' ')});
  const look = curve => !curve.smooth ? 'raw alone' : curve.raw.steps.length > width ? 'raw dense' : 'raw';
  chart.curves.forEach((curve, i) => line(curve.raw, look(curve), i % inks));
  for (const kind of ['halo', 'smooth']) {
    chart.curves.forEach((curve, i) => curve.smooth && line(curve.smooth, kind, i % inks));
  }
  chart.curves.forEach((curve, i) => {
    if (curve.smooth || curve.raw.steps.length > 40) return;
    curve.raw.steps.forEach((step, k) => add(plot, 'circle', {class: 'dot', r: 2.5, cx: x(step),
      cy: y(curve.raw.values[k]), style: `--ink: var(--c${i % inks})`}));
  });
  const cursor = add(svg, 'line', {class: 'cursor', y1: top_, y2: height - bottom, visibility: 'hidden'});
  return {x, cursor, stepAt: at => first + (at - left) / (width - left - right) * (last - first)};
}

function row(tip, text, ink) {
  const line = document.createElement('div');
  line.textContent = text;
  if (ink !== undefined) { line.className = 'key'; line.style.setProperty('--ink', `var(--c${ink})`); }
  tip.append(line);
}

function show(place, chart, number) {
  const figure = document.getElementById('chart').content.cloneNode(true).firstElementChild;
  const [caption, svg, tip] = figure.children;
  chart.id = 'plot' + number;
  caption.firstElementChild.textContent = chart.title;
  chart.curves.forEach((curve, i) => {
    if (chart.curves.length > 1 || curve.name !== chart.title) row(caption, curve.name, i % inks);
  });
  place.append(figure);
  let drawn = draw(svg, chart);
  new ResizeObserver(() => { drawn = draw(svg, chart); tip.hidden = true; }).observe(figure);
  svg.addEventListener('pointermove', event => {
    const box = svg.getBoundingClientRect(), asked = drawn.stepAt(event.clientX - box.left);
    const all = chart.curves[0].raw.steps, step = all[nearest(all, asked)];
    tip.replaceChildren();
    row(tip, 'step ' + step.toLocaleString('en'));
    chart.curves.forEach((curve, i) => {
      const raw = short(curve.raw.values[nearest(curve.raw.steps, step)]);
      const calm = curve.smooth && short(curve.smooth.values[nearest(curve.smooth.steps, step)]);
      row(tip, `${curve.name}: ${raw}` + (calm ? ` (smoothed ${calm})` : ''), i % inks);
    });
    tip.hidden = false;
    const at = drawn.x(step);
    tip.style.left = Math.max(0, Math.min(at + 24, figure.clientWidth - tip.offsetWidth - 6)) + 'px';
    tip.style.top = '3.4rem';
    for (const end of ['x1', 'x2']) drawn.cursor.setAttribute(end, at);
    drawn.cursor.setAttribute('visibility', 'visible');
  });
  svg.addEventListener('pointerleave', () => {
    tip.hidden = true;
    drawn.cursor.setAttribute('visibility', 'hidden');
  });
}

let number = 0;
for (const group of ['losses', 'validation', 'rates']) {
  const place = document.getElementById(group);
  if (place) for (const chart of data[group]) show(place, chart, number++);
}
const grids = [...document.querySelectorAll('.samples figure')];
if (grids.length > 1) {
  const slider = document.querySelector('.samples input');
  const turn = () => grids.forEach((grid, i) => { grid.hidden = i !== Number(slider.value); });
  slider.hidden = false;
  slider.addEventListener('input', turn);
  turn();
}
document.getElementById('written').textContent = 'Written ' + new Date(document.lastModified).toLocaleString() + '.';
)";
}

}  // namespace solstice
