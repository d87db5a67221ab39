export const scimUsage = `countersign scim list [--as PERSON] [--json]
countersign scim connect CONNECTION --reason TEXT [--map NAME=ROLE,ROLE]… [--as PERSON] [--json]
countersign scim rotate|remove CONNECTION --reason TEXT [--as PERSON] [--json]
  connect lets an identity provider provision people and agents by SCIM 2.0: it prints the address and a bearer token, once. --map: what the provider's name for a
  role stands for here; what is not mapped is never given, and people wait for a second person like all others. rotate makes a new token, the old one is taken for an hour more.`;
