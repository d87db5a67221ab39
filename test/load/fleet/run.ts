/** `npm run eval:fleet -- [--agents N] [--seed N] [--unattended] [--json]`: what the detector finds of faults planted in a simulated fleet, and how often it cries wolf. */
import { parseArgs } from 'node:util';
import { evaluate } from './evaluate.ts';

const { values } = parseArgs({ options: { agents: { type: 'string', default: '300' }, seed: { type: 'string', default: '20261121' }, unattended: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } } });
const agents = Number(values.agents), seed = Number(values.seed);
if (!Number.isSafeInteger(agents) || agents < 50 || agents > 20_000 || !Number.isSafeInteger(seed)) {
  process.stderr.write('--agents is 50 to 20000, --seed a whole number.\n');
  process.exit(2);
}

// Seeds and parameters of its own: the detector's tests use neither.
const table = evaluate({ fleet: { seed, agents, groups: 12, days: 56, runsPerDay: 9, growth: 0.004, holidays: [24, 45], releases: [{ day: 33, group: 2 }, { day: 41, group: 7 }] }, learn: 28, times: 4, looked: !values.unattended });
const hours = (value: number | null): string => (value === null ? '–' : value < 1 ? `${Math.round(value * 60)} min` : `${value.toFixed(1)} h`);
process.stderr.write(`${table.agents} agents, ${table.watchedDays} days watched after 28 of learning, ${table.observations} observations in ${table.seconds.toFixed(1)} s (seed ${seed})\n\n`);
if (values.json) process.stdout.write(`${JSON.stringify(table)}\n`);
else {
  process.stdout.write(['| planted | found within | found | median |', '|---|---|---|---|', ...table.faults.map((row) => `| ${row.fault} | ${row.within} | ${row.found} of ${row.planted} | ${hours(row.hours)} |`), '',
    `false alerts: ${table.falseAlerts}, ${table.falsePerThousandAgentDays.toFixed(2)} per 1,000 agent-days (${table.falseAdditions} more added to these cases); besides ${table.drifts} proposals to take a baseline anew and ${table.spreads} spreads`,
    `ordinary runs as odd as one in 100: ${(table.realised1 * 100).toFixed(2)} %, as one in 20: ${(table.realised5 * 100).toFixed(2)} %`,
    `findings per 300 agents and day, faults included: ${table.findingsPer300AgentDays.toFixed(2)}`, ''].join('\n'));
}
