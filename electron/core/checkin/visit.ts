/**
 * A visit: one face in front of the camera until it has an answer or leaves. Pure rules.
 *
 * Each sample contributes the result for the mean of the newest samples. The first decides nothing: the result must be the same
 * person twice in a row. The visit ends after a bounded number of samples, because each further sample of a stranger is another
 * chance of a false match.
 */
export interface VisitRules {
  /** Samples that must agree on one person. */
  readonly agree: number;
  /** Frames without a match after which the other check-in methods are offered. */
  readonly misses: number;
  /** Samples of any kind after which the visit ends. */
  readonly samples: number;
}

export const VISIT_RULES: VisitRules = { agree: 2, misses: 6, samples: 14 };

export interface VisitState {
  readonly person: string | null;
  readonly agreed: number;
  readonly misses: number;
  readonly uncertain: number;
  readonly samples: number;
  /** Consecutive samples that matched either of a pair of lookalikes. */
  readonly paired: number;
  /** Embeddings of the newest samples of one face; their mean decides. */
  readonly embeddings: readonly Float32Array[];
}

export const NEW_VISIT: VisitState = {
  person: null,
  agreed: 0,
  misses: 0,
  uncertain: 0,
  samples: 0,
  paired: 0,
  embeddings: [],
};

export type Sample =
  | { readonly kind: 'accept'; readonly person: string }
  | { readonly kind: 'claim-first' }
  | { readonly kind: 'uncertain' }
  | { readonly kind: 'unknown' };

export type VisitAnswer =
  | { readonly kind: 'more'; readonly progress: number }
  | { readonly kind: 'recognised'; readonly person: string }
  | { readonly kind: 'other-method'; readonly reason: 'unknown' | 'uncertain' | 'claim-first' };

/**
 * Takes one sample's result into account.
 * @returns the new state, and the answer: `progress` is 0..0.9; `other-method` is `uncertain` if any sample was, else `unknown`
 */
export function nextVisit(
  state: VisitState,
  what: Sample,
  rules: VisitRules = VISIT_RULES,
): { state: VisitState; answer: VisitAnswer } {
  const samples = state.samples + 1;
  if (what.kind === 'accept') {
    const agreed = state.person === what.person ? state.agreed + 1 : 1;
    const next: VisitState = { ...state, samples, person: what.person, agreed, paired: 0 };
    if (agreed >= rules.agree) return { state: next, answer: { kind: 'recognised', person: what.person } };
    return { state: next, answer: ending(next, rules) };
  }
  if (what.kind === 'claim-first') {
    const paired = state.paired + 1;
    const next: VisitState = { ...state, samples, person: null, agreed: 0, paired };
    if (paired >= rules.agree) return { state: next, answer: { kind: 'other-method', reason: 'claim-first' } };
    return { state: next, answer: ending(next, rules) };
  }
  const next: VisitState = {
    ...state,
    samples,
    person: null,
    agreed: 0,
    paired: 0,
    misses: state.misses + 1,
    uncertain: state.uncertain + (what.kind === 'uncertain' ? 1 : 0),
  };
  return { state: next, answer: ending(next, rules) };
}

function ending(state: VisitState, rules: VisitRules): VisitAnswer {
  if (state.misses >= rules.misses || state.samples >= rules.samples) {
    return { kind: 'other-method', reason: state.uncertain > 0 ? 'uncertain' : 'unknown' };
  }
  return { kind: 'more', progress: Math.min(0.9, Math.max(state.agreed / rules.agree, state.misses / rules.misses)) };
}
