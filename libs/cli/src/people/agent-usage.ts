const details = '[--model NAME] [--prompt-version TEXT] [--eu-ai-act minimal|limited|high] [--affects A,B] [--decides-on TOOL,…|none] [--peer-group NAME] [--baseline-plan TEXT] [--accountable PERSON]';

/** In the order of an agent's life. */
export const agentUsage = `countersign agent show AGENT [--as PERSON] [--json]
  All that is known of it, and what comes next.
countersign agent new AGENT --template NAME --name TEXT --purpose TEXT [--owner PERSON] ${details} [--key-file KEY] [--as PERSON] [--json]
  A draft out of a template. Its key is made in KEY (0600; else among the keys of this machine, where propose finds it), or read from there where there is one; nothing is written over. --accountable: who answers at every stage.
countersign agent register AGENT --file FILE [--key-file KEY] [--as PERSON] [--json]
  A draft without a template, an imported one with all it lacks, or one whose review failed, mended.
countersign agent complete AGENT [--name TEXT] [--purpose TEXT] [--owner PERSON] [--permissions TOOL,…] ${details} [--key-file KEY] [--as PERSON] [--json]
  Gives a draft what its review missed, or an imported one a key and an owner; what is not named stays.
countersign agent review AGENT [--as PERSON] [--json]
  What would have to be true for it to be active, each with what to do: exit code 1 where it does not pass. activate and resume need one that passed and still holds.
countersign agent activate|suspend|resume|decommission|enforce AGENT --reason TEXT [--as PERSON] [--json]
countersign agent observe AGENT --reason TEXT [--for 14d] [--as PERSON] [--json]
  Everything is decided and recorded, what rules say is not enforced, until the time is over (60 days altogether at most) or enforce ends it.
countersign agent permissions AGENT [--tool TOOL] [--args JSON] [--as PERSON] [--json]
countersign agent unused AGENT|--all [--days 30] [--file ROLE --reason TEXT] [--as PERSON] [--json]
  What was held and not used; --file files the proposed narrower role for ROLE, which the agent has.
countersign agent behaviour AGENT [--html FILE] [--as PERSON] [--json]
countersign agent keys AGENT [--as PERSON] [--json]
countersign agent rotate-key AGENT --reason TEXT [--overlap MINUTES] [--as PERSON] [--json]
countersign agent revoke AGENT --key KID|--token JTI|--session THUMBPRINT|--run RUN|--everything [--before TIME] --reason TEXT [--as PERSON] [--json]
countersign agent reassign AGENT --owner PERSON --reason TEXT [--as PERSON] [--json]
countersign agent accept AGENT --as PERSON [--json]
  reassign offers it; whom it is offered to takes it with their own key (accept).
countersign agent recertify AGENT --reason TEXT --as PERSON [--json]
countersign agent raci AGENT --set STAGE=PERSON,…|--process ID|none --reason TEXT --as PERSON [--json]
  Who is accountable for which stage (trigger, context, generation, validation, execution, logging, escalation, incident; all: every one), or which process says so.`;
