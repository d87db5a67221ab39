export const peopleUsage = `countersign people [--json]
countersign people invite PERSON --name NAME --roles A,B [--new-role] [--as PERSON] [--json]
  A one-time link for them, good for seven days. --new-role: although nothing and nobody here knows one of the roles.
countersign people enrol LINK --person PERSON [--json]
  On their machine: makes their key, which stays there. A second person lets them in (countersign change approve).
countersign people leave|return PERSON --reason TEXT [--as PERSON] [--json]
countersign people key add KID:KEY [--as PERSON]   (a browser shows KID:KEY)
countersign people key remove KID [--as PERSON]
countersign people import FILE --reason TEXT [--dry-run] [--force] [--as PERSON] [--json]
  FILE is the list of current staff, CSV with a header or a JSON array of objects: person, name, and optionally roles (separated by spaces or ;) and manager.
  Who is not on it leaves; more than a fifth only with --force.`;
