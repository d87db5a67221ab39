import { newCalibration } from './calibrate.ts';
import type { Calibration } from './calibrate.ts';
import { newAlertControl } from './evidence.ts';
import type { AlertControl } from './evidence.ts';
import { newSeason } from './pace.ts';
import type { Season } from './pace.ts';
import { newTable } from './table.ts';
import type { Table } from './table.ts';

/** What runs are ranked by, each among runs of the same kind. `fresh`: as if the run's task were new; `familiar`: with what is known of its task. */
export const channels = ['fresh', 'familiar', 'volume', 'silence', 'spend', 'trouble'] as const;
export type Channel = (typeof channels)[number];
export type Calibrations = Readonly<Record<Channel, Calibration>>;
const newCalibrations = (): Calibrations =>
  ({ fresh: newCalibration(), familiar: newCalibration(), volume: newCalibration(), silence: newCalibration(), spend: newCalibration(), trouble: newCalibration() });

/** What agents of the same roles do: the prior of each of them. */
export interface Group {
  readonly habits: Table;
  readonly season: Season;
  readonly calibrations: Calibrations;
  /** Runs learned by owner, to hold each to its share. */
  readonly owners: Table;
}
export const newGroup = (): Group => ({ habits: newTable(1024, 65_536), season: newSeason(), calibrations: newCalibrations(), owners: newTable(64, 4_096) });

/** What all agents of a tenant do, and its alerts. */
export interface Tenant {
  readonly habits: Table;
  readonly calibrations: Calibrations;
  readonly control: AlertControl;
  /** Names of its tools by hash, the newest last: what is told is told by name. */
  readonly tools: Map<number, string>;
}
export const newTenant = (): Tenant => ({ habits: newTable(256, 4_096), calibrations: newCalibrations(), control: newAlertControl(), tools: new Map() });

/** Tools known by name; a house has fewer, who makes names up pushes out the oldest. */
const mostTools = 2_048;
export const nameTool = ({ tools }: Tenant, tool: number, name: string): void => {
  if (tools.has(tool)) return;
  tools.set(tool, name.slice(0, 128));
  if (tools.size > mostTools) tools.delete(tools.keys().next().value!);
};

/** The peers and tenants of a partition. */
export interface Groups {
  /** By tenant and roles. */
  readonly groups: Map<string, Group>;
  readonly tenants: Map<string, Tenant>;
}
export const groupOf = ({ groups }: Groups, { peers }: { readonly peers: string }): Group => {
  let found = groups.get(peers);
  if (found === undefined) groups.set(peers, found = newGroup());
  return found;
};
export const tenantOf = ({ tenants }: Groups, name: string): Tenant => {
  let found = tenants.get(name);
  if (found === undefined) tenants.set(name, found = newTenant());
  return found;
};
