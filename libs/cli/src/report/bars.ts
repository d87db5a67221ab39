import { html } from './html.ts';
import type { Html } from './html.ts';

export interface Bars {
  readonly title: string;
  /** What the bars of each group stand for, at most three. */
  readonly series: readonly string[];
  /** One value for each of the series; null where there is none. */
  readonly groups: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
  readonly show: (value: number) => string;
}

const width = 900, labels = 230, numbers = 110, bar = 14, gap = 12;

/** Grouped horizontal bars as inline SVG; the numbers stand beside them, so that it reads without colour. */
export const bars = ({ title, series, groups, show }: Bars): Html => {
  const most = Math.max(0, ...groups.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const height = groups.length * (series.length * bar + gap);
  const scale = most === 0 ? 0 : (width - labels - numbers) / most;
  const drawn = groups.map(({ label, values }, i) => {
    const top = i * (series.length * bar + gap);
    return html`<text x="0" y="${top + series.length * bar / 2 + 4}">${short(label)}<title>${label}</title></text>${values.map((value, n) => html`
<rect class="s${n}" x="${labels}" y="${top + n * bar + 1}" width="${Math.max(value === null || value === 0 ? 0 : 1, Math.round((value ?? 0) * scale))}" height="${bar - 2}" rx="2"><title>${label}, ${series[n]}: ${value === null ? '–' : show(value)}</title></rect>
<text class="soft" x="${labels + Math.round((value ?? 0) * scale) + 6}" y="${top + n * bar + 11}">${value === null ? '–' : show(value)}</text>`)}`;
  });
  return html`<figure><figcaption>${title} ${series.length > 1 && series.map((name, n) => html`<span class="soft"><span class="key k${n}"></span>${name}</span>`)}</figcaption>
<svg viewBox="0 0 ${width} ${Math.max(1, height)}" role="img" aria-label="${title}: ${groups.map(({ label, values }) => `${label} ${values.map((value, n) => `${series[n]} ${value === null ? 'none' : show(value)}`).join(', ')}`).join('; ')}">${drawn}</svg></figure>`;
};

const short = (label: string): string => (label.length > 32 ? `${label.slice(0, 31)}…` : label);
