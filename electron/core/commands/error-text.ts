/** Returns the code of a coded error (Problem, ModelProblem, Node's), else `otherwise`. */
export function codeOf(cause: unknown, otherwise: string): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : otherwise;
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
