export const toolsUsage = `countersign tools list [--as PERSON] [--json]
countersign tools infer --sessions FILE [--all] [--json]
  Cautious catalogue entries for tools that the AgentDojo pack does not know (--all: for every tool), from recorded sessions, for people to read, correct and register.
  --json prints the entries whole.
countersign tools import --mcp stdio:COMMAND|http:URL --system NAME [--dry-run] [--as PERSON] [--json]
  What an MCP server offers, as drafts: out of scope until a person has said what each one is.
countersign tools check --mcp stdio:COMMAND|http:URL --system NAME [--dry-run] [--as PERSON] [--json]
  Whether the server still says what was reviewed; what changed goes out of scope. Exit 1 where something did: run it by the clock. The address is asked for each time, for nothing in the catalogue may name a command to run.
countersign tools diff [TOOL] [--json]
  What waits for a review: what the source says, or what it says otherwise than what was reviewed.
countersign tools review TOOL --declaration FILE --reason TEXT [--sign FILE | --review FILE] [--as PERSON] [--json]
  FILE says what the tool is: countersign tools review --help names every field, --example prints one to begin with.
  Tests ({ arguments, facts }) are run first. After a first review a second person with the role policy-reviewer signs: the same command with --sign FILE; then --review FILE.`;
