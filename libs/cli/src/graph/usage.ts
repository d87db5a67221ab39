export const graphUsage = `countersign graph [--json]
countersign graph import FILE|FOLDER|PATTERN [--dry-run] [--partial] [--allow-dangling] [--prune] [--max N] [--as PERSON] [--json]
  Backstage entities (catalog-info.yaml; of a folder every one under it), or YAML with a list under nodes:. All of it is imported, or nothing.
  --partial leaves out what is wrong, and implies --allow-dangling: what relations name and nobody knows becomes a node marked unknown.
  --prune lets go of nodes that are not among them.
countersign graph mark NODE MARK[,MARK] [--remove] [--as PERSON] [--json]
  Marks that a person sets stay whatever an import says.
countersign graph show NODE [--depth N] [--json]
countersign graph picture NODE --out FILE.svg [--depth N] [--most N] [--json]
  What takes a mark, an edge, a path or a node away needs a second person with the role policy-reviewer, who runs the same command with
  --sign FILE --reason TEXT; the first one then passes --review FILE.`;
