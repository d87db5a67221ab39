import type { ChangeView, Money } from '@countersign/contracts';
import type { Use } from '../core/unused.ts';
import type { Declared, DeclaredKind } from '../core/declaration.ts';

export interface DeclaredEntry<K extends DeclaredKind> { readonly id: string; readonly version: number; readonly definition: Declared[K] }

/** What is declared about agents, and what was asked to change, as rows. */
export interface PermissionBook {
  /** `definition` null: removed. */
  putDeclared<K extends DeclaredKind>(kind: K, id: string, version: number, definition: Declared[K] | null): Promise<void>;
  declared<K extends DeclaredKind>(kind: K): Promise<readonly DeclaredEntry<K>[]>;
  putChange(version: number, view: ChangeView): Promise<void>;
  change(id: string): Promise<ChangeView | undefined>;
  /** Newest first. */
  changes(most: number): Promise<readonly ChangeView[]>;
  versions(): Promise<ReadonlyMap<string, number>>;
}

/** One call that was let run or asked people about, at its position in its partition of runs.governed. */
export interface ToolUse { readonly partition: number; readonly position: number; readonly agent: string; readonly tool: string; readonly at: number; readonly money: Money | null; readonly targets: readonly string[] }

/** What agents use their permissions for. */
export interface ToolUses {
  /** Of each partition in order of position; those seen before are not counted again. */
  record(uses: readonly ToolUse[]): Promise<void>;
  uses(agent: string): Promise<readonly Use[]>;
}
