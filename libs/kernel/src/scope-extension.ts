/** The built-in tool by which an agent asks for extra scope for a time: policy decides on it like on any other, the registry takes its grant. */
export const extendScopeTool = 'countersign.extend_scope';
