/** The built-in tool by which one agent has another act for it: policy decides on it like on any other, the registry takes its grant. */
export const delegateTool = 'countersign.delegate';

/** `aud` of grants for tools that the registry itself executes. */
export const registryAudience = 'countersign-registry';

interface Actor { readonly sub: string; readonly act?: unknown }

/** The agents that a token's `act` chain names, the nearest first (RFC 8693 section 4.1). */
export const actorsIn = (act: Actor | undefined): string[] => {
  const actors: string[] = [];
  for (let at = act; at !== undefined; at = at.act as Actor | undefined) actors.push(at.sub);
  return actors;
};
