/** Apart, so that --help loads nothing else. */
export const usage = `countersign inventory import FILE [--from csv|entra|okta|google|keycloak] [--map name=COLUMN,…] [--rejected FILE.csv] [--dry-run] [--as PERSON] [--json]
countersign inventory credentials FILE… [--from …] [--max-age DAYS] [--unused DAYS] [--html FILE] [--json]
  import brings in what runs already, as drafts: a CSV with a header (external_id and name; agent, owner, purpose, environment, model, tools, roles, ceiling), or what the
  provider's list call answers (Microsoft Graph applications or servicePrincipals, Okta /api/v1/apps, gcloud service accounts and keys, Keycloak clients). The same again
  changes nothing; a broken row is named and stops no other (exit 1). Up to 10,000 rows and 20 MB a file.
  credentials flags what is shared, never ends, is older than --max-age (90), a secret, a person's account, broad or unused for --unused days (90); it sends nothing anywhere.`;
