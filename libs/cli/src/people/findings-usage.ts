export const findingsUsage = `countersign findings [--agent AGENT] [--as PERSON] [--json]
countersign findings show FINDING [--ocsf] [--as PERSON] [--json]
countersign findings dispose FINDING true|false|expected --reason TEXT [--as PERSON] [--json]
  true: an attack or a fault; it is never learned. false: nothing of the kind. expected: odd, and meant to be so from now on.
  Signed with your key, by the digest of exactly what show prints. Two analysts must say false, or expected, before a level falls; the agent's owner is none of them.`;
