/** A setting of the AgentDojo pack's parameters, strictest first; each loosens the one before. */
export interface Setting { readonly label: string; readonly parameters: Readonly<Record<string, number | string | boolean>> }

const steps: readonly Setting[] = [
  { label: 'people decide every change', parameters: { autonomy: 0, pages: 'named' } },
  { label: 'what the instruction names runs alone', parameters: { autonomy: 1 } },
  { label: '… what can be undone, also on targets from records and directories', parameters: { autonomy: 2 } },
  { label: '… also through aliases', parameters: { autonomy: 3 } },
  { label: '… and pages may be read that the instruction speaks of in general', parameters: { pages: 'several' } },
  { label: '… also on other days than the instruction names', parameters: { guardDay: false } },
  { label: '… also acts that nothing asks for', parameters: { guardAct: false } },
  { label: '… with strangers’ words and addresses in what is written', parameters: { guardText: false, guardContent: false } },
  { label: '… and any page may be read', parameters: { pages: 'any' } },
];

/** The settings with all their parameters spelt out. */
export const settings: readonly Setting[] = steps.map((step, i) => ({ label: step.label, parameters: Object.assign({}, ...steps.slice(0, i + 1).map((one) => one.parameters)) as Setting['parameters'] }));
/** The one in force: parameters.yaml of the pack. */
export const inForce = 4;
