import { html, page } from '../../report/html.ts';
import type { Html } from '../../report/html.ts';
import { proposal, within } from './report.ts';
import type { CalibrationReport, Part } from './report.ts';

const size = 360, edge = 44;
const at = (share: number): number => edge + share * (size - 2 * edge);

/** The reliability curve: what is claimed against what came of it, with intervals; on the diagonal both agree. */
const curve = (part: Part): Html => html`<figure><figcaption>${part.name}</figcaption><svg viewBox="0 0 ${size} ${size}" role="img" aria-label="Reliability curve of ${part.name}" style="max-width: 26rem">
${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<line x1="${at(0)}" x2="${at(1)}" y1="${size - at(share)}" y2="${size - at(share)}" stroke="var(--line)"/><text x="${at(0) - 8}" y="${size - at(share) + 4}" text-anchor="end" class="soft">${share}</text><text x="${at(share)}" y="${size - at(0) + 18}" text-anchor="middle" class="soft">${share}</text>`)}
<line x1="${at(0)}" y1="${size - at(0)}" x2="${at(1)}" y2="${size - at(1)}" stroke="var(--a)" stroke-dasharray="4 4"/>
<polyline fill="none" stroke="var(--b)" stroke-width="2" points="${part.curve.map((bin) => `${at(bin.claimed).toFixed(1)},${(size - at(bin.right)).toFixed(1)}`).join(' ')}"/>
${part.curve.map((bin) => html`<line x1="${at(bin.claimed)}" x2="${at(bin.claimed)}" y1="${size - at(bin.interval.low)}" y2="${size - at(bin.interval.high)}" stroke="var(--b)"/><circle cx="${at(bin.claimed)}" cy="${size - at(bin.right)}" r="4" class="s1"><title>${bin.outcomes} known ends: says ${bin.claimed.toFixed(3)}, is ${within(bin.right, bin.interval)}</title></circle>`)}
<text x="${size / 2}" y="${size - 6}" text-anchor="middle">claimed confidence</text><text text-anchor="middle" transform="translate(12 ${size / 2}) rotate(-90)">were right</text>
</svg></figure>`;

const rows = (parts: readonly Part[], wrong: number): Html => html`<div class="wide"><table><tr><th></th><th class="n">known ends</th><th class="n">stand for</th><th class="n">says</th><th class="n">is</th><th class="n">ECE (95 %)</th><th class="n">Brier (95 %)</th><th>proposed threshold</th></tr>
${parts.map((part) => html`<tr><td>${part.name}</td><td class="n">${part.outcomes}</td><td class="n">${Math.round(part.actions)}</td><td class="n">${part.claimed.toFixed(3)}</td><td class="n">${part.right.toFixed(3)}</td><td class="n">${within(part.ece, part.eceInterval)}</td><td class="n">${within(part.brier, part.brierInterval)}</td><td>${proposal(part, wrong)}</td></tr>`)}</table></div>`;

/** The report as a page of its own. */
export const pageOf = (report: CalibrationReport, made: string): string => {
  const { all } = report;
  return page('Calibration of what agents claim', html`<h1>How sure agents say they are, and how right they were</h1>
<p class="soft">${report.from ?? 'from the beginning'} to ${report.to ?? 'now'}; made ${made}.</p>
<p>${report.actions} actions. Known ends: ${Object.entries(report.byWhy).sort().map(([why, n]) => `${why} ${n}`).join(', ') || 'none'}. Of changes made without a person ${report.drawn} were drawn for a blind review and ${report.reviewed} reviewed; each stands for as many as its rate says. ${report.silent} known ends came without a claim.</p>
${all === null ? html`<p class="says warn">No action has both a claim of confidence and a known end: nothing can be said.</p>` : html`
<p class="says ${all.threshold === null ? 'warn' : 'good'}">Proposed threshold: ${proposal(all, report.wrong)}.</p>
${curve(all)}${rows([all], report.wrong)}
<h2>By agent</h2>${rows(report.agents, report.wrong)}<h2>By tool</h2>${rows(report.tools, report.wrong)}
${report.agents.slice(0, 12).map(curve)}`}`);
};
