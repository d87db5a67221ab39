import type { Asked, Told } from './batch.ts';
import type { Packed } from './packed.ts';

/** `told` null: the batch is given up. */
export type ToThread = { readonly batch: number; readonly records: Packed } | { readonly batch: number; readonly told: Told | null };

export type FromThread = { readonly batch: number; readonly asked: Asked } | { readonly batch: number; readonly entries: Packed } | { readonly batch: number; readonly failed: string };
