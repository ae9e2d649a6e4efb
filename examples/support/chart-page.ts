// The page of temperature-page.ts and its script, which has the typed client in it.
export const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Temperatures</title>
<link rel="icon" href="data:,">
<style>
  body { font: 16px system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; }
  svg { width: 100%; border: 1px solid #ccc; background: #fafafa; }
  polyline { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
  td, th { padding: 0.2rem 1rem 0.2rem 0; text-align: left; }
  td + td { font-variant-numeric: tabular-nums; text-align: right; }
</style>
<h1>Temperatures</h1>
<svg id="chart" viewBox="0 0 100 40" preserveAspectRatio="none" height="220"></svg>
<small>0 to 40 °C, the latest reading on the right</small>
<table><tbody id="latest"></tbody></table>
<p id="state">connecting</p>
<script type="module" src="page.js"></script>
`;

/** The script of the page, which is bundled with the client. */
export const SCRIPT = `
import { createClient } from 'multi-api-sdk';
import { mqtt } from 'multi-api-sdk/mqtt';

const SHOWN = 60; // readings of each sensor
const COLORS = ['#d1495b', '#00798c', '#edae49', '#66588a'];
const sensors = new Map();

function sensor(id) {
  const known = sensors.get(id);
  if (known) return known;
  const line = chart.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'polyline'));
  const row = latest.insertRow();
  line.style.stroke = row.style.color = COLORS[sensors.size % COLORS.length];
  row.insertCell().textContent = id;
  const made = { line, cell: row.insertCell(), readings: [] };
  sensors.set(id, made);
  return made;
}

const blog = createClient({ transport: mqtt({ url: location.origin.replace('http', 'ws') + '/mqtt' }) });
await blog.onTemperature(({ sensorId, celsius }) => {
  const { line, cell, readings } = sensor(sensorId);
  readings.push(celsius);
  if (readings.length > SHOWN) readings.shift();
  // From 0 to 40 degrees, the latest on the right.
  const x = (index) => 100 * (1 - (readings.length - 1 - index) / (SHOWN - 1));
  line.setAttribute('points', readings.map((each, index) => x(index).toFixed(2) + ',' + (40 - each)).join(' '));
  cell.textContent = celsius.toFixed(1) + ' °C';
});
state.textContent = 'live';
`;
