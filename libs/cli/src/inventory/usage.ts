/** Apart, so that --help loads nothing else. */
export const usage = `countersign inventory import FILE [--from csv|entra|okta|google|keycloak] [--map name=COLUMN,…] [--rejected FILE.csv] [--dry-run] [--as PERSON] [--json]
countersign inventory credentials FILE… [--from …] [--max-age DAYS] [--unused DAYS] [--html FILE] [--json]
countersign inventory report [--from TIME] [--to TIME] [--records FILE.jsonl[.gz]] [--reviewers ROLE=N,…] [--service 5m] [--hours 09:00-17:00] [--html FILE] [--json]
countersign inventory orphans|abandoned|shadow [--html FILE] [--as PERSON] [--json]
  import brings in what runs already, as drafts: a CSV with a header (external_id and name; agent, owner, purpose, environment, model, tools, roles, ceiling), or what the
  provider's list call answers (Microsoft Graph applications or servicePrincipals, Okta /api/v1/apps, gcloud service accounts and keys, Keycloak clients). The same again
  changes nothing; a broken row is named and stops no other (exit 1). Up to 10,000 rows and 20 MB a file.
  credentials flags what is shared, never ends, is older than --max-age (90), a secret, a person's account, broad or unused for --unused days (90); it sends nothing anywhere.
  report says what enforcement would have done to observed agents: per agent, tool and rule, and per approver and day. TIME: 2026-11-01, 2026-11-01T08:00:00Z, or 7d (ago).
  orphans: whose owner has left, and processes, roles and agents for which somebody answers who has. abandoned: active and unused. shadow: names nobody registered that were seen on the stream. --html: all of it on one page.`;
