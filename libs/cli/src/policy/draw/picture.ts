import { escape } from '../../report/html.ts';

/** One setting's measure of one line: `null` where it has none (no injected calls there). */
export interface Point { readonly x: number; readonly y: number | null }
export interface Line { readonly name: string; readonly points: readonly Point[] }
export interface Panel { readonly title: string; readonly x: string; readonly y: string; readonly lines: readonly Line[]; /** Whether x is a share. */ readonly share: boolean }

const width = 520, height = 400;
const box = { left: 64, right: 28, top: 40, bottom: 52 };
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8f7700', '#6a3d9a'];

const round = (value: number): string => String(Math.round(value * 10) / 10);
const text = (x: number, y: number, of: string, more = ''): string => `<text x="${round(x)}" y="${round(y)}" ${more}>${escape(of)}</text>`;
const percent = (value: number): string => `${Math.round(value * 100)} %`;

const step = (span: number): number => [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1_000].find((one) => span / one <= 6) ?? span / 5;

const panel = ({ title, x, y, lines, share }: Panel, left: number, named: number): string => {
  const known = lines.flatMap(({ points }) => points.filter((point) => point.y !== null));
  const most = share ? 1 : Math.max(1, ...known.map((point) => point.x));
  const least = Math.max(0, Math.floor(Math.min(0.9, ...known.map((point) => point.y!)) * 10) / 10);
  const at = ({ x: px, y: py }: { readonly x: number; readonly y: number }): [number, number] => [
    left + box.left + px / most * (width - box.left - box.right), box.top + (1 - py) / (1 - least) * (height - box.top - box.bottom),
  ];
  const parts = [text(left + box.left, 22, title, 'class="title"')];
  const ys = Array.from({ length: Math.round((1 - least) * 10) + 1 }, (_, i) => least + i / 10);
  for (const value of ys) {
    const [x1, y1] = at({ x: 0, y: value });
    const [x2] = at({ x: most, y: value });
    parts.push(`<line class="grid" x1="${round(x1)}" x2="${round(x2)}" y1="${round(y1)}" y2="${round(y1)}"/>`, text(x1 - 8, y1 + 4, percent(value), 'text-anchor="end"'));
  }
  const by = share ? 0.2 : step(most);
  for (let value = 0; value <= most + 1e-9; value += by) {
    const [x1, y1] = at({ x: value, y: least });
    parts.push(`<line class="grid" x1="${round(x1)}" x2="${round(x1)}" y1="${round(y1)}" y2="${round(y1 + 5)}"/>`, text(x1, y1 + 18, share ? percent(value) : String(value), 'text-anchor="middle"'));
  }
  const [middle, bottom] = at({ x: most / 2, y: least });
  parts.push(text(middle, bottom + 38, x, 'text-anchor="middle"'), text(0, 0, y, `text-anchor="middle" transform="translate(${left + 14} ${height / 2 - 10}) rotate(-90)"`));
  lines.forEach(({ name, points }, i) => {
    const whole = name === 'all';
    const colour = whole ? 'currentColor' : colours[i % colours.length]!;
    const drawn = points.map((point, n) => ({ n, point })).filter((one): one is { n: number; point: { x: number; y: number } } => one.point.y !== null);
    if (drawn.length === 0) return;
    parts.push(`<polyline fill="none" stroke="${colour}" stroke-width="${whole ? 3 : 1.5}" points="${drawn.map(({ point }) => at(point).map(round).join(',')).join(' ')}"/>`);
    for (const { n, point } of drawn) {
      const [cx, cy] = at(point);
      parts.push(`<circle cx="${round(cx)}" cy="${round(cy)}" r="${n === named ? 6 : 3}" fill="${colour}"><title>${escape(`${name}, setting ${n + 1}: ${share ? percent(point.x) : round(point.x)}, ${(point.y * 100).toFixed(1)} % stopped`)}</title></circle>`);
      if (whole) parts.push(text(cx + 7, cy - 7, String(n + 1), 'class="number"'));
    }
  });
  return parts.join('\n');
};

/** Panels side by side, a legend, and what the numbers at the points mean. Self-contained SVG; follows the reader's light or dark scheme. */
export const picture = (panels: readonly Panel[], labels: readonly string[], named: number, caption: string): string => {
  const names = panels[0]!.lines.map(({ name }) => name);
  const total = { width: panels.length * width, height: height + 62 + labels.length * 17 };
  const legend = names.map((name, i) => `<rect x="${64 + i * 130}" y="${height + 6}" width="22" height="4" fill="${name === 'all' ? 'currentColor' : colours[i % colours.length]!}"/>${text(92 + i * 130, height + 13, name)}`);
  const notes = labels.map((label, i) => text(64, height + 40 + i * 17, `${i + 1}  ${label}${i === named ? '   ← in force' : ''}`, i === named ? 'font-weight="bold"' : ''));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total.width} ${total.height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escape(caption)}">
<style>svg { color: #1b1f24; background: #ffffff } text { fill: currentColor } .title { font-size: 14px; font-weight: bold } .grid { stroke: currentColor; stroke-opacity: .18 } .number { font-size: 11px } @media (prefers-color-scheme: dark) { svg { color: #e6e6e6; background: #16181c } }</style>
${panels.map((one, i) => panel(one, i * width, named)).join('\n')}
${legend.join('\n')}
${notes.join('\n')}
${text(64, height + 46 + labels.length * 17, caption, 'font-style="italic"')}
</svg>
`;
};
