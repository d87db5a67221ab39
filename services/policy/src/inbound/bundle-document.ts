import { readYaml } from '@countersign/service-host/yaml-document';
import type { Place as PlaceInText } from '@countersign/service-host/yaml-document';
import type { Complain } from '../core/rules/problem.ts';

/** Where something is written. */
export interface Place extends PlaceInText { readonly file: string }
export interface BundleDocument {
  readonly value: unknown;
  /** The place of `a.b[2].c`, or of the nearest thing around it. `offset` counts characters of the text that stands there. */
  where(path: string, offset?: number): Place;
}

/** Reads one YAML file of a bundle. */
export const readDocument = (file: string, text: string, complain: Complain): BundleDocument => {
  const { value, problems, where } = readYaml(text);
  for (const { line, column, why } of problems) complain(`${file}:${line}:${column}`, why);
  return { value, where: (path, offset) => ({ file, ...where(path, offset) }) };
};
