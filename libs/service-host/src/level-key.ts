/** Under what a level stands on anomaly.levels.v1: ids of different tenants are different agents. Neither has a space. */
export const levelKey = ({ tenant, agent }: { readonly tenant: string; readonly agent: string }): string => `${tenant} ${agent}`;
