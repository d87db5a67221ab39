import { bars } from '../report/bars.ts';
import { html, page } from '../report/html.ts';
import { flagKinds } from './flags.ts';
import type { CredentialsReport, FlagKind } from './flags.ts';

export const flagNames: Readonly<Record<FlagKind, string>> = {
  shared_credential: 'shared by several', human_account: 'a person\'s account', no_expiry: 'never ends', long_lived: 'old or long-lived', expired: 'ended, still there', client_secret: 'a secret, no key', broad_scope: 'broad permissions', unused: 'unused',
};
const n = (value: number): string => value.toLocaleString('en');
const mostShown = 500;

/** Shared and standing credentials as a page of its own. */
export const credentialsPage = (report: CredentialsReport, made: string): string => page('Shared and standing credentials', html`
<h1>Shared and standing credentials</h1>
<p class="soft">${n(report.found)} agents, service accounts and apps with ${n(report.credentials)} credentials. Made ${made}.</p>
<div class="cards"><div class="card"><b>${n(report.flagged)} of ${n(report.found)}</b>have something to mend</div><div class="card"><b>${n(report.counts.shared_credential)}</b>share a credential</div><div class="card"><b>${n(report.counts.no_expiry)}</b>credentials never end</div><div class="card"><b>${n(report.counts.broad_scope)}</b>with broad permissions</div></div>
${bars({ title: 'What is flagged', series: ['flags'], groups: flagKinds.map((kind) => ({ label: flagNames[kind], values: [report.counts[kind]] })), show: n })}
${report.flags.length === 0 && html`<p class="says good">Nothing is flagged in what these exports say.</p>`}
${flagKinds.filter((kind) => report.counts[kind] > 0).map((kind) => { const all = report.flags.filter((flag) => flag.kind === kind); return html`
<h2>${flagNames[kind]} (${n(all.length)})</h2><p>${all[0]!.remedy}</p>
<div class="wide"><table><thead><tr><th scope="col">name</th><th scope="col">source</th><th scope="col">id there</th><th scope="col">what shows it</th></tr></thead><tbody>${all.slice(0, mostShown).map((flag) => html`
<tr><th scope="row">${flag.name}</th><td>${flag.source}</td><td><code>${flag.externalId}</code></td><td>${flag.evidence}</td></tr>`)}</tbody></table></div>${all.length > mostShown && html`<p class="soft">${n(all.length - mostShown)} more are in the JSON report.</p>`}`; })}
${report.notes.length > 0 && html`<h2>What the exports do not say</h2><ul>${report.notes.map((note) => html`<li>${note}</li>`)}</ul>`}`);
