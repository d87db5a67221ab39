export const recoverUsage = 'countersign recover HALT --stage reads|reversible|all [--agents A,B] --reason TEXT [--as PERSON] [--json]\n  Takes a halt back in stages, one after the other: tools that change nothing; those too that can be taken back; all. --agents: only these take part in the stage.\n  A stage begins when everybody who enforces the halt has confirmed what holds before it.';
export const quarantineUsage = 'countersign quarantine --agent ID|--run ID --reason TEXT [--as PERSON] [--json]\n  A halt that only somebody else lifts (not who set it, not the owner of the agent); what waits is closed.';
export const playbookUsage = [
  'countersign playbook check FILE [--as PERSON] [--json]',
  'countersign playbook rehearse|run FILE --agent ID|--tool NAME|--tenant ID|--everything --reason TEXT [--as PERSON] [--json]',
  'countersign playbook list [--as PERSON] [--json]',
  'countersign playbook show PLAYBOOK [--as PERSON] [--json]',
  'countersign playbook confirm PLAYBOOK --step STEP --reason TEXT --as PERSON [--json]',
  'countersign playbook abandon PLAYBOOK --reason TEXT [--as PERSON] [--json]',
  '  check says what is wrong as FILE:line:column. rehearse says what each step would do, and does none. confirm signs the step that waits, with what was done before it.',
  '  An example: services/supervision/playbooks/agent-gone-odd.yaml',
].join('\n');
