/** Dot product of two vectors of equal length; the cosine when both are L2-normalised. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The direction of the sum of embeddings: what of a face is common to several pictures of it. Null: they cancel out, or there are none. */
export function meanDirection(embeddings: readonly Float32Array[]): Float32Array | null {
  const sum = new Float32Array(embeddings[0]?.length ?? 0);
  for (const one of embeddings) for (let i = 0; i < sum.length; i++) sum[i]! += one[i]!;
  const norm = Math.sqrt(dot(sum, sum));
  return norm > 0 ? sum.map((value) => value / norm) : null;
}

/** Whether a vector is an embedding at all: of length 1, within what float32 rounds. What another machine sent may be anything. */
export const isNormalised = (vector: Float32Array): boolean => Math.abs(dot(vector, vector) - 1) < 0.01;
