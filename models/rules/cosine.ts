/**
 * Dot product of two vectors of equal length in float64, summed from the first value to the last: the definition of the gallery's
 * scores. It is the cosine if both are L2-normalised.
 */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * Returns the mean of embeddings; its length, at most 1, shows how similar they are. The dot product of two means is the mean of
 * the cosines of all their pairs. Its spread is no wider than theirs, so the known false match rates of single pictures are a
 * conservative estimate (not a proof: a narrower spread doesn't guarantee that for every threshold).
 */
export function meanOf(embeddings: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(embeddings[0]?.length ?? 0);
  for (const one of embeddings) for (let i = 0; i < mean.length; i++) mean[i]! += one[i]! / embeddings.length;
  return mean;
}

/** Returns a vector's direction, of length 1, and its length. Null: it has no direction. */
export function directionOf(
  vector: Float32Array,
): { readonly direction: Float32Array; readonly length: number } | null {
  const length = Math.sqrt(dot(vector, vector));
  return length > 0 ? { direction: vector.map((value) => value / length), length } : null;
}

/** Returns whether a vector has length 1, within float32 rounding, as embeddings do. Data from other machines may not. */
export const isNormalised = (vector: Float32Array): boolean => Math.abs(dot(vector, vector) - 1) < 0.01;
